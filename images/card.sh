#!/bin/bash
# Runs in the workshop: puts the partitions together.
#
#   card.sh BOARD SLOT KERNEL OUT.img
#
# MBR, since the ROM of a Raspberry Pi 3 reads nothing else: 1 firmware (FAT), 2 root A, 3 root B (empty), 4 data.
set -euo pipefail
board=$1 slot=$2 kernel=$3 image=$4
fat=$slot/fat.img files=$slot/fat
mib=2048 # sectors
fat_size=256 slot_size=2048 data_size=256 # MiB

rm -rf "$files" "$fat"
mkdir -p "$files"
sed 's/$/\r/' /repo/images/cricket.txt >"$files/cricket.txt" # Windows' editor needs the \r
if [[ $board == pi ]]; then
	cp "$kernel"/firmware/* "$files/"
	cp /repo/images/firmware/config.txt "$files/"
	{
		echo 'setenv turn_addr 0x07e00000'
		cat /repo/images/firmware/{slots,boot}.cmd
	} >"$slot/boot.cmd"
	mkimage -A arm64 -T script -C none -n cricket -d "$slot/boot.cmd" "$files/boot.scr" >/dev/null
	debugfs -R "rdump /boot/dtb $files" "$slot/slot.img" 2>/dev/null
	mv "$files"/dtb/broadcom/*.dtb "$files/" && rmdir -p "$files/dtb/broadcom" --ignore-fail-on-non-empty
	for f in "$files"/bcm2837*.dtb; do # the names that the firmware asks for
		cp "$f" "${f/bcm2837/bcm2710}"
	done
fi
find "$files" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
truncate -s ${fat_size}M "$fat"
mkfs.vfat --invariant -F 32 -i 43524b54 -n CRICKET "$fat" >/dev/null
(cd "$files" && find . -mindepth 1 -maxdepth 1 -print0 | LC_ALL=C sort -z | xargs -0 mcopy -s -m -i "$fat" -t ::/ 2>/dev/null ||
	find . -mindepth 1 -maxdepth 1 | LC_ALL=C sort | while read -r f; do mcopy -s -m -i "$fat" "$f" ::/; done)

rm -f "$image"
truncate -s $((4 + fat_size + 2 * slot_size + data_size))M "$image"
at=$((4 * mib))
{
	echo 'label: dos'
	echo 'label-id: 0x43524b54' # the PARTUUIDs come from it
	echo "start=$at, size=$((fat_size * mib)), type=c, bootable"
	echo "start=$((at + fat_size * mib)), size=$((slot_size * mib)), type=83"
	echo "start=$((at + (fat_size + slot_size) * mib)), size=$((slot_size * mib)), type=83"
	echo "start=$((at + (fat_size + 2 * slot_size) * mib)), size=$((data_size * mib)), type=83"
} | sfdisk --quiet "$image"
put() { dd if="$1" of="$image" bs=1M seek="$2" conv=sparse,notrunc status=none; }
put "$fat" 4
put "$slot/slot.img" $((4 + fat_size))
put "$slot/data.img" $((4 + fat_size + 2 * slot_size))
