package hass

import (
	"regexp"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/mqtt"
)

// state is a state object. https://developers.home-assistant.io/docs/core/entity
type state struct {
	ID         string         `json:"entity_id"`
	Value      string         `json:"state"`
	Attributes map[string]any `json:"attributes"`
}

// spoken are the domains that can be spoken to or asked about.
var spoken = []string{"light", "switch", "input_boolean", "siren", "script", "scene", "button", "input_button", "remote", "fan", "cover", "valve", "lock", "climate",
	"water_heater", "humidifier", "vacuum", "lawn_mower", "media_player", "number", "select", "alarm_control_panel", "sensor", "binary_sensor", "person", "device_tracker", "weather"}

// abilities are the bits of supported_features that are features here, by domain.
var abilities = map[string]map[int]string{
	"cover":               {4: "position", 8: "stop", 128: "tilt"},
	"valve":               {4: "position", 8: "stop"},
	"fan":                 {1: "percentage", 2: "oscillate", 4: "direction"},
	"climate":             {1: "temperature"},
	"water_heater":        {1: "temperature"},
	"media_player":        {4: "volume"},
	"alarm_control_panel": {1: "arm_home", 2: "arm_away", 4: "arm_night", 32: "arm_vacation"},
}

// entityID is the form of entity ids.
var entityID = regexp.MustCompile(`^[a-z0-9_]+\.[a-z0-9_]+$`)

// entity is what Home Assistant serves as s; false where nobody can speak to it.
func (s *state) entity() (mqtt.Entity, bool) {
	domain, _, _ := strings.Cut(s.ID, ".")
	if !slices.Contains(spoken, domain) || !entityID.MatchString(s.ID) {
		return mqtt.Entity{}, false
	}
	e := mqtt.Entity{ID: s.ID, Platform: domain, UniqueID: home.FromHomeAssistant + s.ID, Name: s.text("friendly_name"), DeviceClass: s.text("device_class"),
		Unit: s.text("unit_of_measurement"), Source: "Home Assistant " + s.ID}
	bits, _ := s.Attributes["supported_features"].(float64)
	for bit, feature := range abilities[domain] {
		if int(bits)&bit != 0 {
			e.Features = append(e.Features, feature)
		}
	}
	switch domain {
	case "light":
		for _, mode := range s.texts("supported_color_modes") {
			switch mode {
			case "onoff", "unknown":
				continue
			case "color_temp":
				e.Features = append(e.Features, "color_temp")
				e.Min, e.Max = s.number("min_color_temp_kelvin"), s.number("max_color_temp_kelvin")
			case "hs", "rgb", "rgbw", "rgbww", "xy":
				e.Features = append(e.Features, "color")
			}
			e.Features = append(e.Features, "brightness")
		}
		if e.Options = s.texts("effect_list"); e.Options != nil {
			e.Features = append(e.Features, "effect")
		}
	case "climate", "water_heater":
		e.Min, e.Max, e.Step = s.number("min_temp"), s.number("max_temp"), s.number("target_temp_step")
		if e.Options = s.texts("hvac_modes"); domain == "water_heater" {
			e.Options = s.texts("operation_list")
		}
		if e.Options != nil {
			e.Features = append(e.Features, "mode")
		}
		e.Config = s.lists("preset_modes", "fan_modes", "swing_modes", "swing_horizontal_modes")
	case "fan":
		e.Options = s.texts("preset_modes")
	case "humidifier":
		e.Features = append(e.Features, "humidity")
		e.Options = s.texts("available_modes")
		e.Min, e.Max = s.number("min_humidity"), s.number("max_humidity")
	case "vacuum":
		e.Config = s.lists("fan_speed_list")
	case "select":
		e.Options = s.texts("options")
	case "number":
		e.Min, e.Max, e.Step = s.number("min"), s.number("max"), s.number("step")
	}
	slices.Sort(e.Features)
	e.Features = slices.Compact(e.Features)
	return e.Outside(), true
}

// told is what the entity says.
func (s *state) told() mqtt.State {
	if s.Value == "unavailable" {
		return mqtt.State{Offline: true}
	}
	out := mqtt.State{Value: s.Value, Attributes: map[string]any{}}
	if out.Value == "unknown" {
		out.Value = ""
	}
	for k, v := range s.Attributes {
		switch k {
		case "friendly_name", "supported_features", "supported_color_modes", "icon", "entity_picture":
		default:
			if v != nil {
				out.Attributes[k] = v
			}
		}
	}
	return out
}

func (s *state) text(key string) string {
	t, _ := s.Attributes[key].(string)
	return oneLine(t)
}

func (s *state) number(key string) float64 {
	n, _ := s.Attributes[key].(float64)
	return n
}

// lists are the attributes of those names that are lists, as a device's discovery
// payload would have them.
func (s *state) lists(keys ...string) map[string]any {
	out := map[string]any{}
	for _, key := range keys {
		if list, ok := s.Attributes[key].([]any); ok {
			out[key] = list
		}
	}
	return out
}

func (s *state) texts(key string) []string {
	list, _ := s.Attributes[key].([]any)
	var out []string
	for _, one := range list {
		if t, ok := one.(string); ok {
			out = append(out, t)
		}
	}
	return out
}
