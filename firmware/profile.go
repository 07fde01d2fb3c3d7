package firmware

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kind is how a board's LEDs are driven.
type Kind string

const (
	None   Kind = ""
	APA102 Kind = "apa102" // coloured, data and clock of an SPI port; SK9822 too
	WS2812 Kind = "ws2812" // coloured, the data of an SPI port
	Plain  Kind = "gpio"   // of one colour, a pin each: on and off
)

// mostLEDs keeps a frame of any kind in one transfer of spidev, 4096 bytes.
const mostLEDs = 64

// Profile says what a board has, and where. An empty pin is a part that it has not got.
type Profile struct {
	LEDs  Kind
	Count int      // of coloured LEDs
	Port  string   // of coloured LEDs: "SPI0.1"
	Pins  []string // of plain LEDs, which are on when the pin is high
	Power string   // is high while the LEDs are to have power

	Button     string // connects its pin to ground
	MuteButton string // the same
	MuteLED    string // is on when the pin is high
	Amplifier  string // plays while the pin is high
}

// profiles are the boards whose wiring their makers publish.
func profiles() map[string]Profile {
	return map[string]Profile{
		// github.com/respeaker/mic_hat: three APA102, a button on GPIO17.
		"respeaker-2mic": {LEDs: APA102, Count: 3, Port: "SPI0.1", Button: "GPIO17"},
		// github.com/respeaker/4mics_hat: twelve APA102, whose power is GPIO5; no button.
		"respeaker-4mic": {LEDs: APA102, Count: 12, Port: "SPI0.1", Power: "GPIO5"},
	}
}

// Names are the boards that Named knows.
func Names() []string { return slices.Sorted(maps.Keys(profiles())) }

// Named is the profile of a known board.
func Named(name string) (Profile, bool) {
	p, ok := profiles()[name]
	return p, ok
}

// Check reports every fault of a profile.
func (p Profile) Check() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	switch p.LEDs {
	case None:
	case APA102, WS2812:
		if p.Count < 1 || p.Count > mostLEDs {
			fault("LEDs of the kind %q need a count between 1 and %d, not %d", p.LEDs, mostLEDs, p.Count)
		}
		if _, _, err := spiPort(p.Port); err != nil {
			faults = append(faults, err)
		}
	case Plain:
		if len(p.Pins) == 0 {
			fault("LEDs of the kind %q need their pins", p.LEDs)
		}
	default:
		fault("the kind of LEDs must be %q, %q or %q, not %q", APA102, WS2812, Plain, p.LEDs)
	}
	seen := map[string]bool{}
	for _, pin := range append(slices.Clone(p.Pins), p.Power, p.Button, p.MuteButton, p.MuteLED, p.Amplifier) {
		if pin != "" && seen[pin] {
			fault("the pin %q is used twice", pin)
		}
		seen[pin] = true
	}
	return errors.Join(faults...)
}

// Unfit says why a profile cannot work on a computer, by its model in the device tree; ""
// where nothing is known against it.
func (p Profile) Unfit(model string) string {
	if (p.LEDs == APA102 || p.LEDs == WS2812) && strings.HasPrefix(model, "Raspberry Pi 5") {
		return "Debian's kernel has no SPI on the header of a Raspberry Pi 5: its LEDs stay dark"
	}
	return ""
}
