package mqtt

import (
	"fmt"
	"math"
)

func buildFan(b *builder) {
	e := b.e
	b.texts("payload_on", "payload_off", "payload_reset_percentage", "payload_reset_preset_mode")
	b.numbers("speed_range_min", "speed_range_max")
	b.need(b.command("state", "command_topic", "command_template"), "command_topic")
	b.follow("state", "state_topic", "state_value_template")
	b.ability("percentage", func() {
		b.follow("percentage", "percentage_state_topic", "percentage_value_template")
		if b.command("percentage", "percentage_command_topic", "percentage_command_template") {
			b.feature("percentage")
		}
		if low, high := e.speeds(); low < 1 || low >= high || high > 65535 {
			b.fail("the speeds from %s to %s must be within 1 to 65535, the first below the second", numeral(low), numeral(high))
		}
	})
	b.ability("oscillation", func() {
		b.texts("payload_oscillation_on", "payload_oscillation_off")
		b.follow("oscillation", "oscillation_state_topic", "oscillation_value_template")
		if b.command("oscillation", "oscillation_command_topic", "oscillation_command_template") {
			b.feature("oscillate")
		}
	})
	b.ability("direction", func() {
		b.texts("payload_direction_forward", "payload_direction_reverse")
		b.follow("direction", "direction_state_topic", "direction_value_template")
		if b.command("direction", "direction_command_topic", "direction_command_template") {
			b.feature("direction")
		}
	})
	b.ability("preset_mode", func() {
		b.follow("preset_mode", "preset_mode_state_topic", "preset_mode_value_template")
		if b.command("preset_mode", "preset_mode_command_topic", "preset_mode_command_template") {
			b.feature("preset_mode")
			e.Options = b.list("preset_modes")
			b.need(len(e.Options) > 0, "preset_modes")
		}
	})
}

// speeds is the range of the device's own speeds; 0 is off.
func (e *Entity) speeds() (low, high float64) {
	return math.Trunc(e.number("speed_range_min", 1)), math.Trunc(e.number("speed_range_max", 100))
}

func applyFan(e *Entity, s *State, role, text string) error {
	switch role {
	case "percentage":
		if text == e.text("payload_reset_percentage", "None") {
			delete(s.Attributes, "percentage")
			return nil
		}
		return setNumber(s, "percentage", text, func(n float64) any { return e.percentage(n) })
	case "oscillation":
		switch text {
		case e.swings(true):
			s.Attributes["oscillating"] = true
		case e.swings(false):
			s.Attributes["oscillating"] = false
		default:
			return fmt.Errorf("%q is neither of its payloads", shorten(text))
		}
		return nil
	case "direction":
		for _, way := range []string{"forward", "reverse"} {
			if text == e.turns(way) {
				s.Attributes["direction"] = way
				return nil
			}
		}
		if unknown(text) {
			delete(s.Attributes, "direction")
			return nil
		}
		return fmt.Errorf("%q is neither of its payloads", shorten(text))
	case "preset_mode":
		if text == e.text("payload_reset_preset_mode", "None") {
			text = ""
		}
		setWord(s, "preset_mode", text)
		return nil
	case "state":
		return choose(s, text, e.text("payload_on", "ON"), "on", e.text("payload_off", "OFF"), "off")
	}
	return fmt.Errorf("no such topic")
}

// swings is the payload for swinging from side to side, or not.
func (e *Entity) swings(on bool) string {
	if on {
		return e.text("payload_oscillation_on", "oscillate_on")
	}
	return e.text("payload_oscillation_off", "oscillate_off")
}

// turns is the payload for a direction.
func (e *Entity) turns(way string) string { return e.text("payload_direction_"+way, way) }

// percentage is what a speed of the device is in per cent.
func (e *Entity) percentage(speed float64) int {
	low, high := e.speeds()
	p := math.Floor((speed - (low - 1)) * 100 / (high - low + 1))
	return int(min(max(p, 0), 100))
}

// speed is the lowest speed of the device that gives at least a percentage.
func (e *Entity) speed(percentage float64) int {
	low, high := e.speeds()
	return int(math.Ceil((high-low+1)*percentage/100 + low - 1))
}

func carryFan(o *order) {
	switch o.call.Service {
	case "turn_on":
		o.only("percentage", "preset_mode")
		if o.has("percentage") && o.between("percentage", 0, 100) == 0 {
			o.fanOff()
			return
		}
		o.send("state", o.e.text("payload_on", "ON"))
		o.expect("on")
		if o.has("percentage") {
			o.fanSpeed()
		}
		if o.has("preset_mode") {
			o.fanPreset()
		}
	case "turn_off":
		o.only()
		o.fanOff()
	case "set_percentage":
		o.only("percentage")
		if o.between("percentage", 0, 100) == 0 {
			o.fanOff()
			return
		}
		o.fanSpeed()
	case "oscillate":
		o.only("oscillating")
		on, ok := o.call.Data["oscillating"].(bool)
		if !ok {
			o.cannot("%q must be true or false", "oscillating")
		}
		o.send("oscillation", o.e.swings(on))
		o.expectAttribute("oscillation", "oscillating", on)
	case "set_direction":
		o.only("direction")
		way := o.word("direction", o.e.Choices("direction"))
		o.send("direction", o.e.turns(way))
		o.expectAttribute("direction", "direction", way)
	case "set_preset_mode":
		o.only("preset_mode")
		o.fanPreset()
	default:
		o.unknownService()
	}
}

func (o *order) fanOff() {
	o.send("state", o.e.text("payload_off", "OFF"))
	o.expect("off")
}

func (o *order) fanSpeed() {
	speed := o.e.speed(o.between("percentage", 0, 100))
	o.send("percentage", speed)
	o.expectAttribute("percentage", "percentage", o.e.percentage(float64(speed)))
}

func (o *order) fanPreset() {
	preset := o.word("preset_mode", o.e.Options)
	o.send("preset_mode", preset)
	o.expectAttribute("preset_mode", "preset_mode", preset)
}
