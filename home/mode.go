package home

import (
	"slices"
	"strings"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// settings are those that a device may have beside its state: its modes, and the way
// that it turns. Where nobody said which is meant, the first that has the word is.
var settings = []string{"mode", "preset_mode", "fan_mode", "fan_speed", "swing_mode", "swing_horizontal_mode", "direction"}

// synonyms are words that devices use for the same; the first is how it is said.
var synonyms = [][]string{
	{"medium", "mid", "middle", "med"}, {"quiet", "silent", "silence"}, {"auto", "automatic"}, {"eco", "economy"},
	{"fan_only", "fan"}, {"sleep", "sleeping"}, {"none", "normal", "standard"}, {"max", "maximum", "high"}, {"min", "minimum", "low"},
	{"low", "lowest", "min"}, {"high", "highest", "max"}, {"vertical", "updown"}, {"horizontal", "leftright"},
}

// setMode gives a device one of the modes that it announces.
func (s speaker) setMode(d *Device, in intent.Intent) (step, exception) {
	if d.Entity == nil { // which does not answer, as act says
		return step{}, exception{}
	}
	said, asked := text(in, "mode"), text(in, "setting")
	able := false
	for _, setting := range settings {
		if asked != "" && setting != asked && !(asked == "swing_mode" && setting == "swing_horizontal_mode") {
			continue
		}
		choices := d.Entity.Choices(setting)
		able = able || len(choices) > 0
		if choice, ok := s.choice(choices, said, setting); ok {
			return step{call: setCall(d, setting, choice), state: s.settingState(setting, choice)}, exception{}
		}
	}
	if !able {
		return step{}, exception{key: "cannot.do"}
	}
	return step{}, exception{key: "cannot.range", number: s.mode(said)}
}

// setDirection lets a fan blow down or up.
func (s speaker) setDirection(d *Device, in intent.Intent) (step, exception) {
	if !d.can("direction") || d.Domain() != "fan" {
		return step{}, exception{key: "cannot.do"}
	}
	way := text(in, "direction")
	if way == "other" {
		switch d.Attributes["direction"] {
		case "forward":
			way = "reverse"
		case "reverse":
			way = "forward"
		default:
			return step{}, exception{key: "unknown.level"}
		}
	}
	return step{call: setCall(d, "direction", way), state: s.settingState("direction", way)}, exception{}
}

// setCall is the call that gives a device a setting.
func setCall(d *Device, setting, choice string) mqtt.Call {
	key := setting
	switch {
	case setting != "mode":
	case isClimate(d):
		key = "hvac_" + key
	case d.Domain() == "water_heater":
		key = "operation_" + key
	}
	return call("set_"+key, map[string]any{key: choice})
}

// settingState is what a device is whose setting is a choice.
func (s speaker) settingState(setting, choice string) string {
	switch setting {
	case "direction":
		return s.States["direction."+choice]
	case "fan_mode", "fan_speed":
		return s.say("fan.at", "value", s.mode(choice))
	case "swing_mode", "swing_horizontal_mode":
		return s.say("swing.at", "value", s.mode(choice))
	}
	return s.say("set.to", "value", s.mode(choice))
}

// restored is what a device is after a call of restore.
func (s speaker) restored(c mqtt.Call, was *Device) string {
	for _, setting := range settings[1:] {
		if choice, ok := c.Data[setting].(string); ok {
			return s.settingState(setting, choice)
		}
	}
	return s.status(was)
}

// choice finds the one of a device's words that was said: as it stands, as this
// language says it, or by another word for the same.
func (s speaker) choice(choices []string, said, setting string) (string, bool) {
	find := func(said string) (string, bool) {
		i := slices.IndexFunc(choices, func(c string) bool { return plain(c) == plain(said) || plain(s.mode(c)) == plain(said) })
		if i < 0 {
			return "", false
		}
		return choices[i], true
	}
	if c, ok := find(said); ok {
		return c, true
	}
	for _, words := range synonyms {
		if !slices.ContainsFunc(words, func(w string) bool { return plain(w) == plain(said) }) {
			continue
		}
		for _, w := range words {
			if c, ok := find(w); ok {
				return c, true
			}
		}
	}
	if said == "on" && strings.HasPrefix(setting, "swing") { // it swings up and down, or wherever it can
		for _, w := range []string{"both", "vertical", "horizontal", "swing"} {
			if c, ok := find(w); ok {
				return c, true
			}
		}
	}
	return "", false
}

// plain is a word without what devices write differently: "Heat-Cool" is "heat_cool".
func plain(word string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(word))
}

// mode is how a mode is said.
func (s speaker) mode(word string) string {
	key := strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(word), " ", "_"), "-", "_")
	if said, ok := s.Modes[key]; ok {
		return said
	}
	for _, words := range synonyms {
		if slices.Contains(words, key) {
			if said, ok := s.Modes[words[0]]; ok {
				return said
			}
			break
		}
	}
	return strings.ReplaceAll(word, "_", " ")
}

// told is one setting of a device as it says it is, or "".
func (s speaker) told(d *Device, setting string) string {
	switch v := d.Attributes[setting].(type) {
	case string:
		return v
	case bool: // oscillating
		if v {
			return "on"
		}
		return "off"
	}
	if setting == "mode" && (isClimate(d) || d.Domain() == "water_heater") {
		return d.State
	}
	return ""
}

// settingAnswer answers what a setting of some devices is, or whether it is so.
func (s speaker) settingAnswer(devices []*Device, setting, asked string) string {
	var clauses []string
	for _, d := range devices {
		what, several := s.which([]*Device{d})
		value := s.told(d, setting)
		if n, ok := number(d.Attributes[setting]); ok {
			clauses = append(clauses, s.say(isAre("be", several), "what", what, "state", s.say("at", "value", s.say("percent", "number", s.figure(n)))))
			continue
		}
		if value == "" || d.Offline {
			clauses = append(clauses, s.unknown([]*Device{d}))
			continue
		}
		var said string
		switch setting {
		case "oscillating":
			said = s.say(isAre("be", several), "what", what, "state", s.States["oscillate."+value])
		case "fan_mode", "fan_speed", "swing_mode", "swing_horizontal_mode":
			said = s.say("setting.is", "what", what, "state", s.settingState(setting, value))
		default:
			said = s.say(isAre("be", several), "what", what, "state", s.settingState(setting, value))
		}
		if asked != "" {
			key := "no"
			if plain(asked) == plain(value) {
				key = "yes"
			}
			said = s.say(key, "answer", said)
		}
		clauses = append(clauses, said)
	}
	return s.list(clauses)
}

// settled are the calls that bring a device's settings back to what they were.
func settled(d, was *Device) (calls []mqtt.Call) {
	if d.Entity == nil {
		return nil
	}
	for _, setting := range settings {
		before, ok := was.Attributes[setting].(string)
		if ok && d.Attributes[setting] != before && slices.Contains(d.Entity.Choices(setting), before) {
			calls = append(calls, setCall(d, setting, before))
		}
	}
	return calls
}
