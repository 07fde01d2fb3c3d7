// Command record writes what goes beside a card image: a bill of materials and the
// manifest by which Raspberry Pi Imager knows it.
//
// In: dpkg's status file of the image, the lists of packages that were unpacked without
// being installed, the program cricket (for its Go modules), and the files of the image.
// Out: CycloneDX 1.6 in JSON, and an Imager "os_list" in JSON. The same image gives the
// same files: there is no time and no random number in them but the release's date.
package main
