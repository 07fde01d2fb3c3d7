package firmware

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/conntest"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/conn/v3/spi/spitest"
)

var quiet = slog.New(slog.DiscardHandler)

// bench is hardware of periph's own fakes, by name.
type bench struct {
	pins  map[string]gpio.PinIO
	ports map[string]spi.PortCloser
}

func (b *bench) hardware() Hardware {
	return Hardware{
		Pin: func(name string) (gpio.PinIO, error) {
			if p, ok := b.pins[name]; ok {
				return p, nil
			}
			return nil, errors.New("no pin " + name)
		},
		SPI: func(name string) (spi.PortCloser, error) {
			if p, ok := b.ports[name]; ok {
				return p, nil
			}
			return nil, errors.New("no port " + name)
		},
	}
}

// The bytes on the wire, as the makers' data sheets have them.
func TestWire(t *testing.T) {
	frame := []Light{{1, 2, 3}, {0xff, 0, 0x80}}
	for _, tt := range []struct {
		name string
		got  []byte
		want []byte
	}{
		{"apa102", apa102(frame), []byte{0, 0, 0, 0, 0xff, 3, 2, 1, 0xff, 0x80, 0, 0xff, 0, 0, 0, 0, 0}},
		{"apa102, without LEDs", apa102(nil), make([]byte, 8)},
		// 0x80 is 110 100 100 100 100 100 100 100, eight bits in three bytes.
		{"ws2812", ws2812([]Light{{G: 0x80, R: 0, B: 0xff}}), append([]byte{0,
			0b11010010, 0b01001001, 0b00100100, 0b10010010, 0b01001001, 0b00100100, 0b11011011, 0b01101101, 0b10110110}, make([]byte, ws2812Reset)...)},
	} {
		if !bytes.Equal(tt.got, tt.want) {
			t.Errorf("%s: sent % x, want % x", tt.name, tt.got, tt.want)
		}
	}
	if n := len(ws2812(make([]Light, mostLEDs))); n > 4096 {
		t.Errorf("a frame of %d bytes is more than one transfer of spidev", n)
	}
}

// A board of three LEDs, as in the ReSpeaker 2-mic, is played what the lights must send:
// periph's playback fails for every other byte, and for what is not sent.
func TestLightsAreSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := Named("respeaker-2mic")
		dark := apa102(make([]Light, 3))
		muted := apa102([]Light{{107, 47, 0}, {}, {}})
		night := apa102([]Light{{11, 5, 0}, {}, {}})
		var ops []conntest.IO
		for _, w := range [][]byte{dark, muted, night, dark} {
			ops = append(ops, conntest.IO{W: w})
		}
		port := &spitest.Playback{Playback: conntest.Playback{Ops: ops, DontPanic: true}}
		hw := (&bench{ports: map[string]spi.PortCloser{"SPI0.1": port}, pins: map[string]gpio.PinIO{"GPIO17": button()}}).hardware()
		b, err := Open(p, hw, quiet)
		if err != nil {
			t.Fatal(err)
		}
		var late atomic.Bool
		b.Lights.Dim(late.Load)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.Lights.Run(ctx) }()
		synctest.Wait()
		time.Sleep(time.Hour) // nothing is sent again
		b.Lights.Show(Muted)
		b.Lights.Show(Muted)
		synctest.Wait()
		time.Sleep(stillTime / 2)
		late.Store(true)
		time.Sleep(stillTime) // nobody need press anything for it
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := b.Lights.Fault(); err != nil {
			t.Error(err)
		}
		if err := b.Close(); err != nil { // what was to be sent and was not
			t.Error(err)
		}
	})
}

// What moves is sent 25 times a second, and only while it moves.
func TestLightsMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		port := &spitest.Record{}
		b, err := Open(Profile{LEDs: WS2812, Count: 12, Port: "SPI0.0"}, (&bench{ports: map[string]spi.PortCloser{"SPI0.0": port}}).hardware(), quiet)
		if err != nil {
			t.Fatal(err)
		}
		go b.Lights.Run(t.Context())
		synctest.Wait()
		sent := func() int {
			synctest.Wait()
			port.Lock()
			defer port.Unlock()
			return len(port.Ops)
		}
		b.Lights.Show(Thinking)
		before := sent()
		time.Sleep(time.Second)
		if n := sent() - before; n < 24 || n > 26 {
			t.Errorf("%d frames in a second", n)
		}
		b.Lights.Set(false, 1)
		before = sent()
		time.Sleep(time.Minute)
		if n := sent() - before; n != 0 {
			t.Errorf("%d frames of lights that are off", n)
		}
		b.Lights.Set(true, 0.5)
		b.Lights.Show(Idle)
		before = sent()
		time.Sleep(time.Hour)
		if n := sent() - before; n != 0 {
			t.Errorf("%d frames of a box that does nothing", n)
		}
	})
}

// loose is a strip whose cable comes off.
type loose struct {
	strip
	off   atomic.Bool
	tried atomic.Int32
}

func (l *loose) send([]byte) error {
	l.tried.Add(1)
	if l.off.Load() {
		return errors.New("no answer")
	}
	return nil
}

// A frame that was not sent is sent again, and the log says it once.
func TestLightsThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		leds := &loose{strip: plain{&gpiotest.Pin{}}}
		leds.off.Store(true)
		l := newLights(leds, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- l.Run(ctx) }()
		time.Sleep(10*stillTime + time.Second)
		synctest.Wait()
		if l.Fault() == nil || leds.tried.Load() != 11 || strings.Count(log.String(), "no answer") != 1 {
			t.Errorf("fault %v, tried %d times\n%s", l.Fault(), leds.tried.Load(), &log)
		}
		leds.off.Store(false)
		time.Sleep(stillTime)
		synctest.Wait()
		if l.Fault() != nil || !strings.Contains(log.String(), "work again") {
			t.Errorf("fault %v\n%s", l.Fault(), &log)
		}
		cancel()
		<-ended
	})
}

// Plain LEDs are on and off; the power of a ring comes with it, and goes.
func TestPins(t *testing.T) {
	pins := map[string]gpio.PinIO{}
	level := func(name string) gpio.Level { return pins[name].(*gpiotest.Pin).Read() }
	for _, name := range []string{"A", "B", "C", "POWER", "LED", "AMP"} {
		pins[name] = &gpiotest.Pin{N: name}
	}
	b, err := Open(Profile{LEDs: Plain, Pins: []string{"A", "B", "C"}, Power: "POWER", MuteLED: "LED", Amplifier: "AMP"}, (&bench{pins: pins}).hardware(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	if !level("POWER") || !level("LED") || level("AMP") {
		t.Error("a board that was opened has no power, or no mute light, or its amplifier is on")
	}
	leds := b.Lights.strip
	if err := leds.send(leds.encode(Look{State: Muted, Night: true})); err != nil || !level("A") || level("B") || level("C") {
		t.Errorf("muted shows %v %v %v, %v", level("A"), level("B"), level("C"), err)
	}
	if err := errors.Join(b.MuteLED.Set(false), b.Amplifier.Set(true)); err != nil || level("LED") || !level("AMP") {
		t.Errorf("the lines are %v, %v; %v", level("LED"), level("AMP"), err)
	}
	if err := b.Close(); err != nil || level("POWER") || !level("LED") || level("AMP") {
		t.Errorf("closed: power %v, mute light %v, amplifier %v; %v", level("POWER"), level("LED"), level("AMP"), err)
	}
}

// Every board that is known has a profile without faults; what is wrong with others is told, all of it.
func TestProfiles(t *testing.T) {
	if names := Names(); !slices.Equal(names, []string{"respeaker-2mic", "respeaker-4mic"}) {
		t.Errorf("the boards are %v", names)
	}
	for _, name := range Names() {
		if p, ok := Named(name); !ok || p.Check() != nil {
			t.Errorf("%s: %v", name, p.Check())
		}
	}
	for _, tt := range []struct {
		name string
		p    Profile
		want string // "" for none
	}{
		{"nothing at all", Profile{}, ""},
		{"a button", Profile{Button: "GPIO17"}, ""},
		{"a kind that is none", Profile{LEDs: "neon"}, `must be "apa102", "ws2812" or "gpio", not "neon"`},
		{"no LEDs", Profile{LEDs: APA102, Port: "SPI0.0"}, "a count between 1 and 64, not 0"},
		{"too many", Profile{LEDs: WS2812, Port: "SPI0.0", Count: 65}, "a count between 1 and 64, not 65"},
		{"no port", Profile{LEDs: APA102, Count: 3}, `must be such as SPI0.1, not ""`},
		{"half a port", Profile{LEDs: APA102, Count: 3, Port: "SPI0"}, `not "SPI0"`},
		{"more than a port", Profile{LEDs: APA102, Count: 3, Port: "SPI0.1.2"}, `not "SPI0.1.2"`},
		{"no pins", Profile{LEDs: Plain}, "need their pins"},
		{"a pin twice", Profile{Button: "GPIO17", MuteLED: "GPIO17"}, `"GPIO17" is used twice`},
		{"two faults", Profile{LEDs: APA102, Count: 99, Port: "x"}, "99\nthe port"},
	} {
		if err := tt.p.Check(); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	ring, _ := Named("respeaker-4mic")
	if ring.Unfit("Raspberry Pi 5 Model B Rev 1.0") == "" || ring.Unfit("Raspberry Pi 4 Model B") != "" || (Profile{Button: "GPIO17"}).Unfit("Raspberry Pi 5") != "" {
		t.Error("Unfit is wrong")
	}
}

// A board of which a part is missing is not opened, and the error names it.
func TestWhatIsMissingIsNamed(t *testing.T) {
	pins := map[string]gpio.PinIO{"GPIO5": &gpiotest.Pin{N: "GPIO5"}}
	ring, _ := Named("respeaker-4mic")
	_, err := Open(ring, (&bench{pins: pins}).hardware(), quiet)
	if err == nil || !strings.Contains(err.Error(), "no port SPI0.1") {
		t.Errorf("error %v", err)
	}
	if pins["GPIO5"].Read() {
		t.Error("the LEDs were left with power")
	}
	_, err = Open(Profile{Button: "GPIO17", MuteLED: "GPIO27"}, (&bench{}).hardware(), quiet)
	if err == nil || !strings.Contains(err.Error(), "GPIO17") || !strings.Contains(err.Error(), "GPIO27") {
		t.Errorf("error %v", err)
	}
}
