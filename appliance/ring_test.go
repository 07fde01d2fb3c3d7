package appliance

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/internal/trace"
	"github.com/cricket-home/cricket/mqtt"
)

// means carries out an intent as if it had been said in the hall.
func means(t *testing.T, b *Box, in intent.Intent) Result {
	t.Helper()
	return meansIn(t, b, in, "hall")
}

func meansIn(t *testing.T, b *Box, in intent.Intent, room string) Result {
	t.Helper()
	tr := &trace.Trace{Time: time.Now()}
	return b.keep(b.carryOut(within(t), Result{Text: "what was said"}, in, Request{Room: room}, tr), tr)
}

func lamp(name string) intent.Intent {
	return intent.Intent{Name: name, Targets: []string{"light.lamp"}, Slots: map[string]any{"name": "Lamp"}}
}

func named(name string) intent.Intent { return intent.Intent{Name: name} }

// What was done in a room is undone there, and what was undone done again.
func TestUndoInARoom(t *testing.T) {
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	state := func() string { d, _ := b.house.Now().Home.Device("light.lamp"); return d.State }
	if r := means(t, b, named("CricketUndo")); r.Reply != "There is nothing that I can undo." || r.Done() {
		t.Errorf("%s", r)
	}
	means(t, b, lamp("HassTurnOn"))
	if r := means(t, b, named("CricketWhy")); r.Reply != "Because I heard: what was said. Lamp on." {
		t.Errorf("%s", r)
	}
	if r := means(t, b, named("CricketUndo")); !r.Done() || r.Reply != "Lamp is off." || state() != "off" {
		t.Errorf("%s, the lamp is %s", r, state())
	}
	if r := means(t, b, named("CricketUndo")); !r.Done() || state() != "on" {
		t.Errorf("%s, the lamp is %s", r, state())
	}
	if r := b.Ask(within(t), "undo", Request{Room: ""}); r.Done() {
		t.Errorf("in another room: %s", r)
	}
	means(t, b, intent.Intent{Name: "HassShoppingListAddItem", Slots: map[string]any{"item": "milk"}})
	if r := means(t, b, named("CricketUndo")); r.Reply != "Undone: I took milk off the shopping list." || slices.ContainsFunc(b.agenda.Book().Lists, func(l schedule.List) bool { return len(l.Items) > 0 }) || state() != "on" {
		t.Errorf("%s, %+v", r, b.agenda.Book())
	}
	// A dry run is not what was done last.
	b.Ask(within(t), "turn off the lamp", Request{Room: "hall", DryRun: true})
	if r := means(t, b, named("CricketWhatHeard")); r.Reply != "I heard: what was said." {
		t.Errorf("%s", r)
	}
}

// A device that is gone meanwhile cannot be brought back, nor commanded for later.
func TestUndoOfADeviceThatIsGone(t *testing.T) {
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	means(t, b, lamp("HassTurnOn"))
	if err := b.devices.Stop(within(t), "light.lamp"); err != nil {
		t.Fatal(err)
	}
	until(t, b, func() bool { d, _ := b.house.Now().Home.Device("light.lamp"); return d.Offline })
	if r := means(t, b, named("CricketUndo")); r.Done() || r.Reply != "The lamp does not answer." || r.Fault == nil {
		t.Errorf("%s", r)
	}
	off := lamp("HassTurnOff")
	later := intent.Intent{Name: "HassStartTimer", Slots: map[string]any{"minutes": 5.0, "conversation_command": "turn off the lamp"}, Command: &off}
	if r := means(t, b, later); !r.Done() || r.Reply != "In five minutes: turn off the lamp." {
		t.Errorf("it may be back by then: %s", r)
	}
	off.Targets = []string{"light.gone"}
	if r := means(t, b, later); r.Done() {
		t.Errorf("%s", r)
	}
}

// "Yes" is an answer to the one thing that was asked about, for a while.
func TestYes(t *testing.T) {
	now := time.Now()
	open := lamp("HassTurnOn")
	var r rooms
	asked := talk{}.next(Result{}, intent.Intent{Refusal: intent.Ambiguous, Open: &open}, home.Plan{}, now)
	r.put("hall", "anna", asked)
	yes := named("CricketYes")
	for _, tt := range []struct {
		name, room, person string
		after              time.Duration
		want               string
	}{
		{"at once", "hall", "", 5 * time.Second, "HassTurnOn"},
		{"too late", "hall", "anna", contextTime + time.Second, "CricketYes"},
		{"in another room", "kitchen", "", 0, "CricketYes"},
		{"who went to another room", "kitchen", "anna", 0, "HassTurnOn"},
		{"somebody else in another room", "kitchen", "ben", 0, "CricketYes"},
	} {
		if got := r.of(tt.room, tt.person, now.Add(tt.after)).answered(yes); got.Name != tt.want {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
	open.Targets = []string{"light.lamp", "light.other"}
	if got := asked.answered(yes); got.Refusal != intent.Ambiguous || len(got.Candidates) != 2 {
		t.Errorf("yes to two: %+v", got)
	}
	open.Tier = intent.Repair // it was understood, and only not sure
	if got := asked.answered(yes); got.Name != "HassTurnOn" || len(got.Targets) != 2 {
		t.Errorf("yes to what was not sure: %+v", got)
	}
	open.Tier = ""
	for _, unheard := range []intent.Refusal{intent.NotRecognized, intent.NotCommand} {
		if after := asked.next(Result{}, intent.Intent{Refusal: unheard}, home.Plan{}, now); after.context.Open == nil {
			t.Errorf("the question is closed after what was %s", unheard)
		}
	}
	if after := asked.next(Result{}, named("CricketNo"), home.Plan{}, now); after.context.Open != nil {
		t.Error("the question is still open after no")
	}
}

// What is due is carried out, rings, is told on the broker and in why, and is stopped.
func TestDue(t *testing.T) {
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	events := make(chan string, 10)
	follower, err := mqtt.NewClient(mqtt.ClientOptions{Broker: "tcp://" + b.broker.Addr(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	run(t, follower.Run)
	if err := follower.Connected(within(t)); err != nil {
		t.Fatal(err)
	}
	err = follower.Subscribe(within(t), func(m mqtt.Message) {
		var e struct{ Event, Kind, Name string }
		if err := json.Unmarshal(m.Payload, &e); err != nil {
			t.Errorf("%s: %v", m.Payload, err)
		}
		events <- e.Event + " " + e.Kind + " " + e.Name
	}, "cricket/+/schedule")
	if err != nil {
		t.Fatal(err)
	}
	event := func(want string) {
		t.Helper()
		select {
		case got := <-events:
			if got != want {
				t.Errorf("event %q, want %q", got, want)
			}
		case <-within(t).Done():
			t.Fatalf("no event %q", want)
		}
	}

	on := lamp("HassTurnOn")
	b.agenda.due <- Due{Entry: schedule.Entry{ID: 7, Kind: schedule.Command, Name: "lamp on", Room: "hall", Command: &on}}
	event("done command lamp on")
	if d, _ := b.house.Now().Home.Device("light.lamp"); d.State != "on" {
		t.Errorf("the lamp is %s", d.State)
	}
	if last := b.results.Last(1)[0]; last.Due != "command" || last.Planned != "lamp on" || !last.Done() || last.Room != "hall" {
		t.Errorf("why says %s", last)
	}
	if r := means(t, b, named("CricketWhy")); r.Reply != "Because that was planned: lamp on. Lamp on." {
		t.Errorf("%s", r)
	}
	b.agenda.due <- Due{Entry: schedule.Entry{ID: 7, Kind: schedule.Command, Name: "lamp off", Command: &on}, Missed: true}
	event("missed command lamp off")
	if last := b.results.Last(1)[0]; last.Reply != "I was off and missed this: lamp off." {
		t.Errorf("why says %s", last)
	}

	means(t, b, intent.Intent{Name: "HassStartTimer", Slots: map[string]any{"seconds": 0.4, "name": "egg"}})
	if len(b.Planned()) != 0 {
		t.Errorf("a timer of no time: %+v", b.Planned())
	}
	means(t, b, intent.Intent{Name: "HassStartTimer", Slots: map[string]any{"seconds": 1.0, "name": "egg"}})
	event("ringing timer egg")
	if p := b.Planned(); len(p) != 1 || p[0].State != "ringing" || p[0].Room != "Hall" || p[0].Left > 0 {
		t.Errorf("%+v", p)
	}
	if r := means(t, b, named("HassNevermind")); r.Reply != "OK." || len(b.Planned()) != 0 {
		t.Errorf("%s, %+v", r, b.Planned())
	}
	event("stopped timer egg")
	means(t, b, intent.Intent{Name: "HassStartTimer", Slots: map[string]any{"minutes": 5.0}})
	means(t, b, intent.Intent{Name: "HassStartTimer", Slots: map[string]any{"minutes": 7.0}})
	if p := b.Planned(); len(p) != 2 || p[0].Length != 300 || p[1].Length != 420 {
		t.Errorf("two timers without a name cannot be told apart: %+v", p)
	}
}

// The book of a box that was killed is there for the next one; a damaged one is
// told, kept, and replaced.
func TestBookOutlivesTheBox(t *testing.T) {
	h, err := home.Parse("home.toml", []byte(oneLamp))
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	open := func() *Box {
		t.Helper()
		runtime := shortDir(t)
		b, err := New(Options{Config: free(), Home: h, Devices: true, Keep: true, StateDir: state, RuntimeDir: runtime, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	live := func(do func(*Box)) {
		t.Helper()
		b := open()
		stop := run(t, b.Run)
		if err := b.Ready(within(t)); err != nil {
			t.Fatal(err)
		}
		do(b)
		stop()
	}
	live(func(b *Box) {
		means(t, b, intent.Intent{Name: "HassStartTimer", Slots: map[string]any{"hours": 1.0}})
		means(t, b, intent.Intent{Name: "HassShoppingListAddItem", Slots: map[string]any{"item": "milk"}})
	})
	live(func(b *Box) {
		if r := means(t, b, named("HassTimerStatus")); !strings.HasPrefix(r.Reply, "One hour left") && !strings.HasPrefix(r.Reply, "59 minutes") && !strings.HasPrefix(r.Reply, "60 minutes") {
			t.Errorf("%s", r)
		}
		if r := means(t, b, named("CricketListRead")); r.Reply != "On the shopping list: milk." {
			t.Errorf("%s", r)
		}
	})
	if err := os.WriteFile(state+"/schedule.json", []byte("milk"), 0o600); err != nil {
		t.Fatal(err)
	}
	live(func(b *Box) {
		if f := b.checkSchedule(); f.OK || !strings.Contains(f.Text, "schedule.json.damaged-") {
			t.Errorf("the doctor says %+v", f)
		}
		if r := means(t, b, named("CricketListRead")); r.Reply != "The shopping list is empty." { // milk came last
			t.Errorf("%s", r)
		}
		if r := means(t, b, named("HassTimerStatus")); !strings.Contains(r.Reply, "left on the timer") {
			t.Errorf("%s", r)
		}
	})
	// A file that cannot be opened stops what needs it, and nothing else.
	if err := errors.Join(os.Remove(state+"/schedule.json"), os.Mkdir(state+"/schedule.json", 0o700)); err != nil {
		t.Fatal(err)
	}
	live(func(b *Box) {
		if f := b.checkSchedule(); f.OK || !strings.Contains(f.Text, "is a directory") {
			t.Errorf("the doctor says %+v", f)
		}
		if r := means(t, b, intent.Intent{Name: "HassStartTimer", Slots: map[string]any{"hours": 1.0}}); r.Done() || !strings.HasPrefix(r.Reply, "I cannot write that down") {
			t.Errorf("%s", r)
		}
		if r := means(t, b, lamp("HassTurnOn")); !r.Done() {
			t.Errorf("%s", r)
		}
	})
}

// A disk that is full is told in the reply, and nothing is half done.
func TestReplyOfAFullDisk(t *testing.T) {
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := b.house.do(within(t), func() {}); err != nil {
		t.Fatal(err)
	}
	full := func(f func()) {
		done := make(chan struct{})
		b.agenda.inbox <- func() { f(); close(done) }
		<-done
	}
	full(func() {
		p := &paper{}
		p.full.Store(true)
		b.agenda.keep = p
	})
	const sorry = "I cannot write that down, so it is not done; please look at my memory card."
	r := means(t, b, intent.Intent{Name: "HassStartTimer", Slots: map[string]any{"minutes": 5.0}})
	if r.Reply != sorry || r.Fault == nil || r.Fault.Part != "schedule" || len(b.Planned()) != 0 {
		t.Errorf("%s", r)
	}
	later := lamp("HassTurnOff")
	both := lamp("HassTurnOn")
	both.Also = []intent.Intent{{Name: "HassStartTimer", Slots: map[string]any{"minutes": 5.0}, Command: &later}}
	if r := means(t, b, both); r.Reply != "Lamp on. "+sorry || r.Done() {
		t.Errorf("%s", r)
	}
	full(func() { b.agenda.keep = forgetful{} })
	if r := means(t, b, named("CricketUndo")); r.Reply != "Lamp is off." {
		t.Errorf("%s", r)
	}
}

// After a power cut this box is up before the broker and the devices: what is due
// waits for them a little.
func TestDueWaitsForTheBroker(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := DefaultConfig()
	c.MQTT.Broker = "tcp://" + l.Addr().String()
	l.Close()
	b := start(t, oneLamp, c, true)
	on := lamp("HassTurnOn")
	b.agenda.due <- Due{Entry: schedule.Entry{ID: 1, Kind: schedule.Command, Name: "lamp on", Command: &on}}
	broker, err := mqtt.NewBroker(mqtt.BrokerOptions{Address: l.Addr().String(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	run(t, broker.Run)
	until(t, b, func() bool { return len(b.results.Last(1)) > 0 })
	if last := b.results.Last(1)[0]; !last.Done() || last.Reply != "Hall lamp on." {
		t.Errorf("%s, fault %+v", last, last.Fault)
	}
}
