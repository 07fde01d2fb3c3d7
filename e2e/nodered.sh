#!/bin/bash
# Prints the path of Node-RED's program, fetched from npm into ~/.cache/cricket/node-red where it is not there yet.
set -euo pipefail
version=4.1.15
base=${XDG_CACHE_HOME:-$HOME/.cache}/cricket/node-red/$version
program=$base/node_modules/node-red/red.js
if [[ ! -e $base/ready ]]; then
	command -v npm >/dev/null || { echo "node-red-test: error: there is no npm to fetch Node-RED; hint: sudo apt-get install npm" >&2; exit 1; }
	mkdir -p "$base"
	npm install --silent --no-audit --no-fund --omit=dev --prefix "$base" "node-red@$version" >&2
	touch "$base/ready"
fi
echo "$program"
