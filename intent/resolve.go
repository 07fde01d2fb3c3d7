package intent

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Match says what a sentence means by the templates alone, or why it means nothing:
//
//   - NotRecognized: no sentence fits, or the home has no such device there;
//   - NotCommand: no sentence fits, and it says not to ("don't turn on the
//     light") or hardly any of its words belong to a house;
//   - Ambiguous: several devices fit equally well; Candidates has them, sorted.
//
// Several requests in one sentence are resolved when each of them is understood
// by itself; the first is the Intent, the others are in Also.
func (r *Resolver) Match(q Query) Intent {
	m := r.pool.Get().(*match)
	defer r.pool.Put(m)
	m.steps, m.spent = 0, false
	at := setting{room: r.room(q.Room), states: q.States, now: q.Now, said: q.Context}
	text, list, refused := m.understand(r, q.Text, at)
	if m.spent {
		r.spent.Add(1)
		return Intent{Tier: Template, Refusal: NotRecognized}
	}
	if list == nil {
		if refused.Refusal == "" {
			refused = Intent{Tier: Template, Refusal: r.refusal(text)}
		}
		return refused
	}
	list = condensed(flat(list))
	first := list[0]
	for _, in := range list[1:] {
		first.Confidence = min(first.Confidence, in.Confidence)
	}
	if len(list) > 1 {
		first.Also = list[1:]
	}
	return first
}

// flat is a list of requests with those beside each behind it.
func flat(list []Intent) []Intent {
	var out []Intent
	for _, in := range list {
		also := in.Also
		in.Also = nil
		out = append(append(out, in), flat(also)...)
	}
	return out
}

// understand resolves a sentence as it was written. Where it means nothing, its
// commas may stand for "and": "the lamp, the fan and the tv".
func (m *match) understand(r *Resolver, written string, at setting) (text string, list []Intent, refused Intent) {
	if len(written) > 4*maxSentence {
		return "", nil, Intent{}
	}
	if text = r.s.lang.letters.normalize(written); len(text) > maxSentence {
		return text, nil, Intent{}
	}
	m.written = written
	list, refused = m.requests(r, text, at, maxRequests)
	if list != nil || refused.Refusal == Ambiguous || !strings.Contains(written, ", ") {
		return text, list, refused
	}
	list, again := m.requests(r, r.s.lang.withAnd(written), at, maxRequests)
	if list != nil || again.Refusal == Ambiguous {
		refused = again
	}
	return text, list, refused
}

// one resolves a single request. ok is false where it is refused; the refusal
// is returned when something was understood.
func (m *match) one(r *Resolver, text string, at setting) (in Intent, ok bool) {
	if m.spent {
		return Intent{}, false
	}
	m.begin(r, text)
	m.devices = m.devices[:0]
	m.readings = m.readings[:0]
	for kind := entryPlain; kind <= entryDelayLast; kind++ {
		if kind == entryFollow && at.said == (Context{}) || kind >= entryDelay && at.nested {
			continue
		}
		m.parses = m.parses[:0]
		m.run(kind, at.said)
		for _, p := range m.parses {
			if rd, fits := m.weigh(p, at); fits {
				m.readings = append(m.readings, rd)
			}
		}
		if kind != entryDelay && (kind != entryPlain || at.said == (Context{})) && slices.ContainsFunc(m.readings, func(rd reading) bool { return !rd.nothing }) {
			break
		}
	}
	for len(m.readings) > 0 {
		best := m.best(at)
		in, ok := m.intent(best, at)
		if in.Name != "" || in.Refusal != "" || m.spent {
			return in, ok
		}
		m.readings = slices.DeleteFunc(m.readings, func(rd reading) bool { return rd.parse == best.parse })
	}
	return Intent{}, false
}

// best chooses among the readings, deterministically.
func (m *match) best(at setting) reading {
	best := -1
	for i := range m.readings {
		rd := &m.readings[i]
		if rd.nothing {
			continue
		}
		if best < 0 {
			best = i
			continue
		}
		// of equal ones the first block's, as they were written
		if c := m.compare(rd, &m.readings[best]); c < 0 || c == 0 && rd.block < m.readings[best].block {
			best = i
		}
	}
	if best < 0 {
		return m.readings[0]
	}
	chosen := m.readings[best]
	if chosen.named && chosen.elsewhere {
		// "the lights" may be the name of something in another room: the room that heard comes first. But
		// "the tv" is the one that is called so, and not the radio of this room; "the heating" is that of this room.
		for _, rd := range m.readings {
			if rd.byRoom && !rd.nothing && !rd.ambiguous && (chosen.ambiguous || m.name(rd) == m.name(chosen) && !(m.r.s.blocks[rd.block].single && m.sameKind(rd, chosen) && m.r.domains[chosen.devices[0]] != "climate")) {
				return rd
			}
		}
	}
	for i := range m.readings {
		rd := &m.readings[i]
		if i == best || rd.nothing || m.compare(rd, &m.readings[best]) != 0 {
			continue
		}
		if !slices.Equal(rd.devices, chosen.devices) {
			union := slices.Concat(chosen.devices, rd.devices)
			slices.Sort(union)
			chosen.devices = slices.Compact(union)
			chosen.ambiguous = true
			chosen.confidence = severalDevices
		}
	}
	return chosen
}

// sameKind tells whether two readings are of devices of one domain.
func (m *match) sameKind(a, b reading) bool {
	return len(a.devices) > 0 && len(b.devices) > 0 && m.r.domains[a.devices[0]] == m.r.domains[b.devices[0]]
}

func (m *match) name(rd reading) string { return m.r.s.blocks[rd.block].intent }

// intent writes a reading as an Intent.
func (m *match) intent(rd reading, at setting) (in Intent, ok bool) {
	r := m.r
	b := &r.s.blocks[rd.block]
	m.said, m.joined = -1, false
	in = Intent{Tier: Template, Slots: map[string]any{}}
	for slot, v := range b.slots {
		if _, several := v.([]string); !several {
			in.Slots[slot] = v
		}
	}
	if rd.own {
		in.Slots["domain"] = ownDomain
	}
	for _, c := range b.context {
		if c.slot == "" || at.room < 0 || c.key == "area" && b.scoped && !rd.byRoom {
			continue
		}
		switch f := r.floors[at.room]; {
		case c.key == "area":
			in.Slots[c.slot] = r.names.Areas[at.room].Name
		case c.key == "floor" && f >= 0:
			in.Slots[c.slot] = r.names.Floors[f].Name
		}
	}
	for _, c := range r.s.constraints[b.constraint].requires {
		if c.slot == "" || len(rd.devices) == 0 {
			continue
		}
		switch d := rd.devices[0]; c.key {
		case "domain":
			in.Slots[c.slot] = r.domains[d]
		case "device_class":
			in.Slots[c.slot] = r.names.Entities[d].DeviceClass
		case "state":
			in.Slots[c.slot] = at.state(&r.names.Entities[d])
		}
	}
	captured := map[string]bool{}
	var each []any // the values of the slot that makes several requests, the last first
	for c := rd.caps; c != 0; c = m.caps[c].prev {
		cp := &m.caps[c]
		slot, v := r.s.slots[cp.slot], m.value(cp, rd)
		if slot == b.each {
			each = append(each, v)
		}
		if r.s.net.parts[cp.part].kind == partWild && (slot != "message" || b.follow == followAnswer) && r.s.lang.joins(m.text[cp.start:cp.end]) {
			m.joined = true
		}
		if slot == "area" && r.s.net.parts[cp.part].kind == partArea {
			m.said = r.trie.terms[cp.value].areas[0]
		}
		if sep := severalValues[slot]; sep != "" && captured[slot] {
			v = fmt.Sprint(v, sep, in.Slots[slot])
		}
		in.Slots[slot] = v
		if severalValues[slot] != "" {
			captured[slot] = true
		}
	}
	if way, said := in.Slots["toward"].(string); said {
		in.Toward = way
		delete(in.Slots, "toward")
	}
	if len(each) > 1 {
		return b.several(in, each, rd, at)
	}
	if own := strings.HasPrefix(b.intent, "Hass") || strings.HasPrefix(b.intent, "Cricket"); own && !tellTime(in.Slots, at.now, b.intent == "CricketSetReminder") {
		return Intent{}, false
	}
	ids := make([]string, 0, len(rd.devices))
	for _, d := range rd.devices {
		ids = append(ids, r.names.Entities[d].ID)
	}
	slices.Sort(ids)
	in.Confidence = rd.confidence
	switch {
	case rd.nothing:
		in.Refusal, in.Confidence = NotRecognized, 0
		return in, false
	case rd.ambiguous:
		open := in
		open.Name, open.Response, open.Targets, open.Confidence = b.intent, b.response, ids, certain
		in.Refusal, in.Candidates, in.Open = Ambiguous, ids, &open
		return in, false
	}
	in.Name, in.Response = b.intent, b.response
	if len(ids) > 0 {
		in.Targets = ids
	}
	if r.s.lang.timeLeft(&in) {
		open := in
		open.Doubtful = true
		return Intent{Tier: Template, Refusal: Ambiguous, Confidence: severalDevices, Slots: in.Slots, Open: &open}, false
	}
	switch _, delayed := in.Slots[commandSlot]; {
	case delayed:
		return m.later(in, rd, at)
	case b.follow == followAnswer:
		return in.answers(at.said)
	case b.follow == followIt:
		m.nameIt(&in, rd, at)
	case b.follow == followChoice || b.follow == followSame:
		delete(in.Slots, "choice")
		delete(in.Slots, "which")
		if b.follow == followChoice {
			m.nameIt(&in, rd, at)
		}
		return in.follow(at.said)
	}
	return in, true
}

// several makes a request of each value of the slot that metadata.each names: "an
// alarm for seven on monday and on wednesday" is two alarms. The last value is first.
func (b *block) several(in Intent, values []any, rd reading, at setting) (first Intent, ok bool) {
	var list []Intent
	said := map[any]bool{}
	for _, v := range slices.Backward(values) {
		if said[v] {
			continue
		}
		said[v] = true
		one := in
		one.Name, one.Response, one.Confidence = b.intent, b.response, rd.confidence
		one.Slots = maps.Clone(in.Slots)
		one.Slots[b.each] = v
		if !tellTime(one.Slots, at.now, b.intent == "CricketSetReminder") {
			return Intent{}, false
		}
		list = append(list, one)
	}
	first = list[0]
	first.Also = list[1:]
	return first, true
}

// severalValues are the slots that may be filled more than once, and what then
// parts their values.
var severalValues = map[string]string{exceptSlot: ", ", "repeat": ","}

// value is what a capture puts into its slot.
func (m *match) value(c *capture, rd reading) any {
	r := m.r
	switch pt := &r.s.net.parts[c.part]; pt.kind {
	case partName:
		if len(rd.devices) > 0 && r.s.slots[c.slot] != exceptSlot {
			return r.names.Entities[rd.devices[0]].Name
		}
		return r.names.Entities[r.trie.terms[c.value].devices[0].index].Name
	case partArea:
		return r.names.Areas[r.trie.terms[c.value].areas[0]].Name
	case partFloor:
		return r.names.Floors[r.trie.terms[c.value].floors[0]].Name
	case partNumber:
		return m.nums[c.value]
	case partList:
		return pt.list.values[c.value].out
	default:
		return r.s.lang.asWritten(m.text[c.start:c.end], m.written)
	}
}

// refusal tells why a sentence that fits nothing was refused. At least half of
// the words of what is meant for the house are words of sentences or names, and
// none of them turns a command into its opposite.
func (r *Resolver) refusal(text string) Refusal {
	words := strings.Fields(text)
	known := 0
	for _, w := range words {
		if slices.Contains(r.s.lang.negations, w) {
			return NotCommand
		}
		if r.s.words[w] || r.words[w] {
			known++
		}
	}
	if known*2 < len(words) || len(words) == 0 {
		return NotCommand
	}
	return NotRecognized
}

// sameRequest tells whether two intents ask for the same of other devices.
func sameRequest(a, b Intent) bool {
	if a.Name != b.Name {
		return false
	}
	rest := func(in Intent) map[string]any {
		s := maps.Clone(in.Slots)
		for _, k := range []string{"name", "area", "floor", "domain", "device_class"} {
			delete(s, k)
		}
		return s
	}
	return maps.Equal(rest(a), rest(b))
}
