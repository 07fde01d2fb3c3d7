package home

import (
	"slices"
	"strings"

	"github.com/cricket-home/cricket/intent"
)

// speaker words what is said in one room.
type speaker struct {
	replies
	home *Home
	room string // area id, or ""
	at   Setting
}

// placeless are things that are the home's rather than a room's.
var placeless = map[string]bool{"scene": true, "script": true, "button": true, "lock": true}

// label is the name of a device as said in the room: with its own room where
// that is another one.
func (s speaker) label(d *Device) string {
	name := s.lower(d.Name)
	if d.Area == "" || d.Area == s.room || placeless[d.Domain()] || opensHouse(d) {
		return name
	}
	area, ok := s.home.Area(d.Area)
	if !ok || strings.Contains(strings.ToLower(d.Name), strings.ToLower(area.Name)) {
		return name
	}
	return s.say("room.device", "room", s.lower(area.Name), "place", s.inRoom(area.Name), "name", name)
}

// names are the labels of devices with their articles.
func (s speaker) names(devices []*Device) []string {
	var out []string
	for _, d := range devices {
		out = append(out, s.the(s.label(d)))
	}
	return out
}

// most is the number of names that are still pleasant to hear in a row.
const most = 3

// which is "the hall lamp and the kitchen lamp", or "five lights" where that
// would be too long, and whether a verb after it is in the plural.
func (s speaker) which(devices []*Device) (text string, several bool) {
	if len(devices) > most {
		return s.counted(s.kind(devices), len(devices)), true
	}
	return s.list(s.names(devices)), len(devices) > 1 || s.manyNamed(devices[0].Name)
}

// kind is what all the devices are: a key of the things, or "".
func (s speaker) kind(devices []*Device) string {
	var kind string
	for i, d := range devices {
		k := s.kindOf(d)
		if i > 0 && k != kind {
			return ""
		}
		kind = k
	}
	return kind
}

func (s speaker) kindOf(d *Device) string {
	if k := d.Domain() + "." + d.DeviceClass; s.Things[k] != [2]string{} {
		return k
	}
	if k := d.Domain(); s.Things[k] != [2]string{} {
		return k
	}
	return ""
}

// subject is what a confirmation is about: "kitchen lights", "all the blinds",
// "lamp".
func (s speaker) subject(devices []*Device, in intent.Intent) (what string, several bool) {
	if len(devices) == 1 {
		return s.label(devices[0]), s.manyNamed(devices[0].Name)
	}
	if len(in.Targets) == 1 {
		if g, ok := s.home.Group(in.Targets[0]); ok && len(g.Members) == len(devices) {
			return s.lower(g.Name), s.manyNamed(g.Name)
		}
	}
	kind := s.kind(devices)
	if except := text(in, "except"); except != "" && len(devices) == len(in.Targets) {
		all := s.say("everything", "place", s.place(in))
		area, named := s.home.Area(text(in, "area"))
		switch {
		case kind != "" && named:
			all = s.say("room.things", "room", s.lower(area.Name), "place", s.inRoom(area.Name), "things", s.things(kind, 2))
		case kind != "":
			all = s.say("all.things", "things", s.things(kind, 2))
		}
		return s.say("everything.except", "all", all, "except", s.exceptNames(except)), kind != ""
	}
	if in.Slots["name"] == "all" && kind == "" {
		return s.say("everything", "place", s.place(in)), false
	}
	things := s.things(kind, len(devices))
	area, floor := s.common(devices)
	whole := kind != ""
	switch {
	case whole && area.ID != "" && s.covers(devices, func(d *Device) bool { return d.Area == area.ID }):
		if area.ID == s.room {
			return things, true
		}
		return s.say("room.things", "room", s.lower(area.Name), "place", s.inRoom(area.Name), "things", things), true
	case whole && floor.ID != "" && s.covers(devices, func(d *Device) bool { return s.floorOf(d) == floor.ID }):
		return s.say("room.things", "room", s.lower(floor.Name), "place", s.onFloor(floor.Name), "things", things), true
	case whole && s.covers(devices, func(*Device) bool { return true }):
		return s.say("all.things", "things", things), true
	case len(devices) == 2:
		return s.list([]string{s.label(devices[0]), s.label(devices[1])}), true
	case area.ID != "" && area.ID != s.room:
		things = s.say("room.things", "room", s.lower(area.Name), "place", s.inRoom(area.Name), "things", things)
	}
	return s.say("number.things", "number", s.number(len(devices)), "things", things), true
}

// exceptNames are the names of an exception, which intents join by commas, as
// said in the middle of a sentence.
func (s speaker) exceptNames(joined string) string {
	var names []string
	for _, name := range strings.Split(joined, ", ") {
		if n, ok := s.nounOf(name); ok && n.Object != "" {
			names = append(names, s.lower(name)) // its article here is a third one
			continue
		}
		names = append(names, s.the(name))
	}
	return s.list(names)
}

// common is the room and the floor that all the devices share.
func (s speaker) common(devices []*Device) (Area, Floor) {
	same := func(of func(*Device) string) string {
		first := of(devices[0])
		if slices.ContainsFunc(devices, func(d *Device) bool { return of(d) != first }) {
			return ""
		}
		return first
	}
	var area Area
	var floor Floor
	if id := same(func(d *Device) string { return d.Area }); id != "" {
		area, _ = s.home.Area(id)
	}
	if id := same(s.floorOf); id != "" {
		floor, _ = s.home.Floor(id)
	}
	return area, floor
}

func (s speaker) floorOf(d *Device) string {
	a, _ := s.home.Area(d.Area)
	return a.Floor
}

// covers says whether the devices, all of one kind, are all exposed ones of
// that kind in a place.
func (s speaker) covers(devices []*Device, in func(*Device) bool) bool {
	kind, n := s.kind(devices), 0
	for _, d := range s.home.Devices {
		if d.Exposed && in(d) && s.kindOf(d) == kind {
			n++
		}
	}
	return n == len(devices)
}

// reply puts the parts of a sentence together. Confirmations are joined into
// one sentence; answers and exceptions have their own.
func (s speaker) reply(parts []part, unconfirmed []string) string {
	var sentences, pending []string
	flush := func() {
		if len(pending) > 0 {
			sentences = append(sentences, s.sentence(s.list(pending)))
			pending = nil
		}
	}
	for _, p := range parts {
		if p.answer != "" {
			flush()
			sentences = append(sentences, s.sentence(p.answer))
			continue
		}
		done, silent := s.deeds(p, unconfirmed)
		exceptions := s.exceptions(p, silent)
		if len(exceptions) == 0 {
			pending = append(pending, done...)
			continue
		}
		flush()
		text := s.list(exceptions)
		switch {
		case len(done) > 0 && len(silent) > 0:
			text = s.say("unconfirmed", "done", s.list(done), "exceptions", text)
		case len(done) > 0:
			text = s.say("but", "done", s.list(done), "exceptions", text)
		}
		sentences = append(sentences, s.sentence(text))
	}
	flush()
	if q := together(parts); q != nil {
		sentences = append(sentences, s.sentence(s.ask(q)))
	}
	return strings.Join(sentences, " ")
}

// deeds is one clause for each state that devices were brought to, and the
// devices that did not confirm.
func (s speaker) deeds(p part, unconfirmed []string) (clauses []string, silent []*Device) {
	var states []string
	for _, d := range p.done {
		if !slices.Contains(states, d.state) {
			states = append(states, d.state)
		}
	}
	for _, state := range states {
		var asked, did []*Device
		verb := false
		for _, d := range p.done {
			if d.state != state {
				continue
			}
			verb = verb || d.verb
			asked = append(asked, d.device)
			if slices.Contains(unconfirmed, d.device.ID) {
				silent = append(silent, d.device)
			} else {
				did = append(did, d.device)
			}
		}
		switch {
		case len(did) == 0:
		case len(did) < len(asked):
			clauses = append(clauses, s.say(isAre("partly", len(did) > 1), "number", s.number(len(did)), "all", s.number(len(asked)),
				"things", s.things(s.kind(asked), len(asked)), "state", s.agree(state, did)))
		default:
			what, several := s.subject(did, p.in)
			key := "done"
			if verb {
				key = isAre("done", several)
			}
			clauses = append(clauses, s.say(key, "what", what, "state", s.agree(state, did)))
		}
	}
	return clauses, silent
}

// exceptions is one clause for each reason why devices did nothing.
func (s speaker) exceptions(p part, silent []*Device) []string {
	var out []string
	for _, e := range p.exceptions {
		if e.key == waits { // ask says it
			continue
		}
		if e.key == "silent" {
			silent = append(slices.Clone(e.devices), silent...)
			continue
		}
		what, several := s.which(e.devices)
		switch e.key {
		case isOff:
			out = append(out, s.say(isAre("already.off", several), "what", what, "state", s.agree(s.States["turn_off"], e.devices)))
		case pastUp:
			out = append(out, s.say(isAre("past.up", several), "what", what, "number", e.number))
		case pastDown:
			out = append(out, s.say(isAre("past.down", several), "what", what, "number", e.number))
		default:
			out = append(out, s.say(e.key, "what", what, "color", e.color, "number", e.number))
		}
	}
	if len(silent) > 0 {
		what, several := s.which(silent)
		out = append(out, s.say(isAre("silent", several), "what", what))
	}
	return out
}

// place is " in the kitchen" or " on the ground floor" where the sentence named
// one other than the room it was said in.
func (s speaker) place(in intent.Intent) string {
	if name, _ := in.Slots["area"].(string); name != "" {
		if a, ok := s.home.Area(name); ok && a.ID != s.room {
			return s.inRoom(a.Name)
		}
		return ""
	}
	if name, _ := in.Slots["floor"].(string); name != "" {
		if f, ok := s.home.Floor(name); ok {
			return s.onFloor(f.Name)
		}
	}
	return ""
}
