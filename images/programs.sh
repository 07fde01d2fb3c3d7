#!/bin/bash
# Runs in the workshop: builds cricket and cricket-native for an architecture, for a system that has Debian's packages.
#
#   programs.sh <amd64|arm64> DIR SYSROOT <list of the sysroot's packages
set -euo pipefail
arch=$1 out=$2 sysroot=$3
case $arch in
amd64) triplet=x86_64-linux-gnu ;;
arm64) triplet=aarch64-linux-gnu ;;
esac

want=$(sha256sum | cut -d' ' -f1)
if [[ ! -e $sysroot/ready || $(<"$sysroot/ready") != "$want" ]]; then
	rm -rf "$sysroot"
	mkdir -p "$sysroot/only"
	while read -r _ _ _ file; do
		dpkg-deb -x "/cache/debs/$file" "$sysroot"
	done <"/cache/sysroot-$arch.list"
	for dir in lib lib64; do # the packages have them under /usr only
		[[ -e $sysroot/$dir || ! -e $sysroot/usr/$dir ]] || ln -s "usr/$dir" "$sysroot/$dir"
	done
	# What the whisper binding asks the linker for and Debian has under other names, or not at all.
	printf '!<arch>\n' >"$sysroot/only/libggml-cpu.a"
	ln -s "../usr/lib/$triplet/libstdc++.so.6" "$sysroot/only/libstdc++.so"
	echo "$want" >"$sysroot/ready"
fi

cd /repo
export PATH=/go/bin:$PATH GOROOT=/go GOMODCACHE=/gomod GOCACHE=/cache/gocache GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-modcacherw GOARCH=$arch
mkdir -p "$out"
build() { go build -trimpath -buildvcs=false -ldflags "-s -w $1" -o "$out/$2" "./cmd/$2"; }
CGO_ENABLED=0 build "" cricket
export CGO_ENABLED=1 CC=$triplet-gcc PKG_CONFIG=/repo/native/pkg-config
export CGO_CFLAGS="-O2 --sysroot=$sysroot -ffile-prefix-map=$sysroot=/"
export CGO_LDFLAGS="--sysroot=$sysroot -L$sysroot/only -Wl,--no-as-needed -lggml-base -lstdc++ -lgcc_s -lgomp -lm -Wl,--allow-shlib-undefined -Wl,--build-id=none"
build "-linkmode=external" cricket-native
