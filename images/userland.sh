#!/bin/bash
# Runs in the workshop: makes the arm64 userland of the image from the packages named on standard input.
#
#   userland.sh DIR <list of "name version sha256 file">
#
# The packages are unpacked natively, which is what takes long under emulation; their scripts run emulated.
set -euo pipefail
root=$1 arch=$2
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true PERL_BADLANG=0
mapfile -t debs < <(sed -E 's|.* ([^ ]+)$|/cache/debs/\1|' | LC_ALL=C sort)

rm -rf "$root"
mkdir -p "$root"/{proc,sys,dev,var/lib/dpkg/{info,updates,triggers}}
# base-files first: it has the links /bin, /sbin and /lib. Scripts that run before a package is unpacked need the others.
for deb in $(printf '%s\n' "${debs[@]}" | grep /base-files_) "${debs[@]}"; do
	dpkg-deb --extract "$deb" "$root"
done
: >"$root/var/lib/dpkg/status"
printf '%s\n' amd64 arm64 >"$root/var/lib/dpkg/arch" # to dpkg out here they may be of a foreign architecture
ln -s mawk "$root/usr/bin/awk"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # nothing is started
chmod 755 "$root/usr/sbin/policy-rc.d"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmp "$root/tmp"

dpkg --root="$root" --force-depends --force-unsafe-io --unpack "${debs[@]}" >/tmp/unpack.log 2>&1 || { tail -n 20 /tmp/unpack.log; exit 1; }
echo "$arch" >"$root/var/lib/dpkg/arch"
setup() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" dpkg --force-unsafe-io --configure "$@"; }
setup --force-depends base-passwd
setup --force-depends base-files
setup -a
# The mounts end with this process.
rm -f "$root/usr/sbin/policy-rc.d"
