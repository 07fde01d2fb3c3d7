#!/bin/bash
# Makes the card image: what `make image` calls.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
repo=${here%/*}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/cricket/image
export SOURCE_DATE_EPOCH=1790000000

say() { echo "image: $*"; }
fail() { # cause, then the command to type
	echo "image: error: $1" >&2
	echo "image: hint: $2" >&2
	exit 1
}
mkdir -p "$cache"

. "$here/archive.sh"
. "$here/workshop.sh"
. "$here/parts.sh"
. "$here/boardtest.sh"
. "$here/updatetest.sh"

case ${1-} in
deb) # architecture
	need_workshop
	need_programs "$2"
	make_deb "$2"
	;;
deb-test) # architecture
	need_workshop
	need_programs "$2"
	make_deb "$2"
	need_deb_userland "$2"
	inside /repo/images/deb/test.sh "/cache/deb-userland-$2" "/cache/out/$(deb_name "$2")"
	;;
kernel)
	need_workshop
	need_kernel
	;;
userland)
	need_workshop
	need_userland userland arm64 "$here/packages"
	;;
image) # board
	make_image "$2"
	;;
bundle)
	make_bundle
	;;
update-test)
	update_test
	;;
board-test)
	board_test
	;;
boot-test)
	boot_test e2e/speech/kitchen_lights.wav ${WITHOUT:+-without "$WITHOUT"}
	;;
power-test)
	boot_test e2e/speech/kitchen_lights.wav -cuts "${CUTS:-240}"
	;;
*)
	fail "unknown target '${1-}'" "make help"
	;;
esac
