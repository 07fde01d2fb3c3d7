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
			{ID: "light.big", Name: "Big light", Area: "studio"},
			{ID: "light.bath", Name: "Bathroom light", Area: "bath"},
			{ID: "fan.extractor", Name: "Extractor fan", Area: "bath"},
			{ID: "switch.fire", Name: "Fireplace", Area: "studio"},
		},
	})
	tests := []struct {
		room, text string
		never      []string // may not be among the targets of an action
	}{
		{"studio", "all light off in here", []string{"light.bath"}},
		{"studio", "my light on the right on", []string{"light.left", "light.big"}},
		{"bath", "run the extractor", []string{"light.bath"}},
		{"studio", "put the fire out", []string{"light.left", "light.right", "light.big"}},
		{"studio", "no lights on please", []string{"light.left", "light.right", "light.big"}},
		{"studio", "i no longer need the lights on", []string{"light.left", "light.right", "light.big"}},
		{"studio", "enough with the lights on", []string{"light.left", "light.right", "light.big"}},
	}
	for _, tt := range tests {
		in := r.Resolve(Query{Text: tt.text, Room: tt.room})
		if in.Refusal == "" && in.Name == "HassTurnOff" && tt.text[0] != 'a' && tt.text[0] != 'p' {
			continue // turned off, as was wanted
		}
		for _, id := range tt.never {
			if in.Refusal == "" && slices.Contains(in.Targets, id) {
				t.Errorf("%q: %s acts on %v", tt.text, in.Name, in.Targets)
				break
			}
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
