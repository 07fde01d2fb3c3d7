#!/bin/bash
# Runs in the workshop: the kernel, its modules, the board's firmware and an initramfs.
#
#   kernel.sh DIR <list of "name version sha256 file"
#
# DIR/root is what belongs into a root file system, DIR/vmlinuz and DIR/initrd boot it, DIR/firmware is Raspberry Pi's.
set -euo pipefail
out=$1
rm -rf "$out"
mkdir -p "$out"/{root,unpacked,firmware}

while read -r name _ _ file; do
	case $name in
	linux-binary-* | linux-modules-* | linux-base-[0-9]* | firmware-brcm80211) dpkg-deb -x "/cache/debs/$file" "$out/root" ;;
	raspi-firmware | u-boot-rpi | busybox-static) dpkg-deb -x "/cache/debs/$file" "$out/unpacked" ;;
	esac
done
modules=$(echo "$out"/root/usr/lib/modules/*)
version=${modules##*/}

# What no Raspberry Pi and no virtual machine has.
(cd "$modules" && find dtb -mindepth 1 -maxdepth 1 ! -name broadcom -exec rm -rf {} + &&
	rm -rf System.map kernel/drivers/{infiniband,media,iio,isdn,ata,scsi/*/,firewire,thunderbolt,nvme,edac,accel,comedi,hv,xen,mtd,ptp,staging,usb/{gadget,typec,musb,dwc3,cdns3}} \
		kernel/drivers/gpu/drm/{amd,nouveau,radeon,i915,xe,msm,etnaviv,panfrost,panthor,lima,tegra,rockchip,mediatek,imagination} \
		kernel/drivers/net/{ethernet/{mellanox,intel,marvell,chelsio,qlogic,broadcom/bnx*,cavium,hisilicon,freescale,netronome,sfc},wireless/{ath,intel,marvell,mediatek,realtek,rsi,silabs,ti,zydas},hamradio,fddi,can} \
		kernel/fs/{ocfs2,gfs2,ceph,xfs,btrfs,f2fs,jfs,nilfs2,ubifs,reiserfs,smb,nfsd,bcachefs,orangefs,afs} \
		kernel/sound/pci kernel/net/{can,tipc,sctp,rds,openvswitch,dccp})
mv "$modules/vmlinuz" "$out/vmlinuz"
gzip -n -9 <"$out/vmlinuz" >"$out/vmlinuz.gz"
ln -s usr/lib "$out/root/lib" # where depmod and modprobe look
depmod -b "$out/root" "$version"

# The initramfs: busybox, the modules on the way to the root, and images/initramfs/init.
i=$out/initramfs
mkdir -p "$i"/{bin,dev,proc,sys,root,modules}
cp "$(find "$out/unpacked" -path '*/bin/busybox' | head -n 1)" "$i/bin/busybox"
install -m 755 /repo/images/initramfs/init "$i/init"
# In the order in which they are loaded: what others need comes first.
for module in virtio_pci virtio_mmio virtio_blk virtio_rng sdhci_iproc sdhci_brcmstb bcm2835_mmc bcm2835 mmc_block ext4 overlay; do
	modprobe -d "$out/root" -S "$version" --show-depends "$module" 2>/dev/null | sed -n 's/^insmod \([^ ]*\).*/\1/p' || true
done | awk '!seen[$0]++' | while read -r file; do
	name=${file##*/}
	xz -dc "$file" >"$i/modules/${name%.xz}"
	echo "${name%.xz}"
done >"$i/modules/order"
rm "$out/root/lib"
find "$i" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
(cd "$i" && find . -print0 | LC_ALL=C sort -z | cpio --null --quiet -o -H newc --owner 0:0 --reproducible | gzip -n -9) >"$out/initrd"
cp "$out"/unpacked/usr/lib/raspi-firmware/{bootcode.bin,start*.elf,fixup*.dat} "$out/firmware/" 2>/dev/null || true
cp "$out"/unpacked/usr/lib/u-boot/rpi_arm64/u-boot.bin "$out/firmware/" 2>/dev/null || true
echo "$version" >"$out/version"
rm -rf "$out/unpacked" "$i"
