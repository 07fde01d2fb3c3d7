# Debian's packages into the cache, signature checked: part of setup.sh.
#
# apt does the work with a state folder of its own and the host's own settings otherwise (proxy, how old a mirror's
# list may be). It checks the archive's signature with the keyring below; every file is checked against the signed
# list again before it is unpacked, so a file cut short by a kill is never used.

suite=forky
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

names() { grep -o '^[^#[:space:]]*' "$here/packages" | LC_ALL=C sort; }

# private_apt names in $APT_CONFIG a configuration with which apt leaves the host's state alone.
private_apt() { # folder, mirror
	local b=$1
	mkdir -p "$b"/{lists,archives}/partial "$b/trusted" "$b/pref"
	: >"$b/status"
	echo "deb [arch=$arch signed-by=$keyring] $2 $suite main" >"$b/sources.list"
	cat >"$b/apt.conf" <<-END
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		Dir::Etc::SourceList "$b/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::TrustedParts "$b/trusted";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "$b/pref";
		Dir::State "$b";
		Dir::State::Lists "$b/lists";
		Dir::State::status "$b/status";
		Dir::Cache "$b";
		Dir::Cache::archives "$b/archives";
		Acquire::Languages "none";
		Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
		Acquire::Retries "3";
		APT::Update::Error-Mode "any";
	END
	# apt would drop to the user _apt, who may not enter a home folder.
	[[ $EUID -ne 0 ]] || echo 'APT::Sandbox::User "root";' >>"$b/apt.conf"
	[[ -z ${CRICKET_STALE_MIRROR-} ]] || echo 'Acquire::Check-Valid-Until "false";' >>"$b/apt.conf"
	export APT_CONFIG=$b/apt.conf
}

# update reads the archive's signed list. On failure the cause is in $fault and the next command in $remedy.
update() { # folder
	local from log=$1/update.log
	for from in "$(mirror)" http://deb.debian.org/debian; do
		private_apt "$1" "$from"
		say "reading Debian $suite's list of packages"
		if apt-get update -q >"$log" 2>&1; then
			return 0
		fi
		# Only a mirror without the suite is a reason to ask another one.
		grep -qE 'does not have a Release file|404' "$log" || break
	done
	grep -E '^(E|W|Err):' "$log" >&2 || tail -n 5 "$log" >&2
	if grep -qE 'NO_PUBKEY|not signed|keyring|EXPKEYSIG|Missing key' "$log"; then
		fault="the keys in $keyring cannot check the signature of Debian $suite: too old, or not the archive's"
		remedy="sudo apt-get update && sudo apt-get install debian-archive-keyring, then: make setup"
	elif grep -qE 'expired|no longer valid' "$log"; then
		fault="the mirror's list is older than it says it may be: a lagging mirror, or this machine's clock ($(date +%F)) is wrong"
		remedy="if the mirror is known to lag: CRICKET_STALE_MIRROR=1 make setup (the signature is still checked)"
	elif grep -qE 'not valid yet' "$log"; then
		fault="the mirror's list is from the future: this machine's clock says $(date '+%F %R')"
		remedy="set the clock, then: make setup"
	else
		fault="the mirror $from cannot be read"
		remedy="check the network (a proxy is set in /etc/apt/apt.conf.d), then: make setup"
	fi
	return 1
}

# resolve prints "name version sha256 size file" for every package, from the signed list.
resolve() { # folder
	local out
	# shellcheck disable=SC2046
	out=$(apt-get download --print-uris -q $(names) 2>"$1/resolve.log") || {
		cat "$1/resolve.log" >&2
		fail "Debian $suite has no longer all packages of native/packages" "correct the names there: apt-cache search finds what replaced them"
	}
	sed -E "s/^'[^']*' ([^_]+)_([^_]+)_([^ ]+) ([0-9]+) SHA256:([0-9a-f]+)\$/\1 \2 \5 \4 \1_\2_\3/; t; d" <<<"$out" |
		sed -E 's/^([^ ]+) ([^ ]*)%3a/\1 \2:/' | LC_ALL=C sort
}

good() { [[ -e $1 ]] && echo "$2  $1" | sha256sum --status -c; }

# fetch brings the packages into the cache and lists them in $base/packages.<arch>.
fetch() {
	local b list name version sum size file want=()
	b=$(mktemp -d "$base/tmp.XXXXXX")
	list=$base/packages.$arch
	if update "$b"; then
		resolve "$b" >"$b/list"
	elif cached_as_tested; then
		say "note: using the packages last tested, from $cache"
		mv "$b/list.lock" "$b/list"
	else
		fail "$fault" "$remedy"
	fi
	[[ $(wc -l <"$b/list") -eq $(names | wc -l) ]] ||
		fail "apt named $(wc -l <"$b/list") packages of $(names | wc -l)" "report this with the output of: apt-get --version"

	# One set-up at a time writes to the cache, which other trees of this user share.
	exec 8>"$cache/lock"
	flock 8
	mkdir -p "$cache/incoming"
	while read -r name version sum size file; do
		good "$cache/$file" "$sum" && continue
		if good "$cache/incoming/$file" "$sum"; then # a run before this one was killed
			mv "$cache/incoming/$file" "$cache/$file"
			continue
		fi
		rm -f "$cache/$file" "$cache/incoming/$file"
		want+=("$name=$version")
	done <"$b/list"
	if [[ ${#want[@]} -gt 0 ]]; then
		say "fetching ${#want[@]} packages into $cache"
		(cd "$cache/incoming" && apt-get download -q "${want[@]}") >"$b/download.log" 2>&1 || {
			grep -E '^E:' "$b/download.log" | tail -n 3 >&2 || tail -n 5 "$b/download.log" >&2
			fail "packages could not be fetched" "check the network and the disk's free space ($(df -h --output=avail "$cache" | tail -n 1 | xargs)), then go on where it stopped: make setup"
		}
		while read -r name version sum size file; do
			[[ -e $cache/$file ]] && continue
			good "$cache/incoming/$file" "$sum" ||
				fail "$file is not what the signed list says" "rm -r '$cache/incoming' && make setup"
			mv "$cache/incoming/$file" "$cache/$file"
		done <"$b/list"
	fi
	exec 8>&-
	mv "$b/list" "$list"
	rm -rf "$b"
	unset APT_CONFIG
}

# cached_as_tested is true where every package of the record is in the cache, unchanged.
cached_as_tested() {
	local name version sum size file
	[[ -e $lock ]] || return 1
	grep -v '^#' "$lock" >"$b/list.lock"
	while read -r name version sum size file; do
		good "$cache/$file" "$sum" || return 1
	done <"$b/list.lock"
}

record() {
	local b
	mkdir -p "$base"
	b=$(mktemp -d "$base/tmp.XXXXXX")
	update "$b" || fail "$fault" "$remedy"
	resolve "$b" >"$b/list"
	{
		echo "# The Debian $suite packages that were last tested on $arch: name, version, SHA-256, bytes, file."
		echo "# A record, not a pin: newer packages with a good signature are used when the self-test passes with them."
		echo "# Written by: ARCH=$arch native/setup.sh --record"
		cat "$b/list"
	} >"$lock"
	rm -rf "$b"
	say "$(grep -vc '^#' "$lock") packages recorded in $lock"
}

# report_newer names the packages that are not those of the record.
report_newer() {
	[[ $libraries == prefix && -e $lock ]] || return 0
	local newer
	newer=$(awk '/^#/ { next } NR == FNR { sum[$1] = $3; version[$1] = $2; next }
		sum[$1] != $3 { printf "%s%s %s (was %s)", sep, $1, $2, version[$1] ? version[$1] : "not there"; sep = ", " }' \
		"$lock" "$base/packages.$arch")
	[[ -z $newer ]] || say "note: the self-test passed with packages newer than those last tested: $newer"
}
