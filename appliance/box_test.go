package appliance

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/mqtt"
)

// long is far longer than anything here takes.
const long = time.Minute

const oneLamp = `
language = "en"
[[area]]
id = "hall"
name = "Hall"
[[device]]
id = "light.lamp"
name = "Lamp"
area = "hall"
state = "off"
`

// start runs a box on a home until the test ends.
func start(t *testing.T, toml string, c Config, devices bool) *Box {
	t.Helper()
	b := newBox(t, toml, c, devices)
	run(t, b.Run)
	return b
}

// newBox is a box that does not run yet.
func newBox(t *testing.T, toml string, c Config, devices bool) *Box {
	t.Helper()
	h, err := home.Parse("home.toml", []byte(toml))
	if err != nil {
		t.Fatal(err)
	}
	dir := shortDir(t)
	b, err := New(Options{Config: c, Home: h, Devices: devices, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// shortDir is a folder that a control socket fits in: a socket's path must be short.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cricket-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// run runs a part until the test ends, or until the function it returns is called.
func run(t *testing.T, part func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := part(ctx); err != nil {
			t.Errorf("a part failed: %v", err)
		}
	}()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return stop
}

func free() Config {
	c := DefaultConfig()
	c.MQTT.Listen, c.Page.Listen, c.OpenAI.Listen = "127.0.0.1:0", "", ""
	return c
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), long)
	t.Cleanup(cancel)
	return ctx
}

// The broker is down when the box starts, comes, goes and comes again. While it
// is away commands are refused aloud, and nothing is done later.
func TestBrokerComesAndGoes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	c := DefaultConfig()
	c.MQTT.Broker = "tcp://" + addr
	b := start(t, oneLamp, c, true)

	const refusal = "I cannot reach the broker, so the command was not sent."
	refused := func(when string) {
		t.Helper()
		r := b.Ask(within(t), "turn on the lamp", Request{Room: "hall"})
		if r.Fault == nil || r.Fault.Part != "broker" || r.Reply != refusal || len(r.Actions) != 0 {
			t.Errorf("%s: %s, fault %+v", when, r, r.Fault)
		}
	}
	broker := func() (stop func()) {
		t.Helper()
		server, err := mqtt.NewBroker(mqtt.BrokerOptions{Address: addr, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		stop = run(t, server.Run)
		if err := b.Ready(within(t)); err != nil {
			t.Fatal(err)
		}
		return stop
	}
	done := func(when, text string) {
		t.Helper()
		r := b.Ask(within(t), text, Request{Room: "hall"})
		if !r.Done() || len(r.Actions) != 1 || r.Actions[0].Confirmed == nil || !*r.Actions[0].Confirmed {
			t.Errorf("%s: %s, fault %+v", when, r, r.Fault)
		}
	}

	refused("before the broker is there")
	stop := broker()
	done("with the broker", "turn on the lamp")
	stop()
	gone := make(chan struct{})
	go func() {
		for b.client.Status().Connected {
			b.client.Publish(context.Background(), mqtt.Message{Topic: "x", QoS: 1})
		}
		close(gone)
	}()
	select {
	case <-gone:
	case <-within(t).Done():
		t.Fatal("the loss of the broker was not noticed")
	}
	if f := b.checkBroker(); f.OK || !strings.Contains(f.Text, addr) {
		t.Errorf("the doctor says %+v", f)
	}
	refused("after the broker went")
	broker()
	// The lamp connects again in its own time.
	until(t, b, func() bool { return b.Ask(within(t), "turn off the lamp", Request{Room: "hall"}).Done() })
}

// A device that hangs, and one that is off, do not pass for having obeyed.
func TestDeviceThatDoesNotAnswer(t *testing.T) {
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := b.devices.Freeze(within(t), "light.lamp"); err != nil {
		t.Fatal(err)
	}
	r := b.Ask(within(t), "turn on the lamp", Request{})
	if r.Fault == nil || r.Fault.Part != "device light.lamp" || r.Done() {
		t.Errorf("frozen: %s, fault %+v", r, r.Fault)
	}
	if len(r.Actions) != 1 || r.Actions[0].Confirmed == nil || *r.Actions[0].Confirmed {
		t.Errorf("frozen: actions %+v", r.Actions)
	}
	if r.Reply != "The hall lamp does not answer." {
		t.Errorf("frozen: reply %q", r.Reply)
	}
	if err := b.devices.Stop(within(t), "light.lamp"); err != nil {
		t.Fatal(err)
	}
	until(t, b, func() bool { d, _ := b.house.Now().Home.Device("light.lamp"); return d.Offline })
	r = b.Ask(within(t), "turn on the lamp", Request{})
	if r.Fault == nil || r.Fault.Part != "device light.lamp" || len(r.Actions) != 0 {
		t.Errorf("off: %s, fault %+v", r, r.Fault)
	}
}

// until waits for something that another goroutine brings about.
func until(t *testing.T, b *Box, so func() bool) {
	t.Helper()
	ctx := within(t)
	for !so() {
		if err := b.house.do(ctx, func() {}); err != nil { // the house's own pace
			t.Fatalf("it did not come about: %v", err)
		}
	}
}

// A dry run says what would be published and publishes nothing.
func TestDryRunPublishesNothing(t *testing.T) {
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	r := b.Ask(within(t), "turn on the lamp", Request{DryRun: true})
	if len(r.Actions) != 1 || r.Actions[0].Confirmed != nil {
		t.Fatalf("%s", r)
	}
	// A command after it is confirmed, and shows that the first one never came.
	if r := b.Ask(within(t), "turn off the lamp", Request{}); !r.Done() {
		t.Fatalf("%s", r)
	}
	if d, _ := b.house.Now().Home.Device("light.lamp"); d.State != "off" {
		t.Errorf("the lamp is %s", d.State)
	}
}

// Real homes announce themselves bit by bit, badly in places, and change.
func TestHomeThatAnnouncesItself(t *testing.T) {
	b := start(t, `language = "en"`, free(), false)
	ctx := within(t)
	if err := b.client.Connected(ctx); err != nil {
		t.Fatal(err)
	}
	device, err := mqtt.NewClient(mqtt.ClientOptions{Broker: "tcp://" + b.broker.Addr(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	run(t, device.Run)
	if err := device.Connected(ctx); err != nil {
		t.Fatal(err)
	}
	say := func(topic, payload string) {
		t.Helper()
		if err := device.Publish(ctx, mqtt.Message{Topic: topic, Payload: []byte(payload), QoS: 1, Retain: true}); err != nil {
			t.Fatal(err)
		}
	}
	knows := func(text string) bool {
		return b.Ask(ctx, text, Request{DryRun: true}).Intent != nil
	}

	const config = `{"name":"Porch light","unique_id":"p1","command_topic":"porch/set","state_topic":"porch/state","brand_new_key":1}`
	say("homeassistant/light/porch/config", config)
	until(t, b, func() bool { return knows("turn on the porch light") })

	// Its state is followed, and asked about.
	say("porch/state", "ON")
	until(t, b, func() bool {
		return b.Ask(ctx, "is the porch light on", Request{}).Reply == "Yes, the porch light is on."
	})

	// What is not understood is skipped and told by the doctor; the rest works.
	say("homeassistant/light/bad/config", `{"name": "Bad`)
	say("homeassistant/light/huge/config", `{"name":"`+strings.Repeat("x", 300<<10)+`"}`)
	say("homeassistant/light/deaf/config", `{"name":"Deaf","unique_id":"d1"}`)
	until(t, b, func() bool { return len(b.house.Now().Faults) == 3 })
	findings := b.Doctor(ctx)
	for _, topic := range []string{"homeassistant/light/bad/config", "homeassistant/light/huge/config", "homeassistant/light/deaf/config"} {
		if !slices.ContainsFunc(findings, func(f Finding) bool {
			return strings.HasPrefix(f.Part, topic) && !f.OK && strings.HasPrefix(f.Text, "not speakable: ")
		}) {
			t.Errorf("the doctor does not tell of %s: %+v", topic, findings)
		}
	}
	if !knows("turn on the porch light") {
		t.Error("the good device was lost")
	}

	// An empty payload removes it.
	say("homeassistant/light/porch/config", "")
	until(t, b, func() bool { return !knows("turn on the porch light") })
}

// `why` looks back over the last requests, and only in memory.
func TestWhyKeepsTheLastRequests(t *testing.T) {
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	for range kept + 1 {
		b.Ask(within(t), "is the lamp on", Request{})
	}
	b.Ask(within(t), "turn on the lamp", Request{})
	last := b.results.Last(kept * 2)
	if len(last) != kept || last[0].Number != kept+2 || *last[0].Intent != "HassTurnOn" {
		t.Fatalf("%d kept, the newest is %s", len(last), last[0])
	}
	var names []string
	for _, s := range last[0].Stages {
		names = append(names, s.Name)
	}
	if got := strings.Join(names, " "); got != "resolve plan publish confirm" {
		t.Errorf("stages %s", got)
	}
	files, err := os.ReadDir(b.options.StateDir)
	if err != nil || len(files) > 1 || len(files) == 1 && files[0].Name() != "control.sock" {
		t.Errorf("something was written to the disk: %v %v", files, err)
	}
}

// Nothing that was said reaches the log at its usual level.
func TestLogHasNoTranscripts(t *testing.T) {
	var log logbook
	var level slog.LevelVar
	b := newBox(t, oneLamp, free(), true)
	b.log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: &level}))
	run(t, b.Run)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	before := len(log.text())
	b.Ask(within(t), "turn on the lamp", Request{})
	if said := log.text()[before:]; strings.Contains(said, "lamp") {
		t.Errorf("the log says %s", said)
	}
	level.Set(slog.LevelDebug)
	b.Ask(within(t), "turn on the lamp", Request{})
	if !strings.Contains(log.text(), "turn on the lamp") {
		t.Error("at debug level the log does not say what was asked, so the check above proves nothing")
	}
}

// logbook is a log that may be read while it is written.
type logbook struct {
	mu   sync.Mutex
	said strings.Builder
}

func (j *logbook) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.said.Write(p)
}

func (j *logbook) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.said.String()
}

// The JSON of a result has the fields that docs/cli.md promises.
func TestResultsFieldsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(b.Ask(within(t), "turn on the lamp", Request{Room: "hall"}))
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	if len(fields) < 10 {
		t.Errorf("only %d fields: %s", len(fields), data)
	}
	for name := range fields {
		if !strings.Contains(string(doc), "`"+name+"`") {
			t.Errorf("docs/cli.md does not tell of the field %q", name)
		}
	}
}

// A broker that hangs while a command goes out: nobody knows whether it was
// done, so that is what is said, and the message stays on record.
func TestBrokerThatHangs(t *testing.T) {
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	r := Result{Actions: []Action{{Topic: "a"}, {Topic: "b"}, {Topic: "c"}}}
	h := b.house.Now().Home
	for _, tt := range []struct {
		name  string
		sent  int
		err   error
		left  int
		reply string
	}{
		{"not connected", 0, &mqtt.OfflineError{}, 0, "I cannot reach the broker, so the command was not sent."},
		{"lost after the first", 1, &mqtt.OfflineError{}, 1, h.LostBroker()},
		{"no acknowledgement", 0, context.DeadlineExceeded, 1, h.LostBroker()},
		{"no acknowledgement of the second", 1, context.DeadlineExceeded, 2, h.LostBroker()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := r
			in.Actions = slices.Clone(r.Actions)
			got := b.unsent(in, h, tt.sent, tt.err)
			if got.Reply != tt.reply || len(got.Actions) != tt.left || got.Fault == nil || got.Fault.Part != "broker" {
				t.Errorf("reply %q, %d actions, fault %+v", got.Reply, len(got.Actions), got.Fault)
			}
		})
	}
}
