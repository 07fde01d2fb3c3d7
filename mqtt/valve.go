package mqtt

import (
	"math"
)

// A valve either opens and closes, or, with reports_position, is commanded and
// tells its state in per cent on the same two topics.

func buildValve(b *builder) {
	b.texts("payload_open", "payload_close", "payload_stop", "state_open", "state_opening", "state_closed", "state_closing")
	b.numbers("position_open", "position_closed")
	b.flags("reports_position")
	b.need(b.command("state", "command_topic", "command_template"), "command_topic")
	b.follow("state", "state_topic", "value_template")
	if b.e.flag("reports_position") {
		b.feature("position")
		if open, closed := b.e.ends(); open == closed || max(open, closed) > 65535 || min(open, closed) < -65535 {
			b.fail("position_open %s and position_closed %s must differ and be small numbers", numeral(open), numeral(closed))
		}
	}
}

func applyValve(e *Entity, s *State, _, text string) error {
	p := &payload{text: text}
	position, state := "", text
	if v, err := p.json(); err == nil { // {"state": "opening", "position": 40}, or a number
		if m, ok := v.(map[string]any); ok {
			state, position = "", ""
			if m["state"] != nil {
				state = show(m["state"])
			}
			if m["position"] != nil {
				position = show(m["position"])
			}
		} else if _, numeric := number(text); numeric && e.flag("reports_position") {
			state, position = "", text
		}
	}
	if position != "" && e.flag("reports_position") {
		err := setNumber(s, "current_position", position, func(n float64) any {
			open, closed := e.ends()
			return int(min(max(math.Round((n-closed)*100/(open-closed)), 0), 100))
		})
		if at, known := s.Attributes["current_position"].(int); known && err == nil && state == "" {
			s.Value = openAt(at)
		}
		if err != nil || state == "" {
			return err
		}
	}
	return choose(s, state,
		e.text("state_open", "open"), "open", e.text("state_opening", "opening"), "opening",
		e.text("state_closed", "closed"), "closed", e.text("state_closing", "closing"), "closing")
}

func carryValve(o *order) {
	position := 0.0
	switch o.call.Service {
	case "open_valve":
		o.only()
		position = 100
	case "close_valve":
		o.only()
	case "stop_valve":
		o.only()
		if o.e.text("payload_stop", "") == "" {
			o.cannot("it cannot be stopped")
		}
		o.send("state", o.e.text("payload_stop", ""))
		return
	case "set_valve_position":
		o.only("position")
		position = o.between("position", 0, 100)
		if !o.e.Has("position") {
			o.cannot("it cannot be set to a position")
		}
	default:
		o.unknownService()
	}
	switch {
	case o.e.Has("position"):
		open, closed := o.e.ends()
		o.send("state", int(math.Round(position*(open-closed)/100+closed)))
		o.expectAttribute("state", "current_position", int(math.Round(position)))
	case position == 0:
		o.valveMove("payload_close", "CLOSE")
		o.expect("closed")
	default:
		o.valveMove("payload_open", "OPEN")
		o.expect("open")
	}
}

func (o *order) valveMove(key, fallback string) {
	if v, given := o.e.Config[key]; given && v == nil {
		o.cannot("it has no command for that")
	}
	o.send("state", o.e.text(key, fallback))
}
