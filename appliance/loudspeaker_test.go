package appliance

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/mqtt"
	"github.com/cricket-home/cricket/voice"
)

// probed is sound whose loudspeaker does what a test says.
type probed struct {
	deadSound
	play func(ctx context.Context) error
}

func (p *probed) Play(ctx context.Context, s voice.Speech) (time.Duration, error) {
	for _, x := range s.PCM {
		if x != 0 {
			return 0, errors.New("the doctor is to be heard")
		}
	}
	return 0, p.play(ctx)
}

// The doctor tries the loudspeaker: a box that has said nothing yet is not called well.
func TestDoctorTriesTheLoudspeaker(t *testing.T) {
	for _, c := range []struct {
		name string
		play func(ctx context.Context) error
		ok   bool
		text string
	}{
		{"there is none", func(context.Context) error { return errors.New("open loudspeaker: this machine has none") }, false, "this machine has none"},
		{"there is one", func(context.Context) error { return nil }, true, "it speaks at 80 percent"},
		{"it is busy", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, true, "it speaks"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				loud, err := openVolume("", Quiet{}, func() schedule.Now { return schedule.Now{} })
				if err != nil {
					t.Fatal(err)
				}
				sound, log := &probed{play: c.play}, slog.New(slog.DiscardHandler)
				b := &Box{options: Options{Sound: sound}, log: log, loud: loud, speech: newMouth("en", nil, sound, loud.of, log)}
				if f := b.checkLoudspeaker(t.Context()); f.OK != c.ok || !strings.Contains(f.Text, c.text) || f.OK != (f.Hint == "") {
					t.Errorf("%+v", f)
				}
			})
		})
	}
	if f := (&Box{}).checkLoudspeaker(t.Context()); f.OK {
		t.Errorf("without any sound: %+v", f)
	}
}

// broken is sound whose loudspeaker may be unplugged.
type broken struct {
	deadSound
	fault atomic.Pointer[error]
	mu    sync.Mutex
	heard []int // samples
}

func (s *broken) Play(_ context.Context, speech voice.Speech) (time.Duration, error) {
	if err := s.fault.Load(); err != nil {
		return 0, *err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, len(speech.PCM))
	return 0, nil
}

// What needs a loudspeaker is offered to the home while there is one, and is taken back
// when something could not be heard. Whoever announces is not told that it was.
func TestLoudspeakerComesAndGoes(t *testing.T) {
	unplugged := errors.New("open loudspeaker: this machine has none")
	h, err := home.Parse("home.toml", []byte(oneLamp))
	if err != nil {
		t.Fatal(err)
	}
	c, dir, s := free(), shortDir(t), &broken{}
	c.Room = "Hall"
	s.fault.Store(&unplugged)
	b, err := New(Options{Config: c, Home: h, Keep: true, Sound: s, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	said := &tape{more: make(chan struct{}, 9)}
	b.speech.speak = said.speak
	config, heard := "homeassistant/device/cricket_"+node()+"/config", "cricket/kitchen/heard"
	run(t, b.Run)
	if err := b.client.Connected(within(t)); err != nil {
		t.Fatal(err)
	}
	ha := look(t, b.client.Status().Broker, config, heard)
	const takenBack = `"announce":{"platform":"notify"}`
	ha.sees(config, takenBack)
	if m := ha.sees(config, takenBack); strings.Contains(string(m.Payload), "/volume/set") || strings.Contains(string(m.Payload), "/say/set") {
		t.Errorf("without a loudspeaker it offers %s", m.Payload)
	}
	if err := b.tellAloud("dinner", true); err == nil || !strings.Contains(err.Error(), "this machine has none") {
		t.Errorf("it is to say something: %v", err)
	}
	if err := b.Announce(within(t), "dinner is ready", ""); !errors.Is(err, errUnheard) {
		t.Errorf("it is to announce something: %v", err)
	}
	b.told(mqtt.Message{Topic: "cricket/kitchen/broadcast", Payload: []byte("lunch is ready")})

	s.fault.Store(nil)
	ha.forget()
	if f := b.checkLoudspeaker(within(t)); !f.OK { // which looks before it is time to
		t.Errorf("%+v", f)
	}
	signal(b.self.changed)
	ha.sees(config, "cricket/"+node()+"/announce/set")
	b.told(mqtt.Message{Topic: "cricket/kitchen/broadcast", Payload: []byte("supper is ready")})
	if m := ha.sees(heard, "supper"); strings.Contains(string(m.Payload), "lunch") {
		t.Errorf("it told %s", m.Payload)
	}
	if n := countOn(ha, heard); n != 1 {
		t.Errorf("%d announcements were taken, want the one that was heard", n)
	}

	s.fault.Store(&unplugged)
	ha.forget()
	b.speech.Tell("The washing is done.", false)
	ha.sees(config, takenBack)
}

// countOn is how many messages somebody has seen on a topic.
func countOn(o *onlooker, topic string) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range o.said {
		if m.Topic == topic {
			n++
		}
	}
	return n
}

// A box that is to have no loudspeaker never tries one, and that is no fault.
func TestNoLoudspeakerIsWanted(t *testing.T) {
	c, s := free(), &broken{}
	c.Audio.Loudspeaker = "none"
	dir := shortDir(t)
	b, err := New(Options{Config: c, Keep: true, Sound: s, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	run(t, b.Run)
	if err := b.client.Connected(within(t)); err != nil {
		t.Fatal(err)
	}
	if f := b.checkLoudspeaker(within(t)); !f.OK || !strings.Contains(f.Text, "none is wanted") {
		t.Errorf("%+v", f)
	}
	for _, e := range b.entities() {
		if needs := e.ID == "volume" || e.ID == "say" || e.ID == "announce"; e.Gone != needs && needs {
			t.Errorf("it offers %s", e.ID)
		}
	}
	b.speech.Tell("Nobody hears this.", true)
	if err := b.tellAloud("dinner", true); !errors.Is(err, errNoLoudspeaker) {
		t.Errorf("it is to say something: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.heard) > 0 {
		t.Errorf("it played %v samples", s.heard)
	}
}
