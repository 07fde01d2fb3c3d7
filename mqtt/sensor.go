package mqtt

import (
	"fmt"
	"slices"
)

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

// An event's value is what happened last; Home Assistant has the time there.
func buildEvent(b *builder) {
	b.need(b.follow("state", "state_topic", "value_template"), "state_topic")
	b.e.Options = b.list("event_types")
	b.need(len(b.e.Options) > 0, "event_types")
}

func applyEvent(e *Entity, s *State, _, text string) error {
	v, err := (&payload{text: text}).json()
	if err != nil {
		return err
	}
	m, _ := v.(map[string]any)
	kind, ok := m["event_type"].(string)
	if !ok {
		return fmt.Errorf("it has no event_type")
	}
	if !slices.Contains(e.Options, kind) {
		return fmt.Errorf("%q is none of its event_types", shorten(kind))
	}
	s.Value = kind
	return nil
}

// An update is on while there is a newer version than the one installed.
// One without a name of its own would be called what its device is called, so it is
// not for speech.
func buildUpdate(b *builder) {
	b.e.Hidden = b.e.Hidden || empty(b.e.Config["name"])
	b.texts("payload_install")
	b.need(b.follow("state", "state_topic", "value_template"), "state_topic")
	b.follow("latest_version", "latest_version_topic", "latest_version_template")
	b.ability("install", func() {
		if b.command("install", "command_topic", "") {
			b.need(b.e.Config["payload_install"] != nil, "payload_install")
			b.feature("install")
		}
	})
}

func applyUpdate(_ *Entity, s *State, role, text string) error {
	if role == "latest_version" {
		setWord(s, role, text)
	} else {
		said, _ := (&payload{text: text}).json()
		if m, ok := said.(map[string]any); ok {
			for _, key := range []string{"installed_version", "latest_version"} {
				if v := m[key]; v != nil {
					setWord(s, key, show(v))
				}
			}
			if v, ok := m["in_progress"].(bool); ok {
				s.Attributes["in_progress"] = v
			}
		} else {
			setWord(s, "installed_version", text)
		}
	}
	installed, latest := s.Attributes["installed_version"], s.Attributes["latest_version"]
	switch {
	case installed == nil || latest == nil:
		s.Value = ""
	case installed == latest:
		s.Value = "off"
	default:
		s.Value = "on"
	}
	return nil
}

func carryUpdate(o *order) {
	o.only()
	if o.call.Service != "install" {
		o.unknownService()
	}
	o.send("install", o.e.text("payload_install", ""))
	o.expect("off")
}

// A device tracker is home, not_home, or at a place that it names.
func buildTracker(b *builder) {
	b.texts("payload_home", "payload_not_home", "payload_reset")
	found := b.follow("state", "state_topic", "value_template")
	b.need(found || b.e.Config["json_attributes_topic"] != nil, "state_topic")
}

func applyTracker(e *Entity, s *State, _, text string) error {
	switch text {
	case e.text("payload_home", "home"):
		text = "home"
	case e.text("payload_not_home", "not_home"):
		text = "not_home"
	case e.text("payload_reset", "None"):
		text = ""
	}
	return setText(s, text)
}
