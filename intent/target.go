package intent

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// setting is what is known about a request beside its words.
type setting struct {
	room   int32 // area that heard it, or -1
	states map[string]string
	now    time.Time
	said   Context
	nested bool // it is a request inside another one
}

// state of a device: what the query says, or else what the names say.
func (at setting) state(e *Entity) string {
	if s, ok := at.states[e.ID]; ok {
		return s
	}
	return e.State
}

// reading is a parse with the devices it means, and what it is weighed by.
type reading struct {
	parse
	devices    []int32 // sorted
	ambiguous  bool    // devices are those that could be meant
	nothing    bool    // understood, but the home has no such device there
	wild       int     // characters that anything would have matched
	eaten      int     // of them those before it that were skipped: "thank you" of "add thank you cards"
	name       int     // characters of device names
	place      int     // characters of rooms and storeys
	given      int     // characters of other slots
	byRoom     bool    // the room that heard it was taken because none was said
	anywhere   bool    // no room was said, and the one that heard it has no such device
	named      bool    // a device was named
	own        bool    // the box itself is meant, for want of a device
	verbatim   bool    // the owner wrote the sentence so, word for word
	elsewhere  bool    // the device named is not in the room that heard
	confidence float64
}

// Confidence of the template tier. A sentence fits or it does not, so what is
// uncertain is only what the person left out: each such guess lowers it.
const (
	certain        = 1.0
	roomTaken      = 0.95 // no room was said: the one that heard it
	roomDecided    = 0.93 // several devices have the name: the one in the room that heard it
	nameShortened  = 0.9  // "ceiling light" for "Kitchen ceiling light", "ceiling lamp" for "Ceiling light"
	onlyOne        = 0.85 // none in the room that heard it, one elsewhere
	freeText       = 0.8  // a wildcard took part of the sentence
	wordsLeftOut   = 0.97 // the second half of "the lamp and the fan"
	fromBefore     = 0.9  // the devices are those of the request before
	severalDevices = 0.4  // ambiguous
)

// ownDomain is Home Assistant's domain of what people speak to: a slot with it means
// the box itself, and no device.
const ownDomain = "assist_satellite"

// weigh finds the devices that a parse means. It returns false where the
// conditions of the sentence do not hold.
func (m *match) weigh(p parse, at setting) (reading, bool) {
	r := m.r
	b := &r.s.blocks[p.block]
	rd := reading{parse: p, confidence: certain, verbatim: b.own && p.caps == 0 && !at.nested}
	var nameTerm, areaTerm, floorTerm *term
	var domain, class string
	scoped := b.scoped
	m.excepts = m.excepts[:0]
	for c := p.caps; c != 0; c = m.caps[c].prev {
		cp := &m.caps[c]
		pt := &r.s.net.parts[cp.part]
		slot := r.s.slots[cp.slot]
		length := int(cp.end - cp.start)
		if slot == exceptSlot && pt.kind != partWild {
			rd.name += length
			m.excepts = append(m.excepts, &r.trie.terms[cp.value])
			continue
		}
		switch pt.kind {
		case partName:
			nameTerm, rd.named = &r.trie.terms[cp.value], true
			rd.name += length
		case partArea:
			rd.place += length
			if slot == "area" && !b.remote {
				areaTerm = &r.trie.terms[cp.value]
			}
		case partFloor:
			rd.place += length
			if slot == "floor" {
				floorTerm = &r.trie.terms[cp.value]
			}
		case partWild, partCommand:
			rd.wild += length
			if pt.kind == partWild {
				skipped := m.skippedBefore(int(cp.start))
				rd.wild += skipped
				rd.eaten += skipped
			}
		case partList:
			rd.given += length
			v := &pt.list.values[cp.value]
			switch text, _ := v.out.(string); slot {
			case "domain":
				domain, scoped = text, true
			case "device_class":
				class, scoped = text, true
			}
		default:
			rd.given += length
		}
	}
	if rd.wild > 0 {
		rd.confidence = freeText
	}
	supplied, ok := m.context(b, p, at)
	if !ok {
		return rd, false
	}
	if supplied && nameTerm == nil {
		scoped = false
	}
	needsRoom := slices.ContainsFunc(b.context, func(c condition) bool { return c.key == "area" && c.slot == "area" })
	area, _ := b.slots["area"].(string)
	name, _ := b.slots["name"].(string)
	placed := func(i int32) bool {
		room := r.rooms[i]
		if areaTerm != nil && !slices.Contains(areaTerm.areas, room) {
			return false
		}
		if area != "" && room != r.room(area) {
			return false
		}
		return floorTerm == nil || room >= 0 && slices.Contains(floorTerm.floors, r.floors[room])
	}
	var kinds []string
	var kindClass string
	if b.follow == followSame {
		kinds, kindClass = m.kinds(at)
	}
	_, outside := b.slots["outside"]
	left := 0 // devices that were left out
	suits := func(i int32) bool {
		if !r.allows(b.constraint, i) || !m.stateFits(b, i, at) || !placed(i) || m.excepted(i, &left) {
			return false
		}
		if outside && !r.outdoors(i) {
			return false
		}
		if b.follow == followSame && (!slices.Contains(kinds, r.domains[i]) || kindClass != "" && r.names.Entities[i].DeviceClass != kindClass) {
			return false
		}
		return (domain == "" || r.domains[i] == domain) && (class == "" || r.names.Entities[i].DeviceClass == class)
	}
	switch {
	case b.follow == followIt:
		m.last(&rd, suits, at)
	case b.follow == followChoice:
		m.choose(&rd, at)
	case nameTerm != nil:
		m.pick(&rd, nameTerm, suits, at.room, areaTerm != nil || floorTerm != nil)
	case name != "" && name != "all" && !strings.HasPrefix(b.intent, "HassList") && !strings.HasPrefix(b.intent, "CricketList"): // whose name is a list's
		norm := m.r.s.lang.letters.normalize
		want := norm(name)
		for i := range r.names.Entities {
			e := &r.names.Entities[i]
			if (norm(e.Name) == want || slices.ContainsFunc(e.Aliases, func(a string) bool { return norm(a) == want })) && suits(int32(i)) {
				rd.devices = append(rd.devices, int32(i))
			}
		}
		rd.ambiguous = len(rd.devices) > 1
	case scoped || b.follow == followSame:
		m.scope(&rd, b, suits, needsRoom, at.room)
		if b.slots["domain"] == "media_player" && rd.wild == 0 && m.namesAnother("media_player", rd.devices) {
			return rd, false // "quiet the tv" is not for the radio of this room
		}
	default:
		return rd, true // an intent without devices
	}
	if len(rd.devices) == 0 || len(m.excepts) > 0 && left == 0 {
		rd.nothing = true
	}
	// "Louder", where no player is in the room, and not just one elsewhere: the box itself.
	if rd.anywhere && (rd.nothing || rd.ambiguous) && (b.intent == "HassSetVolume" || b.intent == "HassSetVolumeRelative") {
		rd.devices, rd.nothing, rd.ambiguous, rd.confidence, rd.own = nil, false, false, roomTaken, true
	}
	if rd.ambiguous {
		rd.confidence = severalDevices
	}
	return rd, true
}

// namesAnother tells whether the text has the name of a device of the domain that
// is none of those taken, and none that any of them is called by.
func (m *match) namesAnother(domain string, taken []int32) bool {
	r := m.r
	for pos := range len(m.text) {
		if pos > 0 && m.text[pos-1] != ' ' {
			continue
		}
		for end, t := range r.trie.from(m.text[pos:]) {
			if !boundary(m.text, pos+end) {
				continue
			}
			another := false
			for _, d := range t.devices {
				if slices.Contains(taken, d.index) {
					another = false
					break
				}
				another = another || d.near <= alike && r.domains[d.index] == domain
			}
			if another {
				return true
			}
		}
	}
	return false
}

// skippedBefore is how long the skip words are that end where free text begins.
func (m *match) skippedBefore(pos int) (length int) {
	for at := pos; ; {
		begun := at
		for _, w := range m.r.s.net.skip {
			if slices.Contains(m.r.s.lang.before, w) || slices.Contains(m.r.s.lang.after, w) {
				continue // "setze bitte Milch auf die Liste"
			}
			if from := at - 1 - len(w); from > 0 && m.text[from-1] == ' ' && m.text[from:at] == w+" " {
				at = from
				break
			}
		}
		if at == begun {
			return pos - at
		}
	}
}

// outdoors tells whether the name of a device, or of its room, says that it is out of doors.
func (r *Resolver) outdoors(i int32) bool {
	name := r.names.Entities[i].Name
	if room := r.rooms[i]; room >= 0 {
		name += " " + r.names.Areas[room].Name
	}
	name = r.s.lang.letters.normalize(name)
	return slices.ContainsFunc(r.s.lang.outdoors, func(w string) bool { return strings.Contains(name, w) })
}

// pick chooses among the devices that have the name that was said.
func (m *match) pick(rd *reading, t *term, suits func(int32) bool, room int32, placeSaid bool) {
	r := m.r
	inRoom := func(d namedDevice) bool { return room >= 0 && r.rooms[d.index] == room }
	here, near := 0, 0
	m.named = m.named[:0]
	for _, d := range t.devices {
		at := inRoom(d)
		if !suits(d.index) || d.near == inItsRoom && !at && !placeSaid {
			continue
		}
		m.named = append(m.named, d)
		if at {
			here++
		}
		if d.near != tail || at || placeSaid {
			near++
		}
	}
	all := m.named
	switch {
	case near == 0 && len(all) > 0: // only the tail of names in other rooms
		rd.confidence = min(rd.confidence, onlyOne)
		for _, d := range t.devices { // "the fan" may then be the "Bathroom fan" of the bathroom as well
			if d.near == inItsRoom && suits(d.index) {
				d.near = tail
				all = append(all, d)
			}
		}
	case !placeSaid && here > 0 && here < near:
		rd.confidence = min(rd.confidence, roomDecided)
		fallthrough
	case near < len(all):
		all = slices.DeleteFunc(all, func(d namedDevice) bool {
			return !placeSaid && !inRoom(d) && (here > 0 || d.near == tail)
		})
	}
	nearest := tail
	for _, d := range all {
		nearest = min(nearest, d.near)
	}
	if nearest != asGiven {
		rd.confidence = min(rd.confidence, nameShortened)
	}
	base := len(m.devices)
	for _, d := range all {
		if d.near == nearest {
			m.devices = append(m.devices, d.index)
		}
	}
	rd.elsewhere = room >= 0 && !placeSaid && here == 0
	rd.devices = m.devices[base:]
	slices.Sort(rd.devices)
	rd.ambiguous = len(rd.devices) > 1
}

// scope collects all devices of a kind in the room, on the storey, in the house.
func (m *match) scope(rd *reading, b *block, suits func(int32) bool, needsRoom bool, room int32) {
	r := m.r
	base := len(m.devices)
	collect := func(room int32) {
		m.devices = m.devices[:base]
		for i := range r.names.Entities {
			if (room < 0 || r.rooms[i] == room) && suits(int32(i)) {
				m.devices = append(m.devices, int32(i))
			}
		}
		rd.devices = m.devices[base:]
		m.dropGroups(rd)
	}
	switch {
	case needsRoom && room >= 0:
		collect(room)
		rd.byRoom = true
		rd.confidence = min(rd.confidence, roomTaken)
		if len(rd.devices) > 0 {
			break
		}
		rd.byRoom = false
		fallthrough
	case needsRoom: // one device in the whole home can be meant; of several, none is taken
		collect(-1)
		rd.anywhere = true
		rd.confidence = min(rd.confidence, onlyOne)
		rd.ambiguous = len(rd.devices) > 1
	default:
		collect(-1)
	}
	if b.single && len(rd.devices) > 1 {
		rd.ambiguous = true
	}
}

// dropGroups leaves out groups whose members are meant one by one. Devices are sorted.
func (m *match) dropGroups(rd *reading) {
	rd.devices = slices.DeleteFunc(rd.devices, func(i int32) bool {
		return slices.ContainsFunc(m.r.members[i], func(j int32) bool {
			_, found := slices.BinarySearch(rd.devices, j)
			return found
		})
	})
}

// stateFits asks the conditions on a device's state.
func (m *match) stateFits(b *block, i int32, at setting) bool {
	con := &m.r.s.constraints[b.constraint]
	e := &m.r.names.Entities[i]
	for _, c := range con.requires {
		if c.key == "state" && len(c.values) > 0 && !slices.Contains(c.values, at.state(e)) {
			return false
		}
	}
	for _, c := range con.excludes {
		if c.key == "state" && slices.Contains(c.values, at.state(e)) {
			return false
		}
	}
	return true
}

// context tells whether the conditions that are not about devices hold, and
// whether list values supplied what is otherwise asked of a device.
func (m *match) context(b *block, p parse, at setting) (supplied, ok bool) {
	value := func(key string) (string, bool) {
		for c := p.caps; c != 0; c = m.caps[c].prev {
			pt := &m.r.s.net.parts[m.caps[c].part]
			if pt.kind == partList {
				if v, ok := pt.list.values[m.caps[c].value].context[key]; ok {
					return v, true
				}
			}
		}
		return "", false
	}
	here := func(c condition) bool {
		if at.room < 0 {
			return false
		}
		a := &m.r.names.Areas[at.room]
		id, name := a.ID, a.Name
		if c.key == "floor" {
			f := m.r.floors[at.room]
			if f < 0 {
				return false
			}
			id, name = m.r.names.Floors[f].ID, m.r.names.Floors[f].Name
		}
		if len(c.values) == 0 {
			return true
		}
		return slices.ContainsFunc(c.values, func(v string) bool {
			return v == id || m.r.s.lang.letters.normalize(v) == m.r.s.lang.letters.normalize(name)
		})
	}
	holds := func(c condition) bool {
		if c.key == conversationKey {
			return at.said.holds(c)
		}
		if v, ok := value(c.key); ok {
			return len(c.values) == 0 || slices.Contains(c.values, v)
		}
		return (c.key == "area" || c.key == "floor") && here(c)
	}
	for _, c := range b.context {
		if c.key == "area" && c.slot != "" && len(c.values) == 0 && b.scoped {
			continue // without a room, scope asks which
		}
		if !holds(c) {
			return false, false
		}
	}
	for _, c := range b.without {
		if holds(c) {
			return false, false
		}
	}
	con := &m.r.s.constraints[b.constraint]
	for _, c := range con.requires {
		if v, ok := value(c.key); ok {
			supplied = true
			if len(c.values) > 0 && !slices.Contains(c.values, v) {
				return true, false
			}
		}
	}
	for _, c := range con.excludes {
		if v, ok := value(c.key); ok && (len(c.values) == 0 || slices.Contains(c.values, v)) {
			return true, false
		}
	}
	return supplied, true
}

// compare orders readings: the better one first; 0 when neither is.
func (m *match) compare(a, b *reading) int {
	x, y := &m.r.s.blocks[a.block], &m.r.s.blocks[b.block]
	return cmp.Or(
		cmp.Compare(a.wild, b.wild),
		cmp.Compare(a.eaten, b.eaten),
		compareBool(!a.verbatim, !b.verbatim),
		cmp.Compare(b.name, a.name),
		cmp.Compare(b.place, a.place),
		compareBool(a.anywhere, b.anywhere),
		cmp.Compare(y.rank, x.rank),
		cmp.Compare(a.wild*y.file, a.wild*x.file), // free text: whoever wrote sentences of their own means them
		cmp.Compare(a.given, b.given),             // the rest was read literally
		cmp.Compare(y.file, x.file),
	)
}

// compareBool orders false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
