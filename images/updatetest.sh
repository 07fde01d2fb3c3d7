# Tests what brings a box back from an update that fails. Part of build.sh.

# update_test runs the real U-Boot with tiny systems, the real RAUC with tiny bundles, and the daemon's own tests.
update_test() {
	need_workshop
	local work=$cache/update
	rm -rf "$work"
	mkdir -p "$work"
	(cd "$repo" && CGO_ENABLED=0 go build -trimpath -o "$work/updatetest" ./images/updatetest)
	(umask 077 && for who in owner stranger; do
		openssl req -x509 -newkey rsa:3072 -noenc -days 10950 -subj "/CN=$who" -keyout "$work/$who.key" -out "$work/$who.pem" 2>/dev/null
		head -c 1M /dev/urandom >"$work/$who.img"
		sign_bundle "/cache/update/$who.img" cricket-arm64 1.0.0 "$work/$who.key" "$work/$who.pem" "$work/$who.raucb"
	done)
	inside /cache/update/updatetest -dir /cache/update -repo /repo
	(cd "$repo" && CGO_ENABLED=0 go test -count=1 -run 'Update|Rollback' ./appliance && CGO_ENABLED=0 go test -count=1 ./firmware/slots)
}
