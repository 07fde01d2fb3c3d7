package appliance

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// dwelling is a house that runs without a box: discovery goes in, and sentences
// are planned.
type dwelling struct {
	*House
	t    *testing.T
	stop func()
}

// dwell runs a house that keeps whom it trusts in a directory, where one is given.
func dwell(t *testing.T, toml, dir string) *dwelling {
	t.Helper()
	h, err := home.Parse("home.toml", []byte(toml))
	if err != nil {
		t.Fatal(err)
	}
	sentences, err := Sentences(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	d := &dwelling{House: NewHouse(h, sentences, "homeassistant", slog.New(slog.DiscardHandler)), t: t}
	if dir != "" {
		l, trust, err := openTrust(dir, d.log)
		if err != nil {
			t.Fatal(err)
		}
		d.trustIn(l, trust)
	}
	stop := run(t, d.Run)
	drain, cancel := context.WithCancel(t.Context())
	go func() {
		for {
			select {
			case <-d.followed:
			case <-drain.Done():
				return
			}
		}
	}()
	d.stop = func() {
		stop()
		cancel()
		if err := d.flushTrust(); err != nil {
			t.Error(err)
		}
	}
	return d
}

// says publishes a discovery message and waits until the house has taken it in.
func (d *dwelling) says(topic, payload string) {
	d.t.Helper()
	d.Discover(mqtt.Message{Topic: topic, Payload: []byte(payload)})
	d.quiet()
}

// quiet waits until the house has nothing to do.
func (d *dwelling) quiet() {
	d.t.Helper()
	ctx := within(d.t)
	for busy := true; busy; {
		if err := d.do(ctx, func() { busy = d.building || len(d.batch) > 0 || d.news }); err != nil {
			d.t.Fatal(err)
		}
	}
}

// asks is what is sent for a sentence, and the reply.
func (d *dwelling) asks(text string) (sent, reply string) {
	s := d.Now()
	in := s.Resolver.Resolve(intent.Query{Text: text})
	p := s.Home.Plan(in, home.At("", time.Now()))
	var all []string
	for _, a := range p.Actions {
		for _, m := range a.Messages {
			all = append(all, m.Topic+" "+string(m.Payload))
		}
	}
	return strings.Join(all, "; "), p.Reply
}

func (d *dwelling) pending() []string {
	var out []string
	for _, n := range d.Now().Home.Newcomers() {
		out = append(out, fmt.Sprintf("%s %s %s", n.ID, n.Reason, n.Rival))
	}
	return out
}

const (
	gateLock   = `{"name":"Garden gate","unique_id":"g1","command_topic":"gate/set","state_topic":"gate/state","device":{"identifiers":["gate"]}}`
	hallLamp   = `{"name":"Hall lamp","unique_id":"h1","command_topic":"lamp/set","state_topic":"lamp/state","device":{"identifiers":["lamp"]}}`
	impostor   = `{"name":"hall LAMP","unique_id":"x9","command_topic":"evil/set","device":{"identifiers":["evil"]}}`
	takeover   = `{"name":"Lamp of the hall","unique_id":"h1","command_topic":"evil/set","device":{"identifiers":["evil"]}}`
	borrowedID = `{"name":"Other","unique_id":"x8","default_entity_id":"light.hall_lamp","command_topic":"evil/set","device":{"identifiers":["evil"]}}`
)

// A new lock is not used until its owner approves it, in an empty home neither;
// who asks for it is told why. An approval holds after a restart.
func TestNewLockWaits(t *testing.T) {
	dir := t.TempDir()
	d := dwell(t, "", dir)
	d.says("homeassistant/lock/gate/config", gateLock)
	if got := d.pending(); !slices.Equal(got, []string{"lock.garden_gate opens_house "}) {
		t.Fatalf("pending %q", got)
	}
	sent, reply := d.asks("lock the garden gate")
	if sent != "" || reply != "There is a new device called garden gate that could open the house; the owner must approve it before I use it." {
		t.Errorf("sends %q, says %q", sent, reply)
	}
	if len(d.Now().Home.Devices) != 0 {
		t.Error("it is a device")
	}
	if err := d.Approve(within(t), "lock.front_door"); err == nil {
		t.Error("nobody waits under that id")
	}
	if err := d.Approve(within(t), "lock.garden_gate"); err != nil {
		t.Fatal(err)
	}
	d.quiet()
	if sent, _ := d.asks("lock the garden gate"); sent != "gate/set LOCK" || len(d.pending()) != 0 {
		t.Errorf("approved, it is sent %q; pending %q", sent, d.pending())
	}
	d.stop()

	d = dwell(t, "", dir)
	d.says("homeassistant/lock/other/config", gateLock) // the same lock from another topic
	if got := d.pending(); !slices.Equal(got, []string{"lock.garden_gate_2 unique_id lock.garden_gate"}) {
		t.Errorf("pending %q", got)
	}
	d.says("homeassistant/lock/gate/config", gateLock)
	if sent, _ := d.asks("lock the garden gate"); sent != "gate/set LOCK" {
		t.Errorf("after a restart it is sent %q; pending %q", sent, d.pending())
	}
	d.says("homeassistant/lock/gate/config", "") // a bridge that restarts takes back and announces again
	d.says("homeassistant/lock/other/config", "")
	d.says("homeassistant/lock/gate/config", gateLock)
	if sent, _ := d.asks("lock the garden gate"); sent != "gate/set LOCK" {
		t.Errorf("announced again it is sent %q; pending %q", sent, d.pending())
	}
	d.stop()
}

// A lock that was approved and then sends its commands elsewhere, believes somebody
// else, or calls unlocking LOCK, is another lock. What it was before is taken in again.
func TestApprovedLockThatChangesWaits(t *testing.T) {
	changed := map[string]string{
		"command topic":      strings.Replace(gateLock, "gate/set", "evil/set", 1),
		"state topic":        strings.Replace(gateLock, "gate/state", "evil/state", 1),
		"payload":            strings.Replace(gateLock, `{`, `{"payload_lock":"UNLOCK",`, 1),
		"command template":   strings.Replace(gateLock, `{`, `{"command_template":"UNLOCK",`, 1),
		"state template":     strings.Replace(gateLock, `{`, `{"value_template":"LOCKED",`, 1),
		"state words":        strings.Replace(gateLock, `{`, `{"state_locked":"UNLOCKED","state_unlocked":"LOCKED",`, 1),
		"two steps, a pause": "",
	}
	for name, payload := range changed {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d := dwell(t, "", dir)
			d.says("homeassistant/lock/gate/config", gateLock)
			if err := d.Approve(within(t), "lock.garden_gate"); err != nil {
				t.Fatal(err)
			}
			d.quiet()
			if payload == "" { // it goes, and comes back as another
				d.says("homeassistant/lock/gate/config", "")
				payload = changed["command topic"]
			}
			d.says("homeassistant/lock/gate/config", payload)
			check := func(when string) {
				t.Helper()
				if got := d.pending(); len(got) != 1 || !strings.Contains(got[0], "rewired") {
					t.Errorf("%s: pending %q", when, got)
				}
				sent, reply := d.asks("lock the garden gate")
				if sent != "" || !strings.Contains(reply, "must approve") {
					t.Errorf("%s: sends %q, says %q", when, sent, reply)
				}
			}
			check("changed")
			d.stop()
			d = dwell(t, "", dir)
			d.says("homeassistant/lock/gate/config", payload)
			check("after a restart")
			d.says("homeassistant/lock/gate/config", gateLock)
			if sent, _ := d.asks("lock the garden gate"); sent != "gate/set LOCK" {
				t.Errorf("as it was, it is sent %q; pending %q", sent, d.pending())
			}
			d.says("homeassistant/lock/gate/config", payload)
			if err := d.Approve(within(t), d.Now().Home.Newcomers()[0].ID); err != nil {
				t.Fatal(err)
			}
			d.quiet()
			if sent, reply := d.asks("lock the garden gate"); sent == "" {
				t.Errorf("approved again: %q; pending %q", reply, d.pending())
			}
			d.stop()
		})
	}
	t.Run("a harmless change does not", func(t *testing.T) {
		d := dwell(t, "", "")
		d.says("homeassistant/lock/gate/config", gateLock)
		if err := d.Approve(within(t), "lock.garden_gate"); err != nil {
			t.Fatal(err)
		}
		d.quiet()
		d.says("homeassistant/lock/gate/config", strings.Replace(gateLock, `{`, `{"icon":"mdi:gate",`, 1))
		if got := d.pending(); len(got) > 0 {
			t.Errorf("pending %q", got)
		}
	})
	t.Run("one that home.toml has", func(t *testing.T) {
		d := dwell(t, "[[device]]\nid = \"lock.garden_gate\"\nname = \"Gate\"\n", "")
		d.says("homeassistant/lock/gate/config", gateLock)
		d.says("homeassistant/lock/gate/config", "")
		d.says("homeassistant/lock/gate/config", changed["payload"])
		if got := d.pending(); len(got) != 1 || !strings.Contains(got[0], "rewired") {
			t.Errorf("pending %q", got)
		}
	})
}

// A name that is said like another takes it, however it is written.
func TestNamesThatAreSaidAlikeWait(t *testing.T) {
	for _, name := range []string{"hall LAMP", "Hall-lamp", "Hall lamp.", "Hall\u200b lamp", "Hall lamp\u200b", "Háll lamp", "The hall lamp", " Hall  lamp ", "Hall lamp!",
		"\u202eHall lamp", "hall_lamp", "Hall, lamp", "ＨＡＬＬ lamp", "“Hall lamp”", "Hаll lamp", "Hall lаmр"} { // the last two with Cyrillic letters
		d := dwell(t, "", "")
		d.says("homeassistant/light/lamp/config", hallLamp)
		payload, _ := json.Marshal(map[string]any{"name": name, "unique_id": "x9", "command_topic": "evil/set", "device": map[string]any{"identifiers": []string{"evil"}}})
		d.says("homeassistant/switch/evil/config", string(payload))
		if sent, reply := d.asks("turn on the hall lamp"); sent != "lamp/set ON" || len(d.pending()) != 1 {
			t.Errorf("%q: sends %q, says %q, pending %q", name, sent, reply, d.pending())
		}
		d.stop()
	}
}

// The room is part of what is said: whoever adds another's room to its name, or leaves it out, takes its name.
func TestNamesThatDifferByTheRoomWait(t *testing.T) {
	lamp := func(name, area, unique string) string {
		p, _ := json.Marshal(map[string]any{"name": name, "unique_id": unique, "command_topic": unique + "/set", "device": map[string]any{"identifiers": []string{unique}, "suggested_area": area}})
		return string(p)
	}
	for _, tt := range []struct {
		name, area     string // of the lamp that is there
		called, placed string // of the newcomer
		waits          bool
	}{
		{"Lamp", "Kitchen", "Kitchen lamp", "", true},
		{"Lamp", "Kitchen", "kitchen LAMP", "Hall", true},
		{"Lamp", "Kitchen", "Kitchen Lamp", "Kitchen", true},
		{"Kitchen Lamp", "", "Lamp", "Kitchen", true},
		{"Kitchen Lamp", "Kitchen", "Lamp", "Kitchen", true},
		{"Lamp", "Kitchen", "Lamp", "", true},
		{"Lamp", "", "Lamp", "Kitchen", true},
		{"Lamp", "Kitchen", "Lamp", "Hall", false},
		{"Lamp", "Kitchen", "Hall lamp", "", false},
		{"Kitchen Lamp", "Kitchen", "Hall lamp", "Hall", false},
		{"Lamp", "", "Kitchen lamp", "", false},
	} {
		t.Run(tt.name+" of "+tt.area+", "+tt.called+" of "+tt.placed, func(t *testing.T) {
			d := dwell(t, "", "")
			d.says("homeassistant/light/first/config", lamp(tt.name, tt.area, "first"))
			d.says("homeassistant/light/second/config", lamp(tt.called, tt.placed, "second"))
			if got := d.pending(); len(got) > 0 != tt.waits {
				t.Errorf("pending %q", got)
			}
			said := "turn on the kitchen lamp"
			if tt.name+tt.area == "Lamp" {
				said = "turn on the lamp"
			}
			if sent, reply := d.asks(said); tt.waits && sent != "first/set ON" {
				t.Errorf("%s: sends %q, says %q", said, sent, reply)
			}
		})
	}
}

// What a device is called by a part of its name is not another's; that part may be what many are called so.
func TestOtherNamesAreTaken(t *testing.T) {
	part := func(device, name, area, unique string) string {
		p, _ := json.Marshal(map[string]any{"name": name, "unique_id": unique, "command_topic": unique + "/set", "device": map[string]any{"identifiers": []string{unique}, "name": device, "suggested_area": area}})
		return string(p)
	}
	for _, tt := range []struct {
		name, newcomer string
		waits          bool
	}{
		{"the other name of one that is there, as its own", part("", "Lamp", "Kitchen", "second"), true},
		{"the same in another room", part("", "Lamp", "Hall", "second"), false},
		{"the same other name", part("Second unit", "Lamp", "Kitchen", "second"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := dwell(t, "", "")
			d.says("homeassistant/light/first/config", part("First unit", "Lamp", "Kitchen", "first"))
			d.says("homeassistant/light/second/config", tt.newcomer)
			if got := d.pending(); len(got) > 0 != tt.waits {
				t.Errorf("pending %q", got)
			}
			if sent, reply := d.asks("turn on the kitchen lamp"); tt.waits && sent != "first/set ON" {
				t.Errorf("sends %q, says %q", sent, reply)
			}
		})
	}
}

// Nobody has the name of a lock because they say that they are part of its device.
func TestNameOfALockWaits(t *testing.T) {
	d := dwell(t, "", "")
	d.says("homeassistant/lock/gate/config", gateLock)
	if err := d.Approve(within(t), "lock.garden_gate"); err != nil {
		t.Fatal(err)
	}
	d.quiet()
	part := `{"name":"Garden gate","unique_id":"g2","command_topic":"evil/set","device":{"identifiers":["gate"]}}`
	d.says("homeassistant/switch/gate/config", part)
	want := []string{"switch.garden_gate name lock.garden_gate"}
	if got := d.pending(); !slices.Equal(got, want) {
		t.Errorf("pending %q", got)
	}
	d.says("homeassistant/lock/gate/config", "") // nor once it is away
	d.says("homeassistant/switch/gate/config", part)
	if got := d.pending(); !slices.Equal(got, want) {
		t.Errorf("pending %q while the lock is away", got)
	}
}

// A lamp whose "on" goes to a lock unlocks nothing, whichever of the two announces
// itself first, and whether the lock was approved or not.
func TestLampThatUnlocks(t *testing.T) {
	for name, topic := range map[string]string{"the lock's topic": "gate/set", "below it": "gate/set/state"} {
		evil := `{"name":"Night light","unique_id":"n1","command_topic":"` + topic + `","payload_on":"UNLOCK","device":{"identifiers":["gate"]}}`
		for _, order := range []string{"lock first", "lamp first", "lock not approved"} {
			t.Run(name+", "+order, func(t *testing.T) {
				d := dwell(t, "", "")
				if order == "lamp first" {
					d.says("homeassistant/light/evil/config", evil)
					if sent, _ := d.asks("turn on the night light"); sent == "" {
						t.Error("nobody else listens there, and it is not used")
					}
				}
				d.says("homeassistant/lock/gate/config", gateLock)
				if order != "lock not approved" {
					if err := d.Approve(within(t), "lock.garden_gate"); err != nil {
						t.Fatal(err)
					}
				}
				d.says("homeassistant/light/evil/config", evil)
				sent, reply := d.asks("turn on the night light")
				if sent != "" || !strings.Contains(reply, "whose commands go to a lock") {
					t.Errorf("sends %q, says %q", sent, reply)
				}
				if n := len(d.Now().Home.Deputies()); n != 1 {
					t.Errorf("the doctor is told of %d", n)
				}
			})
		}
	}
}

// A button that somebody announced and that is the box's own restart is not pressed.
func TestButtonThatIsTheBoxItself(t *testing.T) {
	d := dwell(t, "", "")
	d.says("homeassistant/button/evil/config", `{"name":"Garden bell","unique_id":"b1","command_topic":"cricket/`+node()+`/restart/set"}`)
	sent, reply := d.asks("press the garden bell")
	if sent != "" || !strings.Contains(reply, "whose commands go to") {
		t.Errorf("sends %q, says %q", sent, reply)
	}
	if n := len(d.Now().Home.Deputies()); n != 1 {
		t.Errorf("the doctor is told of %d", n)
	}
}

// What takes the name, the unique id or the entity id of another waits,
// whichever of the two announces itself first after a restart.
func TestImpostorsWait(t *testing.T) {
	tests := []struct{ name, topic, payload, pending string }{
		{"its name", "homeassistant/switch/evil/config", impostor, "switch.hall_lamp name light.hall_lamp"},
		{"its unique id", "homeassistant/light/evil/config", takeover, "light.lamp_of_the_hall unique_id light.hall_lamp"},
		{"its entity id", "homeassistant/light/evil/config", borrowedID, "light.hall_lamp_2 entity_id light.hall_lamp"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			d := dwell(t, "", dir)
			check := func(when string) {
				t.Helper()
				if got := d.pending(); !slices.Equal(got, []string{tt.pending}) {
					t.Errorf("%s: pending %q, want %q", when, got, tt.pending)
				}
				if sent, reply := d.asks("turn on the hall lamp"); sent != "lamp/set ON" {
					t.Errorf("%s: sends %q, says %q", when, sent, reply)
				}
			}
			d.says("homeassistant/light/lamp/config", hallLamp)
			d.says(tt.topic, tt.payload)
			check("the lamp first")
			d.stop()

			d = dwell(t, "", dir)
			d.says(tt.topic, tt.payload)
			d.says("homeassistant/light/lamp/config", hallLamp)
			check("after a restart, the other first")

			// The lamp is gone for good: what took its place need not wait.
			d.says("homeassistant/light/lamp/config", "")
			if got := d.pending(); len(got) != 0 {
				t.Errorf("pending %q though nobody is in its place", got)
			}
			d.stop()
		})
	}
}

// Approving what takes a name is the owner's way to replace a lamp that broke
// while the box was off.
func TestReplacedLamp(t *testing.T) {
	dir := t.TempDir()
	d := dwell(t, "", dir)
	d.says("homeassistant/light/lamp/config", hallLamp)
	d.stop()
	d = dwell(t, "", dir)
	d.says("homeassistant/switch/evil/config", impostor)
	if err := d.Approve(within(t), "switch.hall_lamp"); err != nil {
		t.Fatal(err)
	}
	d.quiet()
	if sent, reply := d.asks("turn on the hall lamp"); sent != "evil/set ON" {
		t.Errorf("sends %q, says %q", sent, reply)
	}
	d.stop()
	d = dwell(t, "", dir)
	d.says("homeassistant/switch/evil/config", impostor)
	if got := d.pending(); len(got) != 0 {
		t.Errorf("pending again: %q", got)
	}
	d.stop()
}

// Who waits and who need not.
func TestWhoWaits(t *testing.T) {
	tests := []struct {
		name, toml string
		says       [][2]string
		devices    int
	}{
		{"a lock that home.toml has", "[[device]]\nid = \"lock.garden_gate\"\nname = \"Gate\"\n", [][2]string{{"lock/gate", gateLock}}, 1},
		{"a lock that home.toml knows by its unique id", "[[device]]\nid = \"lock.gate\"\nname = \"Gate\"\ndiscovery = { unique_id = \"g1\" }\n",
			[][2]string{{"lock/gate", gateLock}}, 1},
		{"the sensor of a plug that has its name", "", [][2]string{
			{"switch/plug", `{"unique_id":"p","command_topic":"p","device":{"identifiers":["p"],"name":"Plug"}}`},
			{"sensor/plug", `{"unique_id":"p2","state_topic":"p","device_class":"power","device":{"identifiers":["p"],"name":"Plug"}}`}}, 2},
		{"ceiling lights of two rooms", "", [][2]string{
			{"light/a", `{"name":"Ceiling light","unique_id":"a","command_topic":"a","device":{"identifiers":["a"],"suggested_area":"Kitchen"}}`},
			{"light/b", `{"name":"Ceiling light","unique_id":"b","command_topic":"b","device":{"identifiers":["b"],"suggested_area":"Hall"}}`}}, 2},
		{"settings of two devices", "", [][2]string{
			{"switch/a", `{"name":"LED","unique_id":"a","command_topic":"a","entity_category":"config","device":{"identifiers":["a"]}}`},
			{"switch/b", `{"name":"LED","unique_id":"b","command_topic":"b","entity_category":"config","device":{"identifiers":["b"]}}`}}, 2},
		{"what says that it moves", "", [][2]string{
			{"light/lamp", hallLamp}, {"light/lamp", `{"migrate_discovery":true}`}, {"light/new/lamp", hallLamp}, {"light/lamp", ""}}, 1},
		{"the name that home.toml gives to another", "[[device]]\nid = \"light.zigbee_17\"\nname = \"Hall lamp\"\n", [][2]string{{"light/lamp", hallLamp}}, 0},
		{"the name of a group", "[[group]]\nid = \"group.hall\"\nname = \"Hall lamp\"\nmembers = []\n", [][2]string{{"light/lamp", hallLamp}}, 0},
		{"a name that is another's behind the device's", "", [][2]string{{"light/lamp", hallLamp},
			{"light/evil", `{"name":"Hall lamp","unique_id":"x","command_topic":"x","device":{"identifiers":["x"],"name":"Evil"}}`}}, 1},
		{"relays of two boards", "", [][2]string{
			{"switch/a", `{"name":"Relay","unique_id":"a","command_topic":"a","device":{"identifiers":["a"],"name":"Pump board"}}`},
			{"switch/b", `{"name":"Relay","unique_id":"b","command_topic":"b","device":{"identifiers":["b"],"name":"Gate board"}}`}}, 2},
		{"a blind", "", [][2]string{{"cover/a", `{"name":"Blind","unique_id":"a","command_topic":"a","device_class":"blind"}`}}, 1},
		{"a garage door waits", "", [][2]string{{"cover/a", `{"name":"Garage","unique_id":"a","command_topic":"a","device_class":"garage"}`}}, 0},
		{"a blind that becomes a garage door waits", "", [][2]string{
			{"cover/a", `{"name":"Blind","unique_id":"a","command_topic":"a","device_class":"blind"}`},
			{"cover/a", `{"name":"Blind","unique_id":"a","command_topic":"a","device_class":"garage"}`}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := dwell(t, tt.toml, "")
			for _, s := range tt.says {
				d.says("homeassistant/"+s[0]+"/config", s[1])
			}
			taken := 0
			for _, device := range d.Now().Home.Devices {
				if device.Entity != nil {
					taken++
				}
			}
			if taken != tt.devices {
				t.Errorf("%d devices, want %d; pending %q", taken, tt.devices, d.pending())
			}
		})
	}
}

// A lock of the Homie convention waits like any other.
func TestHomieLockWaits(t *testing.T) {
	d := dwell(t, "", "")
	for _, said := range []string{"$state ready",
		`$description {"homie":"5.0","name":"Cellar door","nodes":{"lock":{"type":"lock","properties":{"locked":{"datatype":"boolean","settable":true}}}}}`} {
		topic, payload, _ := strings.Cut(said, " ")
		d.DiscoverHomie(mqtt.Message{Topic: "homie/5/cellar/" + topic, Payload: []byte(payload)})
	}
	d.quiet()
	if got := d.pending(); !slices.Equal(got, []string{"lock.cellar_door opens_house "}) {
		t.Fatalf("pending %q", got)
	}
	if err := d.Approve(within(t), "lock.cellar_door"); err != nil {
		t.Fatal(err)
	}
	d.quiet()
	if sent, _ := d.asks("lock the cellar door"); sent != "homie/5/cellar/lock/locked/set true" {
		t.Errorf("sends %q", sent)
	}
}

// A ledger that cannot be read is put aside, and nothing is trusted by it.
func TestDamagedLedger(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "trust.json"), []byte(`{"known":[`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, trust, err := openTrust(dir, nil)
	if err == nil || len(trust.Known()) != 0 {
		t.Errorf("%v, %v", err, trust.Known())
	}
	if _, err := os.Stat(filepath.Join(dir, "trust.json.damaged")); err != nil {
		t.Error(err)
	}
}

// Names are learned and forgotten without a restart, and the names are bound
// again only when they are others.
func TestNamesAreLearned(t *testing.T) {
	d := dwell(t, "", "")
	knows := func(text string) bool { sent, _ := d.asks(text); return sent != "" }
	version := func(want int, when string) {
		t.Helper()
		if got := d.Now().Version; got != want {
			t.Errorf("%s: version %d, want %d", when, got, want)
		}
	}
	lamp := func(name string) string {
		return `{"name":"` + name + `","unique_id":"l1","command_topic":"l/set","state_topic":"l/state"}`
	}
	version(0, "at first")
	d.says("homeassistant/light/l/config", lamp("Porch light"))
	version(1, "announced")
	if !knows("turn on the porch light") {
		t.Error("the porch light is not known")
	}
	d.says("homeassistant/light/l/config", lamp("Porch light"))
	version(1, "announced again")
	d.Hear(mqtt.Message{Topic: "l/state", Payload: []byte("ON")})
	d.quiet()
	version(1, "turned on")
	d.says("homeassistant/light/l/config", lamp("Veranda light"))
	version(2, "renamed")
	if knows("turn on the porch light") || !knows("turn on the veranda light") {
		t.Error("the old name is still there, or the new one is not")
	}
	if device := d.Now().Home.Devices[0]; device.State != "on" {
		t.Errorf("its state was lost: %q", device.State)
	}
	d.says("homeassistant/light/l/config", "")
	version(3, "removed")
	if knows("turn on the veranda light") {
		t.Error("it is still known")
	}
}
