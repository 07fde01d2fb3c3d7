package mqtt

import (
	"reflect"
	"strings"
	"testing"
)

// What no broker serves is passed on as the call that it is, where the entity's domain
// knows it and its features allow what it asks.
func TestOutside(t *testing.T) {
	for _, c := range []struct {
		id       string
		features []string
		call     Call
		payload  string // "" where it is refused
		want     State
	}{
		{"light.desk", []string{"brightness"}, Call{"turn_on", map[string]any{"brightness_pct": 40.0}}, `{"brightness_pct":40}`, State{Value: "on", Attributes: map[string]any{"brightness": 102.0}}},
		{"light.desk", nil, Call{"turn_on", map[string]any{"brightness_pct": 40.0}}, "", State{}},
		{"light.desk", []string{"brightness"}, Call{"turn_on", map[string]any{"rgb_color": []any{255, 0, 0}}}, "", State{}},
		{"light.desk", nil, Call{"turn_off", nil}, `{}`, State{Value: "off"}},
		{"light.desk", nil, Call{"unlock", nil}, "", State{}},
		{"cover.blind", []string{"position"}, Call{"set_cover_position", map[string]any{"position": 30.0}}, `{"position":30}`, State{Attributes: map[string]any{"current_position": 30.0}}},
		{"cover.blind", nil, Call{"set_cover_position", map[string]any{"position": 30.0}}, "", State{}},
		{"lock.gate", nil, Call{"unlock", nil}, `{}`, State{Value: "unlocked"}},
		{"climate.hall", []string{"temperature"}, Call{"set_temperature", map[string]any{"temperature": 21.0}}, `{"temperature":21}`, State{Attributes: map[string]any{"temperature": 21.0}}},
		{"climate.hall", nil, Call{"turn_on", nil}, `{}`, State{}},
		{"select.mode", nil, Call{"select_option", map[string]any{"option": "eco"}}, `{"option":"eco"}`, State{Value: "eco"}},
		{"number.level", nil, Call{"set_value", map[string]any{"value": 7.5}}, `{"value":7.5}`, State{Value: "7.5"}},
		{"scene.film", nil, Call{"turn_on", nil}, `{}`, State{}},
		{"sensor.door", nil, Call{"turn_on", nil}, "", State{}},
	} {
		domain, _, _ := strings.Cut(c.id, ".")
		e := Entity{ID: c.id, Platform: domain, Features: c.features}.Outside()
		messages, err := e.Messages(c.call)
		if c.payload == "" {
			if err == nil {
				t.Errorf("%s on %s is passed on: %v", c.call.Service, c.id, messages)
			}
			continue
		}
		if err != nil || len(messages) != 1 || messages[0].Topic != "$outside/"+c.id+"/"+c.call.Service || string(messages[0].Payload) != c.payload {
			t.Errorf("%s on %s: %v, %v", c.call.Service, c.id, messages, err)
		}
		if got := e.Want(c.call); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s on %s wants %+v, want %+v", c.call.Service, c.id, got, c.want)
		}
	}
}
