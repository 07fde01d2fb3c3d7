package firmware

import (
	"errors"
	"fmt"
	"log/slog"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/spi"
)

// Hardware is where pins and ports are found: Host, or the fakes of a test.
type Hardware struct {
	Pin func(name string) (gpio.PinIO, error)
	SPI func(name string) (spi.PortCloser, error)
}

// Board is the parts of a board. Those that it has not got are nil.
type Board struct {
	Lights     *Lights
	Button     *Button
	MuteButton *Button
	MuteLED    *Line
	Amplifier  *Line

	power *Line
	port  spi.PortCloser
}

// Open opens the parts of a profile. Everything must be there. The lights are dark, the
// amplifier is off and the mute light is on: nothing is heard yet.
func Open(p Profile, hw Hardware, log *slog.Logger) (*Board, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	b := &Board{}
	if err := errors.Join(b.openLights(p, hw, log), b.openLines(p, hw), b.openButtons(p, hw)); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *Board) openLights(p Profile, hw Hardware, log *slog.Logger) error {
	if p.LEDs == None {
		return nil
	}
	if err := open(&b.power, p.Power, true, hw); err != nil {
		return err
	}
	if p.LEDs == Plain {
		var leds plain
		for _, name := range p.Pins {
			pin, err := hw.Pin(name)
			if err != nil {
				return err
			}
			leds = append(leds, pin)
		}
		b.Lights = newLights(leds, log)
		return nil
	}
	var err error
	if b.port, err = hw.SPI(p.Port); err != nil {
		return err
	}
	leds, err := openWired(p, b.port)
	if err != nil {
		return err
	}
	b.Lights = newLights(leds, log)
	return nil
}

func (b *Board) openLines(p Profile, hw Hardware) error {
	return errors.Join(open(&b.MuteLED, p.MuteLED, true, hw), open(&b.Amplifier, p.Amplifier, false, hw))
}

func (b *Board) openButtons(p Profile, hw Hardware) error {
	var faults []error
	for name, button := range map[string]**Button{p.Button: &b.Button, p.MuteButton: &b.MuteButton} {
		if name == "" {
			continue
		}
		pin, err := hw.Pin(name)
		if err == nil {
			*button, err = openButton(pin)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// Close leaves the board as Open does, without power for the LEDs. Nothing may run on it
// any more.
func (b *Board) Close() error {
	var faults []error
	for line, on := range map[*Line]bool{b.MuteLED: true, b.Amplifier: false, b.power: false} {
		if line != nil {
			faults = append(faults, line.Set(on))
		}
	}
	if b.port != nil {
		faults = append(faults, b.port.Close())
	}
	return errors.Join(faults...)
}

// Line is a pin that something hangs on which is on while it is high.
type Line struct{ pin gpio.PinOut }

// open makes a line of a pin, if it has a name.
func open(line **Line, name string, on bool, hw Hardware) error {
	if name == "" {
		return nil
	}
	pin, err := hw.Pin(name)
	if err != nil {
		return err
	}
	*line = &Line{pin}
	return (*line).Set(on)
}

// Set switches it. When it returns without an error, it is so.
func (l *Line) Set(on bool) error {
	if err := l.pin.Out(gpio.Level(on)); err != nil {
		return fmt.Errorf("switch %s: %w", l.pin.Name(), err)
	}
	return nil
}
