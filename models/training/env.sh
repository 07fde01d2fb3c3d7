#!/bin/bash
# The training environment: Debian forky in a folder outside the repository, with PyTorch and the speech synthesisers.
#
#   models/training/env.sh make            makes it (about 5 minutes, 2.5 GB); at once where it is ready
#   models/training/env.sh run COMMAND...  runs a command in it; what the repository and the work folder hold is seen there
#                                          under the same paths, and the current folder stays the same
#   models/training/env.sh dir             prints the work folder: data, checkpoints, logs
#
# The work folder is $CRICKET_TRAINING, else cricket/training in the user's cache. Nothing is ever written into the
# repository. Root uses mounts that only the command sees; others need user namespaces, and newuidmap (package uidmap).
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
repo=${here%/*/*}
[[ -n ${CRICKET_TRAINING-}${XDG_CACHE_HOME-}${HOME-} ]] || { echo "env: error: HOME is not set: there is no place for the work folder" >&2; exit 1; }
work=${CRICKET_TRAINING:-${XDG_CACHE_HOME:-$HOME/.cache}/cricket/training}
[[ $work == /* ]] || { echo "env: error: CRICKET_TRAINING is '$work', not an absolute path" >&2; exit 1; }
root=$work/root
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { echo "env: $*" >&2; }
fail() { # cause, then the command to type
	echo "env: error: $1" >&2
	echo "env: hint: $2" >&2
	exit 1
}

# libopenblas0-pthread: without it a float32 matrix product is 25 times slower.
packages="python3-torch python3-numpy libopenblas0-pthread espeak-ng libespeak-ng1 flite libflite1 sox
	festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts festlex-cmu festlex-poslex"

make_root() {
	local want
	want=$(echo $packages | sha256sum | cut -c1-16)
	[[ -e $root/ready && $(<"$root/ready") == "$want" ]] && { say "ready ($work)"; return; }
	. "$repo/native/mirror.sh"
	command -v mmdebstrap >/dev/null || fail "mmdebstrap is missing" "sudo apt-get install -y mmdebstrap"
	mkdir -p "$work"
	exec 9>"$work/lock"
	flock -n 9 || { say "another run makes it; waiting"; flock 9; make_root; return; }
	say "making Debian forky with PyTorch in $root; the log is $work/make.log"
	rm -rf "$work/root.new"
	local options=(--variant=minbase --include="$(echo $packages | tr ' ' ',')" --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "3"')
	# mmdebstrap's apt does not see the host's own settings: its proxy, and how old a mirror's list may be.
	local setting
	for setting in Acquire::http::Proxy Acquire::https::Proxy Acquire::Check-Valid-Until; do
		setting=$(apt-config dump "$setting" 2>/dev/null | head -n 1)
		[[ -z $setting ]] || options+=(--aptopt="${setting%;}")
	done
	[[ -z ${CRICKET_STALE_MIRROR-} ]] || options+=(--aptopt='Acquire::Check-Valid-Until "false"')
	mmdebstrap "${options[@]}" forky "$work/root.new" "deb [signed-by=$keyring] $(mirror) forky main" >"$work/make.log" 2>&1 || {
		tail -n 5 "$work/make.log" >&2
		fail "the packages could not be installed" "correct that, then: models/training/env.sh make (a mirror behind its date: CRICKET_STALE_MIRROR=1)"
	}
	mkdir -p "$work/root.new$work" "$work/root.new$repo"
	echo "$want" >"$work/root.new/ready"
	rm -rf "$root"
	mv "$work/root.new" "$root"
	say "ready ($work)"
}

run() {
	[[ -e $root/ready ]] || fail "there is no training environment" "models/training/env.sh make"
	local enter=(unshare --mount)
	[[ $EUID -eq 0 ]] || enter=(unshare --mount --map-auto --map-root-user)
	# What a graphics card needs is on the host: its devices and its driver's libraries.
	exec "${enter[@]}" bash -c '
		root=$1 work=$2 repo=$3 here=$4; shift 4
		for dir in /dev /proc /sys /tmp "$work" "$repo"; do
			mkdir -p "$root$dir" && mount --rbind "$dir" "$root$dir" || exit 125
		done
		cd / && exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			CRICKET_TRAINING="$work" OMP_NUM_THREADS="${OMP_NUM_THREADS-}" OMP_WAIT_POLICY=passive PYTHONDONTWRITEBYTECODE=1 \
			bash -c '\''[[ -n $OMP_NUM_THREADS ]] || unset OMP_NUM_THREADS; cd "$1" 2>/dev/null || cd "$2"; shift 2; exec "$@"'\'' - "$here" "$repo" "$@"
	' - "$root" "$work" "$repo" "$PWD" "$@"
}

case ${1-} in
make) make_root ;;
run) shift && run "$@" ;;
dir) echo "$work" ;;
*) fail "unknown argument '${1-}'" "models/training/env.sh make | run COMMAND... | dir" ;;
esac
