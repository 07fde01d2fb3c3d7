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
	b.ability("preset_mode", func() {
		b.follow("preset_mode", "preset_mode_state_topic", "preset_mode_value_template")
		if b.command("preset_mode", "preset_mode_command_topic", "preset_mode_command_template") {
			b.feature("mode")
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
