// Command updatetest cuts the power at each step of an update.
//
// In: the boot script of the card (images/firmware/slots.cmd) under Debian's U-Boot on
// QEMU's machine virt, a disk laid out as the card is, and tiny systems: scripts of U-Boot
// that say their version, or start the machine again. RAUC's changes to U-Boot's environment
// are made in its order, with the fw_setenv it uses. Each change of the environment is
// cut before it, in it (a bad checksum), and after it.
//
// Out: from each of these states a whole system comes up after at most seven starts, and
// the same one again at the next start. RAUC itself judges bundles of the owner, of a
// stranger, and one that was changed.
//
// It runs in the workshop of images/workshop.sh; `make update-test` starts it.
package main
