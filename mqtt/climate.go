package mqtt

import (
	"fmt"
	"slices"
	"strings"
)

func buildClimate(b *builder) {
	e := b.e
	b.texts("payload_on", "payload_off", "temperature_unit")
	b.numbers("min_temp", "max_temp", "temp_step")
	e.Unit = e.text("temperature_unit", "")
	e.Min, e.Max, e.Step = e.number("min_temp", 7), e.number("max_temp", 35), e.number("temp_step", 1)
	if e.Unit == "F" && e.Config["min_temp"] == nil {
		e.Min = 44.6
	}
	if e.Unit == "F" && e.Config["max_temp"] == nil {
		e.Max = 95
	}
	if e.Min >= e.Max {
		b.fail("min_temp %s must be below max_temp %s", numeral(e.Min), numeral(e.Max))
	}
	e.Options = []string{"auto", "off", "cool", "heat", "dry", "fan_only"}
	if e.Config["modes"] != nil {
		e.Options = b.list("modes")
	}
	// value_template stands in for each template of a state that is not there.
	b.heats()
	b.setting("preset_mode", "preset_mode_value_template", "preset_modes")
	b.setting("fan_mode", "fan_mode_state_template", "fan_modes")
	b.setting("swing_mode", "swing_mode_state_template", "swing_modes")
	b.setting("swing_horizontal_mode", "swing_horizontal_mode_state_template", "swing_horizontal_modes")
	b.ability("action", func() { b.follow("hvac_action", "action_topic", "action_template", "value_template") })
	b.ability("humidity", func() {
		b.follow("current_humidity", "current_humidity_topic", "current_humidity_template", "value_template")
	})
	b.ability("power", func() { b.command("power", "power_command_topic", "power_command_template") })
	if len(b.errs) == 0 && len(b.lost) == 0 && len(e.commands) == 0 && !e.follows("temperature") && !e.follows("current_temperature") && !e.follows("state") {
		b.fail("it has no topic for its temperature or its mode")
	}
	if len(b.lost) > 0 && len(e.commands) == 0 && !e.follows("current_temperature") {
		b.fail("nothing of it can be used")
	}
}

func applyClimate(_ *Entity, s *State, role, text string) error {
	switch role {
	case "state":
		return setText(s, text)
	case "temperature", "current_temperature", "current_humidity":
		return setNumber(s, role, text, same)
	case "preset_mode", "fan_mode", "swing_mode", "swing_horizontal_mode", "hvac_action":
		setWord(s, role, text)
		return nil
	}
	return fmt.Errorf("no such topic")
}

// heats reads the topics of whatever keeps a temperature.
func (b *builder) heats() {
	b.ability("temperature", func() {
		b.follow("temperature", "temperature_state_topic", "temperature_state_template", "value_template")
		if b.command("temperature", "temperature_command_topic", "temperature_command_template") {
			b.feature("temperature")
		}
	})
	b.ability("current temperature", func() {
		b.follow("current_temperature", "current_temperature_topic", "current_temperature_template", "value_template")
	})
	b.ability("mode", func() {
		b.follow("state", "mode_state_topic", "mode_state_template", "value_template")
		if b.command("mode", "mode_command_topic", "mode_command_template") {
			b.feature("mode")
		}
	})
}

func carryClimate(o *order) {
	switch o.call.Service {
	case "set_temperature":
		o.only("temperature", "hvac_mode")
		if o.has("hvac_mode") {
			o.climateMode(o.word("hvac_mode", o.e.Options))
		}
		t := o.between("temperature", o.e.Min, o.e.Max)
		o.send("temperature", numeral(t))
		o.expectAttribute("temperature", "temperature", t)
	case "set_hvac_mode":
		o.only("hvac_mode")
		o.climateMode(o.word("hvac_mode", o.e.Options))
	case "set_preset_mode", "set_fan_mode", "set_swing_mode", "set_swing_horizontal_mode":
		o.setWordOf(strings.TrimPrefix(o.call.Service, "set_"))
	case "turn_off":
		o.only()
		if o.e.takes("power") {
			o.send("power", o.e.text("payload_off", "OFF"))
			o.expect("off")
			return
		}
		if !slices.Contains(o.e.Options, "off") {
			o.cannot("it cannot be turned off")
		}
		o.climateMode("off")
	case "turn_on":
		o.only()
		if o.e.takes("power") {
			o.send("power", o.e.text("payload_on", "ON"))
			return // which mode it wakes in is its own affair
		}
		for _, mode := range []string{"heat_cool", "heat", "cool", "auto"} {
			if slices.Contains(o.e.Options, mode) {
				o.climateMode(mode)
				return
			}
		}
		o.cannot("it has no mode to turn on")
	default:
		o.unknownService()
	}
}

func (o *order) climateMode(mode string) {
	o.send("mode", mode)
	o.expect(mode)
}
