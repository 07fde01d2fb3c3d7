package appliance

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/mqtt"
	"github.com/cricket-home/cricket/voice"
)

// onlooker is somebody who follows the broker: Home Assistant.
type onlooker struct {
	t      *testing.T
	client *mqtt.Client

	mu   sync.Mutex
	said []mqtt.Message
	more chan struct{}
}

func look(t *testing.T, broker string, filters ...string) *onlooker {
	t.Helper()
	o := &onlooker{t: t, more: make(chan struct{}, 1)}
	var err error
	if o.client, err = mqtt.NewClient(mqtt.ClientOptions{Broker: broker, Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	run(t, o.client.Run)
	if err := o.client.Connected(within(t)); err != nil {
		t.Fatal(err)
	}
	err = o.client.Subscribe(within(t), func(m mqtt.Message) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.said = append(o.said, m)
		signal(o.more)
	}, filters...)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// sees waits until somebody has said a text on a topic since the last forget.
func (o *onlooker) sees(topic, text string) mqtt.Message {
	o.t.Helper()
	ctx := within(o.t)
	for {
		o.mu.Lock()
		var last []string
		for _, m := range o.said {
			if m.Topic == topic {
				last = append(last, string(m.Payload))
				if strings.Contains(string(m.Payload), text) {
					o.mu.Unlock()
					return m
				}
			}
		}
		o.mu.Unlock()
		select {
		case <-o.more:
		case <-ctx.Done():
			o.t.Fatalf("%s said %q and never %q", topic, last, text)
		}
	}
}

// has says whether somebody has said something on a topic.
func (o *onlooker) has(topic string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.ContainsFunc(o.said, func(m mqtt.Message) bool { return m.Topic == topic })
}

func (o *onlooker) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.said = nil
}

func (o *onlooker) publish(topic, text string) {
	o.t.Helper()
	if err := o.client.Publish(within(o.t), mqtt.Message{Topic: topic, Payload: []byte(text), QoS: 1}); err != nil {
		o.t.Fatal(err)
	}
}

// fullBox is a box with all parts that have entities, in a room in which the test
// makes the sounds. It runs.
func fullBox(t *testing.T, c Config) (*Box, *voiceOver, *room) {
	t.Helper()
	b, out, r := stillBox(t, c)
	run(t, b.Run)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	return b, out, r
}

func stillBox(t *testing.T, c Config) (*Box, *voiceOver, *room) {
	t.Helper()
	h, err := home.Parse("home.toml", []byte(oneLamp))
	if err != nil {
		t.Fatal(err)
	}
	dir := shortDir(t)
	out, r, said := &voiceOver{}, newRoom(), &tape{more: make(chan struct{}, 100)}
	b, err := New(Options{Config: c, Home: h, Devices: true, Keep: true, Sound: &taped{tape: said}, StateDir: dir, RuntimeDir: dir,
		Board: newWorkbench(t).Face, Sys: warm(), System: System{Slots: newCard(t), Version: "1.0.0"}, Microphone: r, Loudspeaker: out, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	b.speech.speak, b.speech.out = said.speak, said
	return b, out, r
}

// Nothing is announced without something behind it: each entity of the table is
// pressed, set or waited for here, and what it is for must happen.
func TestEveryEntityDoesSomething(t *testing.T) {
	c := free()
	c.MQTT.TellHeard = true
	b, _, r := fullBox(t, c)
	said := b.options.Sound.(*taped)
	root := "cricket/" + node() + "/"
	ha := look(t, b.client.Status().Broker, root+"#")
	r.wait(0.1) // until it listens
	ha.sees(root+"state", "idle")

	kept := func(id, text string) { look(t, b.client.Status().Broker, root+id).sees(root+id, text) } // said long ago
	proofs := map[string]func(){
		"availability": func() { ha.sees(root+"availability", "online") },
		"state": func() {
			ha.forget()
			ha.publish(root+"listen/set", "PRESS")
			ha.sees(root+"state", "wake")
			ha.publish(root+"stop/set", "PRESS")
			ha.sees(root+"state", "idle")
		},
		"mute": func() {
			ha.forget()
			ha.publish(root+"mute/set", "ON")
			ha.sees(root+"mute", "ON")
			ha.sees(root+"state", "muted")
			ha.publish(root+"mute/set", "OFF")
			ha.sees(root+"mute", "OFF")
			r.wait(0.1) // it hears again
		},
		"wake_word": func() {
			ha.publish(root+"wake_word/set", "hey cricket")
			ha.sees(root+"wake_word", "hey cricket")
			if words, err := b.wakeWords(); err != nil || len(words) != 1 {
				t.Errorf("the words are %v, %v", words, err)
			}
		},
		"sensitivity": func() {
			ha.publish(root+"sensitivity/set", "0.75")
			ha.sees(root+"sensitivity", "0.75")
			if words, _ := b.wakeWords(); words[0].Sensitivity != 0.75 {
				t.Errorf("the detector has a sensitivity of %v", words[0].Sensitivity)
			}
		},
		"volume": func() {
			ha.publish(root+"volume/set", "35")
			ha.sees(root+"volume", "35")
			if b.loud.Now() != 35 {
				t.Errorf("the volume is %d", b.loud.Now())
			}
		},
		"listen": func() {
			ha.forget()
			ha.publish(root+"listen/set", "PRESS")
			ha.sees(root+"state", "wake")
			ha.publish(root+"listen/set", "PRESS") // it listens already
		},
		"stop": func() {
			ha.forget()
			ha.publish(root+"stop/set", "PRESS")
			ha.sees(root+"state", "idle")
		},
		"wake": func() {
			b.woken(voice.Wake{Word: "hey cricket", Score: 0.9})
			m := ha.sees(root+"wake", `"hey cricket"`)
			if m.Retain || !json.Valid(m.Payload) {
				t.Errorf("%s, retained %v", m.Payload, m.Retain)
			}
		},
		"intent": func() {
			ha.forget()
			b.Ask(within(t), "turn on the lamp", Request{Room: "hall"})
			m := ha.sees(root+"intent", `"HassTurnOn"`)
			if !strings.Contains(string(m.Payload), `"event_type":"done"`) || m.Retain {
				t.Errorf("%s, retained %v", m.Payload, m.Retain)
			}
			b.Ask(within(t), "sing me a song about bananas", Request{Room: "hall"})
			ha.sees(root+"intent", `"event_type":"refused"`)
		},
		"last_intent": func() {
			b.Ask(within(t), "turn off the lamp", Request{Room: "hall"})
			ha.sees(root+"last_intent", "HassTurnOff")
			if m := ha.sees(root+"last_intent/attributes", `"light.lamp"`); m.Retain {
				t.Error("the broker keeps what was asked for")
			}
			if m := look(t, b.client.Status().Broker, root+"#"); m.sees(root+"timers", "").Topic == "" || m.has(root+"last_intent") {
				t.Error("the broker has kept what was asked for")
			}
		},
		"last_heard": func() {
			b.Ask(within(t), "turn on the lamp", Request{Room: "hall"})
			ha.sees(root+"last_heard", "turn on the lamp")
		},
		"timers": func() {
			b.Ask(within(t), "set a timer for ten minutes", Request{Room: "hall"})
			ha.sees(root+"timers", "1")
			ha.sees(root+"timers/attributes", `"length_s":600`)
		},
		"ask": func() {
			ha.forget()
			ha.publish(root+"ask/set", "turn on the lamp")
			m := ha.sees(root+"intent", `"text":"turn on the lamp"`)
			for _, part := range []string{`"event_type":"done"`, `"source":"mqtt"`, `"reply":"Hall lamp on."`, `"HassTurnOn"`} {
				if !strings.Contains(string(m.Payload), part) {
					t.Errorf("%s has no %s", m.Payload, part)
				}
			}
		},
		"say": func() {
			ha.publish(root+"say/set", "dinner is <ready>")
			if got := said.hears(t); got != "dinner is <ready>" {
				t.Errorf("it says %q", got)
			}
		},
		"announce": func() {
			ha.publish(root+"announce/set", "the post is here")
			if got := said.hears(t); got != "the post is here" {
				t.Errorf("it says %q", got)
			}
		},
		"ring": func() {
			kept("ring", `"brightness":128`)
			ha.publish(root+"ring/set", `{"state":"OFF","brightness":9}`)
			ha.sees(root+"ring", `{"state":"OFF","brightness":9,`)
			if set := b.ringSet.Load(); set.State != "OFF" || *set.Brightness != 9 {
				t.Errorf("the lights are %+v", set)
			}
		},
		"temperature":   func() { kept("temperature", "82") },
		"under_voltage": func() { kept("under_voltage", "ON") },
		"throttled":     func() { kept("throttled", "ON") },
		"update": func() {
			kept("update", `{"in_progress":false,"installed_version":"1.0.0","latest_version":"1.0.0","update_percentage":null}`)
		},
		"restart": func() {},
	}
	for _, e := range b.entities() {
		proof, ok := proofs[e.ID]
		if !ok {
			t.Errorf("the entity %q has no proof here that something is behind it", e.ID)
			continue
		}
		if e.Gone {
			t.Errorf("the entity %q is not in a box with all parts", e.ID)
		}
		proof()
	}
}

// taped is a loudspeaker that only the test hears.
type taped struct {
	Sound
	*tape
}

func (s *taped) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

func (s *taped) Play(ctx context.Context, speech voice.Speech) (time.Duration, error) {
	return s.tape.Play(ctx, speech)
}

// The button that restarts ends the box with an error that says so.
func TestRestartIsAskedForByMQTT(t *testing.T) {
	b, _, _ := stillBox(t, free())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(context.Background()) }()
	ha := look(t, "tcp://"+b.broker.Addr(), "cricket/#")
	ha.sees("cricket/"+node()+"/availability", "online")
	ha.publish("cricket/"+node()+"/restart/set", "PRESS")
	if err := <-ended; err == nil || !strings.Contains(err.Error(), ErrRestart.Error()) {
		t.Errorf("the box ended with %v", err)
	}
}

// The will of a run that crashed arrives when the next one is there already: the box
// says that it is.
func TestBoxThatIsSaidToBeGone(t *testing.T) {
	b, _, _ := stillBox(t, free())
	run(t, b.Run)
	topic := "cricket/" + node() + "/availability"
	ha := look(t, "tcp://"+b.broker.Addr(), topic)
	ha.sees(topic, "online")
	for range 3 {
		ha.forget()
		if err := ha.client.Publish(within(t), mqtt.Message{Topic: topic, Payload: []byte("offline"), QoS: 1, Retain: true}); err != nil {
			t.Fatal(err)
		}
		ha.sees(topic, "online")
	}
	look(t, "tcp://"+b.broker.Addr(), topic).sees(topic, "online") // which the broker has kept
}

// A box without microphone and loudspeaker announces nothing that needs one, and
// takes back what an earlier one announced.
func TestWhatIsNotThereIsNotAnnounced(t *testing.T) {
	h, err := home.Parse("home.toml", []byte(oneLamp))
	if err != nil {
		t.Fatal(err)
	}
	dir := shortDir(t)
	b, err := New(Options{Config: free(), Home: h, Keep: true, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	// The one topic: mochi 2.7.9 reads retained messages for a wildcard while others are written.
	ha := func() *onlooker {
		return look(t, "tcp://"+b.broker.Addr(), "homeassistant/device/cricket_"+node()+"/config")
	}
	run(t, b.Run)
	if err := b.client.Connected(within(t)); err != nil {
		t.Fatal(err)
	}
	ha().sees("homeassistant/device/cricket_"+node()+"/config", "{")
	m := ha().sees("homeassistant/device/cricket_"+node()+"/config", "{")
	var config struct {
		Components map[string]map[string]any `json:"components"`
	}
	if err := json.Unmarshal(m.Payload, &config); err != nil || !m.Retain {
		t.Fatalf("%v, retained %v", err, m.Retain)
	}
	var there, gone []string
	for id, c := range config.Components {
		if len(c) == 1 && c["platform"] != nil {
			gone = append(gone, id)
		} else {
			there = append(there, id)
		}
	}
	slices.Sort(there)
	slices.Sort(gone)
	if want := "ask availability intent last_intent restart stop timers"; strings.Join(there, " ") != want {
		t.Errorf("announced %v, want %s", there, want)
	}
	if want := "announce last_heard listen mute ring say sensitivity state temperature throttled under_voltage update volume wake wake_word"; strings.Join(gone, " ") != want {
		t.Errorf("taken back %v, want %s", gone, want)
	}
	if n := len(b.house.Now().Home.Devices); n != 1 {
		t.Errorf("the box has found %d devices, its own entities among them", n)
	}
}

// journal is a client that notes what is published, and refuses while it is away.
type journal struct {
	mu   sync.Mutex
	sent []string
	away bool
}

func (j *journal) Publish(_ context.Context, m mqtt.Message) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.away {
		return mqtt.ErrOffline
	}
	text := string(m.Payload)
	if strings.HasSuffix(m.Topic, "/config") {
		text = "…"
	}
	j.sent = append(j.sent, m.Topic+" "+text)
	return nil
}

func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	sent := j.sent
	j.sent = nil
	return sent
}

// What is told, and when: with a connection everything, then what changes, and all
// again when Home Assistant has started, after a while.
func TestSelfDeviceTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		level := "low"
		var obeyed []string
		j := &journal{}
		d := newSelfDevice(mqtt.Own{Prefix: "ha", Node: "box"}, []entity{
			{OwnEntity: mqtt.OwnEntity{ID: "level", Platform: "sensor", Attributes: true}, told: func() (string, any) { return level, map[string]any{"n": 1} }},
			{OwnEntity: mqtt.OwnEntity{ID: "call", Platform: "event"}, event: true},
			{OwnEntity: mqtt.OwnEntity{ID: "do", Platform: "button"}, obey: func(_ context.Context, p string) error {
				obeyed = append(obeyed, p)
				level = p
				return nil
			}},
			{OwnEntity: mqtt.OwnEntity{ID: "old", Platform: "sensor", Gone: true}, told: func() (string, any) { return "x", nil }},
		}, j, slog.New(slog.DiscardHandler))
		d.delay = func() time.Duration { return 7 * time.Second }
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		check := func(when string, want ...string) {
			t.Helper()
			synctest.Wait()
			if got := j.take(); !slices.Equal(got, want) {
				t.Errorf("%s: told\n%q, want\n%q", when, got, want)
			}
		}
		check("before there is a broker")
		signal(d.connected)
		check("connected", "ha/device/cricket_box/config …", "cricket/box/old ", "cricket/box/level low", `cricket/box/level/attributes {"n":1}`)
		signal(d.changed)
		check("nothing is new")
		level = "high"
		signal(d.changed)
		check("a state is new", "cricket/box/level high")
		d.tell("call", map[string]any{"event_type": "wake"})
		check("an event", `cricket/box/call {"event_type":"wake"}`)
		d.hear(mqtt.Message{Topic: "cricket/box/do/set", Payload: []byte("low"), Retain: true})
		check("a retained command is not obeyed")
		d.hear(mqtt.Message{Topic: "cricket/box/do/set", Payload: []byte(strings.Repeat("x", 10<<20))})
		check("nor is one of 10 MB")
		d.hear(mqtt.Message{Topic: "cricket/box/do/set", Payload: []byte("middle")})
		check("a command", "cricket/box/level middle")
		d.hear(mqtt.Message{Topic: "cricket/box/nothing/set", Payload: []byte("x")})
		check("a command for nothing")

		d.hear(mqtt.Message{Topic: "ha/status", Payload: []byte("offline")})
		d.hear(mqtt.Message{Topic: "ha/status", Payload: []byte("online"), Retain: true})
		time.Sleep(time.Minute)
		check("no birth")
		d.hear(mqtt.Message{Topic: "ha/status", Payload: []byte("online")})
		d.hear(mqtt.Message{Topic: "ha/status", Payload: []byte("online")})
		time.Sleep(7*time.Second - 1)
		check("a birth, and not yet")
		time.Sleep(time.Nanosecond)
		check("a birth", "ha/device/cricket_box/config …", "cricket/box/availability online", "cricket/box/level middle", `cricket/box/level/attributes {"n":1}`)

		j.away = true
		level = "lost"
		signal(d.changed)
		d.tell("call", map[string]any{"event_type": "lost"})
		check("the broker is away")
		j.away = false
		signal(d.connected)
		check("it is back", "ha/device/cricket_box/config …", "cricket/box/old ", "cricket/box/level lost", `cricket/box/level/attributes {"n":1}`)
		cancel()
		if err := <-ended; err != nil || fmt.Sprint(obeyed) != "[middle]" {
			t.Errorf("%v, obeyed %q", err, obeyed)
		}
	})
}
