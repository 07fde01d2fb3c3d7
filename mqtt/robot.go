package mqtt

import (
	"fmt"
	"slices"
)

// Vacuums and lawn mowers: they leave their dock, work, and come back.

// buildVacuum builds a vacuum whose state is JSON, as Home Assistant has it. One
// with payload_on is only on or off, which is how a demo home announces it.
func buildVacuum(b *builder) {
	if b.e.Config["payload_on"] != nil {
		buildSwitch(b)
		return
	}
	b.texts("payload_start", "payload_stop", "payload_pause", "payload_return_to_base")
	b.need(b.command("state", "command_topic", ""), "command_topic")
	b.follow("state", "state_topic")
	b.ability("fan_speed", func() {
		if b.command("fan_speed", "set_fan_speed_topic", "") {
			b.need(len(b.list("fan_speed_list")) > 0, "fan_speed_list")
			b.feature("fan_speed")
		}
	})
	can := b.list("supported_features")
	if b.e.Config["supported_features"] == nil { // Home Assistant's defaults
		can = []string{"start", "stop", "return_home"}
	}
	for _, feature := range []string{"start", "stop", "pause", "return_home"} {
		if slices.Contains(can, feature) {
			b.feature(feature)
		}
	}
}

func applyVacuum(e *Entity, s *State, role, text string) error {
	if e.Config["payload_on"] != nil {
		return applySwitch(e, s, role, text)
	}
	said, err := (&payload{text: text}).json()
	if err != nil {
		return err
	}
	m, ok := said.(map[string]any)
	if !ok {
		return fmt.Errorf("the state is not a JSON object")
	}
	if speed, ok := m["fan_speed"].(string); ok {
		setWord(s, "fan_speed", speed)
	}
	state, given := m["state"]
	if !given {
		return nil
	}
	if state == nil {
		return setText(s, "")
	}
	word, _ := state.(string)
	switch word {
	case "cleaning", "docked", "paused", "idle", "returning", "error":
		return setText(s, word)
	}
	return fmt.Errorf("%q is none of its states", shorten(show(state)))
}

func carryVacuum(o *order) {
	if o.e.Config["payload_on"] != nil {
		carrySwitch(o)
		return
	}
	if o.call.Service == "set_fan_speed" {
		o.setWordOf("fan_speed")
		return
	}
	o.only()
	switch o.call.Service {
	case "start":
		o.robot("start", "payload_start", "start", "cleaning")
	case "pause":
		o.robot("pause", "payload_pause", "pause", "paused")
	case "stop":
		o.robot("stop", "payload_stop", "stop", "idle")
	case "return_to_base":
		o.robot("return_home", "payload_return_to_base", "return_to_base", "docked")
	default:
		o.unknownService()
	}
}

func (o *order) robot(feature, key, fallback, state string) {
	if !o.e.Has(feature) {
		o.cannot("it has no command for that")
	}
	o.send("state", o.e.text(key, fallback))
	o.expect(state)
}

// mowerCalls are a mower's services, each with a command topic of its own.
var mowerCalls = map[string]string{"start_mowing": "mowing", "pause": "paused", "dock": "docked"}

func buildMower(b *builder) {
	b.follow("state", "activity_state_topic", "activity_value_template")
	for service := range mowerCalls {
		b.ability(service, func() { b.command(service, service+"_command_topic", service+"_command_template") })
	}
	if len(b.errs) == 0 && len(b.e.commands) == 0 && !b.e.follows("state") {
		b.fail("it has neither a command topic nor an activity_state_topic")
	}
}

func applyMower(_ *Entity, s *State, _, text string) error {
	return choose(s, text, "mowing", "mowing", "paused", "paused", "docked", "docked", "returning", "returning", "error", "error")
}

func carryMower(o *order) {
	o.only()
	state, ok := mowerCalls[o.call.Service]
	if !ok {
		o.unknownService()
		return
	}
	o.send(o.call.Service, o.call.Service)
	o.expect(state)
}
