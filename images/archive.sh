# Debian's packages for the image and for the tools that make it: part of build.sh and of workshop.sh.
#
# The host's own apt fetches them, with a state folder of its own and the host's settings otherwise (proxy, how old a
# mirror's list may be). It checks the archive's signature, and every file against the signed list.

suite=forky
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

. "$repo/native/mirror.sh"

# closure prints "name version sha256 file" for the named packages and all that they depend on, from today's archive.
# The files are in $cache/debs afterwards.
closure() { # architecture, components, names...
	local arch=$1 components=$2 b status
	shift 2
	b=$(mktemp -d "$cache/apt.XXXXXX")
	mkdir -p "$b"/{lists,archives}/partial "$b/pref" "$cache/debs"
	: >"$b/status"
	echo "deb [arch=$arch signed-by=$keyring] $(mirror) $suite $components" >"$b/sources.list"
	cat >"$b/apt.conf" <<-END
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		APT::Install-Recommends "false";
		APT::Update::Error-Mode "any";
		Dir::Etc::SourceList "$b/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "$b/pref";
		Dir::State "$b";
		Dir::State::Lists "$b/lists";
		Dir::State::status "$b/status";
		Dir::Cache "$b";
		Dir::Cache::archives "$cache/debs";
		Acquire::Languages "none";
		Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
		Acquire::Retries "3";
	END
	# apt would drop to the user _apt, who may not enter a home folder.
	[[ $EUID -ne 0 ]] || echo 'APT::Sandbox::User "root";' >>"$b/apt.conf"
	[[ -z ${CRICKET_STALE_MIRROR-} ]] || echo 'Acquire::Check-Valid-Until "false";' >>"$b/apt.conf"
	mkdir -p "$cache/debs/partial"
	status=0
	APT_CONFIG=$b/apt.conf fetch_closure "$b" "$@" || status=$?
	rm -rf "$b"
	return $status
}

fetch_closure() { # state folder, names...
	local b=$1
	shift
	apt-get update -q >"$b/log" 2>&1 &&
		apt-get install -y -q --print-uris -o Dir::Cache::archives="$b/archives" "$@" >"$b/uris" 2>"$b/log" &&
		apt-get install -y -q --download-only "$@" >"$b/log" 2>&1 || {
		grep -E '^(E|W|Err):' "$b/log" >&2 || tail -n 5 "$b/log" >&2
		fail "Debian $suite's packages could not be had" "check the network and the disk ($(df -h --output=avail "$cache" | tail -n 1 | xargs) free); a mirror known to lag: CRICKET_STALE_MIRROR=1 make image"
	}
	local file
	sed -E "s/^'[^']*' ([^ ]+) .*/\1/; t; d" "$b/uris" | LC_ALL=C sort | while read -r file; do
		echo "$(dpkg-deb -f "$cache/debs/$file" Package) $(dpkg-deb -f "$cache/debs/$file" Version)" \
			"$(sha256sum <"$cache/debs/$file" | cut -d' ' -f1) $file"
	done
}

# names prints the packages of a list.
names() { grep -oh '^[^#[:space:]]*' "$@"; }
