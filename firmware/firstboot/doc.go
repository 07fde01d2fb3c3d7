// Package firstboot takes over what somebody wrote on the card before its first start.
//
// In: cricket.txt on the FAT partition (one "key = value" a line, which any editor can
// write), or user-data and network-config, the cloud-init files of Raspberry Pi Imager.
// Where both say something, cricket.txt holds. Out: Settings, and faults with the file
// and the line, for people.
//
// Apply writes them where the system and the daemon look for them, on the data
// partition, and takes secrets off the FAT partition, which any computer can read. It
// runs at every start, before the network and the daemon: new settings on the card are
// taken over then, too. It never asks for anything: a box with a cable needs no file.
package firstboot
