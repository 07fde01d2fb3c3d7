package intent

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// exceptSlot takes the names and rooms that "everything except the hall" leaves out.
const exceptSlot = "except"

// excepted tells whether a device is left out, and counts those that are.
func (m *match) excepted(i int32, count *int) bool {
	for _, t := range m.excepts {
		room := m.r.rooms[i]
		_, named := slices.BinarySearchFunc(t.devices, i, func(d namedDevice, i int32) int { return cmp.Compare(d.index, i) })
		if named ||
			room >= 0 && (slices.Contains(t.areas, room) || m.r.floors[room] >= 0 && slices.Contains(t.floors, m.r.floors[room])) {
			*count++
			return true
		}
	}
	return false
}

// followKind is what a sentence takes from the conversation before it. A block
// says so by the key "conversation" of requires_context: {value: last, slot: ...}.
type followKind uint8

const (
	followNothing followKind = iota
	followAny                // only that there was one
	followIt                 // slot it: the devices of the last request: "turn it off"
	followSame               // slot kind: the last request's kind of devices, elsewhere: "the bedroom too"
	followAnswer             // slot answer: what the house asked for, as a length of time
	followChoice             // slot choice: those of the devices that were asked about, or of the last request
)

// follows reads from the block's conditions what it takes from the conversation.
func (b *block) follows() followKind {
	for _, c := range b.context {
		if c.key != conversationKey {
			continue
		}
		switch c.slot {
		case "it":
			return followIt
		case "kind":
			return followSame
		case "choice":
			return followChoice
		case "answer":
			return followAnswer
		}
		return followAny
	}
	return followNothing
}

// after is what must have been said before the block's sentences, any of these
// words; "": anything.
func (b *block) after() string {
	for _, c := range b.context {
		if c.key == conversationKey {
			return strings.Join(c.values, " ")
		}
	}
	return ""
}

// conversationKey is the condition that something was said before.
const conversationKey = "conversation"

// holds tells whether the conversation is of one of the kinds that a condition
// names: last, open (a question which), asked (any other), or what is asked for.
func (said Context) holds(c condition) bool {
	last, question := said.Last != nil, said.Open != nil
	if len(c.values) == 0 {
		return last || question
	}
	kind := "open"
	if said.Asks != AsksWhich {
		kind = "asked"
	}
	return last && slices.Contains(c.values, "last") ||
		question && (slices.Contains(c.values, kind) || slices.Contains(c.values, string(said.Asks)))
}

// before is the request that a follow-up is about, the question that is open
// before the last request, with the one that it only delays.
func (said Context) before() *Intent {
	in := said.Open
	if in == nil || said.Asks != AsksWhich {
		in = said.Last
	}
	return in.meant()
}

// meant is the intent whose devices are meant: that of a delay is its command.
func (in *Intent) meant() *Intent {
	for in != nil && in.Command != nil && len(in.Targets) == 0 {
		in = in.Command
	}
	return in
}

// kinds are the domains of the devices of the last request.
func (m *match) kinds(at setting) (domains []string, class string) {
	before := at.said.before()
	if before == nil {
		return nil, ""
	}
	class, _ = before.Slots["device_class"].(string)
	for _, id := range before.Targets {
		if i := m.r.device(id); i >= 0 && !slices.Contains(domains, m.r.domains[i]) {
			domains = append(domains, m.r.domains[i])
		}
	}
	return domains, class
}

// device is the number of a device, or -1.
func (r *Resolver) device(id string) int32 {
	if i, ok := r.index[id]; ok {
		return i
	}
	return -1
}

// last takes the devices of the last request, as far as the sentence can mean them.
func (m *match) last(rd *reading, suits func(int32) bool, at setting) {
	var ids []string
	add := func(in *Intent) { ids = append(ids, in.meant().Targets...) }
	add(at.said.Last)
	for i := range at.said.Last.Also {
		add(&at.said.Last.Also[i])
	}
	for _, id := range ids {
		if i := m.r.device(id); i >= 0 && suits(i) {
			rd.devices = append(rd.devices, i)
		}
	}
	slices.Sort(rd.devices)
	rd.devices = slices.Compact(rd.devices)
	rd.confidence = min(rd.confidence, fromBefore)
}

// nameIt says in the slots which devices were meant without their names: the
// name of one, or what was said of them the last time.
func (m *match) nameIt(in *Intent, rd reading, at setting) {
	if len(rd.devices) == 1 {
		in.Slots["name"] = m.r.names.Entities[rd.devices[0]].Name
		return
	}
	if before := at.said.Last.meant(); before != nil && len(before.Targets) == len(rd.devices) {
		for _, k := range []string{"name", "area", "floor"} {
			if v, ok := before.Slots[k]; ok {
				in.Slots[k] = v
			}
		}
	}
}

// choose takes those devices of the question, or of the last request, that the
// slot choice describes or the slot which counts.
func (m *match) choose(rd *reading, at setting) {
	rd.confidence = min(rd.confidence, fromBefore)
	before := at.said.before()
	if before == nil {
		return
	}
	var all []int32
	for _, id := range before.Targets {
		if i := m.r.device(id); i >= 0 {
			all = append(all, i)
		}
	}
	for c := rd.caps; c != 0; c = m.caps[c].prev {
		cp := &m.caps[c]
		switch m.r.s.slots[cp.slot] {
		case "which":
			switch v := m.value(cp, *rd).(type) {
			case float64:
				n := int(v) - 1
				if v < 0 {
					n = len(all) + int(v)
				}
				if n >= 0 && n < len(all) {
					rd.devices = []int32{all[n]}
				}
			case string:
				if v == theOther {
					rd.devices = m.others(all)
					break
				}
				rd.devices = slices.Sorted(slices.Values(all))
			}
		case "choice":
			rd.devices = m.described(all, strings.Fields(m.text[cp.start:cp.end]))
			if len(rd.devices) == len(all) {
				rd.devices = nil
			}
			rd.ambiguous = len(rd.devices) > 1 && at.said.Open != nil
		}
	}
}

// theOther is the value of the slot which that means the one device which was not meant.
const theOther = "other"

// others is the one device of the kind and in the room of those that were meant which was
// not; none where there are several, or none.
func (m *match) others(all []int32) []int32 {
	if len(all) == 0 {
		return nil
	}
	var out []int32
	for i := range m.r.names.Entities {
		d := int32(i)
		if m.r.domains[i] == m.r.domains[all[0]] && m.r.rooms[i] == m.r.rooms[all[0]] && len(m.r.names.Entities[i].Members) == 0 && !slices.Contains(all, d) {
			out = append(out, d)
		}
	}
	if len(out) != 1 {
		return nil
	}
	return out
}

// described are the devices that have all the words in their names and places.
func (m *match) described(all []int32, words []string) []int32 {
	r := m.r
	var out, exact []int32
	for _, i := range all {
		e := &r.names.Entities[i]
		names := append([]string{e.Name}, e.Aliases...)
		if slices.ContainsFunc(names, func(n string) bool { return r.s.lang.letters.normalize(n) == strings.Join(words, " ") }) {
			exact = append(exact, i)
		}
		if room := r.rooms[i]; room >= 0 {
			a := &r.names.Areas[room]
			names = append(append(names, a.Name), a.Aliases...)
			if f := r.floors[room]; f >= 0 {
				names = append(append(names, r.names.Floors[f].Name), r.names.Floors[f].Aliases...)
			}
		}
		has := strings.Fields(r.s.lang.letters.normalize(strings.Join(names, " ")))
		if !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(has, w) }) {
			out = append(out, i)
		}
	}
	if len(exact) > 0 {
		out = exact
	}
	slices.Sort(out)
	return out
}

// The intents of follow-ups. None of them leaves the resolver: each stands for
// what was said before, of other devices.
const (
	followOnly    = "CricketOnly"    // of these devices: "only the left one"
	followToo     = "CricketToo"     // of these as well: "the bedroom too"
	followInstead = "CricketInstead" // taken back, and done to these: "i meant the bedroom"

	followAnswered = "CricketAnswer" // what the house asked for: "ten minutes"
)

// follow is what a follow-up asks for: the request before, of the devices of in.
func (in Intent) follow(said Context) (Intent, bool) {
	before := said.Open
	if before == nil || said.Asks != AsksWhich || in.Name == followToo {
		before = said.Last
	}
	if before == nil {
		return Intent{}, false
	}
	out := before.retarget(in)
	if said.Open == nil || before != said.Open {
		out.Also = nil
	}
	if in.Name == followOnly && before != said.Open && before.Command == nil && len(out.Targets) < len(before.Targets) {
		return before.only(out), true
	}
	if in.Name == followInstead && before != said.Open {
		return Intent{Name: "CricketUndo", Slots: map[string]any{}, Tier: Template, Confidence: in.Confidence, Also: []Intent{out}}, true
	}
	return out, true
}

// only is what was done, for fewer devices than it was done to: of what was turned
// on the others go off, and anything else is taken back first.
func (in Intent) only(out Intent) Intent {
	if in.Name != "HassTurnOn" {
		return Intent{Name: "CricketUndo", Slots: map[string]any{}, Tier: Template, Confidence: out.Confidence, Also: []Intent{out}}
	}
	off, ok := in.inverse()
	if !ok {
		return out
	}
	others := slices.Clone(in.Targets)
	others = slices.DeleteFunc(others, func(id string) bool { return slices.Contains(out.Targets, id) })
	off.Targets, off.Tier, off.Confidence, off.Open = others, Template, out.Confidence, nil
	out.Also = []Intent{off}
	return out
}

// answers is the request that the house asked about, with the answer.
func (in Intent) answers(said Context) (Intent, bool) {
	if said.Open == nil { // of a custom sentence that asks for less
		return Intent{}, false
	}
	out := *said.Open
	out.Tier, out.Confidence, out.Refusal, out.Open = in.Tier, in.Confidence, "", nil
	out.Slots = maps.Clone(out.Slots)
	if out.Slots == nil {
		out.Slots = map[string]any{}
	}
	for k, v := range in.Slots {
		if k == "answer" {
			k = string(said.Asks)
		}
		out.Slots[k] = v
	}
	return out, true
}

// retarget is an intent for the devices of another.
func (in Intent) retarget(to Intent) Intent {
	in.Tier, in.Confidence, in.Open = to.Tier, to.Confidence, nil
	if in.Command != nil && len(in.Targets) == 0 {
		c := in.Command.retarget(to)
		in.Command = &c
		return in
	}
	in.Slots = maps.Clone(in.Slots)
	if in.Slots == nil {
		in.Slots = map[string]any{}
	}
	for _, k := range []string{"name", "area", "floor", exceptSlot} {
		delete(in.Slots, k)
		if v, ok := to.Slots[k]; ok {
			in.Slots[k] = v
		}
	}
	in.Targets = to.Targets
	return in
}
