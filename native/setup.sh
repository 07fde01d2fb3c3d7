#!/bin/bash
# Gets the native libraries and programs that cricket runs with, and proves that they work.
#
#   native/setup.sh            what `make setup` calls; safe to run again, and after a kill at any moment
#   native/setup.sh --record   writes native/packages.<arch>.lock from today's archive (ARCH=arm64 for the other one)
#
# On a distribution with a C library new enough for them (glibc 2.43), the packages are installed by apt. Elsewhere
# Debian's packages are unpacked, without root, into .native/<arch>, and run with the C library that comes with them.
# Either way .native/<arch>/env holds the environment for building cmd/cricket-native.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
repo=${here%/*}
cd "$repo"

say() { echo "setup: $*"; }
fail() { # cause, then the command to type
	echo "setup: error: $1" >&2
	echo "setup: hint: $2" >&2
	exit 1
}

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
	fail "this machine has no apt-get or no dpkg-deb" "use Debian 12 or newer, or Ubuntu 22.04 or newer, or a container of one: docker run -it -v '$repo:/cricket' -w /cricket debian:stable"

arch=${ARCH:-$(dpkg --print-architecture)}
case $arch in
amd64) triplet=x86_64-linux-gnu loader=ld-linux-x86-64.so.2 ;;
arm64) triplet=aarch64-linux-gnu loader=ld-linux-aarch64.so.1 ;;
*) fail "architecture '$arch' is not supported: there are packages for amd64 and arm64" "run it on one of these" ;;
esac

base=$repo/.native
prefix=$base/$arch
[[ -n ${XDG_CACHE_HOME-}${HOME-} ]] || fail "HOME is not set: there is no place for a cache" "HOME=/root make setup"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/cricket/debs
lock=$here/packages.$arch.lock

. "$here/host.sh"
. "$here/mirror.sh"
. "$here/fetch.sh"
. "$here/prefix.sh"

if [[ ${1-} == --record ]]; then
	record
	exit
fi
[[ $# -eq 0 ]] || fail "unknown argument '$1'" "native/setup.sh [--record]"
[[ $arch == "$(dpkg --print-architecture)" ]] || fail "ARCH=$arch is not this machine's architecture" "ARCH=$arch native/setup.sh --record"

# Compilers, dynamic linkers and cgo's flags cannot all quote these.
if [[ $repo =~ [[:space:],:\'\"\$\\#] ]]; then
	fail "the path '$repo' holds a blank, comma, colon, quote, '\$', '\\' or '#'" "move the tree to a path without these"
fi

need_host_packages
need_go

mkdir -p "$base" "$cache" 2>/dev/null ||
	fail "cannot write to $base or $cache" "sudo chown -R \$(id -un) '$base' '$cache'"
exec 9>"$base/lock"
flock -n 9 || { say "another setup is running; waiting for it"; flock 9; }

# Everything that the outcome depends on. A ready prefix has the same line, written after its self-test had passed.
libraries=$(which_libraries)
want="$libraries $prefix $(cat "$here"/*.sh "$here/packages" | sha256sum | cut -c1-16)"
if [[ -e $prefix/ready && $(<"$prefix/ready") == "$want" && -e $prefix/env ]] && complete; then
	say "ready ($prefix)"
	exit 0
fi

begin=$SECONDS
rm -rf "$base"/tmp.* # of a run that was killed
trap 'rm -rf "$base"/tmp.*' EXIT
rm -f "$prefix/ready"
if [[ $libraries == own ]]; then
	need_distribution_packages
	lay_out_distribution
elif ! unpacked; then
	fetch
	unpack
fi
write_env

say "self-test"
if ! (. "$prefix/env" && CGO_ENABLED=0 go run ./native/selftest "$prefix"); then
	rm -f "$prefix/unpacked" # the next run unpacks everything again
	fail "the self-test did not pass: see the lines above" "correct that, then: make setup"
fi
report_newer
echo "$want" >"$prefix/ready.new"
mv "$prefix/ready.new" "$prefix/ready"
say "ready ($prefix, $((SECONDS - begin)) s)"
