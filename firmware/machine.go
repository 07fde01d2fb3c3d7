package firmware

import (
	"io/fs"
	"strings"
)

// Machine is the computer, as far as its device tree tells.
type Machine struct {
	Model string // "Raspberry Pi 4 Model B Rev 1.4"; "" where there is no device tree
	HAT   string // what the EEPROM of a board on the header says; "" on most
}

// Detect reads the device tree of a computer whose /sys is sys. The firmware of a
// Raspberry Pi writes the board on the header into the tree that it made; a tree that
// U-Boot loaded itself does not have it.
func Detect(sys fs.FS) Machine {
	read := func(name string) string {
		text, _ := fs.ReadFile(sys, "firmware/devicetree/base/"+name) // absent on a PC
		return strings.TrimRight(string(text), "\x00\n")
	}
	return Machine{Model: read("model"), HAT: strings.TrimSpace(read("hat/vendor") + " " + read("hat/product"))}
}
