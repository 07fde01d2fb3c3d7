package mqtt

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// announce gives a Homie messages written as "topic payload" and returns what
// changed: "id", "-unique id" for what is gone, "! fault".
func announce(h *Homie, a *Announced, lines ...string) []string {
	for _, line := range lines {
		topic, payload, _ := strings.Cut(line, " ")
		h.Take(Message{Topic: topic, Payload: []byte(payload)})
	}
	var out []string
	for _, d := range h.Changed() {
		d = a.Note(d)
		for _, e := range d.Entities {
			out = append(out, e.ID)
		}
		for _, unique := range d.Removed {
			out = append(out, "-"+unique)
		}
		for _, f := range d.Faults {
			out = append(out, "! "+f.String())
		}
	}
	return out
}

// lamp4 is a whole lamp of version 4, but for its $state.
var lamp4 = []string{
	"homie/lamp/$homie 4.0.0", "homie/lamp/$name Lamp", "homie/lamp/$nodes light",
	"homie/lamp/light/$name Light", "homie/lamp/light/$type light", "homie/lamp/light/$properties on",
	"homie/lamp/light/on/$datatype boolean", "homie/lamp/light/on/$settable true",
}

const lamp5 = `homie/5/lamp/$description {"homie":"5.0","name":"Lamp","nodes":{"light":{"type":"light","properties":{"on":{"datatype":"boolean","settable":true}}}}}`

func TestHomieLifecycle(t *testing.T) {
	type step struct {
		says []string
		want string
	}
	tests := []struct {
		name  string
		steps []step
	}{
		{"version 4 is announced when it is ready", []step{
			{[]string{"homie/lamp/$state init"}, ""},
			{lamp4, ""},
			{[]string{"homie/lamp/$state ready"}, "light.lamp"},
			{[]string{"homie/lamp/$state ready", lamp4[1]}, ""},
			{[]string{"homie/lamp/$state lost"}, ""},
		}},
		{"retained in any order, and the lamp is away", []step{
			{[]string{"homie/lamp/$state lost"}, "! homie/lamp: $nodes is missing"},
			{lamp4, "light.lamp"},
		}},
		{"half of it", []step{
			{append([]string{"homie/lamp/$state ready"}, lamp4[:5]...), "! homie/lamp: light: $properties is missing"},
			{lamp4[5:6], "! homie/lamp: light/on: $datatype is missing"},
			{lamp4[6:], "light.lamp"},
		}},
		{"renamed while it runs, and rebuilt through init", []step{
			{append(slices.Clone(lamp4), "homie/lamp/$state ready"), "light.lamp"},
			{[]string{"homie/lamp/$name Lantern"}, "light.lantern"},
			{[]string{"homie/lamp/$state init", "homie/lamp/$nodes light,relay"}, ""},
			{[]string{"homie/lamp/relay/$properties on", "homie/lamp/relay/$name Relay", "homie/lamp/relay/on/$datatype boolean",
				"homie/lamp/relay/on/$settable true"}, ""},
			{[]string{"homie/lamp/$state ready"}, "light.lantern_light switch.lantern_relay"},
			{[]string{"homie/lamp/$nodes light"}, "light.lantern -switch/homie/lamp/relay/on"},
		}},
		{"erased", []step{
			{append(slices.Clone(lamp4), "homie/lamp/$state ready"), "light.lamp"},
			{[]string{"homie/lamp/$state "}, "-light/homie/lamp/light"},
		}},
		{"erased nodes first", []step{
			{append(slices.Clone(lamp4), "homie/lamp/$state ready"), "light.lamp"},
			{[]string{"homie/lamp/$nodes "}, "-light/homie/lamp/light"},
			{[]string{"homie/lamp/$state "}, ""},
		}},
		{"version 5", []step{
			{[]string{"homie/5/lamp/$state init", lamp5}, ""},
			{[]string{"homie/5/lamp/$state ready"}, "light.lamp"},
			{[]string{strings.Replace(lamp5, `"Lamp"`, `"Lantern"`, 1)}, "light.lantern"},
			{[]string{"homie/5/lamp/$description "}, "-light/homie/5/lamp/light"},
			{[]string{"homie/5/lamp/$state "}, ""},
		}},
		{"version 5 erased by its state", []step{
			{[]string{"homie/5/lamp/$state ready", lamp5}, "light.lamp"},
			{[]string{"homie/5/lamp/$state "}, "-light/homie/5/lamp/light"},
		}},
		{"what is not about a device", []step{
			{[]string{"homie/$broadcast/alert burglars", "homie/5/$broadcast/alert burglars", "homie/lamp/light/on true",
				"homie/lamp/$stats/uptime 17", "homie/5/lamp/$log/warn hot"}, ""},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h Homie
			var a Announced
			for i, s := range tt.steps {
				if got := strings.Join(announce(&h, &a, s.says...), " "); got != s.want {
					t.Errorf("step %d: %q, want %q", i+1, got, s.want)
				}
			}
		})
	}
}

// What a device says wrongly is named, and what is right of it can be used.
func TestHomieFaults(t *testing.T) {
	five := func(properties string) []string {
		return []string{"homie/5/x/$state ready", `homie/5/x/$description {"homie":"5.0","name":"X","nodes":{"n":{"properties":{` + properties + `}}}}`}
	}
	const good = `,"on":{"datatype":"boolean","settable":true}`
	tests := []struct {
		name string
		says []string
		want string
	}{
		{"an old version", []string{"homie/x/$homie 2.0.1", "homie/x/$nodes n", "homie/x/$state ready"},
			`! homie/x: it speaks version "2.0.1" of the Homie convention; 3, 4 and 5 are understood`},
		{"no version", []string{"homie/x/$nodes n", "homie/x/$state ready"}, "! homie/x: $homie is missing: which version of the convention it speaks"},
		{"a state that there is not", append(slices.Clone(lamp4), "homie/lamp/$state happy"),
			`! homie/lamp: its $state "happy" is none of init, ready, disconnected, sleeping, lost, alert`},
		{"a datatype that there is not", five(`"a":{"datatype":"bool"}` + good), `switch.x ! homie/5/x: n/a: the $datatype "bool" is not known`},
		{"json", five(`"a":{"datatype":"json"}` + good), `switch.x ! homie/5/x: n/a: json properties are not speakable`},
		{"an enum without values", five(`"a":{"datatype":"enum","format":" , "}` + good), `switch.x ! homie/5/x: n/a: the $format of an enum must list its values`},
		{"a color of another kind", five(`"a":{"datatype":"color","format":"cmyk"}` + good),
			`switch.x ! homie/5/x: n/a: the $format of a color must be rgb, hsv or xyz, not "cmyk"`},
		{"no range", five(`"a":{"datatype":"float","format":"much"}` + good), `switch.x ! homie/5/x: n/a: the $format "much" is no range of numbers like 0:100`},
		{"an empty range", five(`"a":{"datatype":"float","format":"5:5"}` + good), `switch.x ! homie/5/x: n/a: the $format "5:5" is an empty range`},
		{"a step back", five(`"a":{"datatype":"float","format":"0:5:-1"}` + good), `switch.x ! homie/5/x: n/a: the $format "0:5:-1" has a step that is not above 0`},
		{"a flag that is none", five(`"a":{"datatype":"float","settable":"maybe"}` + good), `switch.x ! homie/5/x: n/a: settable and retained must be true or false`},
		{"an id with a wildcard", five(`"a/#":{"datatype":"float"}` + good), `switch.x ! homie/5/x: n/a/#: that is no id of a property`},
		{"no JSON", []string{"homie/5/x/$state ready", "homie/5/x/$description {"}, "! homie/5/x: the payload is not JSON: unexpected end of JSON input"},
		{"another version", []string{"homie/5/x/$state ready", `homie/5/x/$description {"homie":"6.1"}`},
			`! homie/5/x: its description is of version "6.1" of the Homie convention, not 5`},
		{"a name that is a number", []string{"homie/5/x/$state ready", `homie/5/x/$description {"homie":"5.0","name":7}`}, `! homie/5/x: "name" must be text`},
		{"a root with a wildcard", []string{"homie/5/x/$state ready", `homie/5/x/$description {"homie":"5.0","root":"#"}`}, `! homie/5/x: "#" is no id of a device`},
		{"an array without range", []string{"homie/x/$homie 3.0.1", "homie/x/$nodes n[]", "homie/x/n/$properties on", "homie/x/n/$array all", "homie/x/$state ready"},
			"! homie/x: n: its $array is missing or is no range like 0-3"},
		{"an attribute that is too long", []string{"homie/x/$homie 4.0", "homie/x/$nodes n", "homie/x/$name " + strings.Repeat("x", 1025), "homie/x/$state ready"},
			"! homie/x: it has more or longer attributes than are kept: 4096, of 1024 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(announce(new(Homie), new(Announced), tt.says...), " "); got != tt.want {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestHomieStates(t *testing.T) {
	var h Homie
	var a Announced
	announce(&h, &a, append(slices.Clone(lamp4), "homie/lamp/$nodes light,air", "homie/lamp/air/$properties warmth",
		"homie/lamp/air/warmth/$datatype float", "homie/lamp/air/warmth/$unit °C", "homie/lamp/$state ready")...)
	offline := func(unique, state string) bool {
		e, ok := a.elsewhere(unique)
		if !ok {
			t.Fatalf("no %s", unique)
		}
		s, err := e.Apply(State{}, Message{Topic: "homie/lamp/$state", Payload: []byte(state)})
		if err != nil {
			t.Fatal(err)
		}
		return s.Offline
	}
	for _, tt := range []struct {
		state        string
		lamp, sensor bool // offline
	}{
		{"ready", false, false}, {"alert", false, false}, {"sleeping", true, false},
		{"init", true, true}, {"disconnected", true, true}, {"lost", true, true},
	} {
		if lamp, sensor := offline("light/homie/lamp/light", tt.state), offline("sensor/homie/lamp/air/warmth", tt.state); lamp != tt.lamp || sensor != tt.sensor {
			t.Errorf("%s: the lamp is offline: %v, the sensor: %v", tt.state, lamp, sensor)
		}
	}
}

// A target confirms a command while the device is on its way, and not a later one.
func TestHomieTarget(t *testing.T) {
	var h Homie
	var a Announced
	announce(&h, &a, "homie/5/lamp/$state ready", strings.Replace(lamp5, `"on":{`, `"level":{"datatype":"integer","unit":"%","settable":true},"on":{`, 1))
	e, _ := a.elsewhere("light/homie/5/lamp/light")
	s := State{}
	hear := func(topic, payload string) {
		t.Helper()
		var err error
		if s, err = e.Apply(s, Message{Topic: "homie/5/lamp/light/" + topic, Payload: []byte(payload)}); err != nil {
			t.Fatal(err)
		}
	}
	want := e.Want(Call{Service: "turn_on", Data: map[string]any{"brightness_pct": 80.0}})
	hear("on", "true")
	hear("level", "10")
	if Confirms(want, s) {
		t.Error("confirmed by the old brightness")
	}
	hear("level/$target", "80")
	if !Confirms(want, s) || s.Attributes["brightness"] != 26 {
		t.Errorf("on its way: %v", s)
	}
	hear("level", "80")
	hear("level", "10") // somebody turned it down by hand
	if Confirms(want, s) {
		t.Errorf("confirmed by a target that was reached before: %v", s)
	}
}

func TestHomieAlerts(t *testing.T) {
	var h Homie
	announce(&h, new(Announced), append(slices.Clone(lamp4), "homie/lamp/$state alert", "homie/5/pump/$alert/dry The well is dry", "homie/5/pump/$alert/hot Too hot",
		"homie/5/pump/$alert/hot ")...)
	if got := fmt.Sprint(h.Alerts()); got != "[homie/5/pump: dry: The well is dry homie/lamp: it wants attention ($state is alert)]" {
		t.Error(got)
	}
}

// Somebody who announces without end fills only so much.
func TestHomieLimits(t *testing.T) {
	var h Homie
	for i := range maxHomieDevices + 10 {
		h.Take(Message{Topic: fmt.Sprintf("homie/d%d/$state", i), Payload: []byte("ready")})
	}
	for i := range maxHomieAttributes + 10 {
		h.Take(Message{Topic: fmt.Sprintf("homie/d0/n%d/$name", i), Payload: []byte("x")})
	}
	if len(h.devices) != maxHomieDevices || len(h.devices["homie/d0"].attributes) != maxHomieAttributes {
		t.Errorf("%d devices, %d attributes", len(h.devices), len(h.devices["homie/d0"].attributes))
	}
	h.Take(Message{Topic: "homie/5/x/$description", Payload: make([]byte, 10<<20)})
	for i := range maxHomieDevices {
		h.Take(Message{Topic: fmt.Sprintf("homie/d%d/$state", i)})
	}
	for i := range maxHomieAttributes + 10 {
		h.Take(Message{Topic: fmt.Sprintf("homie/d0/n%d/$name", i)})
	}
	h.Changed()
	if len(h.devices) != 0 {
		t.Errorf("%d devices are left after all erased themselves", len(h.devices))
	}
}

// Whatever Homie devices send, nothing panics; what is announced can be asked
// and commanded, and what is erased is gone.
func FuzzHomie(f *testing.F) {
	seeds := 0
	for _, file := range []string{"dimmable_light", "hsv_bulb", "array", "shutter", "lock"} {
		data, err := os.ReadFile("../home/testdata/homie/" + file + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		var lines []string
		for _, line := range strings.Split(string(data), "\n") {
			if said, ok := strings.CutPrefix(line, "< "); ok {
				lines = append(lines, said)
			}
		}
		f.Add(strings.Join(lines, "\n"))
		seeds++
	}
	if seeds < 5 {
		f.Fatal("seeds are missing")
	}
	f.Fuzz(func(t *testing.T, text string) {
		var h Homie
		var a Announced
		var topics []string
		for _, line := range strings.Split(text, "\n") {
			topic, payload, _ := strings.Cut(line, " ")
			if h.Take(Message{Topic: topic, Payload: []byte(payload)}) {
				topics = append(topics, topic)
			}
			for _, d := range h.Changed() {
				for _, e := range a.Note(d).Entities {
					exercise(t, &e, []byte(payload))
				}
			}
		}
		for _, topic := range topics {
			h.Take(Message{Topic: topic})
		}
		for _, d := range h.Changed() {
			a.Note(d)
		}
		if len(h.devices) != 0 || len(a.ids) != 0 {
			t.Errorf("%d devices and %d ids are left", len(h.devices), len(a.ids))
		}
	})
}
