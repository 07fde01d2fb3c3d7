# The workshop: Debian forky's tools in a folder of their own, so that the image is the same wherever it is made, and
# the host needs apt-get, dpkg-deb and unshare only. Part of build.sh.

workshop=$cache/workshop

# need_workshop unpacks the tools. Nothing is installed: no script of a package runs.
need_workshop() {
	local want
	want=$(declare -f need_workshop | cat - "$here/workshop.packages" | sha256sum)
	[[ -e $workshop/ready && $(<"$workshop/ready") == "$want" ]] && return
	say "fetching the tools"
	# shellcheck disable=SC2046
	closure amd64 main $(names "$here/workshop.packages") >"$cache/workshop.list"
	rm -rf "$workshop" "$workshop.new"
	mkdir -p "$workshop.new"
	say "unpacking $(wc -l <"$cache/workshop.list") packages of tools"
	local file
	while read -r _ _ _ file; do
		dpkg-deb -x "$cache/debs/$file" "$workshop.new"
	done <"$cache/workshop.list"
	ln -sf mawk "$workshop.new/usr/bin/awk" # what the package's script would do
	ln -sf bash "$workshop.new/usr/bin/sh"
	mkdir -p "$workshop.new"/{proc,sys,dev,tmp,cache,repo,go,gomod,etc}
	echo 'root:x:0:0:root:/root:/bin/sh' >"$workshop.new/etc/passwd"
	echo 'root:x:0:' >"$workshop.new/etc/group"
	echo "$want" >"$workshop.new/ready"
	mv "$workshop.new" "$workshop"
}

# inside runs a command in the workshop: /cache is the cache, /repo the repository, arm64 programs run by emulation.
# That is in a user namespace, since each has an emulation table of its own (Linux 6.7 or newer). Files that belong to
# others than root need a range of ids: root may take one, anybody else needs newuidmap and a line in /etc/subuid.
inside() {
	local ids=(--map-root-user --map-auto)
	[[ $EUID -ne 0 ]] || ids=()
	local gate
	gate=$(mktemp -d "$cache/gate.XXXXXX")
	mkfifo "$gate"/{here,go}
	# shellcheck disable=SC2016 # $1 and the like are those of the shell inside
	unshare --user "${ids[@]}" --mount --pid --fork --kill-child "$BASH" -c '
		set -e
		w=$1 cache=$2 repo=$3 gate=$4 go=$5 gomod=$6; shift 6
		echo >"$gate/here"; read -r _ <"$gate/go"
		mount --rbind /dev "$w/dev"
		mount -t proc proc "$w/proc"
		mount --bind "$cache" "$w/cache"
		mount --bind "$repo" "$w/repo"
		mount --bind "$go" "$w/go"
		mount --bind "$gomod" "$w/gomod"
		mount -t tmpfs -o mode=1777 tmp "$w/tmp"
		mount -t binfmt_misc none "$w/proc/sys/fs/binfmt_misc" || {
			echo "image: error: arm64 cannot be emulated here; hint: use Linux 6.7 or newer" >&2
			exit 3
		}
		exec chroot "$w" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C TZ=UTC \
			SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" /bin/bash /repo/images/inside.sh "$@"
	' inside "$workshop" "$cache" "$repo" "$gate" "$(go env GOROOT)" "$(go env GOMODCACHE)" "$@" <&0 &
	local pid=$! status=0
	read -r _ <"$gate/here"
	if [[ $EUID -eq 0 ]]; then
		echo 0 0 65536 >/proc/$pid/uid_map
		echo 0 0 65536 >/proc/$pid/gid_map
	fi
	echo >"$gate/go"
	rm -rf "$gate"
	wait $pid || status=$?
	return $status
}
