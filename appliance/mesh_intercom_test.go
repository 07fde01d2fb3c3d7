package appliance

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/mesh"
	"github.com/cricket-home/cricket/mesh/intercom"
)

// What a sibling announces is spoken once, though it comes by the broker, too; and what somebody
// says in another room is played, unless people sleep here, or the room is another.
func TestSiblingIsHeard(t *testing.T) {
	m, err := mesh.Open(mesh.Options{StateDir: t.TempDir(), Name: "Hall", Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	c := free()
	c.Room = "Hall"
	b := newBox(t, oneLamp, c, true)
	p := &tape{more: make(chan struct{}, 100)}
	b.speech.speak, b.speech.out, b.siblings.mesh = p.speak, p, m
	run(t, func(ctx context.Context) error { return b.speech.Run(ctx) })
	from := peer.ID("sibling")
	if err := b.hearSibling(from, intercom.Message{Text: "dinner is ready"}); err != nil {
		t.Fatal(err)
	}
	if said := p.hears(t); said != "dinner is ready" {
		t.Errorf("%q", said)
	}
	now := time.Now()
	for _, c := range []struct {
		mesh  bool
		text  string
		after time.Duration
		says  bool
	}{
		{false, "dinner is ready", time.Second, false},
		{true, "dinner is ready", 2 * time.Second, true}, // again, because nobody comes
		{false, "dinner is ready", 3 * time.Second, false},
		{false, "lunch is ready", 3 * time.Second, true},
		{true, "lunch is ready", 4 * time.Second, false},
		{true, "lunch is ready", time.Hour, true},
	} {
		if got := b.repeats.by(c.mesh, c.text, now.Add(c.after)); got != c.says {
			t.Errorf("%q, by the mesh: %v, after %v: spoken %v", c.text, c.mesh, c.after, got)
		}
	}
	for _, c := range []struct {
		name  string
		m     intercom.Message
		quiet bool
		why   string
	}{
		{"a room that is not this", intercom.Message{Text: "dinner", Room: "kitchen"}, false, "another room"},
		{"no words", intercom.Message{Text: "..."}, false, "no words"},
		{"sound at night", intercom.Message{Sound: true}, true, "disturb"},
		{"sound by day", intercom.Message{Sound: true, PCM: make([]int16, 320)}, false, ""},
	} {
		still := newBox(t, oneLamp, free(), false) // nothing of it runs
		still.siblings.mesh, still.speech.out = m, p
		if wall := still.clock.now().Wall; c.quiet {
			still.config.Quiet = Quiet{From: wall.Add(-time.Hour).Format("15:04"), To: wall.Add(time.Hour).Format("15:04")}
		}
		err := still.hearSibling(from, c.m)
		if (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	fault := "the loudspeaker is gone"
	b.dumb.Store(&fault)
	if err := b.hearSibling(from, intercom.Message{Text: "dinner"}); err == nil {
		t.Error("a box without a loudspeaker says that it speaks")
	}
}

// No sound leaves a box whose microphone is off, or goes off.
func TestTalkRespectsMute(t *testing.T) {
	b := newBox(t, "[[area]]\nid = \"kitchen\"\nname = \"Kitchen\"\n", free(), false)
	own, other := siblingHost(t), siblingHost(t)
	m, err := mesh.Open(mesh.Options{StateDir: t.TempDir(), Name: "Kitchen", Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Members().Begin("Kitchen"); err != nil {
		t.Fatal(err)
	}
	if err := m.Members().Admit(other.ID(), "Attic"); err != nil {
		t.Fatal(err)
	}
	b.siblings.mesh = m
	log := slog.New(slog.DiscardHandler)
	heard := make(chan intercom.Message, 10)
	var wanted atomic.Bool
	wanted.Store(true)
	intercom.NewNode(other, func() []peer.ID { return []peer.ID{own.ID()} }, func(_ peer.ID, m intercom.Message) error {
		if !wanted.Load() {
			return errors.New("people sleep there")
		}
		if m.PCM != nil {
			heard <- m
		}
		return nil
	}, log)
	b.intercom.Store(intercom.NewNode(own, m.Siblings, b.hearSibling, log))
	if err := other.Connect(t.Context(), peer.AddrInfo{ID: own.ID(), Addrs: own.Addrs()}); err != nil {
		t.Fatal(err)
	}
	b.live = newLive(b, &voiceOver{}, nil)
	speak := 0
	b.show(Muted)
	if err := b.Talk(t.Context(), "attic", time.Second, func() { speak++ }); err == nil || !strings.Contains(err.Error(), "the microphone is off") {
		t.Errorf("muted: %v", err)
	}
	b.show(Idle)
	if err := b.Talk(t.Context(), "cellar", time.Second, func() { speak++ }); err == nil {
		t.Error("a box that is not there hears it")
	}
	if err := b.Talk(t.Context(), "attic", time.Second, func() { speak++ }); err == nil || !strings.Contains(err.Error(), "switched off") { // it gives nothing
		t.Errorf("switched off meanwhile: %v", err)
	}
	if speak != 0 {
		t.Error("somebody speaks to nobody")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		r := newRoom()
		go func() {
			for ctx.Err() == nil {
				r.hear(make([]int16, 320))
			}
		}()
		for ctx.Err() == nil {
			if f, err := r.Next(ctx); err == nil {
				b.tap.push(f)
			}
		}
	}()
	if err := b.Talk(t.Context(), "attic", 200*time.Millisecond, func() { speak++ }); err != nil {
		t.Fatal(err)
	}
	if m := <-heard; len(m.PCM) != 200*16 || len(heard) != 0 {
		t.Errorf("%d samples, and %d more messages", len(m.PCM), len(heard))
	}
	if speak != 1 {
		t.Errorf("it is said %d times that one may speak", speak)
	}
	post := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		b.siblings.talk(w, httptest.NewRequest(http.MethodPost, "/mesh/talk?to=attic&seconds=1", nil))
		return w
	}
	if w := post(); w.Code != http.StatusOK || w.Body.String() != "{\"speak\":true}\n{\"heard\":true}\n" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	<-heard
	wanted.Store(false)
	if w := post(); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "people sleep there") {
		t.Errorf("where it is not wanted: %d %s", w.Code, w.Body)
	}
	other.Close()
	if w := post(); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "speak") {
		t.Errorf("where nobody is: %d %s", w.Code, w.Body)
	}
	first, ok := b.tap.open()
	if !ok || first == nil {
		t.Fatal("the microphone is not free after a talk")
	}
	if err := b.Talk(t.Context(), "attic", time.Second, func() {}); !errors.Is(err, errTalk) {
		t.Errorf("two talk at once: %v", err)
	}
}
