#!/bin/bash
# Prints the path of a Chromium for the browser tests: $CRICKET_CHROMIUM, an installed one, or Debian's
# chromium-headless-shell, unpacked without root into ~/.cache/cricket/chromium (98 MB to fetch, 300 MB unpacked).
# apt checks the archive's signature.
set -euo pipefail

if [[ -n ${CRICKET_CHROMIUM-} ]]; then echo "$CRICKET_CHROMIUM"; exit; fi
for name in chromium-headless-shell chromium; do
	command -v "$name" && exit
done

base=${XDG_CACHE_HOME:-$HOME/.cache}/cricket/chromium
browser=$base/chromium
if [[ ! -e $browser ]]; then
	command -v apt-get >/dev/null || { echo "page-test: error: there is no chromium, and no apt-get to fetch it; hint: install chromium" >&2; exit 1; }
	echo "page-test: fetching Debian's chromium-headless-shell into $base" >&2
	mkdir -p "$base/debs" "$base/root"
	cd "$base/debs"
	mapfile -t packages < <(apt-get install --print-uris -qq -y --no-install-recommends chromium-headless-shell | sed -n "s/^'[^']*' \([^_]*\)_.*/\1/p")
	[[ ${#packages[@]} -gt 0 ]] || { echo "page-test: error: apt knows no chromium-headless-shell; hint: sudo apt-get update" >&2; exit 1; }
	apt-get download -q "${packages[@]}" >&2
	for deb in *.deb; do dpkg-deb -x "$deb" "$base/root"; done
	cat >"$browser.new" <<-END
		#!/bin/sh
		LD_LIBRARY_PATH='$base'/root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo x86_64-linux-gnu) exec '$base'/root/usr/lib/chromium/chromium-headless-shell "\$@"
	END
	chmod +x "$browser.new"
	mv "$browser.new" "$browser"
fi
echo "$browser"
