package models

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// Board is a kind of computer: the list is closed, so that an entry of the
// catalogue cannot name one that nothing ever matches.
type Board string

// The boards. What is no Raspberry Pi that we know is a PC.
const (
	PC     Board = "pc"
	Pi5    Board = "pi5"
	Pi4    Board = "pi4"
	Pi3    Board = "pi3"
	Zero2W Board = "zero2w"
)

var boards = []Board{PC, Pi5, Pi4, Pi3, Zero2W}

// Name is what people call it.
func (b Board) Name() string {
	switch b {
	case Pi5:
		return "Raspberry Pi 5"
	case Pi4:
		return "Raspberry Pi 4"
	case Pi3:
		return "Raspberry Pi 3"
	case Zero2W:
		return "Raspberry Pi Zero 2 W"
	}
	return "PC"
}

// Machine is the computer that models run on.
type Machine struct {
	Board  Board
	Memory int64 // bytes of RAM; 0: not known, and then nothing is too big
}

func (m Machine) String() string {
	if m.Memory == 0 {
		return fmt.Sprintf("%s with an unknown amount of memory", m.Board.Name())
	}
	return fmt.Sprintf("%s with %s of memory", m.Board.Name(), Bytes(m.Memory))
}

// ThisMachine looks at the computer that this runs on. It asks the kernel
// and /sys, because under systemd /proc may hide both.
func ThisMachine() Machine {
	model, _ := os.ReadFile("/sys/firmware/devicetree/base/model") // absent on a PC
	m := Machine{Board: boardOf(string(model))}
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err == nil {
		m.Memory = int64(uint64(info.Totalram) * uint64(info.Unit))
	}
	return m
}

// boardOf reads the model of a device tree.
func boardOf(model string) Board {
	for _, b := range []struct {
		prefix string
		board  Board
	}{
		{"Raspberry Pi 5", Pi5}, {"Raspberry Pi 500", Pi5}, {"Raspberry Pi Compute Module 5", Pi5},
		{"Raspberry Pi 4", Pi4}, {"Raspberry Pi 400", Pi4}, {"Raspberry Pi Compute Module 4", Pi4},
		{"Raspberry Pi 3", Pi3}, {"Raspberry Pi Compute Module 3", Pi3},
		{"Raspberry Pi Zero 2", Zero2W},
	} {
		if strings.HasPrefix(model, b.prefix) {
			return b.board
		}
	}
	return PC
}

// Fits says why a model is not for a machine; "" where it is.
func (m Machine) Fits(model Model) string {
	ok := false
	for _, b := range model.Boards {
		ok = ok || b == m.Board
	}
	if !ok {
		return "is too slow on a " + m.Board.Name()
	}
	if need := model.Memory * 1e6; m.Memory > 0 && need > m.room() {
		return fmt.Sprintf("needs %s of memory, and this machine has %s for models", Bytes(need), Bytes(max(0, m.room())))
	}
	return ""
}

// room is what a model may take: the system, the daemon and the sound keep
// 128 MiB, and a tenth of the rest stays free.
func (m Machine) room() int64 { return m.Memory - 128<<20 - m.Memory/10 }

// Bytes is a size for people: 57.1 MB. A MB is 10^6 bytes.
func Bytes(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f GB", float64(n)/1e9)
}
