package mqtt

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// parse reads one discovery payload and wants exactly one entity and no fault.
func parse(t testing.TB, topic, payload string) *Entity {
	t.Helper()
	d, err := ParseDiscovery("homeassistant", Message{Topic: topic, Payload: []byte(payload)})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Faults) > 0 || len(d.Entities) != 1 {
		t.Fatalf("got %d entities, faults %v", len(d.Entities), d.Faults)
	}
	return &d.Entities[0]
}

// The bridges' payloads in testdata/discovery: "topic" and then the payload.
func bridges(t testing.TB) map[string][]Message {
	t.Helper()
	files, err := filepath.Glob("testdata/discovery/*.txt")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files in testdata/discovery, %v", len(files), err)
	}
	all := map[string][]Message{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		for _, block := range strings.Split(strings.TrimSpace(string(data)), "\n\n") {
			topic, payload, found := strings.Cut(block, "\n")
			if !found {
				t.Fatalf("%s: a topic without payload: %s", file, block)
			}
			all[name] = append(all[name], Message{Topic: topic, Payload: []byte(payload)})
		}
	}
	return all
}

// What the bridges announce: id, name, device, area, class, features.
func TestBridges(t *testing.T) {
	want := map[string][]string{
		"zigbee2mqtt": {
			`light.hall_lamp "Hall lamp" of "Hall lamp" in "Hall" [brightness color color_temp effect] 2000..6536`,
			`switch.laundry_plug "Laundry plug" of "Laundry plug" in "" outlet []`,
			`sensor.laundry_plug_power "Laundry plug" of "Laundry plug" in "" power []`,
			`binary_sensor.back_door_contact "Back door" of "Back door" in "" door []`,
			`cover.study_blind "Study blind" of "Study blind" in "Study" blind [stop position]`,
			`lock.front_door "Front door" of "Front door" in "" []`,
			`climate.bedroom_radiator "Bedroom radiator" of "Bedroom radiator" in "" [temperature mode] 5..30`,
			`number.hall_lamp_transition "Transition" of "Hall lamp" in "Hall" hidden [] 0..60`,
			`select.hall_lamp_power_on_behavior "Power-on behavior" of "Hall lamp" in "Hall" hidden []`,
			`scene.evening "Evening" of "Living room" in "" []`,
			`fan.attic_fan "Attic fan" of "Attic fan" in "" [percentage preset_mode]`,
		},
		"tasmota": {
			`switch.garage_relay "Garage" of "Garage relay" in "" []`,
			`light.strip "Strip" of "Kitchen strip" in "" [brightness color color_temp effect] 2000..6536`,
			`sensor.garage_relay_energy "Energy" of "Garage relay" in "" energy []`,
		},
		"esphome": {
			`cover.gate_garage_door "Garage door" of "Gate" in "Drive" garage [stop]`,
			`climate.gate_heater "Heater" of "Gate" in "Drive" [temperature mode] 10..30`,
			`fan.gate_vent "Vent" of "Gate" in "Drive" [percentage oscillate]`,
			`button.gate_restart "Restart" of "Gate" in "Drive" restart hidden []`,
			`sensor.gate_outside_temperature "Outside temperature" of "Gate" in "Drive" temperature []`,
		},
		"openbeken": {
			`light.obk_lamp_lamp_1 "Lamp 1" of "obk lamp" in "" [brightness color color_temp] 2000..6494`,
			`switch.obk_plug "obk plug" of "obk plug" in "" []`,
		},
		"device": {
			`update.weather_box "Weather box" of "Weather box" in "Garden" hidden []`,
			`sensor.box_humidity "Humidity" of "Weather box" in "Garden" humidity []`,
			`switch.weather_box_pump "Pump" of "Weather box" in "Garden" []`,
			`sensor.box_temperature "Temperature" of "Weather box" in "Garden" temperature []`,
		},
	}
	faults := map[string]string{}
	all := bridges(t)
	for name, messages := range all {
		t.Run(name, func(t *testing.T) {
			var got []string
			var found []Fault
			for _, m := range messages {
				d, err := ParseDiscovery("homeassistant", m)
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, d.Faults...)
				for _, e := range d.Entities {
					got = append(got, outline(e))
				}
			}
			if !slices.Equal(got, want[name]) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want[name], "\n"))
			}
			if f := fmt.Sprint(found); (faults[name] == "") != (len(found) == 0) || !strings.Contains(f, faults[name]) {
				t.Errorf("faults %v, want one with %q", found, faults[name])
			}
		})
	}
	if len(all) != len(want) {
		t.Errorf("%d bridges in testdata, %d wanted", len(all), len(want))
	}
}

func outline(e Entity) string {
	s := fmt.Sprintf("%s %q of %q in %q", e.ID, e.Name, e.DeviceName, e.Area)
	if e.DeviceClass != "" {
		s += " " + e.DeviceClass
	}
	if e.Hidden {
		s += " hidden"
	}
	s += fmt.Sprint(" ", e.Features)
	if e.Min != e.Max {
		s += " " + numeral(e.Min) + ".." + numeral(e.Max)
	}
	return s
}

func TestTopicsThatAreNotDiscovery(t *testing.T) {
	for _, topic := range []string{
		"homeassistant/status", "homeassistant/light/config", "homeassistant/light/a/b/c/config", "other/light/a/config",
		"homeassistant", "", "homeassistant/light/a/set", "homeassistant//a/config",
	} {
		if _, err := ParseDiscovery("homeassistant", Message{Topic: topic, Payload: []byte("{}")}); !errors.Is(err, ErrNotDiscovery) {
			t.Errorf("%q: got %v, want ErrNotDiscovery", topic, err)
		}
	}
}

// Whatever is wrong, the device is skipped and the reason is in plain words.
func TestFaults(t *testing.T) {
	deepest := strings.Repeat(`{"a":`, maxDepth+1) + "1" + strings.Repeat("}", maxDepth+1)
	for _, test := range []struct{ name, topic, payload, entity, want string }{
		{"not JSON", "light/x", `lamp`, "", "not JSON"},
		{"cut off", "light/x", `{"cmd_t":"a"`, "", "not JSON"},
		{"two objects", "light/x", `{}{}`, "", "not JSON"},
		{"a list", "light/x", `[1]`, "", "not a JSON object"},
		{"null", "light/x", `null`, "", "not a JSON object"},
		{"not UTF-8", "light/x", "{\"name\":\"\xff\"}", "", "not UTF-8"},
		{"a number out of range", "light/x", `{"min":1e999}`, "", "not JSON"},
		{"huge", "light/x", `{"name":"` + strings.Repeat("x", maxDiscovery) + `"}`, "", "bytes"},
		{"deep", "light/x", deepest, "", "nested deeper"},
		{"deep lists", "light/x", strings.Repeat("[", 100000), "", "nested deeper"},
		{"ids with spaces", "light/my lamp", `{}`, "", "letters, digits"},
		{"device is text", "light/x", `{"cmd_t":"a","dev":"lamp"}`, "", "device must be an object"},
		{"no command topic", "light/x", `{"name":"Lamp"}`, "light.lamp", "command_topic is missing"},
		{"command topic is a number", "switch/x", `{"cmd_t":7}`, "switch.x", "command_topic must be text"},
		{"command topic has a wildcard", "switch/x", `{"cmd_t":"a/#"}`, "switch.x", "wildcard"},
		{"empty command topic", "switch/x", `{"cmd_t":""}`, "switch.x", "empty"},
		{"state topic with a bad wildcard", "switch/x", `{"cmd_t":"a","stat_t":"a/b#"}`, "switch.x", "wildcard"},
		{"sensor without state topic", "sensor/x", `{}`, "sensor.x", "state_topic is missing"},
		{"select without options", "select/x", `{"cmd_t":"a"}`, "select.x", "options is missing"},
		{"options are text", "select/x", `{"cmd_t":"a","ops":"a,b"}`, "select.x", "options must be a list"},
		{"options of objects", "select/x", `{"cmd_t":"a","ops":[{}]}`, "select.x", "list of text"},
		{"number upside down", "number/x", `{"cmd_t":"a","min":5,"max":1}`, "number.x", "must be below"},
		{"number with words", "number/x", `{"cmd_t":"a","min":"low"}`, "number.x", "min must be a number"},
		{"payload is a list", "switch/x", `{"cmd_t":"a","pl_on":["ON"]}`, "switch.x", "payload_on must be text"},
		{"name is an object", "switch/x", `{"cmd_t":"a","name":{}}`, "switch.x", "name must be text"},
		{"qos 3", "switch/x", `{"cmd_t":"a","qos":3}`, "switch.x", "qos must be"},
		{"availability is text", "switch/x", `{"cmd_t":"a","avty":"b"}`, "switch.x", "availability must be a list"},
		{"availability without topic", "switch/x", `{"cmd_t":"a","avty":[{}]}`, "switch.x", "availability: topic is missing"},
		{"availability of a thousand topics", "switch/x", `{"cmd_t":"a","avty":[` + strings.Repeat(`{"t":"b"},`, 1000) + `{"t":"b"}]}`, "switch.x", "64 are allowed"},
		{"availability mode", "switch/x", `{"cmd_t":"a","avty_mode":"most"}`, "switch.x", "all, any or latest"},
		{"platform of another kind", "toaster/x", `{"cmd_t":"a"}`, "toaster.x", `platform "toaster" is not known`},
		{"a notify entity", "notify/x", `{"cmd_t":"a"}`, "notify.x", "nobody speaks to it"},
		{"a camera", "camera/x", `{"t":"a"}`, "camera.x", "pictures cannot be spoken of"},
		{"an image", "image/x", `{"img_t":"a"}`, "image.x", "cannot be spoken of"},
		{"a tag scanner", "tag/x", `{"t":"a"}`, "tag.x", "no state to ask about"},
		{"a device trigger", "device_automation/x", `{"atype":"trigger","t":"a"}`, "device_automation.x", "no state to ask about"},
		{"an event of no type", "event/x", `{"stat_t":"a"}`, "event.x", "event_types is missing"},
		{"a name of a megabyte", "light/x", `{"cmd_t":"a","name":"` + strings.Repeat("A", 200000) + `"}`, "light." + strings.Repeat("a", 71) + "...", "name has 200000 bytes, 1024 are allowed"},
		{"an alarm that tells nothing", "alarm_control_panel/x", `{"cmd_t":"a"}`, "alarm_control_panel.x", "state_topic is missing"},
		{"a text too long", "text/x", `{"cmd_t":"a","max":300}`, "text.x", "0 to 255 are allowed"},
		{"a water heater of nothing", "water_heater/x", `{}`, "water_heater.x", "no topic"},
		{"a mower of nothing", "lawn_mower/x", `{}`, "lawn_mower.x", "neither a command topic"},
		{"a valve without an end", "valve/x", `{"cmd_t":"a","pos":true,"pos_open":7,"pos_clsd":7}`, "valve.x", "must differ"},
		{"template schema without its templates", "light/x", `{"cmd_t":"a","schema":"template"}`, "light.x", "command_on_template is missing"},
		{"other schema", "light/x", `{"cmd_t":"a","schema":"xml"}`, "light.x", `schema "xml"`},
		{"template with a loop", "sensor/x", `{"stat_t":"a","val_tpl":"{% for x in value %}1{% endfor %}"}`, "sensor.x", "{% for %} is not evaluated"},
		{"template that repeats", "sensor/x", `{"stat_t":"a","val_tpl":"{{ 'a' * 10 }}"}`, "sensor.x", "it repeats text"},
		{"template with another filter", "sensor/x", `{"stat_t":"a","val_tpl":"{{ value | sort }}"}`, "sensor.x", "the filter \"sort\" is not evaluated"},
		{"template not closed", "sensor/x", `{"stat_t":"a","val_tpl":"{{ value"}`, "sensor.x", "'}}' expected"},
		{"template of states", "sensor/x", `{"stat_t":"a","val_tpl":"{{ states }}"}`, "sensor.x", `nothing is called "states"`},
		{"command template", "switch/x", `{"cmd_t":"a","cmd_tpl":"{{ range(9) }}"}`, "switch.x", "command_template"},
		{"cover of nothing", "cover/x", `{}`, "cover.x", "neither a command_topic"},
		{"climate of nothing", "climate/x", `{}`, "climate.x", "no topic"},
		{"brightness is the only way, but has none", "light/x", `{"cmd_t":"a","on_cmd_type":"brightness"}`, "light.x", "brightness_command_topic"},
		{"device form without device", "device/x", `{"o":{"name":"x"},"cmps":{}}`, "", "device is missing"},
		{"device form without ids", "device/x", `{"dev":{"name":"x"},"o":{"name":"x"},"cmps":{}}`, "", "neither identifiers nor connections"},
		{"device form without origin", "device/x", `{"dev":{"ids":"x"},"cmps":{}}`, "", "origin is missing"},
		{"device form without origin's name", "device/x", `{"dev":{"ids":"x"},"o":{},"cmps":{}}`, "", "origin has no name"},
		{"device form without components", "device/x", `{"dev":{"ids":"x"},"o":{"name":"x"}}`, "", "components is missing"},
		{"component is text", "device/x", `{"dev":{"ids":"x"},"o":{"name":"x"},"cmps":{"a":"b"}}`, "a", "not an object"},
		{"component without platform", "device/x", `{"dev":{"ids":"x"},"o":{"name":"x"},"cmps":{"a":{"cmd_t":"b"}}}`, "a", "platform is missing"},
		{"component without unique id", "device/x", `{"dev":{"ids":"x"},"o":{"name":"x"},"cmps":{"a":{"p":"switch","cmd_t":"b"}}}`, "a", "unique_id is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			topic := "homeassistant/" + test.topic + "/config"
			d, err := ParseDiscovery("homeassistant", Message{Topic: topic, Payload: []byte(test.payload)})
			if err != nil {
				t.Fatal(err)
			}
			if len(d.Entities) != 0 {
				t.Fatalf("it was taken: %s", d.Entities[0].ID)
			}
			if len(d.Faults) != 1 {
				t.Fatalf("faults %v, want one", d.Faults)
			}
			f := d.Faults[0]
			if f.Topic != topic || f.Entity != test.entity || !strings.Contains(f.Reason, test.want) || strings.Contains(f.Reason, "\n") {
				t.Fatalf("got %q, want %q with %q", f, test.entity, test.want)
			}
		})
	}
}

func TestBaseTopicAndInheritance(t *testing.T) {
	e := parse(t, "homeassistant/switch/x/config", `{"~":"home/x","cmd_t":"~/set","stat_t":"state/~","name":"~/not a topic","avty":{"t":"~/up"}}`)
	if got := e.Topics(); !slices.Equal(got, []string{"home/x/up", "state/home/x"}) {
		t.Errorf("topics %q", got)
	}
	if e.commands["state"].Topic != "home/x/set" || e.Name != "~/not a topic" {
		t.Errorf("command %q, name %q", e.commands["state"].Topic, e.Name)
	}

	d, err := ParseDiscovery("homeassistant", Message{Topic: "homeassistant/device/x/config", Payload: []byte(`{
		"~":"root", "dev":{"ids":["x"]}, "o":{"name":"x"}, "stat_t":"~/state", "cmd_t":"root/set", "qos":2, "ret":true,
		"avty_t":"root/up", "pl_avail":"1", "pl_not_avail":"0",
		"cmps":{
			"a":{"p":"switch","uniq_id":"a"},
			"b":{"p":"switch","uniq_id":"b","~":"own","stat_t":"~/b","cmd_t":"~/set","avty":[{"t":"~/up"}]},
			"c":{"p":"switch"}
		}}`)})
	if err != nil || len(d.Faults) > 0 || len(d.Entities) != 2 {
		t.Fatalf("%d entities, %v, %v", len(d.Entities), d.Faults, err)
	}
	a, b := &d.Entities[0], &d.Entities[1]
	if got := a.Topics(); !slices.Equal(got, []string{"root/up", "root/state"}) {
		t.Errorf("a follows %q", got)
	}
	if got := b.Topics(); !slices.Equal(got, []string{"own/up", "own/b"}) {
		t.Errorf("b follows %q", got)
	}
	if a.qos != 0 {
		t.Error("qos is not passed down")
	}
	if m, err := a.Messages(Call{Service: "turn_on"}); err != nil || m[0].Topic != "root/set" {
		t.Errorf("a: %v, %v", m, err)
	}
	s, err := a.Apply(State{}, Message{Topic: "root/up", Payload: []byte("0")})
	if err != nil || !s.Offline {
		t.Errorf("a is %+v, %v", s, err)
	}
	// b has availability of its own, but takes the payloads of the root.
	s, err = b.Apply(State{}, Message{Topic: "own/up", Payload: []byte("offline")})
	if err != nil || !s.Offline {
		t.Errorf("b is %+v, %v", s, err)
	}
}

func TestIDs(t *testing.T) {
	for _, test := range []struct{ name, config, want string }{
		{"default_entity_id", `"def_ent_id":"sensor.Hall Lamp","object_id":"no","name":"no"`, "sensor.hall_lamp"},
		{"of another domain", `"def_ent_id":"light.hall"`, "sensor.hall"},
		{"without domain", `"def_ent_id":"hall"`, "sensor.hall"},
		{"object_id", `"obj_id":"hall_lamp","name":"no"`, "sensor.hall_lamp"},
		{"device and name", `"name":"Left","dev":{"ids":"1","name":"Hall lamp"}`, "sensor.hall_lamp_left"},
		{"null name", `"name":null,"dev_cla":"power","dev":{"ids":"1","name":"Hall lamp"}`, "sensor.hall_lamp"},
		{"no name, but a class", `"dev_cla":"power","dev":{"ids":"1","name":"Hall lamp"}`, "sensor.hall_lamp_power"},
		{"accents", `"name":"Küchenlämpchen – été"`, "sensor.kuchenlampchen_ete"},
		{"sharp s and apostrophe", `"name":"Anna's Straße"`, "sensor.anna_s_strasse"},
		{"another script", `"name":"Кухня"`, "sensor.кухня"},
		{"only signs", `"name":"!!!","uniq_id":"0x12-34"`, "sensor.0x12_34"},
		{"nothing", ``, "sensor.node_obj"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := strings.TrimPrefix(`,`+test.config, ",")
			if config != "" {
				config += ","
			}
			e := parse(t, "homeassistant/sensor/node/obj/config", `{`+config+`"stat_t":"a"}`)
			if e.ID != test.want {
				t.Fatalf("got %s, want %s", e.ID, test.want)
			}
		})
	}
}

func TestUnknownKeysAreKept(t *testing.T) {
	e := parse(t, "homeassistant/switch/x/config", `{"cmd_t":"a","zigbee_channel":15,"dev":{"ids":"x","paint":"red"}}`)
	if e.Config["zigbee_channel"] != 15.0 || e.Config["command_topic"] != "a" || e.Config["device"].(map[string]any)["paint"] != "red" {
		t.Fatalf("config %v", e.Config)
	}
}

func TestAbbreviationsAreUnambiguous(t *testing.T) {
	for short, full := range entityKeys {
		if longer, clash := entityKeys[full]; clash && longer != full {
			t.Errorf("%s means %s, which is itself short for %s", short, full, longer)
		}
	}
	if n := len(entityKeys); n < 230 {
		t.Errorf("%d short keys, Home Assistant has more", n)
	}
	got := expand(map[string]any{"cmd_t": "short", "command_topic": "full"}, entityKeys)
	if !reflect.DeepEqual(got, map[string]any{"command_topic": "full"}) {
		t.Errorf("got %v, want the full key's", got)
	}
}

// Whatever comes, nothing panics; each entity's config announces the same
// entity again; and a fault has a reason of one line.
func FuzzParseDiscovery(f *testing.F) {
	for _, messages := range bridges(f) {
		for _, m := range messages {
			f.Add(m.Topic, m.Payload)
		}
	}
	f.Add("homeassistant/light/x/config", []byte(`{"cmd_t":"a","schema":"json","sup_clrm":["xy"],"bri":1,"stat_t":"s"}`))
	f.Add("homeassistant/fan/x/config", []byte(`{"cmd_t":"a","pct_cmd_t":"b","spd_rng_max":3,"stat_t":"+/s","avty":[{"t":"#","val_tpl":"{{ value_json[0]['a'] | default(1) }}"}]}`))
	f.Add("homeassistant/device/x/config", []byte(`{"migrate_discovery":true}`))
	f.Fuzz(func(t *testing.T, topic string, data []byte) {
		d, err := ParseDiscovery("homeassistant", Message{Topic: topic, Payload: data})
		if err != nil {
			if !errors.Is(err, ErrNotDiscovery) || len(d.Entities)+len(d.Faults) > 0 {
				t.Fatalf("%v with %+v", err, d)
			}
			return
		}
		for _, fault := range d.Faults {
			if fault.Reason == "" || strings.ContainsAny(fault.Reason, "\n") || fault.Topic != topic {
				t.Fatalf("fault %+v", fault)
			}
		}
		for _, e := range d.Entities {
			config, err := json.Marshal(e.Config)
			if err != nil {
				t.Fatal(err)
			}
			if len(config) > maxDiscovery {
				continue // written out it is longer than what came
			}
			again := topic
			if strings.HasPrefix(topic, "homeassistant/device/") {
				again = "homeassistant/" + e.Platform + "/x/config"
			}
			twin, err := ParseDiscovery("homeassistant", Message{Topic: again, Payload: config})
			if err != nil || len(twin.Entities) != 1 {
				t.Fatalf("%s\n%v %v", config, err, twin.Faults)
			}
			twin.Entities[0].Source = e.Source
			if !reflect.DeepEqual(bare(twin.Entities[0]), bare(e)) {
				t.Fatalf("got  %+v\nwant %+v", twin.Entities[0], e)
			}
			exercise(t, &e, data)
		}
	})
}

// bare is an entity without its templates, which cannot be compared.
func bare(e Entity) Entity {
	e.readings = slices.Clone(e.readings)
	for i := range e.readings {
		e.readings[i].Template = template{}
	}
	e.commands = maps.Clone(e.commands)
	for role, c := range e.commands {
		e.commands[role] = command{Topic: c.Topic}
	}
	return e
}

// exercise sends an entity calls and messages; whatever it commands must be publishable.
func exercise(t *testing.T, e *Entity, data []byte) {
	var s State
	for _, filter := range e.Topics() {
		topic := strings.NewReplacer("+", "a", "#", "a").Replace(filter)
		for _, payload := range []string{"ON", "50", `{"state":"ON","color":{"x":1e-9,"y":1e-9}}`, "None", string(data)} {
			s, _ = e.Apply(s, Message{Topic: topic, Payload: []byte(payload)})
		}
	}
	for _, c := range []Call{
		{"turn_on", nil}, {"turn_off", nil}, {"press", nil}, {"open_cover", nil}, {"lock", nil},
		{"turn_on", map[string]any{"brightness_pct": 50, "rgb_color": []any{1.0, 2.0, 3.0}}},
		{"set_percentage", map[string]any{"percentage": 33}},
		{"set_cover_position", map[string]any{"position": 33}},
		{"set_value", map[string]any{"value": 5}}, {"set_temperature", map[string]any{"temperature": 20}},
	} {
		messages, err := e.Messages(c)
		var cannot *CannotError
		if err != nil && !errors.As(err, &cannot) {
			t.Fatalf("%v is no CannotError", err)
		}
		for _, m := range messages {
			if err := checkTopic(m.Topic); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func BenchmarkParseDiscovery1000(b *testing.B) {
	var messages []Message
	all := bridges(b)
	for i := 0; len(messages) < 1000; i++ {
		for _, name := range []string{"zigbee2mqtt", "tasmota", "esphome", "openbeken", "device"} {
			messages = append(messages, all[name]...)
		}
	}
	messages = messages[:1000]
	b.ReportAllocs()
	for b.Loop() {
		for _, m := range messages {
			if _, err := ParseDiscovery("homeassistant", m); err != nil {
				b.Fatal(err)
			}
		}
	}
}
