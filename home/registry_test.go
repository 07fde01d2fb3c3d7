package home_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home"
)

// imported reads the registry of testdata/registry, as Home Assistant keeps it.
func imported(t testing.TB) home.Registry {
	t.Helper()
	var all home.Registry
	for _, name := range []string{"core.floor_registry", "core.area_registry", "core.device_registry", "core.entity_registry"} {
		data, err := os.ReadFile("testdata/registry/" + name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := home.ParseRegistry(name, data)
		if err != nil {
			t.Fatal(err)
		}
		all = all.With(r)
	}
	return all
}

func TestRegistry(t *testing.T) {
	owner := `
[[area]]
id = "cook"
name = "Kitchen"
aliases = ["cook room"]
[[device]]
id = "light.bench"
name = "Work bench light"
area = "cook"
discovery = { unique_id = "bench_1" }
`
	entity := func(platform, unique, name, device string) string {
		return `{"name":` + name + `,"unique_id":"` + unique + `","command_topic":"x","state_topic":"y","device":{` + device + `}}`
	}
	h := parse(t, owner)
	// The registry may come before or after the devices.
	before := h.WithRegistry(imported(t))
	for _, e := range []struct{ platform, unique, name, device string }{
		{"light", "ceiling_1", `null`, `"identifiers":["c"],"name":"0x00124b","suggested_area":"Attic"`},
		{"switch", "plug_1", `"Outlet"`, `"identifiers":["p"],"name":"Plug"`},
		{"switch", "secret_1", `"Secret"`, `"identifiers":["s"],"name":"Secret"`},
		{"switch", "off_1", `"Dead"`, `"identifiers":["d"],"name":"Dead"`},
		{"switch", "led_1", `"LED"`, `"identifiers":["l"],"name":"LED"`},
		{"light", "bench_1", `"Bench"`, `"identifiers":["b"],"name":"Bench"`},
		{"light", "unlisted", `"Spare lamp"`, `"identifiers":["u"]`},
	} {
		one := discovered(t, e.platform, e.unique, entity(e.platform, e.unique, e.name, e.device))
		h, before = h.WithEntity(one), before.WithEntity(one)
	}
	h = h.WithState("switch.plug_outlet", state("on"))
	before = before.WithState("switch.coffee", state("on"))
	after := h.WithRegistry(imported(t))
	for when, h := range map[string]*home.Home{"imported before": before, "imported after": after} {
		for _, tt := range []struct {
			id, name, area string
			aliases        []string
			exposed        bool
		}{
			{"light.kitchen_ceiling", "Big light", "cook", []string{"the sun"}, true},                      // named and placed by the user, in the owner's kitchen
			{"switch.coffee", "Coffee machine Outlet", "upper_bath", []string{"Outlet", "espresso"}, true}, // the device's name and room
			{"switch.secret_secret", "Secret", "", nil, false},                                             // not exposed to voices
			{"switch.dead", "Dead", "", nil, false},                                                        // disabled
			{"switch.led", "LED", "", nil, true},                                                           // listed, and nothing is said of it
			{"light.bench", "Work bench light", "cook", nil, true},                                         // the owner's word is last
			{"light.spare_lamp", "Spare lamp", "", nil, true},                                              // not in the registry
		} {
			d, ok := h.Device(tt.id)
			if !ok {
				t.Errorf("%s: no %s in %s", when, tt.id, rooms(h))
				continue
			}
			if d.Name != tt.name || d.Area != tt.area || !slices.Equal(d.Aliases, tt.aliases) || d.Exposed != tt.exposed {
				t.Errorf("%s: %s is %q also %q in %q, exposed %v; want %q also %q in %q, exposed %v", when, tt.id, d.Name, d.Aliases, d.Area, d.Exposed, tt.name, tt.aliases, tt.area, tt.exposed)
			}
		}
		if d, _ := h.Device("switch.coffee"); d.State != "on" {
			t.Errorf("%s: the state was lost: %q", when, d.State)
		}
		bath, _ := h.Area("upper bath")
		floor, _ := h.Floor("upstairs")
		kitchen, _ := h.Area("cook room")
		if bath.Name != "Bath" || bath.Floor != floor.ID || floor.Name != "First floor" || kitchen.Floor != "ground" {
			t.Errorf("%s: %+v, %+v, %+v", when, bath, floor, kitchen)
		}
		roundTripText(t, h)
	}
	// What is imported later takes the place of what was imported before.
	again := after.WithRegistry(home.Registry{})
	if d, ok := again.Device("switch.plug_outlet"); !ok || d.Name != "Plug Outlet" || len(again.Floors) != 0 {
		t.Errorf("%s, %v", rooms(again), again.Floors)
	}
}

func TestRegistryIsKept(t *testing.T) {
	r := imported(t)
	data, err := r.Save()
	if err != nil {
		t.Fatal(err)
	}
	again, err := home.OpenRegistry(data)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := again.Save(); err != nil || string(second) != string(data) {
		t.Errorf("saved again otherwise (%v):\n%s\n%s", err, data, second)
	}
	if _, err := home.OpenRegistry([]byte(`{"floor":[]}`)); err == nil {
		t.Error("an unknown key was read")
	}
}

func TestRegistryFaults(t *testing.T) {
	areas := func(list string) string {
		return `{"version":1,"key":"core.area_registry","data":{"areas":` + list + `}}`
	}
	entities := func(list string) string { return `{"key":"core.entity_registry","data":{"entities":` + list + `}}` }
	tests := []struct {
		name, text string
		want       []string
	}{
		{"nothing", ``, []string{"f: not JSON: unexpected end of JSON input"}},
		{"a list", `[]`, []string{"f: must be an object, not array"}},
		{"something else", `{"hello":1}`, []string{"f: 'key' is missing: this is no registry of Home Assistant"}},
		{"another file", `{"key":"core.config","data":{}}`,
			[]string{"f: 'key' is \"core.config\": only core.area_registry, core.device_registry, core.entity_registry and core.floor_registry can be imported"}},
		{"no list", `{"key":"core.area_registry","data":{}}`, []string{"f: 'data.areas' is missing"}},
		{"the list is none", areas(`{}`), []string{"f: 'data.areas' must be a list, not object"}},
		{"a name of the wrong kind", areas(`[{"id":"a","name":7}]`), []string{"f: 'data.areas[0].name' must be a text, not number"}},
		{"two faults", areas(`[{"id":"a","name":"A"},{"name":"B"},{"id":"a","name":" "}]`), []string{
			"f: 'data.areas[1].id' is missing", "f: 'data.areas[2].id' \"a\" is there twice", "f: 'data.areas[2].name' is missing"}},
		{"an alias without text", areas(`[{"id":"a","name":"A","aliases":["x"," "]}]`), []string{"f: 'data.areas[0].aliases[1]' is empty"}},
		{"a name of two lines", areas(`[{"id":"a","name":"A\nB"}]`), []string{"f: 'data.areas[0].name' must be one line, without spaces around it"}},
		{"an id without domain", entities(`[{"entity_id":"lamp","unique_id":"x","platform":"mqtt"}]`),
			[]string{`f: 'data.entities[0].entity_id' must be domain.object, not "lamp"`}},
		{"no unique id", entities(`[{"entity_id":"light.lamp","platform":"mqtt"}]`), []string{"f: 'data.entities[0].unique_id' is missing"}},
		{"unknown keys, and null", entities(`[{"entity_id":"light.lamp","unique_id":7,"platform":"x","new":1,"aliases":[null],"name":null}]`), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := home.ParseRegistry("f", []byte(tt.text))
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	if _, err := home.ParseRegistry("f", []byte(areas(`[`+strings.Repeat(`{},`, 500)+`{}]`))); err == nil || len(strings.Split(err.Error(), "\n")) > 10 {
		t.Errorf("nobody reads that: %v", err)
	}
}

// Any file is read or refused, and what is read can be kept and used.
func FuzzParseRegistry(f *testing.F) {
	for _, name := range []string{"core.floor_registry", "core.area_registry", "core.device_registry", "core.entity_registry"} {
		data, err := os.ReadFile("testdata/registry/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	h, err := home.Parse("empty", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := home.ParseRegistry("f", data)
		if err != nil {
			return
		}
		kept, err := r.Save()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := home.OpenRegistry(kept); err != nil {
			t.Fatal(err)
		}
		roundTripText(t, h.WithRegistry(r))
	})
}
