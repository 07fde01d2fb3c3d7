#!/bin/bash
# Runs in the workshop: the root file system of a slot, and the data partition that it begins with.
#
#   slot.sh USERLAND KERNEL FILE.deb VERSION KEYRING.pem OUT
set -euo pipefail
userland=$1 kernel=$2 deb=$3 version=$4 keyring=$5 out=$6
root=$out/root data=$out/data
slot_size=2048M data_size=256M # the slots' size is for the product's life

rm -rf "$out"
mkdir -p "$out"
cp -a "$userland" "$root"
cp -a "$kernel/root/usr/." "$root/usr/"
cp -a /repo/images/root/. "$root/"
mkdir -p "$root"/{data,boot/firmware,boot/dtb/broadcom}
install -m 644 "$keyring" "$root/etc/rauc/keyring.pem" # whose bundles are taken
cp "$kernel/vmlinuz.gz" "$kernel/initrd" "$root/boot/"
cp "$root"/usr/lib/modules/*/dtb/broadcom/bcm2{711,712,837}*.dtb "$root/boot/dtb/broadcom/"

mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # nothing is started
chmod 755 "$root/usr/sbin/policy-rc.d"
cp "$deb" "$root/tmp/cricket.deb"
in_root() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" "$@"; }
in_root dpkg --force-unsafe-io -i /tmp/cricket.deb
in_root systemctl enable cricket-first-boot.service cricket-restart.path cricket-trial.timer NetworkManager.service systemd-timesyncd.service systemd-resolved.service
in_root systemctl disable apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer 2>/dev/null || true
in_root systemctl mask getty@tty1.service NetworkManager-wait-online.service 2>/dev/null
umount -l "$root/proc" "$root/dev"

# What nobody reads on the card, and what is to be made anew by each box. The licences stay.
rm -f "$root/tmp/cricket.deb" "$root/usr/sbin/policy-rc.d" "$root"/etc/ssh/ssh_host_* "$root"/etc/{passwd,group,shadow,gshadow,subuid,subgid}- \
	"$root/var/lib/systemd/random-seed" "$root/var/lib/dbus/machine-id" "$root"/var/cache/{ldconfig/aux-cache,debconf/*} "$root/etc/.pwd.lock"
rm -rf "$root"/usr/share/{man,locale,info,lintian,bug,bash-completion,zsh} "$root"/var/{cache/apt,lib/apt/lists} "$root"/var/log/*
find "$root/usr/share/doc" -type f ! -name 'copyright*' -delete
find "$root/usr/share/doc" -depth -type d -empty -delete
mkdir -p "$root"/var/{cache/apt/archives/partial,lib/apt/lists/partial}
: >"$root/etc/machine-id"
ln -sfn ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
echo cricket >"$root/etc/hostname"
printf 'IMAGE_ID=cricket\nIMAGE_VERSION=%s\n' "$version" >>"$root/usr/lib/os-release"
# The caches of /etc and /var are as new as /usr; else systemd makes them anew at each start, over the read-only root.
touch "$root"/{etc,var}/.updated

mkdir -p "$data"/{system,etc/ssh,var/lib}
cp -a "$root/etc/cricket" "$data/etc/cricket"
mkdir -p "$root/etc/NetworkManager/system-connections" "$root/var/lib/NetworkManager"
cp -a "$root/etc/NetworkManager/system-connections" "$data/etc/system-connections"
cp -a "$root/var/lib/NetworkManager" "$root/var/lib/systemd" "$data/var/lib/"
install -d -m 750 -o 900 -g 900 "$data/var/lib/cricket" "$root/var/lib/cricket"
chmod 700 "$data/system" "$data/etc/ssh" "$data/etc/system-connections"

# A file system of the same files is the same: names in order, one time, ids that are given.
filesystem() { # folder, image, size, id, options...
	local folder=$1 image=$2 size=$3 id=$4
	shift 4
	rm -f "$image"
	tar -C "$folder" --sort=name --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --clamp-mtime --xattrs --xattrs-include='security.capability' \
		--format=posix --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime -cf "$out/files.tar" .
	E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH mke2fs -q -t ext4 -m 1 -U "$id" -E "hash_seed=$id,lazy_itable_init=0,root_owner=0:0" "$@" -d "$out/files.tar" "$image" "$size"
	rm -f "$out/files.tar"
}
filesystem "$root" "$out/slot.img" $slot_size 43524b54-0000-4000-8000-000000000002 -O ^has_journal,^orphan_file -L cricket-a
filesystem "$data" "$out/data.img" $data_size 43524b54-0000-4000-8000-000000000004 -L cricket-data
cp "$root/var/lib/dpkg/status" "$out/status"
du -sm --apparent-size "$root" | cut -f1 >"$out/used"
rm -rf "$root" "$data"
