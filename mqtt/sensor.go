package mqtt

// Sensors say something and are told nothing. A sensor that falls silent
// (expire_after, off_delay) keeps its last value here: time is not ours to pass.

func buildSensor(b *builder) {
	b.need(b.follow("state", "state_topic", "value_template"), "state_topic")
	b.e.Options = b.list("options")
}

func buildBinarySensor(b *builder) {
	b.texts("payload_on", "payload_off")
	b.need(b.follow("state", "state_topic", "value_template"), "state_topic")
}

func applyText(_ *Entity, s *State, _, text string) error { return setText(s, text) }

func applyBinarySensor(e *Entity, s *State, _, text string) error {
	return choose(s, text, e.text("payload_on", "ON"), "on", e.text("payload_off", "OFF"), "off")
}

func carryNothing(o *order) { o.cannot("it can only be asked") }
