// Command boottest boots the card image in QEMU, speaks to it, and watches what it does.
//
// In: the image for BOARD=virt, the kernel and the initramfs that are in its slot, and
// the tools of the workshop. Out: lines with times, and an error where something did not
// come. It runs in the workshop (images/build.sh boot-test).
//
// The image is not changed but for cricket.txt, which an owner would write. A second
// disk has a WAV file and aplay; a unit that QEMU hands over as a systemd credential
// loads snd-aloop, whose other end is the guest's microphone, and plays the file. The
// home's broker is one of our own on the host, where a lamp announces itself.
package main
