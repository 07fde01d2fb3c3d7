# U-Boot's script, after slots.cmd: the kernel, its device tree and the initramfs of the slot. What does not load is a start that
# failed. The addresses are our own: the kernel is larger than the room between U-Boot's defaults.
setenv kernel_addr_r 0x02000000
setenv kernel_comp_addr_r 0x0a000000
setenv kernel_comp_size 0x02000000
setenv fdt_addr_r 0x08000000
setenv ramdisk_addr_r 0x09000000
load ${devtype} ${devnum}:${slot_part} ${kernel_addr_r} /boot/vmlinuz.gz || reset
load ${devtype} ${devnum}:${slot_part} ${ramdisk_addr_r} /boot/initrd || reset
setenv initrd_size ${filesize}
load ${devtype} ${devnum}:${slot_part} ${fdt_addr_r} /boot/dtb/${fdtfile} || load ${devtype} ${devnum}:1 ${fdt_addr_r} ${fdtfile} || reset
fdt addr ${fdt_addr_r}
fdt resize 4096
fdt rsvmem add ${turn_addr} 0x1000
setenv bootargs console=ttyS1,115200 console=tty0 root=PARTUUID=43524b54-0${slot_part} rauc.slot=${slot} ro overlay=1 quiet panic=10
booti ${kernel_addr_r} ${ramdisk_addr_r}:${initrd_size} ${fdt_addr_r}
reset
