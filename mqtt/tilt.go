package mqtt

import "math"

// The slats of a cover: 0 per cent is closed, 100 open.

func (b *builder) tilt() {
	e := b.e
	b.numbers("tilt_min", "tilt_max", "tilt_closed_value", "tilt_opened_value")
	b.follow("tilt", "tilt_status_topic", "tilt_status_template")
	if b.command("tilt", "tilt_command_topic", "tilt_command_template", "tilt_position", "tilt_min", "tilt_max", "position_open", "position_closed") {
		b.feature("tilt")
	}
	if low, high := e.tilts(); low >= high || high > 65535 || low < -65535 {
		b.fail("tilt_min %s must be below tilt_max %s, and both small numbers", numeral(low), numeral(high))
	}
}

// tilts is the range of the device's own tilts.
func (e *Entity) tilts() (low, high float64) {
	return e.number("tilt_min", 0), e.number("tilt_max", 100)
}

func (e *Entity) applyTilt(s *State, text string) error {
	low, high := e.tilts()
	return setNumber(s, "current_tilt_position", text, func(n float64) any {
		return int(min(max(math.Floor((n-low)*100/(high-low)), 0), 100))
	})
}

// coverTilt turns the slats; all the way is a value of its own, as in Home Assistant.
func (o *order) coverTilt(percentage float64) {
	if !o.e.Has("tilt") {
		o.cannot("its slats cannot be tilted")
		return
	}
	low, high := o.e.tilts()
	raw := math.Round(low + (high-low)*percentage/100)
	switch percentage {
	case 0:
		raw = o.e.number("tilt_closed_value", low)
	case 100:
		raw = o.e.number("tilt_opened_value", high)
	}
	o.sendWith("tilt", map[string]any{
		"value": int(raw), "tilt_position": int(raw), "tilt_min": numeral(low), "tilt_max": numeral(high),
		"position_open": o.e.text("position_open", "100"), "position_closed": o.e.text("position_closed", "0"),
	})
	o.expectAttribute("tilt", "current_tilt_position", int(min(max(math.Floor((raw-low)*100/(high-low)), 0), 100)))
}
