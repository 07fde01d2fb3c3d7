package home

import (
	"math"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/intent"
)

// nearest are the devices of a domain that an intent's slots describe; where
// they name no place and no device, those of the room that heard it, else all
// of the home. Of several players those that play are meant.
func (s speaker) nearest(in intent.Intent, domain string) []*Device {
	find := func(area any) []*Device {
		return s.scope(map[string]any{"area": area, "floor": in.Slots["floor"], "name": in.Slots["name"], "domain": domain})
	}
	found := find(in.Slots["area"])
	if in.Slots["area"] == nil && in.Slots["floor"] == nil && in.Slots["name"] == nil {
		if here := find(s.room); s.room != "" && len(here) > 0 {
			found = here
		}
	}
	if domain == "media_player" && len(found) > 1 {
		active := slices.DeleteFunc(slices.Clone(found), func(d *Device) bool { return d.State != "playing" && d.State != "on" })
		if len(active) == 1 {
			return active
		}
	}
	return found
}

// services are the intents that are a service call of the same meaning, by
// Home Assistant's name of the service.
var services = map[string]string{
	"HassMediaPause": "media_pause", "HassMediaUnpause": "media_play", "HassMediaNext": "media_next_track",
	"HassMediaPrevious": "media_previous_track", "HassMediaPlayerMute": "volume_mute", "HassMediaPlayerUnmute": "volume_unmute",
	"HassVacuumStart": "start", "HassVacuumReturnToBase": "return_to_base",
	"HassLawnMowerStartMowing": "start_mowing", "HassLawnMowerDock": "dock",
}

// serve makes the call of the intents that are one. Those that no device can
// carry out over MQTT (a search for music, a vacuum sent to a room) have none.
func (s speaker) serve(d *Device, in intent.Intent) (step, exception) {
	service, ok := services[in.Name]
	if !ok || d.Domain() != domainOf(in.Name) {
		return step{}, exception{key: "cannot.do"}
	}
	state := s.States[service]
	if service == "dock" {
		state = s.States["return_to_base"]
	}
	return step{call: call(service, nil), state: state}, exception{}
}

// Why "up to" and "down to" did nothing.
const (
	pastUp   = "above"
	pastDown = "below"
)

// past is what is wrong with "up to" a level that the device is above, or "down to"
// one that it is below; "" where nothing is. Whoever says so means something else.
func past(in intent.Intent, level any, full, percent float64) (key string) {
	now, known := number(level)
	now = math.Round(now * 100 / full)
	switch way := in.Toward; {
	case known && way == "up" && now > percent:
		return pastUp
	case known && way == "down" && now < percent:
		return pastDown
	}
	return ""
}

func (s speaker) setVolume(d *Device, in intent.Intent) (step, exception) {
	if d.Domain() != "media_player" {
		return step{}, exception{key: "cannot.volume"}
	}
	percent, ok := number(in.Slots["volume_level"])
	if by, relative := number(in.Slots["volume_step"]); relative {
		now, known := number(d.Attributes["volume_level"])
		var why exception
		if percent, why = stepped(d, now*100, known, by, 0, 100); why.key != "" {
			return step{}, why
		}
		ok = true
	}
	switch way := text(in, "volume_step"); {
	case way == "up" || way == "down":
		return step{call: call("volume_"+way, nil), state: s.States["volume_"+way], verb: true}, exception{}
	case !ok:
		return step{}, exception{key: "cannot.volume"}
	}
	said := s.say("percent", "number", s.figure(percent))
	if percent < 0 || percent > 100 {
		return step{}, exception{key: "cannot.range", number: said}
	}
	if key := past(in, d.Attributes["volume_level"], 1, percent); key != "" {
		return step{}, exception{key: key, number: said}
	}
	return step{call: call("volume_set", map[string]any{"volume_level": percent / 100}), state: s.say("at", "value", said), verb: true}, exception{}
}

// toggle turns off what is on and on what is off.
func (s speaker) toggle(d *Device) (step, exception) {
	switch d.State {
	case "on", "open", "opening", "locked", "playing", "cleaning", "mowing":
		return s.turnOff(d)
	case "off", "closed", "closing", "unlocked", "paused", "idle", "docked":
		return s.turnOn(d)
	}
	switch {
	case placeless[d.Domain()] && d.Domain() != "lock": // it has no state
		return step{}, exception{key: "cannot.do"}
	case !d.Known():
		return step{}, exception{key: "unknown.level"}
	case isClimate(d):
		return s.turnOff(d)
	}
	return step{}, exception{key: "cannot.do"}
}

// selectOption chooses an option of a select, a mode of a thermostat, a preset
// of a fan, or an effect of a light.
func (s speaker) selectOption(d *Device, in intent.Intent) (step, exception) {
	services := map[string][2]string{
		"select": {"select_option", "option"}, "climate": {"set_hvac_mode", "hvac_mode"},
		"fan": {"set_preset_mode", "preset_mode"}, "light": {"turn_on", "effect"},
	}
	service, ok := services[d.Domain()]
	if !ok {
		return step{}, exception{key: "cannot.do"}
	}
	if d.Entity == nil { // which does not answer, as act says
		return step{}, exception{}
	}
	said := text(in, "option")
	i := slices.IndexFunc(d.Entity.Options, func(o string) bool {
		return strings.EqualFold(o, said) || strings.EqualFold(strings.ReplaceAll(o, "_", " "), said) || strings.EqualFold(s.word(d, o), said)
	})
	if i < 0 {
		return step{}, exception{key: "cannot.range", number: said}
	}
	option := d.Entity.Options[i]
	return step{call: call(service[0], map[string]any{service[1]: option}), state: s.say("set.to", "value", s.word(d, option))}, exception{}
}

func (s speaker) setNumber(d *Device, in intent.Intent) (step, exception) {
	value, ok := number(in.Slots["value"])
	switch {
	case !ok || d.Domain() != "number":
		return step{}, exception{key: "cannot.do"}
	case d.Entity != nil && (value < d.Entity.Min || value > d.Entity.Max):
		return step{}, exception{key: "cannot.range", number: s.figure(value)}
	}
	return step{call: call("set_value", map[string]any{"value": value}), state: s.say("set.to", "value", s.figure(value))}, exception{}
}
