#!/bin/bash
# Runs in the workshop: signs an update. /cache/bundle has the key, and its certificate.
#
#   bundle.sh SLOT.img COMPATIBLE VERSION OUT.raucb
set -euo pipefail
image=$1 compatible=$2 version=$3 out=$4
content=/cache/bundle/content
cp --sparse=always "$image" "$content/slot.img"
cat >"$content/manifest.raucm" <<-END
	[update]
	compatible=$compatible
	version=$version

	[bundle]
	format=verity

	[image.rootfs]
	filename=slot.img
END
rauc bundle --cert=/cache/bundle/pem --key=/cache/bundle/key "$content" "$out"
rauc info --keyring=/cache/bundle/pem "$out"
