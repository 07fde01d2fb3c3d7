package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/conn/v3/spi/spitest"

	"github.com/cricket-home/cricket/firmware"
	"github.com/cricket-home/cricket/voice"
)

// workbench is a board of periph's fakes: a ring of three, a button, a mute light and an
// amplifier.
type workbench struct {
	*Face
	ring   *spitest.Record
	button *gpiotest.Pin
	light  *gpiotest.Pin
	amp    *gpiotest.Pin
}

func newWorkbench(t *testing.T) *workbench {
	t.Helper()
	w := &workbench{ring: &spitest.Record{}, button: &gpiotest.Pin{N: "GPIO17", EdgesChan: make(chan gpio.Level)},
		light: &gpiotest.Pin{N: "GPIO27"}, amp: &gpiotest.Pin{N: "GPIO22"}}
	hw := firmware.Hardware{
		Pin: func(name string) (gpio.PinIO, error) {
			for _, p := range []*gpiotest.Pin{w.button, w.light, w.amp} {
				if p.N == name {
					return p, nil
				}
			}
			return nil, errors.New("no pin " + name)
		},
		SPI: func(string) (spi.PortCloser, error) { return w.ring, nil },
	}
	var err error
	if w.Face, err = openFace(BoardConfig{Profile: "respeaker-2mic", MuteLED: "GPIO27", Amplifier: "GPIO22"}, hw, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return w
}

// shown is the last frame of the ring, or nil.
func (w *workbench) shown() []byte {
	w.ring.Lock()
	defer w.ring.Unlock()
	if len(w.ring.Ops) == 0 {
		return nil
	}
	return w.ring.Ops[len(w.ring.Ops)-1].W
}

// warm is a Raspberry Pi that is hot and has a weak supply.
func warm() fstest.MapFS {
	all := fstest.MapFS{}
	for name, text := range map[string]string{
		"firmware/devicetree/base/model":   "Raspberry Pi 4 Model B Rev 1.4\x00",
		"class/thermal/thermal_zone0/type": "cpu-thermal", "class/thermal/thermal_zone0/temp": "81800",
		"class/thermal/cooling_device0/type": "cpufreq-cpu0", "class/thermal/cooling_device0/cur_state": "2",
		"class/hwmon/hwmon0/name": "rpi_volt", "class/hwmon/hwmon0/in0_lcrit_alarm": "1",
	} {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

// truth is a microphone and its mute light, with the order in which they were switched.
type truth struct {
	Microphone
	lights
	mu    sync.Mutex
	order []string
	fault error
}

func (b *truth) note(s string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.order = append(b.order, s)
}

func (b *truth) Mute(on bool) {
	b.note("microphone " + onOff(!on))
	b.Microphone.Mute(on)
}

func (b *truth) ShowMuted(on bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault != nil {
		return b.fault
	}
	b.order = append(b.order, "light "+onOff(on))
	return nil
}

func (b *truth) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := strings.Join(b.order, ", ")
	b.order = nil
	return all
}

// The light is on only while the microphone is off: it goes on after that, and off before.
// Where it cannot go off, the microphone stays off.
func TestMuteLightTellsTheTruth(t *testing.T) {
	room := newRoom()
	b := &truth{Microphone: room, lights: lights{presses: make(chan Press)}}
	dir := shortDir(t)
	box, err := New(Options{Config: free(), StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler), Microphone: b, Loudspeaker: &voiceOver{}, Board: b})
	if err != nil {
		t.Fatal(err)
	}
	run(t, box.Run)
	if err := box.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	mute := func(on bool, want string) error {
		t.Helper()
		err := box.Mute(within(t), on)
		if got := b.take(); got != want {
			t.Errorf("muted %v: %q, want %q", on, got, want)
		}
		return err
	}
	b.presses <- MutePress // after what the beginning does
	b.presses <- MutePress
	if got, want := func() string { box.Mute(within(t), true); return b.take() }(), "light OFF, microphone OFF, light ON, light OFF, microphone ON, microphone OFF, light ON"; got != want {
		t.Errorf("from the beginning on: %q, want %q", got, want)
	}
	if err := mute(false, "light OFF, microphone ON"); err != nil {
		t.Error(err)
	}
	if err := mute(true, "microphone OFF, light ON"); err != nil {
		t.Error(err)
	}
	b.mu.Lock()
	b.fault = errors.New("no answer")
	b.mu.Unlock()
	if err := mute(false, ""); err == nil || !strings.Contains(err.Error(), "its light stays on: no answer") {
		t.Errorf("the microphone was switched on under a light that says it is off: %v", err)
	}
	if box.Mode() != Muted {
		t.Errorf("it is %s", box.Mode())
	}
	b.mu.Lock()
	b.fault = nil
	b.mu.Unlock()
	if err := mute(false, "light OFF, microphone ON"); err != nil {
		t.Error(err)
	}
}

// A box whose mute light cannot be switched off at its start does not listen.
func TestMuteLightThatIsStuckAtTheStart(t *testing.T) {
	b := &truth{Microphone: newRoom(), lights: lights{presses: make(chan Press)}, fault: errors.New("no answer")}
	dir := shortDir(t)
	box, err := New(Options{Config: free(), StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler), Microphone: b, Loudspeaker: &voiceOver{}, Board: b})
	if err != nil {
		t.Fatal(err)
	}
	run(t, box.Run)
	b.presses <- ListenPress // it is taken when the start is over
	if got := b.take(); got != "microphone OFF" || box.Mode() != Muted {
		t.Errorf("%q, and it is %q", got, box.Mode())
	}
}

// A press of the button reaches the box through the board, and the ring and the light show
// what it does then; in the end the ring is dark and the light says that nobody listens.
func TestFaceShowsWhatTheBoxDoes(t *testing.T) {
	w := newWorkbench(t)
	r, dir := newRoom(), shortDir(t)
	c := free()
	c.Board.Profile = "respeaker-2mic"
	box, err := New(Options{Config: c, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler), Microphone: r, Loudspeaker: &voiceOver{}, Board: w.Face, Sys: warm()})
	if err != nil {
		t.Fatal(err)
	}
	if !w.light.Read() {
		t.Error("before anything is heard the mute light is off")
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- box.Run(ctx) }()
	if err := box.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	until := func(what string, ok func() bool) {
		t.Helper()
		for c := within(t); !ok(); r.wait(0.02) {
			if c.Err() != nil {
				t.Fatalf("%s: it is %q and shows % x", what, box.Mode(), w.shown())
			}
		}
	}
	lit := func() bool {
		return slices.ContainsFunc(w.shown(), func(b byte) bool { return b != 0 && b != 0xff }) // which stand between the colours
	}
	r.wait(0.1)
	until("it listens", func() bool { return box.Mode() == Idle && !bool(w.light.Read()) })
	w.press(pressed(firmware.Short))
	until("pressed", func() bool { return box.Mode() == Woken })
	until("the ring shows it", lit)
	if err := box.Mute(within(t), true); err != nil {
		t.Fatal(err)
	}
	if !w.light.Read() {
		t.Error("muted, and its light is off")
	}
	findings := box.checkBoard()
	if len(findings) != 3 || !findings[0].OK || !strings.Contains(findings[0].Text, "respeaker-2mic on Raspberry Pi 4") || findings[1].Part != "power" || !strings.Contains(findings[2].Text, "82") {
		t.Errorf("the doctor says %+v", findings)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if lit() || w.light.Read() == gpio.Low {
		t.Errorf("in the end the ring shows % x, the light is %v", w.shown(), w.light.Read())
	}
}

// Buttons are read while the board runs.
func TestButtonsOfAFace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkbench(t)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		for _, tt := range []struct {
			down time.Duration
			want Press
		}{{200 * time.Millisecond, ListenPress}, {2 * time.Second, MutePress}, {7 * time.Second, PairPress}} {
			w.button.EdgesChan <- gpio.Low
			time.Sleep(tt.down)
			w.button.EdgesChan <- gpio.High
			time.Sleep(time.Second)
			select {
			case p := <-w.Presses():
				if p != tt.want {
					t.Errorf("down for %v: %v, want %v", tt.down, p, tt.want)
				}
			default:
				t.Errorf("down for %v: nothing", tt.down)
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestPressesOfTheOneButton(t *testing.T) {
	for press, want := range map[firmware.Press]Press{firmware.Short: ListenPress, firmware.Long: MutePress, firmware.Held: PairPress} {
		if got := pressed(press); got != want {
			t.Errorf("%v means %v, want %v", press, got, want)
		}
	}
	f := &Face{presses: make(chan Press, 1), log: slog.New(slog.DiscardHandler)}
	f.press(MutePress)
	f.press(ListenPress) // nobody takes it, and nobody waits
	if len(f.presses) != 1 {
		t.Error("a press is not kept")
	}
}

func TestRingLight(t *testing.T) {
	for _, tt := range []struct {
		name, command, want string // want "" for an error
	}{
		{"off", `{"state":"OFF"}`, `{"state":"OFF","brightness":128,"color_mode":"brightness"}`},
		{"on", `{"state":"ON"}`, `{"state":"ON","brightness":128,"color_mode":"brightness"}`},
		{"bright", `{"state":"ON","brightness":255}`, `{"state":"ON","brightness":255,"color_mode":"brightness"}`},
		{"dark", `{"state":"ON","brightness":0}`, `{"state":"ON","brightness":0,"color_mode":"brightness"}`},
		{"too bright", `{"state":"ON","brightness":256}`, ""},
		{"no state", `{"brightness":7}`, ""},
		{"no JSON", `ON`, ""},
	} {
		r, err := firstRing().with([]byte(tt.command))
		if got := string(encode(r)); (err != nil) != (tt.want == "") || err == nil && got != tt.want {
			t.Errorf("%s: %s, %v", tt.name, got, err)
		}
	}
}

// The lights are after a restart as they were set; a damaged setting is that of a new box.
func TestRingIsRemembered(t *testing.T) {
	dir := shortDir(t)
	open := func() *Box {
		b := &Box{options: Options{StateDir: dir, Board: newWorkbench(t).Face}, log: slog.New(slog.DiscardHandler)}
		b.openRing()
		return b
	}
	b := open()
	if got := *b.ringSet.Load().Brightness; got != 128 {
		t.Errorf("a new box is at %d", got)
	}
	if err := b.setRing(`{"state":"OFF","brightness":7}`); err != nil {
		t.Fatal(err)
	}
	if got, _ := json.Marshal(open().ringSet.Load()); string(got) != `{"state":"OFF","brightness":7,"color_mode":"brightness"}` {
		t.Errorf("it was restarted with %s", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "lights.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := open().ringSet.Load().State; got != "ON" {
		t.Errorf("a damaged setting is %s", got)
	}
}

// played is a loudspeaker that says whether the amplifier was on.
type played struct {
	amp *gpiotest.Pin
	on  []bool
}

func (p *played) Play(context.Context, voice.Speech) (time.Duration, error) {
	p.on = append(p.on, bool(p.amp.Read()))
	time.Sleep(2 * time.Second)
	return 0, nil
}

// The amplifier is on while something sounds, and a little longer.
func TestAmplifier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkbench(t)
		out := &played{amp: w.amp}
		a := &amplified{player: out, line: w.board.Amplifier}
		if w.amp.Read() {
			t.Error("it is on before anything sounds")
		}
		for range 2 {
			if _, err := a.Play(t.Context(), voice.Speech{}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(amplifierStays - time.Millisecond)
			if !w.amp.Read() {
				t.Error("it clicks between two sentences")
			}
		}
		time.Sleep(2 * time.Millisecond)
		if w.amp.Read() {
			t.Error("it stays on")
		}
		if len(out.on) != 2 || !out.on[0] || !out.on[1] {
			t.Errorf("while it played the amplifier was %v", out.on)
		}
	})
}
