# Boots firmware/boardtest under Debian's kernel on an emulated Raspberry Pi 3. Part of build.sh.

# board_test makes the guest, and judges by its last word.
board_test() {
	need_workshop
	need_kernel
	local work=$cache/boardtest
	rm -rf "$work"
	mkdir -p "$work/root"
	(cd "$repo" && GOARCH=arm64 CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$work/root/init" ./firmware/boardtest)
	say "booting an emulated Raspberry Pi 3"
	inside /repo/images/boardtest.inside.sh
	grep -a '^board-test: ' "$work/serial" || fail "the guest said nothing" "less $work/serial"
	grep -aq '^board-test: ok' "$work/serial"
}
