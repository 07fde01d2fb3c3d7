# What the image and the .deb are made of: part of build.sh.

version=$(git -C "$repo" log -1 --format=0.1.0+git%cd.%h --date=format:%Y%m%d)

# need_programs builds cricket and cricket-native; go's own cache makes that quick the second time.
need_programs() { # architecture
	command -v go >/dev/null || fail "there is no 'go' on the PATH" "make setup"
	(cd "$repo" && CGO_ENABLED=0 go mod download) || fail "the modules of go.mod could not be fetched" "go env GOPROXY"
	local want
	want=$(sha256sum <"$here/sysroot.packages")
	if [[ ! -e $cache/sysroot-$1.ready || $(<"$cache/sysroot-$1.ready") != "$want" ]]; then
		# shellcheck disable=SC2046
		closure "$1" main $(names "$here/sysroot.packages") >"$cache/sysroot-$1.list"
		echo "$want" >"$cache/sysroot-$1.ready"
	fi
	say "building the programs for $1"
	inside /repo/images/programs.sh "$1" "/cache/programs-$1" "/cache/sysroot-$1" <"$cache/sysroot-$1.list"
}

deb_name() { echo "cricket_${version}_$1.deb"; }

make_deb() { # architecture
	local stage=$cache/stage-$1
	rm -rf "$stage"
	umask 022
	"$here/stage.sh" "$stage" "$cache/programs-$1"
	find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	mkdir -p "$cache/out"
	(cd "$here/deb" && STAGE=$stage ARCH=$1 VERSION=$version CGO_ENABLED=0 go run . "$cache/out/$(deb_name "$1")")
	say "made $cache/out/$(deb_name "$1"), $(stat -c %s "$cache/out/$(deb_name "$1")") bytes"
}

# need_userland makes a system of Debian's packages, unless there is one of the same packages.
need_userland() { # name, architecture, files with the names of packages
	local name=$1 arch=$2 list=$cache/$1.list want
	shift 2
	want=$(cat "$@" "$here/userland.sh" | sha256sum)
	[[ -e $cache/$name.ready && $(<"$cache/$name.ready") == "$want" ]] && return
	rm -f "$cache/$name.ready"
	say "fetching the packages of $name"
	# shellcheck disable=SC2046
	closure "$arch" main $(names "$@") >"$list"
	say "setting up $(wc -l <"$list") packages of $name"
	inside /repo/images/userland.sh "/cache/$name" "$arch" <"$list" >"$cache/$name.log" 2>&1 || {
		tail -n 20 "$cache/$name.log" >&2
		fail "the packages of $name could not be set up" "see $cache/$name.log"
	}
	echo "$want" >"$cache/$name.ready"
}

# need_deb_userland is a system with what the .deb depends on, but for the .deb.
need_deb_userland() { # architecture
	{
		printf '%s\n' '?essential' passwd # every Debian has it
		sed -n '/^depends:/,/^contents:/s/^  - \([^ ]*\).*/\1/p' "$here/deb/nfpm.yaml"
	} >"$cache/deb-userland.packages"
	need_userland "deb-userland-$1" "$1" "$cache/deb-userland.packages"
}

need_kernel() {
	local want
	want=$(cat "$here/kernel.packages" "$here/kernel.sh" "$here/initramfs/init" | sha256sum)
	[[ -e $cache/kernel.ready && $(<"$cache/kernel.ready") == "$want" ]] && return
	rm -f "$cache/kernel.ready"
	say "fetching the kernel"
	# shellcheck disable=SC2046
	closure arm64 "main non-free-firmware" $(names "$here/kernel.packages") >"$cache/kernel.list"
	say "unpacking the kernel"
	inside /repo/images/kernel.sh /cache/kernel <"$cache/kernel.list"
	echo "$want" >"$cache/kernel.ready"
}

# need_key makes the owner's key for updates, once: boxes take the bundles that it signed. It stays on this machine.
key=${XDG_CONFIG_HOME:-$HOME/.config}/cricket/update
need_key() {
	if [[ ! -e $key.key || ! -e $key.pem ]]; then
		say "making a key for updates, $key.key: keep it, since boxes with this image take updates from nobody else"
		mkdir -p "${key%/*}"
		(umask 077 && openssl req -x509 -newkey rsa:3072 -noenc -days 10950 -subj "/CN=Cricket updates" \
			-keyout "$key.key" -out "$key.pem" 2>"$cache/key.log") || fail "no key for updates could be made" "see $cache/key.log; apt install openssl"
	fi
	install -m 644 "$key.pem" "$cache/keyring.pem"
}

# make_bundle makes the update of the same root file system as the card's: one image for one slot, and nothing else.
make_bundle() {
	make_image pi
	say "making the bundle"
	local out=$cache/out/cricket-$version.raucb
	sign_bundle /cache/slot/slot.img cricket-arm64 "$version" "$key.key" "$key.pem" "$out"
	printf '{"version":"%s","bundle":"%s","sha256":"%s"}\n' "$version" "${out##*/}" "$(sha256sum <"$out" | cut -d ' ' -f 1)" >"$cache/out/cricket.json"
	say "made $out, $(($(stat -c %s "$out") / 1000000)) MB, and cricket.json, which update.url names"
}

# sign_bundle is one image for one slot, signed. The key is in the workshop only while it signs.
sign_bundle() { # image, compatible, version, key, certificate, bundle
	local work=$cache/bundle status=0
	rm -rf "$work" "$6"
	mkdir -p "$work/content"
	install -m 600 "$4" "$work/key"
	install -m 644 "$5" "$work/pem"
	inside /repo/images/bundle.sh "$1" "$2" "$3" "/cache${6#"$cache"}" >"$cache/bundle.log" 2>&1 || status=$?
	rm -rf "$work"
	[[ $status -eq 0 ]] || {
		tail -n 20 "$cache/bundle.log" >&2
		fail "the bundle could not be made" "see $cache/bundle.log"
	}
}

make_image() { # board
	local board=$1 begin=$SECONDS out=$cache/out/cricket-$1.img
	[[ $board == virt || $board == pi ]] || fail "there is no board '$board'" "make image BOARD=pi"
	need_workshop
	need_userland userland arm64 "$here/packages"
	need_kernel
	need_programs arm64
	make_deb arm64
	need_key
	say "making the root file system"
	inside /repo/images/slot.sh /cache/userland /cache/kernel "/cache/out/$(deb_name arm64)" "$version" /cache/keyring.pem /cache/slot >"$cache/slot.log" 2>&1 || {
		tail -n 20 "$cache/slot.log" >&2
		fail "the root file system could not be made" "see $cache/slot.log"
	}
	say "putting the card together"
	inside /repo/images/card.sh "$board" /cache/slot /cache/kernel "/cache/out/cricket-$board.img"
	say "compressing it"
	inside xz -3 -T2 -k -f "/cache/out/cricket-$board.img"
	(cd "$cache/out" && sha256sum "cricket-$board.img" "cricket-$board.img.xz" >"cricket-$board.img.sha256")
	(cd "$repo" && CGO_ENABLED=0 go run ./images/record -status "$cache/slot/status" -unpacked "$cache/kernel.list" -program "$cache/programs-arm64/cricket" \
		-image "$out" -xz "$out.xz" -version "$version" -date "$(git log -1 --format=%cs)")
	say "made $out: $(<"$cache/slot/used") MB used in a slot, $(($(stat -c %s "$out.xz") / 1000000)) MB compressed, $((SECONDS - begin)) s"
}

# boot_test boots the image for BOARD=virt, which is made if it is not there.
boot_test() { # WAV file, options of boottest...
	[[ -e $cache/out/cricket-virt.img ]] || make_image virt
	need_workshop
	local boot=$cache/boot file speech=$1
	shift
	mkdir -p "$boot/tools"
	if [[ ! -e $boot/tools/aplay ]]; then
		closure arm64 main alsa-utils >"$boot/list"
		file=$(sed -n 's/^alsa-utils .* //p' "$boot/list")
		dpkg-deb --fsys-tarfile "$cache/debs/$file" | tar -x -O ./usr/bin/aplay >"$boot/tools/aplay"
		chmod 755 "$boot/tools/aplay"
	fi
	cp "$repo/$speech" "$boot/speech.wav"
	(cd "$repo" && CGO_ENABLED=0 go build -trimpath -o "$boot/boottest" ./images/boottest &&
		GOARCH=arm64 CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$boot/tools/probe" ./images/boottest/probe)
	inside /cache/boot/boottest -image /cache/out/cricket-virt.img -kernel /cache/kernel -speech /cache/boot/speech.wav -tools /cache/boot/tools -dir /cache/boot "$@"
}
