# The layout of .native/<arch>: part of setup.sh.
#
#   root/     Debian's packages, unpacked (not there where the distribution's own packages are used)
#   include/  only the headers that cgo needs, lib/ only the libraries: a whole lib folder on the compiler's path
#             would put another C library in the way of the host's
#   bin/      espeak-ng, llama-server, llama-quantize, pocketsphinx; mosquitto and its clients for the tests
#   env       the environment for building cmd/cricket-native, with absolute paths
#   ready     written last, when the self-test has passed
#
# All but env and ready may be moved.

programs="espeak-ng llama-server llama-quantize pocketsphinx mosquitto mosquitto_pub mosquitto_sub mosquitto_passwd"
headers="whisper.h ggml.h ggml-alloc.h ggml-backend.h ggml-cpu.h ggml-opt.h ggml-rpc.h gguf.h llama.h portaudio.h pocketsphinx.h speex"
libs="libwhisper libggml libggml-base libllama libportaudio libpocketsphinx libspeexdsp"

# complete is a quick look at what somebody may have deleted; the self-test is the thorough one.
complete() {
	local p
	for p in $programs; do
		[[ -x $prefix/bin/$p ]] || return 1
	done
	[[ -e $prefix/lib/libggml-cpu.a ]] || return 1
	[[ $libraries == own ]] || [[ -e $prefix/root/usr/lib/$triplet/libwhisper.so && -e $prefix/include/whisper.h ]]
}

# unpacked is true where the prefix holds the packages that were fetched last, laid out as this file does, and these
# are the ones of native/packages: then the archive is not asked again.
unpacked() {
	[[ -e $prefix/unpacked && -e $base/packages.$arch && $(<"$prefix/unpacked") == "$(layout)" ]] &&
		[[ $(cut -d' ' -f1 "$base/packages.$arch") == "$(names)" ]] && complete
}

layout() { cat "$base/packages.$arch" "$here/prefix.sh" | sha256sum; }

# unpack makes the prefix in a temporary folder and moves it into place in one step.
unpack() {
	local new file
	new=$(mktemp -d "$base/tmp.XXXXXX")
	chmod 755 "$new"
	mkdir "$new/root"
	say "unpacking $(wc -l <"$base/packages.$arch") packages"
	while read -r _ _ _ _ file; do
		dpkg-deb -x "$cache/$file" "$new/root" ||
			fail "$file could not be unpacked" "check the disk's free space ($(df -h --output=avail "$base" | tail -n 1 | xargs)), then: make setup"
	done <"$base/packages.$arch"
	lay_out_prefix "$new"
	layout >"$new/unpacked"
	rm -rf "$prefix"
	mv "$new" "$prefix"
}

lay_out_prefix() {
	local k=$1 name file
	local usr=../root/usr lib=$1/root/usr/lib/$triplet
	mkdir "$k"/{include,include/pocketsphinx,lib,bin}
	for name in $headers; do
		link "$usr/include/$name" "$k/include/$name"
	done
	for file in "$k"/root/usr/include{,/$triplet}/pocketsphinx/*.h; do # Debian keeps one of them per architecture
		link "../../${file#"$k"/}" "$k/include/pocketsphinx/${file##*/}"
	done
	for name in $libs; do
		link "$usr/lib/$triplet/$name.so" "$k/lib/$name.so"
	done
	link "$usr/lib/$triplet/libstdc++.so.6" "$k/lib/libstdc++.so"
	/sbin/ldconfig -n "$lib" # some packages leave the links of their libraries to it
	empty_archive "$k"
	# llama-server looks for ggml's backends beside the file that runs, and that is the dynamic linker.
	for file in "$lib"/ggml/backends*/*.so; do
		ln -s "${file#"$lib"/}" "$lib/${file##*/}"
	done
	for name in $programs; do
		file=usr/bin/$name
		[[ -x $k/root/$file ]] || file=usr/sbin/$name
		[[ -x $k/root/$file ]] || fail "the packages hold no program '$name'" "see native/packages"
		wrapper "$file" >"$k/bin/$name"
		chmod 755 "$k/bin/$name"
	done
}

link() { # target relative to the link's folder, link
	ln -s "$1" "$2"
	[[ -e $2 ]] || fail "the packages hold no file ${1##*root}" "see native/packages"
}

# The whisper binding links with -lggml-cpu. Debian has no such library: its CPU code is loaded at run time.
empty_archive() { printf '!<arch>\n' >"$1/lib/libggml-cpu.a"; }

# wrapper prints a program that runs the prefix's one with the prefix's dynamic linker and libraries. It finds them
# from its own place, also when it was called through a symbolic link.
wrapper() { # path of the program under the root
	cat <<-END
		#!/bin/sh
		here=\$(readlink -f "\$0") || exit 127
		root=\${here%/bin/*}/root
		lib=\$root/usr/lib/$triplet
		export ESPEAK_DATA_PATH="\$lib" POCKETSPHINX_PATH="\$root/usr/share/pocketsphinx/model"
		exec "\$lib/$loader" --argv0 "\$0" --library-path "\$lib:\$lib/llama:\$lib/pulseaudio" "\$root/$1" "\$@"
	END
}

# lay_out_distribution makes the same folders for packages that are in /usr.
lay_out_distribution() {
	local new name
	new=$(mktemp -d "$base/tmp.XXXXXX")
	chmod 755 "$new"
	mkdir "$new"/{include,lib,bin}
	ln -s "/usr/lib/$triplet/libstdc++.so.6" "$new/lib/libstdc++.so" # its development package is not needed
	empty_archive "$new"
	unpack_mosquitto "$new"
	for name in $programs; do
		[[ -e $new/bin/$name ]] && continue
		[[ -x /usr/bin/$name ]] || fail "there is no program /usr/bin/$name" "sudo apt-get install --reinstall $distribution_packages"
		ln -s "/usr/bin/$name" "$new/bin/$name"
	done
	rm -rf "$prefix"
	mv "$new" "$prefix"
}

# unpack_mosquitto puts the broker for the tests into a prefix. It is not installed: it would start, on the port of
# cricket's own broker.
unpack_mosquitto() { # folder
	local tmp
	tmp=$(mktemp -d "$base/tmp.XXXXXX")
	(cd "$tmp" && apt-get download -q mosquitto >/dev/null && dpkg-deb -x mosquitto_*.deb root) ||
		fail "the package mosquitto could not be fetched" "sudo apt-get update, then: make setup"
	cp "$tmp/root/usr/sbin/mosquitto" "$tmp/root/usr/bin/mosquitto_passwd" "$1/bin/"
	rm -rf "$tmp"
}

write_env() {
	local cflags="-O2" ldflags="-L$prefix/lib -Wl,--no-as-needed -lggml-base -lstdc++ -lgcc_s -lgomp -lm" root=/
	if [[ $libraries == prefix ]]; then
		root=$prefix/root
		local lib=$root/usr/lib/$triplet
		# rpath and dynamic linker: these libraries need a newer C library than the host's. The old kind of rpath,
		# because it holds for the libraries of libraries too.
		cflags+=" -I$prefix/include"
		ldflags+=" -Wl,--allow-shlib-undefined -Wl,--disable-new-dtags -Wl,-rpath,$lib -Wl,--dynamic-linker=$lib/$loader"
	fi
	cat >"$prefix/env.new" <<-END
		# Written by native/setup.sh: the environment for building cmd/cricket-native.
		export CRICKET_NATIVE_ROOT='$root'
		export CGO_ENABLED=1
		export CGO_CFLAGS='$cflags'
		export CGO_LDFLAGS='$ldflags'
		export PKG_CONFIG='$here/pkg-config'
	END
	mv "$prefix/env.new" "$prefix/env"
}
