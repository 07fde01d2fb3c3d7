package home

import "github.com/cricket-home/cricket/intent"

// setTilt turns the slats of a cover. That lets in light, and nobody.
func (s speaker) setTilt(d *Device, in intent.Intent) (step, exception) {
	percent, ok := number(in.Slots["position"])
	said := s.say("percent", "number", s.figure(percent))
	switch {
	case !ok || d.Domain() != "cover" || !d.can("tilt"):
		return step{}, exception{key: "cannot.tilt"}
	case percent < 0 || percent > 100:
		return step{}, exception{key: "cannot.range", number: said}
	}
	return step{call: call("set_cover_tilt_position", map[string]any{"tilt_position": percent}), state: s.say("tilted", "value", said)}, exception{}
}

// oscillate lets a fan swing from side to side, or hold still.
func (s speaker) oscillate(d *Device, in intent.Intent) (step, exception) {
	if d.Domain() != "fan" || !d.can("oscillate") {
		return step{}, exception{key: "cannot.oscillate"}
	}
	on := text(in, "state") != "off"
	state := s.States["oscillate.on"]
	if !on {
		state = s.States["oscillate.off"]
	}
	return step{call: call("oscillate", map[string]any{"oscillating": on}), state: state}, exception{}
}
