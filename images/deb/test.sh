#!/bin/bash
# Runs in the workshop: installs, upgrades, removes and purges the .deb in a copy of a system with its dependencies.
#
#   test.sh SYSTEM FILE.deb
set -euo pipefail
system=$1 deb=$2
root=/tmp/system
fail() { echo "deb test: error: $*" >&2; exit 1; }
did() { echo "deb test: $*"; }

cp -a "$system" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mkdir -p "$root/run/lock"
there() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
quietly() { "$@" >/tmp/log 2>&1 || { cat /tmp/log >&2; fail "$* went wrong"; }; }
# What is there that a package does not own, with what it says, but for what dpkg writes down.
snapshot() {
	(cd "$root" && find etc usr var -xdev ! -path 'var/lib/dpkg/*' ! -path 'var/log/*' ! -path 'var/cache/*' \
		\( -type f -o -type l \) -print0 | LC_ALL=C sort -z | xargs -0 sha256sum 2>/dev/null) || true
	(cd "$root" && find etc usr var run -xdev -type d ! -path 'var/lib/dpkg/*' | LC_ALL=C sort)
}

snapshot >/tmp/before
cp "$deb" "$root/tmp/cricket.deb"

quietly there dpkg -i /tmp/cricket.deb
there dpkg -s cricket | grep -q '^Status: install ok installed' || fail "it is not installed"
there getent passwd cricket | grep -q ':/var/lib/cricket:/usr/sbin/nologin$' || fail "there is no user cricket, or one who can log in"
[[ $(stat -c %a:%G "$root/etc/cricket") == 750:* ]] || fail "/etc/cricket is open to everybody: $(stat -c %a "$root/etc/cricket")"
[[ -L $root/etc/systemd/system/multi-user.target.wants/cricket.service ]] || fail "the daemon is not enabled"
for verb in audio stt sphinx; do
	[[ -L $root/etc/systemd/system/sockets.target.wants/cricket-$verb.socket ]] || fail "the socket of $verb is not enabled"
done
there /usr/lib/cricket/cricket-native check --help >/dev/null || fail "cricket-native does not start: a library is missing"
there /usr/bin/cricket --help >/dev/null || fail "cricket does not start"
there /usr/bin/cricket doctor >/tmp/doctor 2>&1 || true
grep -q '^ok *recogniser\|^ok *programs\|^ok *cricket-native' /tmp/doctor || { cat /tmp/doctor; fail "the doctor finds no programs"; }
did "installed: user, units, programs are there and start"

echo '# the owner was here' >>"$root/etc/cricket/config.toml"
mkdir -p "$root/var/lib/cricket"
echo timers >"$root/var/lib/cricket/book"
there systemctl disable cricket.service >/dev/null 2>&1
quietly there dpkg -i /tmp/cricket.deb
grep -q 'the owner was here' "$root/etc/cricket/config.toml" || fail "the upgrade took the owner's configuration"
[[ -e $root/var/lib/cricket/book ]] || fail "the upgrade took what the box knew"
[[ ! -L $root/etc/systemd/system/multi-user.target.wants/cricket.service ]] || fail "the upgrade enabled what the owner had disabled"
did "upgraded: the owner's configuration, state and choices are kept"

quietly there dpkg -r cricket
[[ ! -e $root/usr/bin/cricket && ! -e $root/usr/lib/cricket ]] || fail "removed, it left programs"
grep -q 'the owner was here' "$root/etc/cricket/config.toml" || fail "the removal took the owner's configuration"
[[ -e $root/var/lib/cricket/book ]] || fail "the removal took what the box knew"
did "removed: programs gone, configuration and state kept"

quietly there dpkg -P cricket
if there getent passwd cricket >/dev/null || there getent group cricket >/dev/null; then
	fail "purged, it left its user"
fi
rm -f "$root/tmp/cricket.deb"
snapshot >/tmp/after
# passwd and group were written by sysusers; their backups and counters are the system's own.
if ! diff /tmp/before /tmp/after | grep '^[<>]' | grep -vE ' etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$| etc/\.pwd\.lock$' >/tmp/left; then
	did "purged: nothing is left"
else
	cat /tmp/left >&2
	fail "purged, it left something"
fi
echo "4 passed, 0 failed"
