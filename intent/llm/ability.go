package llm

import (
	"slices"

	"github.com/cricket-home/cricket/intent"
)

// ability is something that can be done to a device, as the model writes it:
// {"brightness":"Kitchen Ceiling light","to":40}.
type ability struct {
	verb   string // key of the JSON
	intent string // Home Assistant's
	slot   string // that the value of "to" goes into; "": there is none
	value  value
	can    func(e *intent.Entity) bool
}

// value is what "to" may be.
type value uint8

const (
	none value = iota
	percent
	degrees
	color
)

// colors are those that the model may name; home knows how they shine.
var colors = []string{"white", "red", "green", "blue", "yellow", "orange", "purple", "pink", "turquoise", "violet", "gold", "lime"}

// abilities are all that the model may ask of a device, in the order of the grammar.
var abilities = []ability{
	{"turn_on", "HassTurnOn", "", none, is("light", "switch", "fan", "media_player", "climate", "humidifier", "water_heater", "siren")},
	{"turn_off", "HassTurnOff", "", none, is("light", "switch", "fan", "media_player", "climate", "humidifier", "water_heater", "siren")},
	{"open", "HassTurnOn", "", none, is("cover")},
	{"close", "HassTurnOff", "", none, is("cover")},
	{"run", "HassTurnOn", "", none, is("scene", "script")},
	{"brightness", "HassLightSet", "brightness", percent, has("light", "brightness")},
	{"color", "HassLightSet", "color", color, has("light", "color")},
	{"position", "HassSetPosition", "position", percent, has("cover", "position")},
	{"speed", "HassFanSetSpeed", "percentage", percent, has("fan", "percentage")},
	{"temperature", "HassClimateSetTemperature", "temperature", degrees, is("climate")},
	{"volume", "HassSetVolume", "volume_level", percent, is("media_player")},
	{"pause", "HassMediaPause", "", none, is("media_player")},
	{"play", "HassMediaUnpause", "", none, is("media_player")},
	{"start", "HassVacuumStart", "", none, is("vacuum")},
	{"dock", "HassVacuumReturnToBase", "", none, is("vacuum")},
}

func is(domains ...string) func(*intent.Entity) bool {
	return func(e *intent.Entity) bool { return slices.Contains(domains, e.Domain()) }
}

func has(domain, feature string) func(*intent.Entity) bool {
	return func(e *intent.Entity) bool { return e.Domain() == domain && slices.Contains(e.Features, feature) }
}
