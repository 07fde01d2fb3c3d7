package intent

import (
	"slices"
	"strings"
)

// maxRequests bounds the requests of one sentence.
const maxRequests = 6

// withAnd normalises a sentence with "and" for its commas.
func (l *language) withAnd(written string) string {
	return l.letters.normalize(l.commas.Replace(written))
}

// requests resolves a text that is one request or several. Where it is refused,
// list is nil and refused says what was understood, if anything was.
func (m *match) requests(r *Resolver, text string, at setting, most int) (list []Intent, refused Intent) {
	in, ok := m.one(r, text, at)
	if ok {
		if m.joined && most > 1 {
			if list := m.apart(r, text, at, most); list != nil {
				return list, Intent{}
			}
		}
		return []Intent{in}, Intent{}
	}
	if in.Refusal == Ambiguous || most == 1 {
		return nil, in
	}
	return m.split(r, text, at, most, in)
}

// apart resolves what free text has swallowed: requests that are joined and of
// which each says all by itself, as "put milk on the list and turn on the radio".
func (m *match) apart(r *Resolver, text string, at setting, most int) []Intent {
	for i := 1; i < len(text) && !m.spent; i++ {
		c := r.s.lang.conjunctionAt(text, i)
		if c == "" {
			continue
		}
		first, ok := m.one(r, text[:i], at)
		if !ok {
			continue
		}
		next := at
		next.said.Open = nil // the answer to a question comes first
		if list, _ := m.requests(r, text[i+len(c):], next, most-1); list != nil {
			return append([]Intent{first}, list...)
		}
	}
	return nil
}

// split resolves a text that is several requests, cut at a conjunction; refused
// is why it is not a single one.
func (m *match) split(r *Resolver, text string, at setting, most int, refused Intent) ([]Intent, Intent) {
	for i := 1; i < len(text) && !m.spent; i++ {
		c := r.s.lang.conjunctionAt(text, i)
		if c == "" {
			continue
		}
		left, right := text[:i], text[i+len(c):]
		if r.s.lang.unfinished(right) {
			continue // "and and", "and then": words are missing
		}
		if inNumber(left, right) {
			continue
		}
		list, why := m.pair(r, left, right, at, most)
		if list != nil {
			return list, Intent{}
		}
		if refused.Refusal == "" || why.Refusal == Ambiguous {
			refused = why
		}
		i += len(c) - 2
	}
	return nil, refused
}

// smallNumbers are behind "hundred and". They are English.
var smallNumbers = strings.Fields("one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety")

// inNumber tells whether the "and" is that of "one hundred and fifty".
func inNumber(left, right string) bool {
	first, _, _ := strings.Cut(right, " ")
	return strings.HasSuffix(left, " hundred") && slices.Contains(smallNumbers, first)
}

func (l *language) conjunctionAt(text string, i int) string {
	if text[i] != ' ' {
		return ""
	}
	for _, c := range l.conjunctions {
		if strings.HasPrefix(text[i:], c) {
			return c
		}
	}
	return ""
}

// joins tells whether a text has a conjunction in it.
func (l *language) joins(text string) bool {
	return slices.ContainsFunc(l.conjunctions, func(c string) bool { return strings.Contains(text, c) })
}

// unfinished tells whether a text begins with a conjunction.
func (l *language) unfinished(text string) bool {
	return slices.ContainsFunc(l.conjunctions, func(c string) bool { return strings.HasPrefix(" "+text+" ", c) })
}

// pair resolves two requests, of which the right one, or the left one, may leave out what the other says.
func (m *match) pair(r *Resolver, left, right string, at setting, most int) (list []Intent, refused Intent) {
	first, ok := m.one(r, left, at)
	begun := m.more
	if !ok && first.Refusal == Ambiguous {
		// which one is asked only when the rest is understood as well
		if list, _ := m.rest(r, first, left, right, at, most); list != nil {
			first.keep(list...)
			return nil, first
		}
		return nil, Intent{}
	}
	said := m.said
	if ok {
		list, refused := m.after(r, first, said, left, right, at, most)
		if list != nil {
			// "Dim the lamp and the light to half": to half is for both, and so is the room behind both.
			if first.Name == list[0].Name && (!sameRequest(first, list[0]) || said < 0 && first.elsewhere(list[0])) {
				if both := m.shared(r, left, right, at, most); both != nil {
					return both, Intent{}
				}
			}
			return append([]Intent{first}, list...), Intent{}
		}
		if refused.Refusal == Ambiguous {
			refused.keep(first)
			return nil, refused
		}
	}
	if begun {
		return m.shared(r, left, right, at, most), Intent{}
	}
	return nil, refused
}

// keep notes what else was asked for beside what is ambiguous, to be carried out with it.
func (in *Intent) keep(others ...Intent) {
	if in.Open != nil {
		in.Open.Also = append(others, in.Open.Also...)
	}
}

// shared resolves two requests that have their beginning and their end in
// common: "the kitchen and bedroom lights", "set the lamp and the fan to half".
func (m *match) shared(r *Resolver, left, right string, at setting, most int) []Intent {
	at.nested = true // a delay of both was read from the whole text
	for _, tail := range suffixes(right) {
		first, ok := m.one(r, left+" "+tail, at)
		if !ok {
			continue
		}
		for _, head := range append(r.s.lang.heads(left, right), "") { // where the verb comes last, right says all of it
			list, _ := m.requests(r, strings.TrimSpace(head+" "+right), at, most-1)
			if list != nil && sameRequest(first, list[0]) {
				return append([]Intent{first}, list...)
			}
			if m.spent {
				return nil
			}
		}
	}
	return nil
}

// elsewhere tells whether the next request says a room, and this one is not for that room.
func (in Intent) elsewhere(next Intent) bool {
	area, said := next.Slots["area"]
	floor, storey := next.Slots["floor"]
	return said && in.Slots["area"] != area || storey && in.Slots["floor"] != floor
}

// after resolves what follows a request that was understood. The room that it
// names, said, is where the next one is, too, when that is of another kind: "the
// bedroom lights on and close the blinds". A request that names nothing, as
// "and set the volume to 20", is for what was just turned on.
func (m *match) after(r *Resolver, first Intent, said int32, left, right string, at setting, most int) (list []Intent, refused Intent) {
	if said >= 0 && said != at.room {
		there := at
		there.room = said
		list, _ := m.rest(r, first, left, right, there, most)
		if list != nil && r.within(list[0].Targets, said) && (list[0].Name == first.Name || !r.alike(first.Targets, list[0].Targets)) {
			return list, Intent{}
		}
	}
	list, refused = m.rest(r, first, left, right, at, most)
	if room := r.roomOf(first.Targets); room >= 0 && (list == nil || r.unnamed(list[0], right, at)) {
		there := at
		there.room = room
		if again, _ := m.rest(r, first, left, right, there, most); again != nil && r.unnamed(again[0], right, there) && r.alike(first.Targets, again[0].Targets) &&
			!slices.ContainsFunc(first.Targets, func(id string) bool { return !slices.Contains(again[0].Targets, id) }) {
			again[0].Targets = first.Targets
			if name, ok := first.Slots["name"]; ok {
				again[0].Slots["name"] = name
				delete(again[0].Slots, "domain")
			}
			return again, Intent{}
		}
	}
	return list, refused
}

// within tells whether all the devices are in a room.
func (r *Resolver) within(ids []string, room int32) bool {
	return len(ids) > 0 && !slices.ContainsFunc(ids, func(id string) bool { i := r.device(id); return i < 0 || r.rooms[i] != room })
}

// roomOf is the room that all the devices are in, or -1.
func (r *Resolver) roomOf(ids []string) int32 {
	if len(ids) == 0 {
		return -1
	}
	if i := r.device(ids[0]); i >= 0 && r.within(ids, r.rooms[i]) {
		return r.rooms[i]
	}
	return -1
}

// alike tells whether devices are of one domain.
func (r *Resolver) alike(a, b []string) bool {
	for _, ids := range [][]string{a, b} {
		for _, id := range ids {
			if i, j := r.device(a[0]), r.device(id); i < 0 || j < 0 || r.domains[i] != r.domains[j] {
				return false
			}
		}
	}
	return len(a) > 0 && len(b) > 0
}

// unnamed tells whether a request says neither a name, nor a kind, nor a room: it is for what the room has.
func (r *Resolver) unnamed(in Intent, text string, at setting) bool {
	_, named := in.Slots["name"]
	_, floor := in.Slots["floor"]
	area, room := in.Slots["area"]
	if named || floor || room && (at.room < 0 || area != r.names.Areas[at.room].Name) {
		return false
	}
	_, domain := in.Slots["domain"]
	return domain && !slices.ContainsFunc(strings.Fields(text), func(w string) bool { return slices.Contains(r.s.lang.generic, w) })
}

// rest resolves what follows a request that was understood.
func (m *match) rest(r *Resolver, first Intent, left, right string, at setting, most int) (list []Intent, refused Intent) {
	if len(first.Targets) > 0 {
		at.said.Last = &first // "them" is what was just said, and not what was said before
	}
	list, refused = m.requests(r, right, at, most-1)
	if list != nil || refused.Refusal == Ambiguous {
		return list, refused
	}
	at.nested = true // a delay of both was read from the whole text
	for _, head := range r.s.lang.heads(left, right) {
		list, why := m.requests(r, head+" "+right, at, most-1)
		if list != nil && sameRequest(first, list[0]) {
			list[0].Confidence = min(list[0].Confidence, wordsLeftOut)
			return list, Intent{}
		}
		if why.Refusal == Ambiguous {
			return nil, why
		}
		if m.spent {
			break
		}
	}
	return m.same(r, first, right, at), Intent{}
}

// same resolves what follows a request and is about its devices: "turn on the desk
// lamp and make it red".
func (m *match) same(r *Resolver, first Intent, right string, at setting) []Intent {
	at.said = Context{Last: &first}
	in, ok := m.one(r, right, at)
	if !ok || len(in.Targets) == 0 || len(in.Also) > 0 || slices.ContainsFunc(in.Targets, func(id string) bool { return !slices.Contains(first.Targets, id) }) {
		return nil
	}
	return []Intent{in}
}

// heads are the beginnings of left, a word or more shorter than it, that may stand before right, the longest first.
func (l *language) heads(left, right string) []string {
	next, _, _ := strings.Cut(right, " ")
	determined := slices.Contains(l.determiners, next)
	var out []string
	for i := len(left) - 1; i > 0; i-- {
		if left[i] != ' ' {
			continue
		}
		last := left[strings.LastIndexByte(left[:i], ' ')+1 : i]
		if !determined || !slices.Contains(l.determiners, last) {
			out = append(out, left[:i])
		}
	}
	return out
}

// suffixes are the ends of a text, a word or more shorter than it, the shortest first.
func suffixes(text string) []string {
	var out []string
	for i := len(text) - 1; i > 0; i-- {
		if text[i] == ' ' {
			out = append(out, text[i+1:])
		}
	}
	return out
}
