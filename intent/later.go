package intent

import (
	"fmt"
	"slices"
	"strings"
)

// commandSlot is Home Assistant's name for a request inside a request: "in ten
// minutes turn off the lamp". A wildcard of this slot is resolved like a request
// of its own, and the sentence means nothing where that is refused.
const commandSlot = "conversation_command"

// restSlot is what is left of a request in whose middle the delay was said: "mach
// in zehn Minuten das Licht aus" is "mach" and "das Licht aus".
const restSlot = "conversation_rest"

// command tells whether an expression is a request inside a request.
func (sc *scope) command(e expr) bool {
	if e.kind != exprList || e.slot != commandSlot {
		return false
	}
	l := sc.lists[e.text]
	return l != nil && l.wildcard
}

// entryKind is when a template of a block is read.
func (b *block) entryKind(e expr, sc *scope) entryKind {
	switch has, leads, _ := sc.commands(e, map[string][3]bool{}); {
	case leads:
		return entryDelayLast
	case has:
		return entryDelay
	case b.follow != followNothing:
		return entryFollow
	}
	return entryPlain
}

// commands tells whether an expression has a request in it, whether it can begin
// with one, and whether it can be read from nothing; seen has the rules looked at.
func (sc *scope) commands(e expr, seen map[string][3]bool) (has, leads, empty bool) {
	switch e.kind {
	case exprText:
		return false, false, (&letters{}).template(e.text) == " " || e.text == ""
	case exprList:
		c := sc.command(e)
		return c, c, false
	case exprRule:
		known, ok := seen[e.text]
		if !ok {
			has, leads, empty = sc.commands(sc.rules[e.text].expr, seen)
			known = [3]bool{has, leads, empty}
			seen[e.text] = known
		}
		return known[0], known[1], known[2]
	case exprOpt:
		has, leads, _ = sc.commands(e.kids[0], seen)
		return has, leads, true
	case exprSeq:
		empty = true
		for _, k := range e.kids {
			h, l, none := sc.commands(k, seen)
			has = has || h
			leads = leads || l && empty
			empty = empty && none
		}
		return has, leads, empty
	default:
		for _, k := range e.kids {
			h, l, none := sc.commands(k, seen)
			has, leads, empty = has || h, leads || l, empty || none
		}
		return has, leads, empty
	}
}

// captured is the text that a parse has in a slot, or "".
func (m *match) captured(p parse, slot string) string {
	for c := p.caps; c != 0; c = m.caps[c].prev {
		if cp := &m.caps[c]; m.r.s.slots[cp.slot] == slot {
			return m.text[cp.start:cp.end]
		}
	}
	return ""
}

// inner runs something on another match, whose steps count as this one's.
func (m *match) inner(run func(n *match) bool) bool {
	if m.nested == nil {
		m.nested = newMatch()
	}
	n := m.nested
	n.written = m.written
	n.steps, n.spent = m.steps, m.spent
	ok := run(n)
	m.steps, m.spent = n.steps, n.spent
	return ok
}

// later resolves the request inside a request, and puts it where it belongs.
func (m *match) later(in Intent, rd reading, at setting) (Intent, bool) {
	b := &m.r.s.blocks[rd.block]
	at.nested = true
	var list []Intent
	var refused Intent
	text := m.captured(rd.parse, commandSlot)
	if rest := m.captured(rd.parse, restSlot); rest != "" {
		text += " " + rest
		in.Slots[commandSlot] = fmt.Sprint(in.Slots[commandSlot], " ", in.Slots[restSlot])
		delete(in.Slots, restSlot)
	}
	m.inner(func(n *match) bool {
		list, refused = n.requests(m.r, text, at, maxRequests)
		return list != nil
	})
	if refused.Refusal == Ambiguous && refused.Open != nil {
		if open, ok := b.carry(in, []Intent{*refused.Open}); ok {
			refused.Open = &open
			return refused, false
		}
	}
	if list == nil || !slices.ContainsFunc(list, Intent.acts) || undoesItself(list) {
		return Intent{}, false
	}
	carried, ok := b.carry(in, list)
	if ok && !b.until && lastOnly(list) && strings.HasPrefix(m.text, text) {
		carried.Doubtful = true
		return Intent{Tier: Template, Refusal: Ambiguous, Confidence: severalDevices, Slots: in.Slots, Candidates: targets(list), Open: &carried}, false
	}
	return carried, ok
}

// lastOnly tells whether a time behind requests may be that of the last of them only:
// "turn on the lamp and turn off the fan at ten". Nobody can tell, so it is asked.
func lastOnly(list []Intent) bool {
	last := list[len(list)-1]
	return last.Name != list[0].Name && !slices.Equal(last.Targets, list[0].Targets)
}

// targets are the devices of all requests, sorted.
func targets(list []Intent) (ids []string) {
	for _, in := range list {
		ids = append(ids, in.Targets...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// undoesItself tells whether a request turns off again what one before it acts on:
// of "set the fan to half and turn it off at midnight" only the last is for midnight.
func undoesItself(list []Intent) bool {
	for i, last := range list {
		for _, before := range list[:i] {
			if last.Name == "HassTurnOff" && before.Name != "HassTurnOff" && len(last.Targets) > 0 && slices.Equal(before.Targets, last.Targets) {
				return true
			}
		}
	}
	return false
}

// carry puts the commands of a delay into it, the first with the others in Also.
// With metadata.until they are carried out now, and taken back when it is time.
func (b *block) carry(in Intent, list []Intent) (Intent, bool) {
	for _, c := range list {
		if !c.acts() {
			return Intent{}, false
		}
		in.Confidence = min(in.Confidence, c.Confidence)
	}
	now := list[0]
	now.Also = slices.Concat(now.Also, list[1:])
	if !b.until {
		in.Command = &now
		return in, true
	}
	back, ok := now.inverse()
	if !ok {
		return Intent{}, false
	}
	delete(in.Slots, commandSlot)
	in.Command = &back
	now.Confidence = in.Confidence
	now.Also = append(slices.Clone(now.Also), in)
	return now, true
}

// acts tells whether an intent does something that may be done later: questions,
// timers and what is said about the conversation may not.
func (in Intent) acts() bool {
	switch in.Name {
	case "HassGetState", "HassClimateGetTemperature", "":
		return false
	case "HassBroadcast":
		return true
	}
	return len(in.Targets) > 0 || !strings.HasPrefix(in.Name, "Hass") && !strings.HasPrefix(in.Name, "Cricket")
}

// inverses are the intents that take each other back.
var inverses = [][2]string{
	{"HassTurnOn", "HassTurnOff"},
	{"HassMediaPause", "HassMediaUnpause"},
	{"HassMediaPlayerMute", "HassMediaPlayerUnmute"},
	{"HassVacuumStart", "HassVacuumReturnToBase"},
	{"HassLawnMowerStartMowing", "HassLawnMowerDock"},
}

// inverse is the intent that takes in and its Also back, where there is one that
// does not depend on how things were before.
func (in Intent) inverse() (Intent, bool) {
	back := in
	back.Name = ""
	for _, p := range inverses {
		switch in.Name {
		case p[0]:
			back.Name = p[1]
		case p[1]:
			back.Name = p[0]
		}
	}
	lasting := func(id string) bool {
		domain, _, _ := strings.Cut(id, ".")
		return domain != "scene" && domain != "script" && domain != "button" && domain != "input_button"
	}
	if back.Name == "" || slices.ContainsFunc(in.Targets, func(id string) bool { return !lasting(id) }) {
		return Intent{}, false
	}
	back.Also = nil
	for _, also := range in.Also {
		b, ok := also.inverse()
		if !ok {
			return Intent{}, false
		}
		back.Also = append(back.Also, b)
	}
	return back, true
}
