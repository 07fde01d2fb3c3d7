package firmware

import (
	"fmt"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// strip is a number of LEDs, driven in one way.
type strip interface {
	encode(Look) []byte // what goes over the wire
	send([]byte) error
}

// wired is coloured LEDs on the data pin of an SPI port.
type wired struct {
	count int
	bytes func([]Light) []byte
	conn  spi.Conn
}

// openWired connects to the LEDs of a profile on their port.
func openWired(p Profile, port spi.Port) (*wired, error) {
	w := &wired{count: p.Count, bytes: apa102}
	speed := 4 * physic.MegaHertz
	if p.LEDs == WS2812 {
		w.bytes, speed = ws2812, ws2812Clock
	}
	var err error
	if w.conn, err = port.Connect(speed, spi.Mode0, 8); err != nil {
		return nil, fmt.Errorf("open LEDs on %s: %w", p.Port, err)
	}
	return w, nil
}

func (w *wired) encode(l Look) []byte   { return w.bytes(l.Frame(w.count)) }
func (w *wired) send(data []byte) error { return w.conn.Tx(data, nil) }

// apa102 is a frame as APA102 and SK9822 read it: 32 zeros, for each LED 111 and five bits
// of current, then blue, green and red; at the end half a clock for each LED, and 32 more
// zeros, without which an SK9822 shows the frame only with the next one.
func apa102(frame []Light) []byte {
	out := make([]byte, 4, 4+4*len(frame)+4+(len(frame)+15)/16)
	for _, l := range frame {
		out = append(out, 0xff, l.B, l.G, l.R)
	}
	return out[:cap(out)]
}

const (
	// ws2812Clock sends three bits of SPI in the 1.25 µs of one bit of a WS2812.
	ws2812Clock = 2400 * physic.KiloHertz

	// ws2812Reset is 300 µs of zeros in bytes, after which a WS2812B shows what it was sent.
	ws2812Reset = 90
)

// ws2812 is a frame as WS2812 read it, green, red, blue, most significant bit first: a 1 is
// high for two thirds of its time (110), a 0 for one (100). It begins and ends low.
func ws2812(frame []Light) []byte {
	out := make([]byte, 1, 1+9*len(frame)+ws2812Reset)
	for _, l := range frame {
		for _, colour := range []uint8{l.G, l.R, l.B} {
			bits := uint32(0)
			for i := 7; i >= 0; i-- {
				bits = bits<<3 | 0b100 | uint32(colour>>i&1)<<1
			}
			out = append(out, byte(bits>>16), byte(bits>>8), byte(bits))
		}
	}
	return out[:cap(out)]
}

// plain is LEDs of one colour, a pin each. They are on or off: neither the night nor the
// owner's brightness is shown.
type plain []gpio.PinOut

func (p plain) encode(l Look) []byte {
	out := make([]byte, len(p))
	for i, level := range l.levels(len(p)) {
		if level >= 0.5 {
			out[i] = 1
		}
	}
	return out
}

func (p plain) send(data []byte) error {
	for i, pin := range p {
		if err := pin.Out(data[i] == 1); err != nil {
			return fmt.Errorf("switch LED on %s: %w", pin.Name(), err)
		}
	}
	return nil
}
