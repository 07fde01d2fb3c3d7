package mqtt

import (
	"math"
	"slices"
	"strings"
)

// Media players. Home Assistant has none by MQTT; programs on computers, tablets and
// boards announce them in the form of the custom integration mqtt_media_player, with a
// topic for each thing that they say and are told:
// https://github.com/bkbilly/mqtt_media_player. Volumes are 0 to 1.

// playerVerbs are what such a player can be told, by Home Assistant's service.
var playerVerbs = map[string]struct{ key, payload, state string }{
	"media_play":           {"play", "Play", "playing"},
	"media_pause":          {"pause", "Pause", "paused"},
	"media_next_track":     {"next", "Next", ""},
	"media_previous_track": {"previous", "Previous", ""},
}

func buildPlayer(b *builder) {
	if b.e.text("command_topic", "") != "" { // announced like a switch
		buildSwitch(b)
		return
	}
	any := false
	for _, v := range playerVerbs {
		b.texts("command_" + v.key + "_payload")
		any = b.command(v.key, "command_"+v.key+"_topic", "") || any
	}
	b.need(b.command("volume", "command_volume_topic", "") || any, "command_play_topic")
	b.follow("state", "state_state_topic")
	b.follow("volume", "state_volume_topic")
}

func applyPlayer(e *Entity, s *State, role, text string) error {
	switch {
	case e.text("command_topic", "") != "":
		return applySwitch(e, s, role, text)
	case role == "volume":
		return setNumber(s, "volume_level", text, func(n float64) any { return min(max(n, 0), 1) })
	}
	if word := strings.ToLower(strings.TrimSpace(text)); slices.Contains([]string{"playing", "paused", "idle", "off", "on", "standby", "buffering"}, word) {
		s.Value = word
	} else if word == "stopped" {
		s.Value = "idle"
	} else {
		return choose(s, text)
	}
	return nil
}

func carryPlayer(o *order) {
	if o.e.text("command_topic", "") != "" {
		carrySwitch(o)
		return
	}
	if v, ok := playerVerbs[o.call.Service]; ok {
		o.only()
		o.send(v.key, o.e.text("command_"+v.key+"_payload", v.payload))
		if v.state != "" {
			o.expect(v.state)
		}
		return
	}
	if o.call.Service != "volume_set" {
		o.unknownService()
		return
	}
	o.only("volume_level")
	level := math.Round(100*o.between("volume_level", 0, 1)) / 100
	o.send("volume", level)
	o.expectAttribute("volume", "volume_level", level)
}
