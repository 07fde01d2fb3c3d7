package mqtt

import (
	"math"
)

func buildCover(b *builder) {
	e := b.e
	if e.DeviceClass == "" {
		e.DeviceClass = opening(e.Name, e.DeviceName)
	}
	b.texts("payload_open", "payload_close", "payload_stop", "state_open", "state_opening",
		"state_closed", "state_closing", "state_stopped")
	b.numbers("position_open", "position_closed")
	commands := b.command("state", "command_topic", "command_template")
	if _, given := e.Config["payload_stop"]; commands && (!given || e.Config["payload_stop"] != nil) {
		b.feature("stop")
	}
	b.follow("state", "state_topic", "value_template")
	b.ability("position", func() {
		b.follow("position", "position_topic", "position_template")
		if b.command("position", "set_position_topic", "set_position_template", "position", "position_open", "position_closed") {
			b.feature("position")
		}
		if open, closed := e.ends(); open == closed || max(open, closed) > 65535 || min(open, closed) < -65535 {
			b.fail("position_open %s and position_closed %s must differ and be small numbers", numeral(open), numeral(closed))
		}
	})
	b.ability("tilt", b.tilt)
	if len(b.errs) == 0 && !commands && !e.takes("position") && !e.follows("state") && !e.follows("position") {
		b.fail("it has neither a command_topic nor a set_position_topic nor a topic that tells its state")
	}
}

// ends are the device's own positions when it is open and when it is closed.
func (e *Entity) ends() (open, closed float64) {
	return e.number("position_open", 100), e.number("position_closed", 0)
}

func applyCover(e *Entity, s *State, role, text string) error {
	if role == "tilt" {
		return e.applyTilt(s, text)
	}
	if role == "position" {
		err := setNumber(s, "current_position", text, func(n float64) any {
			open, closed := e.ends()
			return int(min(max(math.Round((n-closed)*100/(open-closed)), 0), 100))
		})
		if p, known := s.Attributes["current_position"].(int); known && err == nil && !e.follows("state") {
			s.Value = openAt(p)
		}
		return err
	}
	if text == e.text("state_stopped", "stopped") {
		p, known := s.Attributes["current_position"].(int)
		switch {
		case known:
			s.Value = openAt(p)
		case s.Value == "closing":
			s.Value = "closed"
		default:
			s.Value = "open"
		}
		return nil
	}
	return choose(s, text,
		e.text("state_open", "open"), "open",
		e.text("state_opening", "opening"), "opening",
		e.text("state_closed", "closed"), "closed",
		e.text("state_closing", "closing"), "closing")
}

func openAt(position int) string {
	if position == 0 {
		return "closed"
	}
	return "open"
}

func carryCover(o *order) {
	switch o.call.Service {
	case "open_cover":
		o.only()
		o.coverMove("payload_open", "OPEN", 100)
	case "close_cover":
		o.only()
		o.coverMove("payload_close", "CLOSE", 0)
	case "stop_cover":
		o.only()
		if !o.e.Has("stop") {
			o.cannot("it cannot be stopped")
		}
		o.send("state", o.e.text("payload_stop", "STOP"))
	case "set_cover_position":
		o.only("position")
		o.coverPosition(o.between("position", 0, 100))
	case "set_cover_tilt_position":
		o.only("tilt_position")
		o.coverTilt(o.between("tilt_position", 0, 100))
	default:
		o.unknownService()
	}
}

// coverMove opens or closes all the way: by command where there is one, else by position.
func (o *order) coverMove(key, fallback string, position float64) {
	if !o.e.takes("state") {
		o.coverPosition(position)
		return
	}
	if v, given := o.e.Config[key]; given && v == nil {
		o.cannot("it has no command for that")
	}
	o.send("state", o.e.text(key, fallback))
	if o.e.follows("state") || o.e.follows("position") {
		o.want.Value = openAt(int(position))
	}
}

func (o *order) coverPosition(position float64) {
	if !o.e.takes("position") {
		o.cannot("it cannot be set to a position")
		return
	}
	open, closed := o.e.ends()
	raw := int(math.Round(position*(open-closed)/100 + closed))
	o.sendWith("position", map[string]any{
		"value": raw, "position": raw, "position_open": numeral(open), "position_closed": numeral(closed),
	})
	o.expectAttribute("position", "current_position", int(math.Round(position)))
	if o.want.IsZero() {
		o.expect(openAt(int(math.Round(position))))
	}
}
