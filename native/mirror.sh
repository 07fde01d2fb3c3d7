# Where Debian comes from: part of setup.sh and of models/training/env.sh.

# mirror is the one that the host's own sources name, whatever their format. Other archives of the host (security,
# other distributions) do not have all suites.
mirror() {
	local found
	found=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		grep -E '^(https?|file|mirror\+[a-z]+):.*/debian/?$' | head -n 1) || true
	echo "${found:-http://deb.debian.org/debian}"
}
