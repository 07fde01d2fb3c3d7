package appliance

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/audio"
)

// tape is a voice and a loudspeaker that keep what was said.
type tape struct {
	mu   sync.Mutex
	said []string
	more chan struct{}
}

func (p *tape) speak(_ context.Context, text string) (voice.Speech, error) {
	return voice.Speech{Text: text, Rate: 8000, PCM: make([]int16, 80)}, nil
}

func (p *tape) Play(_ context.Context, s voice.Speech) (time.Duration, error) {
	if s.Text != "" {
		p.mu.Lock()
		p.said = append(p.said, s.Text)
		p.mu.Unlock()
		p.more <- struct{}{}
	}
	return 0, nil
}

// hears waits until the box says something, and returns that.
func (p *tape) hears(t *testing.T) string {
	t.Helper()
	select {
	case <-p.more:
	case <-within(t).Done():
		t.Fatal("the box says nothing")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	text := p.said[0]
	p.said = p.said[1:]
	return text
}

// houseOfTwo is a box in the hall and, in the kitchen, whoever the test plays.
func houseOfTwo(t *testing.T, change ...func(*Box)) (b *Box, p *tape, kitchen *mqtt.Client) {
	t.Helper()
	c := free()
	c.Room = "Hall"
	b = newBox(t, oneLamp+"[[area]]\nid = \"kitchen\"\nname = \"Kitchen\"\n", c, true)
	p = &tape{more: make(chan struct{}, 100)}
	b.speech.speak, b.speech.out = p.speak, p
	for _, f := range change {
		f(b)
	}
	run(t, b.Run)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	kitchen, err := mqtt.NewClient(mqtt.ClientOptions{Broker: "tcp://" + b.broker.Addr(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	run(t, kitchen.Run)
	if err := kitchen.Connected(within(t)); err != nil {
		t.Fatal(err)
	}
	return b, p, kitchen
}

// What is announced is spoken by the boxes that are meant, and by nobody is said.
func TestAnnounce(t *testing.T) {
	b, p, kitchen := houseOfTwo(t)
	heard := make(chan mqtt.Message, 10)
	var gone atomic.Bool
	err := kitchen.Subscribe(within(t), func(m mqtt.Message) {
		heard <- m
		if answer, err := json.Marshal(taken{"kitchen", string(m.Payload)}); err != nil || gone.Load() {
			return
		} else {
			go kitchen.Publish(context.Background(), mqtt.Message{Topic: "cricket/" + node() + "/heard", Payload: answer, QoS: 1})
		}
	}, "cricket/+/broadcast/#")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, text, reply, topic, message string
		gone                              bool
	}{
		{"to everybody", "tell everyone that dinner is ready", "Announced.", "broadcast", "dinner is ready", false},
		{"to a room", "announce in the kitchen that dinner is ready", "Announced in the kitchen.", "broadcast/kitchen", "dinner is ready", false},
		{"to nobody", "tell everyone that lunch is over", "No other box answered, so nobody heard that.", "broadcast", "lunch is over", true},
		{"to an empty room", "announce in the kitchen that lunch is over", "No box answered in the kitchen, so nobody heard that.", "broadcast/kitchen", "lunch is over", true},
	} {
		gone.Store(tt.gone)
		r := b.Ask(within(t), tt.text, Request{})
		if r.Reply != tt.reply || r.Done() == tt.gone || r.Beep {
			t.Errorf("%s: %s, fault %v", tt.name, r, r.Fault)
		}
		if m := <-heard; m.Topic != "cricket/"+node()+"/"+tt.topic || string(m.Payload) != tt.message || m.Retain {
			t.Errorf("%s: %+v", tt.name, m)
		}
	}
	// Said in one room of the box of another: it speaks itself, and needs nobody.
	if r := b.Ask(within(t), "announce in the hall that the bath is free", Request{Room: "kitchen"}); r.Reply != "Announced in the hall." {
		t.Errorf("%s", r)
	}
	if said := p.hears(t); said != "the bath is free" {
		t.Errorf("the box says %q", said)
	}
}

// An announcement for later is spoken by the box that was asked for it, too.
func TestAnnounceLater(t *testing.T) {
	b, p, _ := houseOfTwo(t)
	for _, area := range []any{nil, "Hall"} {
		later := intent.Intent{Name: "HassBroadcast", Slots: map[string]any{"message": "dinner is ready", "area": area}}
		b.agenda.due <- Due{Entry: schedule.Entry{ID: 1, Kind: schedule.Command, Name: "announce", Command: &later}}
		if said := p.hears(t); said != "dinner is ready" {
			t.Errorf("to %v: the box says %q", area, said)
		}
	}
	b.speech.Tell("the end", false)
	if said := p.hears(t); said != "the end" {
		t.Errorf("the box says %q", said)
	}
}

// A text from the broker is spoken: whole, clean, and never done.
func TestToldToSay(t *testing.T) {
	b, p, kitchen := houseOfTwo(t)
	answers := make(chan mqtt.Message, 10)
	if err := kitchen.Subscribe(within(t), func(m mqtt.Message) { answers <- m }, "cricket/kitchen/heard"); err != nil {
		t.Fatal(err)
	}
	tell := func(topic, text string, retain bool) {
		t.Helper()
		if err := kitchen.Publish(within(t), mqtt.Message{Topic: topic, Payload: []byte(text), QoS: 1, Retain: retain}); err != nil {
			t.Fatal(err)
		}
	}
	own := "cricket/" + node()
	for _, tt := range []struct{ name, topic, text, want string }{
		{"for this box", own + "/say", "The washing is done.", "The washing is done."},
		{"for every box", "cricket/all/say", "Fire!", "Fire!"},
		{"from another box", "cricket/kitchen/broadcast", "dinner is ready", "dinner is ready"},
		{"from another box, for this room", "cricket/kitchen/broadcast/hall", "come here", "come here"},
		{"a command is a text", own + "/say", "turn on the lamp", "turn on the lamp"},
		{"signs that a voice would obey", own + "/say", "one [[two]] \x00\nthree", "one two three"},
	} {
		tell(tt.topic, tt.text, false)
		if said := p.hears(t); said != tt.want {
			t.Errorf("%s: the box says %q", tt.name, said)
		}
	}
	for range 2 {
		select {
		case m := <-answers:
			if !strings.Contains(string(m.Payload), `"node":"`+node()+`"`) {
				t.Errorf("it answers %s", m.Payload)
			}
		case <-within(t).Done():
			t.Fatal("the box in the kitchen does not learn who heard it")
		}
	}
	for _, tt := range []struct {
		name, topic, text string
		retain            bool
	}{
		{"for another room", "cricket/kitchen/broadcast/kitchen", "psst", false},
		{"for another box", "cricket/kitchen/say", "psst", false},
		{"its own announcement", own + "/broadcast", "psst", false},
		{"too long", own + "/say", strings.Repeat("very ", 300), false},
		{"nothing to say", own + "/say", " -- \x01", false},
	} {
		tell(tt.topic, tt.text, tt.retain)
	}
	tell(own+"/say", "the end", false) // what came before it would be said before it
	if said := p.hears(t); said != "the end" {
		t.Errorf("the box says %q", said)
	}
	if d, _ := b.house.Now().Home.Device("light.lamp"); d.State != "off" || len(b.results.Last(10)) != 0 {
		t.Errorf("a text was carried out: the lamp is %s, %v", d.State, b.results.Last(10))
	}
}

// A text that the broker kept was for then: a box that comes later does not say it.
func TestRetainedTextIsNotSaid(t *testing.T) {
	b, p, _ := houseOfTwo(t)
	b.told(mqtt.Message{Topic: "cricket/all/say", Payload: []byte("psst"), Retain: true})
	b.told(mqtt.Message{Topic: "cricket/all/say", Payload: []byte("the end")})
	if said := p.hears(t); said != "the end" {
		t.Errorf("the box says %q", said)
	}
}

// "Stop" said to the box, by whatever way, stops what it says and what it would say.
func TestStopHushes(t *testing.T) {
	b, p, _ := houseOfTwo(t)
	for _, text := range []string{"stop", "be quiet", "stop talking"} {
		b.speech.Duck(true) // so that it waits
		b.speech.Tell("psst", false)
		if r := b.Ask(within(t), text, Request{Room: "hall"}); !r.Done() || !r.Beep {
			t.Errorf("%s: %s", text, r)
		}
		b.speech.Duck(false)
		b.speech.Tell("the end", false)
		if said := p.hears(t); said != "the end" {
			t.Errorf("%s: the box says %q", text, said)
		}
	}
}

// A room that the home does not have is asked about.
func TestAnnounceInNoRoom(t *testing.T) {
	b, _, _ := houseOfTwo(t)
	r := means(t, b, intent.Intent{Name: "HassBroadcast", Slots: map[string]any{"message": "dinner", "area": "Cellar"}})
	if r.Reply != "Which room do you mean?" || r.Done() {
		t.Errorf("%s", r)
	}
}

// `cricket say` waits until the daemon has said it.
func TestSayAloud(t *testing.T) {
	ask := func(b *Box, query string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		b.controlHandler().ServeHTTP(w, httptest.NewRequestWithContext(within(t), "POST", "/say/aloud?"+query, nil))
		return w
	}
	if w := ask(newBox(t, oneLamp, free(), false), "text=hello"); w.Code != 503 || !strings.Contains(w.Body.String(), "no loudspeaker") {
		t.Errorf("without a loudspeaker: %d %s", w.Code, w.Body)
	}
	b, p, _ := houseOfTwo(t, func(b *Box) { b.options.Sound = &deadSound{} })
	if w := ask(b, "text=hello&volume=40"); w.Code != 200 || p.hears(t) != "hello" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, bad := range []string{"text=hello&volume=101", "text=hello&volume=x", "text=--", ""} {
		if w := ask(b, bad); w.Code != 400 {
			t.Errorf("%s: %d %s", bad, w.Code, w.Body)
		}
	}
}

// deadSound is a microphone and a loudspeaker that do nothing.
type deadSound struct{ silence }

func (*deadSound) Run(ctx context.Context) error { <-ctx.Done(); return nil }
func (*deadSound) Mute(bool)                     {}
func (*deadSound) Overruns() int                 { return 0 }
func (*deadSound) Next(ctx context.Context) (voice.Frame, error) {
	<-ctx.Done()
	return voice.Frame{}, ctx.Err()
}
func (*deadSound) Devices(context.Context) ([]audio.Device, error) { return nil, nil }
