package home

import (
	"slices"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// seen are the domains whose devices show what they were told to do.
var seen = map[string]bool{"light": true, "switch": true, "fan": true, "cover": true, "media_player": true}

// confirms says whether the reply to a plan only tells that everything was done,
// and sees whether whoever is in the room notices that without it.
func (s speaker) confirms(parts []part) (confirms, sees bool) {
	sees = s.room != ""
	for _, p := range parts {
		switch {
		case p.in.Name == "HassNevermind" && p.refusal == "": // who said "stop" wants no words
			continue
		case p.answer != "" || len(p.exceptions) > 0 || len(p.done) == 0:
			return false, false
		}
		for _, d := range p.done {
			sees = sees && d.device.Area == s.room && seen[d.device.Domain()]
		}
	}
	return len(parts) > 0, sees && len(parts) > 0
}

// box is Home Assistant's domain of what people speak to.
const box = "assist_satellite"

// ownVolume tells whether an intent about loudness is about the box itself: because it
// says so, or because it names nothing and there is nothing here whose volume can be set.
func (s speaker) ownVolume(in intent.Intent) bool {
	switch {
	case in.Name != "HassSetVolume" && in.Name != "HassSetVolumeRelative":
		return false
	case in.Slots["domain"] == box && len(in.Targets) == 0:
		return true
	case in.Slots["name"] != nil || in.Slots["floor"] != nil:
		return false
	}
	area, elsewhere := in.Slots["area"], false
	if area != nil { // the resolver puts the room that heard it there, too
		there, ok := s.home.Area(text(in, "area"))
		here, known := s.home.Area(s.room)
		elsewhere = !ok || !known || there.ID != here.ID
	}
	if elsewhere {
		return false
	}
	var about []*Device
	if about, _ = s.expand(in.Targets); len(in.Targets) == 0 {
		about = s.nearest(in, "media_player")
	}
	return !slices.ContainsFunc(about, func(d *Device) bool { return d.Domain() != "media_player" || d.hasVolume() })
}

// hasVolume tells whether a device announced a topic for its volume, or may have one
// that is not known because it announced nothing yet.
func (d *Device) hasVolume() bool {
	if d.Entity == nil {
		return true
	}
	for _, c := range []mqtt.Call{call("volume_set", map[string]any{"volume_level": 0.5}), call("volume_up", nil)} {
		if _, err := d.Entity.Messages(c); err == nil {
			return true
		}
	}
	return false
}

// volumeStep is how far "louder" goes, in percent.
const volumeStep = 10

// setOwnVolume sets how loud the box itself speaks.
func (s speaker) setOwnVolume(in intent.Intent) part {
	percent, ok := number(in.Slots["volume_level"])
	if !ok {
		by, relative := number(in.Slots["volume_step"])
		switch text(in, "volume_step") {
		case "up":
			by, relative = volumeStep, true
		case "down":
			by, relative = -volumeStep, true
		}
		now := float64(s.at.Volume)
		switch {
		case !relative:
			return refused(in, CannotDo, s.say("refused.intent"))
		case by > 0 && now >= 100:
			return refused(in, CannotDo, s.say("volume.highest"))
		case by < 0 && now <= 0:
			return refused(in, CannotDo, s.say("volume.lowest"))
		}
		percent = min(max(now+by, 0), 100)
	}
	if percent < 0 || percent > 100 {
		return refused(in, CannotDo, s.say("volume.range"))
	}
	volume := int(percent)
	return part{in: in, volume: &volume, answer: s.say("volume", "value", s.say("percent", "number", s.figure(percent)))}
}

// broadcast lets a message be said aloud by every box, or by those of one room.
func (s speaker) broadcast(in intent.Intent) part {
	p := part{in: in, announce: text(in, "message"), answer: s.say("announced")}
	name := text(in, "area")
	if name == "" {
		return p
	}
	area, ok := s.home.Area(name)
	if !ok {
		return refused(in, UnknownDevice, s.say("describe.where"))
	}
	p.announceIn, p.answer = area.ID, s.say("announced.room", "place", s.inRoom(area.Name))
	return p
}

// Unheard is said when no other box took an announcement for a room, or with "" for
// all of them.
func (h *Home) Unheard(room string) string {
	s := speaker{home: h, replies: h.replies}
	if a, ok := h.Area(room); ok && room != "" {
		return s.sentence(s.say("unheard.room", "place", s.inRoom(a.Name)))
	}
	return s.sentence(s.say("unheard"))
}
