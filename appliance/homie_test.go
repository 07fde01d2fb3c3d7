package appliance

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/mqtt"
)

// A board of the Homie convention, through a broker: it announces itself, is
// commanded, says what it did, and goes.
func TestHomieThroughABroker(t *testing.T) {
	b := start(t, `language = "en"`, free(), false)
	ctx := within(t)
	if err := b.client.Connected(ctx); err != nil {
		t.Fatal(err)
	}
	board, err := mqtt.NewClient(mqtt.ClientOptions{Broker: "tcp://" + b.broker.Addr(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	run(t, board.Run)
	if err := board.Connected(ctx); err != nil {
		t.Fatal(err)
	}
	say := func(lines ...string) {
		t.Helper()
		for _, line := range lines {
			topic, payload, _ := strings.Cut(line, " ")
			if err := board.Publish(ctx, mqtt.Message{Topic: topic, Payload: []byte(payload), QoS: 1, Retain: true}); err != nil {
				t.Fatal(err)
			}
		}
	}
	// It obeys, and says so.
	if err := board.Subscribe(ctx, func(m mqtt.Message) {
		if m.Retain {
			t.Errorf("%s is retained", m.Topic)
		}
		go board.Publish(ctx, mqtt.Message{Topic: strings.TrimSuffix(m.Topic, "/set"), Payload: m.Payload, QoS: 1, Retain: true})
	}, "homie/porch/light/on/set"); err != nil {
		t.Fatal(err)
	}
	say("homie/porch/$homie 4.0.0", "homie/porch/$state init", "homie/porch/$name Porch light", "homie/porch/$nodes light,meter",
		"homie/porch/light/$name Porch light", "homie/porch/light/$type light", "homie/porch/light/$properties on",
		"homie/porch/light/on/$datatype boolean", "homie/porch/light/on/$settable true", "homie/porch/light/on false",
		"homie/porch/meter/$properties power", "homie/porch/meter/power/$datatype watts", "homie/porch/meter/power 0")
	until(t, b, func() bool { return true })
	if len(b.house.Now().Home.Devices) != 0 {
		t.Error("half of it is announced")
	}
	say("homie/porch/$state ready")
	until(t, b, func() bool {
		d, ok := b.house.Now().Home.Device("light.porch_light")
		return ok && d.State == "off" && b.Ask(ctx, "turn on the porch light", Request{DryRun: true}).Intent != nil
	})
	if r := b.Ask(ctx, "turn on the porch light", Request{}); !r.Done() || r.Reply != "Porch light on." {
		t.Errorf("%s, fault %+v", r, r.Fault)
	}
	say("homie/porch/$state alert")
	until(t, b, func() bool { return len(b.house.Now().Alerts) == 1 })
	findings := b.Doctor(ctx)
	for _, want := range []string{"not speakable: the $datatype \"watts\" is not known", "says: it wants attention ($state is alert)"} {
		if !slices.ContainsFunc(findings, func(f Finding) bool { return strings.HasPrefix(f.Part, "homie/porch") && f.Text == want }) {
			t.Errorf("the doctor does not say %q: %+v", want, findings)
		}
	}
	say("homie/porch/$state lost")
	until(t, b, func() bool { d, _ := b.house.Now().Home.Device("light.porch_light"); return d.Offline })
	if r := b.Ask(ctx, "turn off the porch light", Request{}); r.Done() || r.Reply != "The porch light does not answer." {
		t.Errorf("%s", r)
	}
	say("homie/porch/$state ")
	until(t, b, func() bool { return len(b.house.Now().Home.Devices) == 0 })
}

// A lock that announces itself to a box is told by the doctor and approved
// through the control socket; without that, nothing is sent.
func TestApprovalOfABox(t *testing.T) {
	b := start(t, `language = "en"`, free(), false)
	b.house.Discover(mqtt.Message{Topic: "homeassistant/lock/gate/config", Payload: []byte(gateLock)})
	until(t, b, func() bool { return len(b.Pending()) == 1 && b.house.Now().Version == 1 })
	if !slices.ContainsFunc(b.Doctor(within(t)), func(f Finding) bool {
		return !f.OK && f.Part == "lock.garden_gate" && f.Hint == "cricket home approve lock.garden_gate"
	}) {
		t.Error("the doctor says nothing")
	}
	if r := b.Ask(within(t), "lock the garden gate", Request{}); r.Plan != "not_approved" || len(r.Actions) != 0 {
		t.Errorf("%s", r)
	}
	if err := b.house.Approve(within(t), "lock.garden_gate"); err != nil {
		t.Fatal(err)
	}
	until(t, b, func() bool { return b.house.Now().Version == 2 })
	if r := b.Ask(within(t), "lock the garden gate", Request{DryRun: true}); len(r.Actions) != 1 {
		t.Errorf("%s", r)
	}
}
