package intent

import (
	"slices"
	"testing"
)

// What repair finds must not go past what was said.
func TestRepairDoesNotGoPastWhatWasSaid(t *testing.T) {
	r := compileBuiltin(t).Bind(Names{
		Areas: []Area{{ID: "studio", Name: "Studio"}, {ID: "bath", Name: "Bathroom"}},
		Entities: []Entity{
			{ID: "light.left", Name: "Left bedside light", Area: "studio"},
			{ID: "light.right", Name: "Right bedside light", Area: "studio"},
			{ID: "light.bath", Name: "Bathroom light", Area: "bath"},
			{ID: "fan.extractor", Name: "Extractor fan", Area: "bath"},
			{ID: "switch.fire", Name: "Fireplace", Area: "studio"},
		},
	})
	studio := []string{"light.left", "light.right"}
	for _, tt := range []struct {
		text, instead, intent string
		targets               []string
		named, strays         bool
	}{
		{"all of them off in here", "turn off all the lights", "HassTurnOff", []string{"light.bath", "light.left", "light.right"}, true, true},
		{"all of them off in here", "turn off the lights", "HassTurnOff", studio, true, false},
		{"are they all off in here", "are any lights on", "HassGetState", []string{"light.bath", "light.left"}, true, false},
		{"the light on the right on", "turn on the lights", "HassTurnOn", studio, true, true},
		{"the light on the right on", "turn on the right bedside light", "HassTurnOn", []string{"light.right"}, true, false},
		{"run the extractor", "turn on the lights", "HassTurnOn", []string{"light.bath"}, false, true},
		{"put the fire out", "turn off the lights", "HassTurnOff", studio, false, true},
		{"get some water", "turn on the lights", "HassTurnOn", studio, false, true},
		{"we sit in the dark", "turn on the lights", "HassTurnOn", studio, false, false},
		{"put it out", "turn off the lights", "HassTurnOff", studio, false, false},
		{"no lights on please", "turn on the lights", "HassTurnOn", studio, true, true},
		{"i no longer need the lights on", "turn on the lights", "HassTurnOn", studio, true, true},
		{"no put the lights on", "turn on the lights", "HassTurnOn", studio, true, false},
		{"let the lights come up a bit", "turn on the lights", "HassTurnOn", studio, true, true},
		{"a bit less of the lights", "make the lights a bit dimmer", "HassLightSet", studio, true, false},
		{"only the right bedside light on", "turn on the right bedside light", "HassTurnOn", []string{"light.right"}, true, true},
		{"enough of the lights", "turn off the lights", "HassTurnOff", studio, true, false},
	} {
		f := find{frame: map[string]string{"HassTurnOn": "on", "HassTurnOff": "off"}[tt.intent], intent: Intent{Name: tt.intent, Targets: tt.targets}, source: fromFrame, text: tt.instead, named: tt.named}
		if got := r.strays(tt.text, &f, setting{room: 0}); got != tt.strays {
			t.Errorf("%q taken for %q of %v: strays is %v", tt.text, tt.instead, tt.targets, got)
		}
	}
}

// One sentence asks for one thing once.
func TestCondensed(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	last := Intent{Name: "HassTurnOn", Targets: []string{"light.reading"}}
	tests := []struct {
		text string
		want []string
	}{
		{"oops, undo that", []string{"CricketUndo"}},
		{"wrong, put it back", []string{"CricketUndo"}},
		{"no, take that back", []string{"CricketUndo"}},
		{"it's dark in here, lights on", []string{"HassTurnOn"}},
		{"turn on the lights and turn on the lights", []string{"HassTurnOn"}},
		{"it's too bright in here, turn off the lights", []string{"HassTurnOff"}},
		{"it's too dark in here, set the lights to 80 percent", []string{"HassLightSet"}},
		{"turn on the reading light and make it red", []string{"HassLightSet"}},
		{"turn on the lights and set them to 50 percent", []string{"HassLightSet"}},
		{"turn off the tv and close it", []string{""}},
		{"dim the reading light and make it red", []string{"HassLightSet", "HassLightSet"}},
		{"turn on the reading light and toggle the reading light", []string{"HassTurnOn", "HassToggle"}},
		{"turn on the reading light and turn off the tv", []string{"HassTurnOn", "HassTurnOff"}},
	}
	for _, tt := range tests {
		in := r.Match(Query{Text: tt.text, Room: "kitchen", Context: Context{Last: &last}})
		got := []string{in.Name}
		for _, a := range in.Also {
			got = append(got, a.Name)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q: %v %v, want %v", tt.text, got, in.Refusal, tt.want)
		}
	}
}
