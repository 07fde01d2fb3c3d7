package home_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/mqtt"
)

// discovered is an entity as it announces itself.
func discovered(t testing.TB, component, object, config string) mqtt.Entity {
	t.Helper()
	d, err := mqtt.ParseDiscovery("homeassistant", mqtt.Message{
		Topic: "homeassistant/" + component + "/" + object + "/config", Payload: []byte(config)})
	if err != nil || len(d.Faults) > 0 || len(d.Entities) != 1 {
		t.Fatalf("discovery of %s: %v, %v", object, err, d.Faults)
	}
	return d.Entities[0]
}

func TestRoomOfADiscoveredDevice(t *testing.T) {
	const some = `
[[area]]
id = "kitchen"
name = "Kitchen"
aliases = ["cook room"]
[[area]]
id = "big_kitchen"
name = "Kitchen corner"
`
	tests := []struct {
		name, config     string
		area, said, call string // area's id, its name, the device's name
		aliases          []string
	}{
		{"suggested and known", `"name":"Lamp","dev":{"ids":"1","sa":"kitchen"}`, "kitchen", "Kitchen", "Lamp", nil},
		{"suggested by an alias", `"name":"Lamp","dev":{"ids":"1","sa":"Cook Room"}`, "kitchen", "Kitchen", "Lamp", nil},
		{"suggested and new", `"name":"Lamp","dev":{"ids":"1","sa":"Anna's Room"}`, "anna_s_room", "Anna's Room", "Lamp", nil},
		{"at the start of the name", `"name":"Kitchen lamp"`, "kitchen", "Kitchen", "Kitchen lamp", []string{"lamp"}},
		{"the longest room", `"name":"Kitchen corner lamp"`, "big_kitchen", "Kitchen corner", "Kitchen corner lamp", []string{"lamp"}},
		{"a common room that is new", `"name":"Living room lamp"`, "living_room", "Living room", "Living room lamp", []string{"lamp"}},
		{"not part of a word", `"name":"Hallogen"`, "", "", "Hallogen", nil},
		{"nothing after the room", `"name":"Kitchen"`, "", "", "Kitchen", nil},
		{"the device's name first", `"name":"Left","dev":{"ids":"1","name":"Kitchen lamps"}`, "kitchen", "Kitchen", "Kitchen lamps Left",
			[]string{"Left", "lamps Left"}},
		{"the device's name alone", `"name":null,"dev":{"ids":"1","name":"Lamp"}`, "", "", "Lamp", nil},
		{"no place", `"name":"Lamp"`, "", "", "Lamp", nil},
		{"a name of two lines", `"name":"Hot\ntub"`, "", "", "Hot tub", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := parse(t, some)
			h := before.WithEntity(discovered(t, "switch", "x", `{"cmd_t":"x","uniq_id":"x",`+tt.config+`}`))
			if len(h.Devices) != 1 || len(before.Devices) != 0 || len(before.Areas) != 2 {
				t.Fatalf("%d devices; before it %d and %d areas", len(h.Devices), len(before.Devices), len(before.Areas))
			}
			d := h.Devices[0]
			area, _ := h.Area(d.Area)
			if d.Area != tt.area || area.Name != tt.said || d.Name != tt.call || !reflect.DeepEqual(d.Aliases, tt.aliases) {
				t.Errorf("%q %q in %q (%q), want %q %q in %q (%q)", d.Name, d.Aliases, d.Area, area.Name, tt.call, tt.aliases, tt.area, tt.said)
			}
			roundTripText(t, h)
		})
	}
}

// What is printed of discovered devices is a HOME.toml.
func roundTripText(t *testing.T, h *home.Home) {
	t.Helper()
	printed, err := h.TOML()
	if err != nil {
		t.Fatal(err)
	}
	again, err := home.Parse("printed", printed)
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	if second, err := again.TOML(); err != nil || string(second) != string(printed) {
		t.Errorf("printed again otherwise (%v):\n%s\n%s", err, printed, second)
	}
}

func TestTheOwnersWordWins(t *testing.T) {
	h := parse(t, `
[[area]]
id = "den"
name = "Den"
[[device]]
id = "light.zigbee_17"
name = "Reading lamp"
aliases = ["book light"]
area = "den"
features = ["color"]
[[device]]
id = "light.zigbee_18"
name = "Hidden lamp"
exposed = false
`)
	lamp := `{"schema":"json","cmd_t":"z/set","stat_t":"z/state","brightness":true,"uniq_id":"17","name":"0x17","dev":{"ids":"z","sa":"Attic"},"def_ent_id":"light.zigbee_17"}`
	h = h.WithEntity(discovered(t, "light", "z17", lamp))
	d, _ := h.Device("light.zigbee_17")
	if d.Name != "Reading lamp" || d.Area != "den" || !reflect.DeepEqual(d.Aliases, []string{"book light"}) {
		t.Errorf("name %q, area %q, aliases %q", d.Name, d.Area, d.Aliases)
	}
	if !reflect.DeepEqual(d.Features, []string{"brightness"}) || d.Entity == nil {
		t.Errorf("the device knows best what it can do: %v", d.Features)
	}
	if len(h.Areas) != 1 || len(h.Devices) != 2 {
		t.Errorf("%d areas, %d devices", len(h.Areas), len(h.Devices))
	}
	h = h.WithEntity(discovered(t, "light", "z18", `{"cmd_t":"y","uniq_id":"18","name":"0x18","dev":{"ids":"y","sa":"Attic"},"def_ent_id":"light.zigbee_18"}`))
	d, _ = h.Device("light.zigbee_18")
	if d.Name != "Hidden lamp" || d.Exposed || d.Area != "attic" {
		t.Errorf("%q, exposed %v, area %q", d.Name, d.Exposed, d.Area)
	}

	// Announced again, it is the same device, and keeps its state.
	h = h.WithState("light.zigbee_17", state("on"))
	h = h.WithEntity(discovered(t, "light", "z17", lamp))
	d, _ = h.Device("light.zigbee_17")
	if len(h.Devices) != 2 || d.State != "on" {
		t.Errorf("%d devices, state %q", len(h.Devices), d.State)
	}

	// Taken back, the owner's device stays and cannot be reached.
	h = h.WithoutEntity(d.Entity.UniqueID)
	d, ok := h.Device("light.zigbee_17")
	if !ok || d.Entity != nil || d.Name != "Reading lamp" {
		t.Errorf("there: %v, %+v", ok, d)
	}
	if h.WithoutEntity("light/unknown") != h {
		t.Error("a copy although nothing changed")
	}
}

func TestDiscoveredDevices(t *testing.T) {
	h := parse(t, "")
	config := func(unique, name string) string {
		return fmt.Sprintf(`{"cmd_t":"x","uniq_id":%q,"name":%q}`, unique, name)
	}
	h = h.WithEntity(discovered(t, "switch", "a", config("a", "Pump")))
	h = h.WithEntity(discovered(t, "switch", "b", config("b", "Pump"))) // same name, so the same id wanted
	h = h.WithEntity(discovered(t, "switch", "c", config("c", "ポンプ")))
	h = h.WithEntity(discovered(t, "switch", "d", `{"cmd_t":"x","uniq_id":"d","name":"LED","entity_category":"config"}`))
	var ids []string
	for _, d := range h.Devices {
		ids = append(ids, d.ID)
	}
	if len(ids) != 4 || ids[0] == ids[1] || h.Devices[0].Name != h.Devices[1].Name {
		t.Errorf("ids %q", ids)
	}
	if len(h.Names().Entities) != 3 {
		t.Errorf("a setting of a device is speakable: %+v", h.Names().Entities)
	}
	roundTripText(t, h)
	h = h.WithoutEntity(h.Devices[0].Entity.UniqueID)
	if _, there := h.Device(ids[0]); there || len(h.Devices) != 3 {
		t.Errorf("still there, %d devices", len(h.Devices))
	}
	if d, ok := h.Device(ids[1]); !ok || d.Entity.UniqueID == "" {
		t.Error("the wrong one is gone")
	}
}

// A discovery table ties the device of HOME.toml to what announces itself by
// the same unique id, under whatever entity id.
func TestDiscoveryTableNamesTheDevice(t *testing.T) {
	h := parse(t, `
[[device]]
id = "switch.pump"
name = "Garden pump"
discovery = { unique_id = "tasmota-7", command_topic = "x" }
`)
	h = h.WithEntity(discovered(t, "switch", "t7", `{"cmd_t":"x","uniq_id":"tasmota-7","name":"Tasmota 7"}`))
	d, _ := h.Device("switch.pump")
	if len(h.Devices) != 1 || d.Entity == nil || d.Name != "Garden pump" {
		t.Errorf("%d devices, %+v", len(h.Devices), d)
	}
}

func TestWithState(t *testing.T) {
	before := announced(t)
	after := before.WithState("light.hall_lamp", state("on", "brightness", 128))
	old, _ := before.Device("light.hall_lamp")
	d, _ := after.Device("light.hall_lamp")
	if old.State != "off" || d.State != "on" || d.Attributes["brightness"] != 128 || d.Entity != old.Entity {
		t.Errorf("before %q, after %q %v", old.State, d.State, d.Attributes)
	}
	if after.WithState("light.hall_lamp", state("on", "brightness", 128)) != after {
		t.Error("a copy although nothing changed")
	}
	if after.WithState("light.nowhere", state("on")) != after {
		t.Error("a copy for a device that is not there")
	}
	if d.Reported().Attributes["brightness"] != 128 || d.Reported().Value != "on" {
		t.Errorf("reported %+v", d.Reported())
	}
	online := mqtt.State{Value: "on", Online: map[string]bool{"a": true}}
	if got, _ := after.WithState("light.hall_lamp", online).Device("light.hall_lamp"); !got.Reported().Online["a"] {
		t.Error("what the availability topics said is lost")
	}
}

// A tick of one sensor costs a copy of the device and of one pointer per
// device, whatever else the home has.
func TestWithStateIsCheap(t *testing.T) {
	h := thousand(t)
	states := []mqtt.State{{Value: "20.0"}, {Value: "20.5"}}
	i := 0
	allocations := testing.AllocsPerRun(100, func() {
		i++
		h = h.WithState("sensor.s500", states[i%2])
	})
	if allocations > 3 {
		t.Errorf("%v allocations for a state, want at most 3: the home, its devices, the device", allocations)
	}
}

func BenchmarkWithState(b *testing.B) {
	h := thousand(b)
	states := []mqtt.State{{Value: "20.0"}, {Value: "20.5"}}
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = fmt.Sprintf("sensor.s%d", i)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		h = h.WithState(ids[i%1000], states[i/1000%2])
		i++
	}
}

func BenchmarkParse(b *testing.B) {
	text, err := thousand(b).TOML()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := home.Parse("home.toml", text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlan(b *testing.B) {
	h := announced(b)
	in := on("light.kitchen_ceiling", "light.kitchen_counter")
	b.ReportAllocs()
	for b.Loop() {
		if p := h.Plan(in, home.At("hall", sunday)); len(p.Actions) != 2 {
			b.Fatal(p.Reply)
		}
	}
}

func thousand(t testing.TB) *home.Home {
	h := parse(t, "")
	for i := range 1000 {
		h = h.WithEntity(discovered(t, "sensor", fmt.Sprint("s", i), fmt.Sprintf(`{"stat_t":"s/%d","uniq_id":"%d","name":"S%d"}`, i, i, i)))
	}
	return h
}
