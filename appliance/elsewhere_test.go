package appliance

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wyoming"
)

// otherBox is a Wyoming service on this machine; the function ends it.
func otherBox(t *testing.T, s wyoming.Services) (uri string, end func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		if err := wyoming.NewServer(s, slog.New(slog.DiscardHandler)).Run(ctx, l); !errors.Is(err, context.Canceled) {
			t.Errorf("the other box: %v", err)
		}
	}()
	end = func() { stop(); <-over }
	t.Cleanup(end)
	return "tcp://" + l.Addr().String(), end
}

func namedProgram(name string) wyoming.Program {
	return wyoming.Program{About: wyoming.About{Name: name, Installed: true}}
}

// A recogniser elsewhere goes before the box's own, and when it fails or is away the
// box's own hears the same request; the doctor says so.
func TestRecogniserElsewhereHasAFloor(t *testing.T) {
	var broken atomic.Bool
	uri, end := otherBox(t, wyoming.Services{
		Info: func() wyoming.Info { return wyoming.Info{ASR: []wyoming.ASR{{Program: namedProgram("other")}}} },
		Transcribe: func(context.Context, voice.Utterance, string) (voice.Transcript, error) {
			if broken.Load() {
				return voice.Transcript{}, errors.New("out of memory")
			}
			return voice.Transcript{Text: "turn off the lamp"}, nil
		},
	})
	address, err := wyoming.Address(uri)
	if err != nil {
		t.Fatal(err)
	}
	own := &listening{text: "turn on the lamp"}
	e := newEars([]candidate{{recognizer: own, name: "the box's own"}}, "", slog.New(slog.DiscardHandler))
	e.elsewhere = wyoming.NewRecogniser(address, "en", e.log)
	ctx := within(t)
	go e.Run(ctx)
	go e.elsewhere.Run(ctx)
	b := &Box{ears: e, log: e.log}
	hears := func(when, want, by string) {
		t.Helper()
		got, err := e.Transcribe(ctx, voice.Utterance{PCM: make([]int16, voice.SampleRate)})
		if err != nil || got.Text != want || !strings.Contains(e.heardBy(), by) {
			t.Errorf("%s: %q by %q, %v; want %q by %q", when, got.Text, e.heardBy(), err, want, by)
		}
	}
	running := func(want bool) {
		t.Helper()
		for e.elsewhere.State().Running != want {
			if ctx.Err() != nil {
				t.Fatalf("it runs: %v", !want)
			}
			time.Sleep(time.Millisecond)
		}
	}
	running(true)
	hears("both are there", "turn off the lamp", "127.0.0.1")
	if f := b.checkEars(); !f.OK || !strings.Contains(f.Text, "the Wyoming recogniser at") {
		t.Errorf("doctor: %+v", f)
	}
	broken.Store(true)
	hears("it fails", "turn on the lamp", "the box's own")
	broken.Store(false)
	running(true) // it is looked after
	hears("it is well again", "turn off the lamp", "127.0.0.1")
	end()
	hears("it is away", "turn on the lamp", "the box's own")
	running(false)
	if f := b.checkEars(); f.OK || !strings.Contains(f.Text, "does not answer") || !strings.Contains(f.Text, "the box's own") {
		t.Errorf("doctor: %+v", f)
	}
}

// A voice elsewhere speaks first, and the box's own where it cannot.
func TestVoiceElsewhereHasAFloor(t *testing.T) {
	uri, end := otherBox(t, wyoming.Services{
		Info: func() wyoming.Info { return wyoming.Info{} },
		Synthesize: func(_ context.Context, text, _, _ string) (voice.Speech, error) {
			return voice.Speech{Text: text, Rate: 24000, PCM: make([]int16, 24000)}, nil
		},
	})
	c := DefaultConfig()
	c.Wyoming.TTS = uri
	v := openVoices(c, t.TempDir(), t.TempDir(), nil, slog.New(slog.DiscardHandler))
	v.all = append(v.all, oneVoice{"the box's own", func(_ context.Context, text string) (voice.Speech, error) {
		return voice.Speech{Text: text, Rate: 22050, PCM: make([]int16, 10)}, nil
	}})
	if s, err := v.speak(t.Context(), "hello"); err != nil || s.Rate != 24000 || !v.check().OK {
		t.Errorf("%d Hz, %v, %+v", s.Rate, err, v.check())
	}
	end()
	if s, err := v.speak(t.Context(), "hello"); err != nil || s.Rate != 22050 {
		t.Errorf("%d Hz, %v", s.Rate, err)
	}
	if f := v.check(); f.OK || !strings.Contains(f.Text, "the box's own speaks") {
		t.Errorf("doctor: %+v", f)
	}
}

// loudOne wakes for a loud frame.
type loudOne struct{}

func (loudOne) Push(f voice.Frame) []voice.Wake {
	if slices.Max(f.PCM) > 31000 {
		return []voice.Wake{{Word: "computer", End: f.Time}}
	}
	return nil
}

// A wake word that is heard elsewhere calls the box, which then hears what follows.
func TestWakeElsewhereCallsTheBox(t *testing.T) {
	uri, _ := otherBox(t, wyoming.Services{
		Info:     func() wyoming.Info { return wyoming.Info{} },
		Detector: func([]string) (wyoming.Detector, error) { return loudOne{}, nil },
	})
	h, err := home.Parse("home.toml", []byte(oneLamp))
	if err != nil {
		t.Fatal(err)
	}
	dir := shortDir(t)
	e := &evening{room: newRoom(), t: t, out: &voiceOver{}, board: &lights{presses: make(chan Press)}}
	c := free()
	c.Room, c.Wyoming.Wake = "hall", uri
	e.box, err = New(Options{Config: c, Home: h, Devices: true, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler),
		Microphone: e.room, Loudspeaker: e.out, Board: e.board})
	if err != nil {
		t.Fatal(err)
	}
	e.box.ears = newEars([]candidate{{recognizer: &listening{text: "turn on the lamp"}, name: "fake"}}, "", e.box.log)
	run(t, e.box.Run)
	if err := e.box.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	ctx := within(t)
	for e.box.wyoming.waker.Fault() != "" {
		if ctx.Err() != nil {
			t.Fatal(e.box.wyoming.waker.Fault())
		}
		e.wait(0.02)
		time.Sleep(time.Millisecond)
	}
	bang := make([]int16, voice.FrameSamples)
	for i := range bang {
		bang[i] = 32000
	}
	e.wait(1)
	e.hear(bang)
	for e.box.Mode() != Woken {
		if ctx.Err() != nil {
			t.Fatalf("the box is %q", e.box.Mode())
		}
		e.wait(0.02)
		time.Sleep(time.Millisecond)
	}
	_, request := requestSound(t)
	e.hear(request)
	e.until(Speaking)
	if r := e.box.Last(1)[0]; r.Wake == nil || *r.Wake != "computer" || r.Reply != "Lamp on." {
		t.Errorf("%s", r)
	}
	if f := e.box.checkFriends(); len(f) != 1 || !f[0].OK {
		t.Errorf("doctor: %+v", f)
	}
}
