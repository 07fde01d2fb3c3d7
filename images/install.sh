#!/bin/bash
# Installs Cricket on this Debian or Raspberry Pi OS: what `make install` calls after `make build`.
#
#   images/install.sh             into this system, as root
#   DESTDIR=DIR images/install.sh only the files, under DIR
#
# Where the distribution's own packages are too old, the libraries of .native go to /usr/lib/cricket/root.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
dest=${DESTDIR-}
dest=${dest%/}
fail() { # cause, then the command to type
	echo "install: error: $1" >&2
	echo "install: hint: $2" >&2
	exit 1
}
[[ -n $dest || $EUID -eq 0 ]] || fail "only root may install into this system" "make build && sudo make install"
prefix=$PWD/.native/$(dpkg --print-architecture)
[[ -e $prefix/ready && -x bin/cricket ]] || fail "there is nothing built to install" "make build"

programs=$(mktemp -d)
trap 'rm -rf "$programs"' EXIT
cp bin/cricket "$programs/"
# cricket-native is linked anew, with the places where its libraries will be.
. "$prefix/env"
root=
if [[ $CRICKET_NATIVE_ROOT != / ]]; then
	root=/usr/lib/cricket/root
	CGO_LDFLAGS=${CGO_LDFLAGS//"$CRICKET_NATIVE_ROOT"/$root}
	mkdir -p "$dest/usr/lib/cricket/bin"
	rm -rf "$dest$root"
	mkdir -p "$dest$root/usr"
	tar -C "$CRICKET_NATIVE_ROOT" -c --exclude=usr/share/{doc,man,locale} --exclude='*.a' usr/lib usr/bin usr/share | tar -C "$dest$root" -x --no-same-owner
	for program in espeak-ng llama-server pocketsphinx; do # their wrappers look for ../root
		install -m 755 "$prefix/bin/$program" "$dest/usr/lib/cricket/bin/$program"
		ln -sfn "bin/$program" "$dest/usr/lib/cricket/$program"
	done
fi
CGO_ENABLED=1 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.root=$root" -o "$programs/cricket-native" ./cmd/cricket-native
images/stage.sh "$dest/" "$programs"

[[ -z $dest ]] || exit 0
systemd-sysusers cricket.conf
systemd-tmpfiles --create cricket.conf
modprobe -q snd || true
if [[ -d /run/systemd/system ]]; then
	systemctl daemon-reload
	systemctl enable --now cricket.service cricket-{audio,stt,sphinx}.socket
	systemctl restart cricket.service
	echo "install: Cricket runs; to see how it is: sudo cricket doctor"
else
	systemctl enable cricket.service cricket-{audio,stt,sphinx}.socket
	echo "install: Cricket starts with the system"
fi
