package home_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/demo"
)

// The example of the design, verbatim.
const example = `language = "en"
[[floor]]
id = "ground"            # ids: lower case, digits, underscore
name = "Ground floor"
aliases = ["downstairs"]
[[area]]
id = "kitchen"
name = "Kitchen"
aliases = []
floor = "ground"
[[device]]
id = "light.kitchen_ceiling"     # Home Assistant entity id form: domain.object
name = "Ceiling light"
aliases = ["main light"]
area = "kitchen"
device_class = ""                # as in Home Assistant: window, motion, temperature, ...
state = "off"                    # as in Home Assistant
features = ["brightness", "color", "color_temp"]
attributes = { brightness = 128 }
`

func TestParse(t *testing.T) {
	h := parse(t, example)
	if want := []home.Floor{{ID: "ground", Name: "Ground floor", Aliases: []string{"downstairs"}}}; !reflect.DeepEqual(h.Floors, want) {
		t.Errorf("floors: %+v, want %+v", h.Floors, want)
	}
	if want := []home.Area{{ID: "kitchen", Name: "Kitchen", Floor: "ground"}}; !reflect.DeepEqual(h.Areas, want) {
		t.Errorf("areas: %+v, want %+v", h.Areas, want)
	}
	d, ok := h.Device("light.kitchen_ceiling")
	if !ok || h.Language != "en" || len(h.Devices) != 1 {
		t.Fatalf("language %q, %d devices, ceiling light there: %v", h.Language, len(h.Devices), ok)
	}
	if d.Name != "Ceiling light" || d.Area != "kitchen" || d.State != "off" || !d.Exposed || d.Attributes["brightness"] != 128.0 ||
		!reflect.DeepEqual(d.Aliases, []string{"main light"}) || len(d.Features) != 3 {
		t.Errorf("device: %+v", d)
	}
}

func TestParseExtras(t *testing.T) {
	h := parse(t, `
[[device]]
id = "light.a"
name = "Lamp"
exposed = false
[[device]]
id = "light.b"
name = "Lamp"
discovery = { command_topic = "b/set", brightness = true, effect_list = ["x", "y"] }
[[group]]
id = "group.lamps"
name = "Lamps"
members = ["light.a", "light.b"]
`)
	a, _ := h.Device("light.a")
	b, _ := h.Device("light.b")
	if a.Exposed || !b.Exposed || a.Name != b.Name {
		t.Errorf("two devices of one name: %+v, %+v", a, b)
	}
	want := map[string]any{"command_topic": "b/set", "brightness": true, "effect_list": []any{"x", "y"}}
	if !reflect.DeepEqual(b.Discovery, want) {
		t.Errorf("discovery: %v, want %v", b.Discovery, want)
	}
	names := h.Names()
	if len(names.Entities) != 2 || names.Entities[0].ID != "light.b" || !reflect.DeepEqual(names.Entities[1].Members, []string{"light.b"}) {
		t.Errorf("names: %+v", names.Entities)
	}
}

func TestParseNothing(t *testing.T) {
	h := parse(t, "")
	if len(h.Devices) != 0 || h.Language != "en" {
		t.Errorf("%+v", h)
	}
}

func TestFaults(t *testing.T) {
	const device = "[[device]]\nid = \"light.x\"\nname = \"X\"\n"
	const kitchen = "[[area]]\nid = \"kitchen\"\nname = \"Kitchen\"\n"
	tests := []struct {
		name, data string
		want       []string // lines without the file's name
	}{
		{"not TOML", "language = ", []string{`1: not TOML: expected value, not end of input`}},
		{"not TOML further down", "language = \"en\"\n\n[[area]\n", []string{`3: not TOML: expected ']]' to close array table name`}},
		{"language", "language = \"English\"", []string{`1: 'language': must be a language code, like "en" or "pt-BR"`}},
		{"not a text", "language = 5", []string{`1: 'language': must be a text in quotes`}},
		{"unknown key at the top", "langauge = \"en\"", []string{`1: 'langauge': no such key; did you mean 'language'?`}},
		{"unknown table", "[[vehicle]]\nid = \"x\"", []string{`1: 'vehicle': no such key; there are language, floor, area, device, group`}},
		{"unknown key", device + "colour = \"red\"", []string{
			`4: 'colour' of device "light.x": no such key; there are id, name, aliases, area, device_class, state, features, attributes, exposed, discovery`}},
		{"misspelled key", device + "alias = [\"y\"]", []string{`4: 'alias' of device "light.x": no such key; did you mean 'aliases'?`}},
		{"single brackets", "[device]\nid = \"light.x\"", []string{`1: 'device': must be an array of tables: write [[device]]`}},
		{"list of texts", "device = [\"light.x\"]", []string{`1: 'device': must be an array of tables: write [[device]]`}},
		{"id missing", "[[floor]]\nname = \"Top\"", []string{`1: 'id' of floor number 1: is missing`}},
		{"id empty", "[[floor]]\nname = \"Top\"\nid = \"\"", []string{`3: 'id' of floor number 1: must not be empty`}},
		{"id of the second", kitchen + "[[area]]\nname = \"Hall\"", []string{`4: 'id' of area number 2: is missing`}},
		{"id in capitals", "[[area]]\nid = \"Kitchen\"\nname = \"Kitchen\"", []string{
			`2: 'id' of area "Kitchen": must be lower case letters, digits and underscores, like "living_room"`}},
		{"device id without domain", "[[device]]\nid = \"lamp\"\nname = \"Lamp\"", []string{
			`2: 'id' of device "lamp": must be domain.object in lower case letters, digits and underscores, like "light.hall_lamp"`}},
		{"group id", "[[group]]\nid = \"Lamps\"\nname = \"Lamps\"", []string{
			`2: 'id' of group "Lamps": must be domain.object in lower case letters, digits and underscores, like "light.hall_lamp"`}},
		{"floor twice", "[[floor]]\nid = \"a\"\nname = \"A\"\n[[floor]]\nid = \"a\"\nname = \"B\"", []string{
			`5: 'id' of floor "a": is taken; every id names one thing`}},
		{"area twice", kitchen + kitchen, []string{`5: 'id' of area "kitchen": is taken; every id names one thing`}},
		{"device twice", device + device, []string{`5: 'id' of device "light.x": is taken; every id names one thing`}},
		{"group like a device", device + "[[group]]\nid = \"light.x\"\nname = \"X\"", []string{
			`5: 'id' of group "light.x": is taken; every id names one thing`}},
		{"name missing", "[[device]]\nid = \"light.x\"", []string{`1: 'name' of device "light.x": is missing`}},
		{"name empty", "[[device]]\nid = \"light.x\"\nname = \" \"", []string{`3: 'name' of device "light.x": must not be empty`}},
		{"name of two lines", "[[device]]\nid = \"light.x\"\nname = \"a\\nb\"", []string{
			`3: 'name' of device "light.x": must be one line without control characters`}},
		{"floor of an area", kitchen + "floor = \"ground\"", []string{`4: 'floor' of area "kitchen": no floor "ground"`}},
		{"area", kitchen + device + "area = \"kitchn\"", []string{
			`7: 'area' of device "light.x": no area "kitchn"; did you mean "kitchen"?`}},
		{"area of a group", kitchen + "[[group]]\nid = \"group.x\"\nname = \"X\"\narea = \"attic\"", []string{
			`7: 'area' of group "group.x": no area "attic"`}},
		{"member", device + "[[group]]\nid = \"group.x\"\nname = \"X\"\nmembers = [\n  \"light.x\",\n  \"light.y\",\n]", []string{
			`9: 'members[1]' of group "group.x": no device "light.y"; did you mean "light.x"?`}},
		{"aliases", device + "aliases = \"lamp\"", []string{`4: 'aliases' of device "light.x": must be a list of texts, like ["one", "two"]`}},
		{"aliases with a number", device + "aliases = [\"lamp\", 1]", []string{
			`4: 'aliases' of device "light.x": must be a list of texts, like ["one", "two"]`}},
		{"empty alias", device + "aliases = [\"\"]", []string{`4: 'aliases' of device "light.x": has an empty text`}},
		{"alias of two lines", device + "aliases = [\"a\\tb\"]", []string{
			`4: 'aliases' of device "light.x": must be one line without control characters`}},
		{"state is a number", device + "state = 21.5", []string{`4: 'state' of device "light.x": must be a text in quotes`}},
		{"exposed", device + "exposed = \"no\"", []string{`4: 'exposed' of device "light.x": must be true or false`}},
		{"attributes", device + "attributes = 5", []string{`4: 'attributes' of device "light.x": must be a table, like { brightness = 128 }`}},
		{"discovery", device + "discovery = \"{}\"", []string{`4: 'discovery' of device "light.x": must be a table, like { brightness = 128 }`}},
		{"a date", device + "attributes = { since = 2026-11-22 }", []string{
			`4: 'attributes.since' of device "light.x": must be a text, a number, true, false, a list or a table: dates, inf and nan are none`}},
		{"nan inside", device + "[device.attributes]\nb = [1, nan]", []string{
			`5: 'attributes.b[1]' of device "light.x": must be a text, a number, true, false, a list or a table: dates, inf and nan are none`}},
		{"all at once, in order", device + "area = \"attic\"\ncolour = 1\n" + "[[area]]\nid = \"Hall\"\n", []string{
			`4: 'area' of device "light.x": no area "attic"`,
			`5: 'colour' of device "light.x": no such key; there are id, name, aliases, area, device_class, state, features, attributes, exposed, discovery`,
			`6: 'name' of area "Hall": is missing`,
			`7: 'id' of area "Hall": must be lower case letters, digits and underscores, like "living_room"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := home.Parse("home.toml", []byte(tt.data))
			if err == nil {
				t.Fatal("no fault found")
			}
			if one, ok := errors.AsType[*home.Fault](err); !ok || one.File != "home.toml" {
				t.Errorf("the error has no fault in it: %#v", err)
			}
			want := "home.toml:" + strings.Join(tt.want, "\nhome.toml:")
			if err.Error() != want {
				t.Errorf("got\n%s\nwant\n%s", err, want)
			}
		})
	}
}

// What TOML prints is read back as the same home, and printed again alike.
func TestRoundTrip(t *testing.T) {
	for name, data := range map[string]string{"example": example, "demo": string(demo.TOML)} {
		t.Run(name, func(t *testing.T) { roundTrip(t, parse(t, data)) })
	}
}

func roundTrip(t *testing.T, h *home.Home) {
	t.Helper()
	printed, err := h.TOML()
	if err != nil {
		t.Fatal(err)
	}
	again, err := home.Parse("printed", printed)
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	if !reflect.DeepEqual(h, again) {
		t.Errorf("read back otherwise:\n%s", printed)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example)
	f.Add(string(demo.TOML))
	f.Add("[[device]]\nid='light.x'\nname='ß\"\\'\nattributes={a={b=[1,{}]},c=1e300,\"d.e\"=-0.0}\nexposed=false")
	f.Add("device=[{id='a.b',name='c',discovery={'~'='x',\"[0]\"=[[]]}}]\ngroup=[{id='g.g',name='g',members=['a.b']}]")
	f.Add("[[device]]\n[device.attributes]\nx=inf\n[[device.y]]\nz=1")
	f.Fuzz(func(t *testing.T, data string) {
		h, err := home.Parse("fuzz", []byte(data))
		if err != nil {
			faults, ok := err.(home.Faults)
			if !ok || len(faults) == 0 {
				t.Fatalf("not a list of faults: %v", err)
			}
			for _, one := range faults {
				if lines := 1 + strings.Count(data, "\n"); one.Line < 1 || one.Line > lines {
					t.Fatalf("fault in line %d of %d: %v", one.Line, lines, one)
				}
			}
			return
		}
		roundTrip(t, h)
	})
}

// An empty folder of seeds would test nothing and say nothing.
func TestSeedsAreThere(t *testing.T) {
	files, err := filepath.Glob("testdata/fuzz/FuzzParse/*")
	if err != nil || len(files) < 3 {
		t.Errorf("%d committed seeds, want 3 or more (%v)", len(files), err)
	}
	for _, f := range files {
		if s, err := os.Stat(f); err != nil || s.Size() == 0 {
			t.Errorf("%s is empty (%v)", f, err)
		}
	}
}

func parse(t testing.TB, data string) *home.Home {
	t.Helper()
	h, err := home.Parse("home.toml", []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return h
}
