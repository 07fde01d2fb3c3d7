package mqtt

import "slices"

// Modes and directions: settings of a device that are one of a few words, each with
// topics of its own.

// Choices are the words that a setting of the entity can have, as it wants to be sent
// them: "mode" (a climate's, a water heater's, a humidifier's), "preset_mode", "fan_mode",
// "swing_mode", "swing_horizontal_mode", "direction", "fan_speed" (a vacuum's). It is empty where the entity
// cannot be told.
func (e *Entity) Choices(setting string) []string {
	if !e.outside && !e.takes(setting) {
		return nil
	}
	switch setting {
	case "direction":
		return []string{"forward", "reverse"}
	case "mode":
		switch e.Platform {
		case "climate", "water_heater", "humidifier":
			return e.Options
		}
	case "preset_mode":
		if e.Platform == "fan" {
			return e.Options
		}
		presets := e.words("preset_modes", nil)
		if len(presets) > 0 && !slices.Contains(presets, "none") {
			presets = append(presets, "none") // Home Assistant's word for no preset
		}
		return presets
	case "fan_mode":
		return e.words("fan_modes", []string{"auto", "low", "medium", "high"})
	case "fan_speed":
		return e.words("fan_speed_list", nil)
	case "swing_mode", "swing_horizontal_mode":
		return e.words(setting+"s", []string{"on", "off"})
	}
	return nil
}

// words is a list of the config; what is there of one that was checked.
func (e *Entity) words(key string, usual []string) []string {
	l, ok := e.Config[key].([]any)
	if !ok {
		if e.outside { // it says what it has
			return nil
		}
		return usual
	}
	var out []string
	for _, v := range l {
		out = append(out, show(v))
	}
	return out
}

// setting declares a setting whose state template may be called otherwise, and whose
// words are a list.
func (b *builder) setting(role, stateTemplate, listKey string) {
	b.ability(role, func() {
		b.follow(role, role+"_state_topic", stateTemplate, "value_template")
		if b.command(role, role+"_command_topic", role+"_command_template") {
			b.list(listKey)
			b.feature(role)
		}
	})
}

// setWordOf carries out a call that gives one of a setting's words.
func (o *order) setWordOf(setting string) {
	o.only(setting)
	w := o.word(setting, o.e.Choices(setting))
	o.send(setting, w)
	switch {
	case setting != "fan_speed":
		o.expectAttribute(setting, setting, w)
	case o.e.follows("state"): // a vacuum's is in its state
		o.want.Attributes = map[string]any{setting: w}
	}
}
