package appliance

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/mqtt"
)

func TestUsualTimeOfADevice(t *testing.T) {
	ms := func(n ...int) (all []time.Duration) {
		for _, n := range n {
			all = append(all, time.Duration(n)*time.Millisecond)
		}
		return all
	}
	for _, tt := range []struct {
		name     string
		answered []time.Duration
		want     time.Duration
	}{
		{"it has never answered", nil, 2 * time.Second},
		{"at once", ms(5, 5, 5), time.Second},
		{"slow once", ms(3000), 9 * time.Second},
		{"slow and steady", ms(3000, 3000, 3000, 3000, 3000, 3000, 3000, 3000), 3801 * time.Millisecond},
		{"slower than anybody waits", ms(14000, 14000), 10 * time.Second},
		{"quick, with a slip", ms(50, 50, 50, 50, 1500), 1713 * time.Millisecond},
	} {
		a := answers{}
		for _, took := range tt.answered {
			a.learn("light.lamp", took)
		}
		if got := a.wait("light.lamp").Round(time.Millisecond); got != tt.want {
			t.Errorf("%s: waits %v, want %v", tt.name, got, tt.want)
		}
	}
}

// What was learned of a device holds through a restart; a file that is damaged, or says
// nonsense, costs nothing else.
func TestUsualTimesAreKept(t *testing.T) {
	dir := shortDir(t)
	open := func() *Box {
		b, err := New(Options{Config: free(), Keep: true, StateDir: dir, RuntimeDir: shortDir(t), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := open()
	stop := run(t, b.Run)
	b.answers.learn("light.slow", 3*time.Second)
	want := b.answers.wait("light.slow")
	stop()
	for _, damage := range []string{"", `{"light.slow":`, `{"light.slow":{"mean_ms":-5,"spread_ms":9999999}}`} {
		if damage != "" {
			want = answerTime
			if err := os.WriteFile(filepath.Join(dir, "answers.json"), []byte(damage), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		b := open()
		stop := run(t, b.Run)
		if got := b.answers.wait("light.slow"); got != want {
			t.Errorf("after %q it waits %v, want %v", damage, got, want)
		}
		stop()
	}
}

// A request is answered when the broker has it; what comes out otherwise is said after
// that, in the device's own time.
func TestTakenBeforeItIsConfirmed(t *testing.T) {
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	var taken []Result
	q := Request{Room: "hall", Taken: func(r Result) { taken = append(taken, r) }}
	r := b.Ask(within(t), "turn on the lamp", q)
	if !r.Done() || len(taken) != 1 || taken[0].Reply != r.Reply || taken[0].Actions[0].Confirmed != nil {
		t.Errorf("taken %v, then %v", taken, r)
	}
	if err := b.devices.Freeze(within(t), "light.lamp"); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		b.answers.learn("light.lamp", 10*time.Millisecond)
	}
	r = b.Ask(within(t), "turn off the lamp", q)
	if len(taken) != 2 || taken[1].Reply == r.Reply || r.Reply != "The lamp does not answer." {
		t.Errorf("taken %v, then %v", taken, r)
	}
	if r.Fault == nil || !strings.HasSuffix(r.Fault.Error, "within 1s") {
		t.Errorf("fault %+v", r.Fault)
	}
}

// Whoever looks why a device does not answer is told where it should have, and whether
// it ever has.
func TestWhereASilentDeviceShouldHaveAnswered(t *testing.T) {
	dir := shortDir(t)
	b, err := New(Options{Config: free(), Keep: true, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	run(t, b.Run)
	o := look(t, "tcp://"+b.broker.Addr())
	config := mqtt.Message{Topic: "homeassistant/light/x/config", QoS: 1, Retain: true,
		Payload: []byte(`{"name":"Lamp","uniq_id":"x","cmd_t":"x/set","stat_t":"x/it's","avty_t":"x/alive"}`)}
	if err := o.client.Publish(within(t), config); err != nil {
		t.Fatal(err)
	}
	until(t, b, func() bool { return b.house.Now().Version > 0 })
	b.answers.learn("light.lamp", time.Millisecond)
	r := b.Ask(within(t), "turn on the lamp", Request{})
	if f := r.Fault; f == nil || f.Error != "no confirmation on x/it's within 1s; nothing has ever come there" || f.Hint != `mosquitto_sub -v -t 'x/it'\''s'` {
		t.Errorf("%s: %+v", r, f)
	}
	if err := o.client.Publish(within(t), mqtt.Message{Topic: "x/it's", Payload: []byte("OFF"), QoS: 1, Retain: true}); err != nil {
		t.Fatal(err)
	}
	until(t, b, func() bool { d, _ := b.house.Now().Home.Device("light.lamp"); return d.State == "off" })
	if f := b.Ask(within(t), "turn on the lamp", Request{}).Fault; f == nil || f.Error != "no confirmation on x/it's within 1s" {
		t.Errorf("%+v", f)
	}
}

// A device that is as it should be need not say so again.
func TestSilentDeviceThatIsSoAlready(t *testing.T) {
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	if r := b.Ask(within(t), "turn on the lamp", Request{Room: "hall"}); !r.Done() {
		t.Fatal(r)
	}
	if err := b.devices.Freeze(within(t), "light.lamp"); err != nil {
		t.Fatal(err)
	}
	b.answers.learn("light.lamp", time.Millisecond)
	if r := b.Ask(within(t), "turn on the lamp", Request{Room: "hall"}); !r.Done() || r.Actions[0].Confirmed != nil {
		t.Errorf("%v, fault %+v, confirmed %v", r, r.Fault, r.Actions[0].Confirmed)
	}
}

// "Locked" is said when it is.
func TestNobodyIsToldTooSoonThatTheDoorIsLocked(t *testing.T) {
	b := start(t, strings.ReplaceAll(oneLamp, "light.lamp", "lock.lamp"), free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	r := b.Ask(within(t), "lock the lamp", Request{Room: "hall", Taken: func(r Result) { t.Errorf("told too soon: %s", r.Reply) }})
	if !r.Done() || len(r.Actions) != 1 {
		t.Errorf("%v, fault %+v", r, r.Fault)
	}
}

// What was spoken at once is spoken once, and corrected only if it came out otherwise.
func TestLiveSpeaksAgainOnlyIfItCameOutOtherwise(t *testing.T) {
	b, out, _ := stillBox(t, free())
	t.Cleanup(func() { b.control.Close(); b.closeBook() })
	l := b.live
	good, bad := Result{Reply: "Hall lamp on."}, Result{Reply: "The hall lamp does not answer."}
	ask := func() int {
		l.request++
		l.attention = Attention{talk: Thinking}
		return l.request
	}
	id := ask()
	l.speak(t.Context(), id, good)
	l.answered(t.Context(), id, good, &good)
	id = ask()
	l.speak(t.Context(), id, good)
	l.answered(t.Context(), id, bad, &good)
	l.answered(t.Context(), ask(), bad, nil)
	if want := []string{"say Hall lamp on.", "say Hall lamp on.", "say The hall lamp does not answer."}; !slices.Equal(out.all(), want) {
		t.Errorf("it answered %q", out.all())
	}
	if len(b.speech.queue) != 1 || b.speech.queue[0].text != bad.Reply {
		t.Errorf("it told %v", b.speech.queue)
	}
}

// What a device's own config says is not followed: a retained command would be obeyed
// again at every connection.
func TestCommandsAreAcknowledgedAndNeverRetained(t *testing.T) {
	b := start(t, `language = "en"`, free(), false)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	device := look(t, b.client.Status().Broker, "porch/set")
	publish := func(topic, text string) {
		t.Helper()
		if err := device.client.Publish(within(t), mqtt.Message{Topic: topic, Payload: []byte(text), QoS: 1, Retain: true}); err != nil {
			t.Fatal(err)
		}
	}
	publish("homeassistant/light/porch/config", `{"name":"Porch light","unique_id":"p1","command_topic":"porch/set","retain":true,"qos":0}`)
	until(t, b, func() bool { return b.Ask(within(t), "turn on the porch light", Request{}).Done() })
	m := device.sees("porch/set", "ON")
	if m.Retain {
		t.Error("it arrived retained")
	}
	if m := look(t, b.client.Status().Broker, "porch/set", "homeassistant/#").sees("homeassistant/light/porch/config", "p1"); !m.Retain {
		t.Error("the onlooker sees nothing that is retained")
	}
}
