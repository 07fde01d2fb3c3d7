#!/bin/bash
# Runs in the workshop: /cache/boardtest/root/init is the guest's first program.
set -euo pipefail
cd /cache/boardtest
modules=(/cache/kernel/root/usr/lib/modules/*)
for m in kernel/drivers/spi/spi-bcm2835 kernel/drivers/thermal/broadcom/bcm2835_thermal kernel/fs/configfs/configfs kernel/drivers/gpio/gpio-sim; do
	xz -dc "${modules[0]}/$m.ko.xz" >"root/${m##*/}.ko"
done
mkdir root/dev
(cd root && find . | cpio -o -H newc --quiet) >initrd
dtc -q -@ -I dts -O dtb -o spidev.dtbo /repo/firmware/boardtest/spidev.dts
fdtoverlay -i "${modules[0]}/dtb/broadcom/bcm2837-rpi-3-b.dtb" -o board.dtb spidev.dtbo
# A minute on two slow cores. The guest ends with its verdict; this QEMU does not end with the guest.
qemu-system-aarch64 -M raspi3b -kernel /cache/kernel/vmlinuz -dtb board.dtb -initrd initrd \
	-append "console=ttyS1,115200 console=ttyAMA0 loglevel=4 panic=1" \
	-display none -monitor none -serial file:serial -serial null &
guest=$!
for ((i = 0; i < 300; i++)); do
	if grep -aq '^board-test: ' serial 2>/dev/null || ! kill -0 $guest 2>/dev/null; then
		break
	fi
	sleep 1
done
kill $guest && wait $guest || true
