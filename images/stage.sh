#!/bin/bash
# Lays Cricket out as it is when installed: for `make install`, the .deb and the card image.
#
#   images/stage.sh DIR PROGRAMS   DIR is / or stands for it; PROGRAMS has cricket and cricket-native
set -euo pipefail
dir=${1%/} programs=$2
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
put() { install -D -p -m "$1" "$2" "$dir/$3"; }

put 755 "$programs/cricket" usr/bin/cricket
put 755 "$programs/cricket-native" usr/lib/cricket/cricket-native
for f in models/bundled/*.{bin,json}; do
	put 644 "$f" "usr/lib/cricket/${f##*/}"
done
for f in systemd/*.{service,socket}; do
	put 644 "$f" "usr/lib/systemd/system/${f##*/}"
done
put 644 systemd/cricket.sysusers usr/lib/sysusers.d/cricket.conf
put 644 systemd/cricket.tmpfiles usr/lib/tmpfiles.d/cricket.conf
put 644 systemd/cricket.modules usr/lib/modules-load.d/cricket.conf
put 644 README.md usr/share/doc/cricket/README.md
put 644 models/bundled/stt-en.md usr/share/doc/cricket/stt-en.md
put 644 LICENSE usr/share/doc/cricket/copyright
# What the owner changed stays.
[[ -e $dir/etc/cricket/config.toml ]] || put 644 config.toml etc/cricket/config.toml
