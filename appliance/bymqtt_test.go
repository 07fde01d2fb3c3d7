package appliance

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
)

const hallWithDoor = oneLamp + `
[[device]]
id = "lock.front_door"
name = "Front door"
area = "hall"
state = "locked"
[[device]]
id = "cover.garage_door"
name = "Garage door"
device_class = "garage"
area = "hall"
state = "closed"
`

// Whoever reaches the broker can write a request; what needs somebody in the room is
// refused then, at once, later, by a question that is open in the room, and by undoing.
func TestTextByMQTTDoesNotConfirm(t *testing.T) {
	c := free()
	c.Room = "hall"
	dir := shortDir(t)
	h, err := home.Parse("home.toml", []byte(hallWithDoor))
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(Options{Config: c, Home: h, Devices: true, Keep: true, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	run(t, b.Run)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	demo := look(t, b.client.Status().Broker, "cricket/demo/#", "cricket/"+node()+"/intent")
	ask := func(text string) {
		t.Helper()
		before := b.results.Last(1)
		demo.forget()
		demo.publish("cricket/"+node()+"/ask/set", text)
		demo.sees("cricket/"+node()+"/intent", `"source":"mqtt"`)
		until(t, b, func() bool { // it is kept a little later
			last := b.results.Last(1)
			return len(last) == 1 && (len(before) == 0 || !last[0].Time.Equal(before[0].Time))
		})
	}
	nothing := func(when string) {
		t.Helper()
		for _, topic := range []string{"cricket/demo/lock/front_door/set", "cricket/demo/cover/garage_door/set"} {
			if demo.has(topic) {
				t.Errorf("%s: something was sent to %s", when, topic)
			}
		}
		if len(b.Planned()) > 0 {
			t.Errorf("%s: %+v is planned", when, b.Planned())
		}
	}
	for _, text := range []string{"unlock the front door", "open the garage door", "unlock the front door in ten seconds",
		"turn on the lamp and unlock the front door", "set the garage door to 50 percent"} {
		ask(text)
		nothing(text)
		ask("yes")
		nothing(text + ", yes")
	}
	r := b.results.Last(1)[0]
	if r.Source != home.ByMQTT {
		t.Errorf("the last request is said to come from %q", r.Source)
	}

	// Home Assistant's field holds 255 characters. A longer request that is cut there asks for more than
	// whoever wrote it wants.
	start := "turn on the lamp " + strings.Repeat("and turn off the lamp and turn on the lamp ", 6)
	ask(start[:254-len(" turn off the lamp")] + " turn off the lamp in ten seconds, and then feed the cat")
	if r := b.results.Last(1)[0]; len(r.Actions) > 0 || !strings.HasSuffix(r.Text, "feed the cat") {
		t.Errorf("of a long request %q was carried out: %s", r.Text, r)
	}

	// What was asked in the room is for the room to answer, and nobody reads what was said there.
	b.Ask(within(t), "unlock the front door", Request{Room: "hall"})
	ask("yes")
	nothing("the question of the room")
	ask("what did you hear")
	if r := b.results.Last(1)[0]; strings.Contains(r.Reply, "front door") {
		t.Errorf("whoever writes to a topic is told what was said in the room: %q", r.Reply)
	}
	b.Ask(within(t), "turn on the lamp", Request{Room: "hall"})
	ask("why did the lamp go on")
	if r := b.results.Last(1)[0]; strings.Contains(r.Reply, "I heard: turn on") {
		t.Errorf("whoever writes to a topic is told what was said in the room: %q", r.Reply)
	}

	// Locking is for anybody, undoing it is not.
	ask("lock the front door")
	demo.sees("cricket/demo/lock/front_door/set", "LOCK")
	ask("unlock the front door")
	ask("undo that")
	if m := demo.sees("cricket/demo/lock/front_door/set", ""); string(m.Payload) != "LOCK" {
		t.Errorf("undone: %s was sent", m.Payload) // it was locked before
	}

	// And the room neither goes on from, nor answers, what came by MQTT.
	ask("turn off the lamp")
	if r := b.Ask(within(t), "undo that", Request{Room: "kitchen"}); len(r.Actions) > 0 {
		t.Errorf("the kitchen undid what came by MQTT: %s", r)
	}
}

// What is due may be due in an empty house.
func TestPlannedCommandDoesNotConfirm(t *testing.T) {
	if home.Planned.MayConfirm() || home.ByMQTT.MayConfirm() || !home.InTheRoom.MayConfirm() {
		t.Error("who may confirm")
	}
	b := start(t, hallWithDoor, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	in := b.house.Now().Resolver.Resolve(intent.Query{Text: "turn on the lamp and unlock the front door"})
	b.carryDue(within(t), schedule.Entry{ID: 1, Kind: schedule.Command, Command: &in})
	due := b.results.Last(1)[0]
	if due.Source != home.Planned || len(due.Actions) != 1 || !strings.Contains(due.Reply, "only for somebody in the room") {
		t.Errorf("%s from %q", due, due.Source)
	}
}
