# U-Boot's script: the kernel, its device tree and the initramfs of slot A. The addresses are our own: the kernel is
# larger than the room between U-Boot's defaults.
setenv kernel_addr_r 0x02000000
setenv kernel_comp_addr_r 0x0a000000
setenv kernel_comp_size 0x02000000
setenv fdt_addr_r 0x08000000
setenv ramdisk_addr_r 0x09000000
load ${devtype} ${devnum}:2 ${kernel_addr_r} /boot/vmlinuz.gz
load ${devtype} ${devnum}:2 ${ramdisk_addr_r} /boot/initrd
setenv initrd_size ${filesize}
load ${devtype} ${devnum}:2 ${fdt_addr_r} /boot/dtb/${fdtfile} || load ${devtype} ${devnum}:1 ${fdt_addr_r} ${fdtfile}
setenv bootargs console=ttyS1,115200 console=tty0 root=PARTUUID=43524b54-02 ro overlay=1 quiet panic=10
booti ${kernel_addr_r} ${ramdisk_addr_r}:${initrd_size} ${fdt_addr_r}
