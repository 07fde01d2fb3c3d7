package mqtt

// Switches, and the kinds that are only on or off.

func buildSwitch(b *builder) {
	b.texts("payload_on", "payload_off", "state_on", "state_off")
	b.need(b.command("state", "command_topic", "command_template"), "command_topic")
	b.follow("state", "state_topic", "value_template")
}

// buildOnOff builds the kinds that Home Assistant has no simple MQTT form of:
// media players, scripts, vacuums. We take them when they are announced like a
// switch, which is how a demo home does it.
func buildOnOff(b *builder) {
	if b.e.Platform == "vacuum" && b.e.Config["payload_on"] == nil {
		b.fail("vacuums with commands of their own are not speakable yet")
		return
	}
	buildSwitch(b)
}

func applySwitch(e *Entity, s *State, _, text string) error {
	on, off := e.text("payload_on", "ON"), e.text("payload_off", "OFF")
	return choose(s, text, e.text("state_on", on), "on", e.text("state_off", off), "off")
}

func carrySwitch(o *order) {
	o.only()
	on := false
	switch o.call.Service {
	case "turn_on":
		on = true
	case "turn_off":
	case "start":
		on = o.e.Platform == "vacuum"
		if !on {
			o.unknownService()
		}
	case "return_to_base":
		if o.e.Platform != "vacuum" {
			o.unknownService()
		}
	default:
		o.unknownService()
	}
	if on {
		o.send("state", o.e.text("payload_on", "ON"))
		o.expect("on")
		return
	}
	o.send("state", o.e.text("payload_off", "OFF"))
	o.expect("off")
}

// Scenes and buttons are told what to do and never say anything.

func buildScene(b *builder) {
	b.texts("payload_on")
	b.need(b.command("state", "command_topic", ""), "command_topic")
}

func buildButton(b *builder) {
	b.texts("payload_press")
	b.need(b.command("state", "command_topic", "command_template"), "command_topic")
}

func applyNothing(*Entity, *State, string, string) error { return nil }

func carryScene(o *order) {
	o.only()
	if o.call.Service != "turn_on" {
		o.unknownService()
	}
	o.send("state", o.e.text("payload_on", "ON"))
}

func carryButton(o *order) {
	o.only()
	if o.call.Service != "press" {
		o.unknownService()
	}
	o.send("state", o.e.text("payload_press", "PRESS"))
}
