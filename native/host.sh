# What the machine itself must have: part of setup.sh.

# without these nothing can be built
host_packages() {
	command -v gcc >/dev/null || echo gcc
	[[ -e /usr/include/stdio.h ]] || echo libc6-dev
	[[ -e /etc/ssl/certs/ca-certificates.crt ]] || echo ca-certificates
	[[ -e $keyring ]] || echo debian-archive-keyring
}

# not_installed prints those of its arguments that dpkg does not have.
not_installed() {
	local p
	for p; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) == installed ]] || echo "$p"
	done
}

apt_install() {
	say "apt-get install $*"
	export DEBIAN_FRONTEND=noninteractive
	local log
	log=$(mktemp)
	# The first try is without an update: a machine whose lists are there needs no second look at the archive.
	if ! apt-get install -y --no-install-recommends "$@" >"$log" 2>&1; then
		apt-get update >"$log" 2>&1 && apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1 || {
			tail -n 5 "$log" >&2
			rm -f "$log"
			fail "apt-get could not install $*" "apt-get update && apt-get install $*"
		}
	fi
	rm -f "$log"
}

need_host_packages() {
	local need
	need=$(host_packages | xargs)
	[[ -n $need ]] || return 0
	[[ $EUID -eq 0 ]] || fail "this machine lacks $need" "sudo apt-get install -y --no-install-recommends $need"
	# shellcheck disable=SC2086 # package names hold no blanks
	apt_install $need
}

need_go() {
	local version download='install Go 1.26 or newer from https://go.dev/dl/ (Debian forky has it: apt-get install golang-go), then: make setup'
	command -v go >/dev/null || fail "there is no 'go' on the PATH" "$download"
	# In this folder an older go (1.21 or newer) fetches the one that go.mod asks for, unless GOTOOLCHAIN forbids it.
	if ! version=$(go env GOVERSION 2>&1); then
		echo "$version" >&2
		fail "this go cannot build what go.mod asks for, nor fetch one that can" "GOTOOLCHAIN=auto make setup, or $download"
	fi
	[[ $version =~ ^go1\.([0-9]+) && ${BASH_REMATCH[1]} -ge 26 ]] || [[ $version == devel* ]] ||
		fail "go is $version, and 1.26 is needed" "$download"
}

# which_libraries says "own" where the distribution's own packages can be used: its C library is new enough, and they
# are installed, or apt has them and may install them. Otherwise it says "prefix", which needs no root.
which_libraries() {
	local libc
	libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || libc=unknown
	# shellcheck disable=SC2086 # package names hold no blanks
	if [[ $libc =~ ^glibc\ 2\.([0-9]+) && ${BASH_REMATCH[1]} -ge 43 ]] &&
		{ [[ -z $(not_installed $distribution_packages) ]] || can_install $distribution_packages; }; then
		echo own
	else
		echo prefix
	fi
}

can_install() { [[ $EUID -eq 0 ]] && apt-get install -s --no-install-recommends "$@" >/dev/null 2>&1; }

# The ends of packages' dependencies: apt brings the rest.
distribution_packages="libwhisper-dev libggml-dev libggml0-backend-rpc llama.cpp-tools llama.cpp-tools-extra
	portaudio19-dev libpocketsphinx-dev pocketsphinx pocketsphinx-en-us espeak-ng libspeexdsp-dev mosquitto-clients"

# What the broker for the tests is linked with; it is unpacked and not installed.
mosquitto_libraries() { apt-cache show mosquitto | sed -n 's/^Depends: //p; /^Depends: /q'; }

need_distribution_packages() {
	local need
	# shellcheck disable=SC2086
	need=$(not_installed $distribution_packages | xargs)
	# shellcheck disable=SC2086
	[[ -z $need ]] || apt_install $need
	if [[ $EUID -eq 0 ]]; then
		apt-get satisfy -y -q --no-install-recommends "$(mosquitto_libraries)" >/dev/null ||
			fail "apt-get could not install what mosquitto is linked with" "apt-get satisfy '$(mosquitto_libraries)'"
	fi
}
