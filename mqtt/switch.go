package mqtt

import "encoding/json"

// Switches, and the kinds that are only on or off. Home Assistant has no MQTT
// form of scripts; we take them when they are announced like a switch, which is how
// a demo home does it.

func buildSwitch(b *builder) {
	b.texts("payload_on", "payload_off", "state_on", "state_off")
	b.need(b.command("state", "command_topic", "command_template"), "command_topic")
	b.follow("state", "state_topic", "value_template")
}

func applySwitch(e *Entity, s *State, _, text string) error {
	on, off := e.text("payload_on", "ON"), e.text("payload_off", "OFF")
	return choose(s, text, e.text("state_on", on), "on", e.text("state_off", off), "off")
}

func carrySwitch(o *order) {
	o.only()
	vacuum := o.e.Platform == "vacuum" // that is only on or off
	switch service := o.call.Service; {
	case service == "turn_on", service == "start" && vacuum:
		o.send("state", o.e.text("payload_on", "ON"))
		o.expect("on")
	case service == "turn_off", service == "return_to_base" && vacuum:
		o.send("state", o.e.text("payload_off", "OFF"))
		o.expect("off")
	default:
		o.unknownService()
	}
}

// Sirens turn on and off; their tones and their volume are not spoken of. A siren without a template of its own is sent JSON.

func buildSiren(b *builder) {
	b.texts("payload_on", "payload_off", "state_on", "state_off")
	b.need(b.command("state", "command_topic", "command_template"), "command_topic")
	b.follow("state", "state_topic", "state_value_template")
}

func applySiren(e *Entity, s *State, role, text string) error {
	if v, err := (&payload{text: text}).json(); err == nil {
		if m, ok := v.(map[string]any); ok {
			if m["state"] == nil {
				return nil // it is about something else
			}
			text = show(m["state"])
		}
	}
	return applySwitch(e, s, role, text)
}

func carrySiren(o *order) {
	o.only()
	value, state := o.e.text("payload_on", "ON"), "on"
	switch o.call.Service {
	case "turn_on":
	case "turn_off":
		value, state = o.e.text("payload_off", "OFF"), "off"
	default:
		o.unknownService()
	}
	if o.e.Platform == "siren" && o.e.text("command_template", "") == "" {
		text, err := json.Marshal(map[string]string{"state": value})
		if err != nil {
			panic(err) // a text
		}
		value = string(text)
	}
	o.send("state", value)
	o.expect(state)
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
