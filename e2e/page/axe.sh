#!/bin/bash
# Prints the path of axe-core's script, which finds what keeps people with disabilities out, fetched from npm into
# ~/.cache/cricket/axe where it is not there yet.
set -euo pipefail
version=4.10.3
base=${XDG_CACHE_HOME:-$HOME/.cache}/cricket/axe
script=$base/axe-$version.js
if [[ ! -e $script ]]; then
	command -v npm >/dev/null || { echo "page-test: error: there is no npm to fetch axe-core; hint: sudo apt-get install npm" >&2; exit 1; }
	mkdir -p "$base"
	cd "$base"
	npm pack --silent "axe-core@$version" >&2
	tar -xzf "axe-core-$version.tgz" package/axe.min.js
	mv package/axe.min.js "$script"
fi
echo "$script"
