package intent

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// The bits of a trie node's mask: what kinds of names are below it.
const (
	maskArea  = 1 << 0
	maskFloor = 1 << 1
	maskRest  = 1 << 63 // devices, for the constraints that have no bit of their own
	maskFirst = 2       // bit of constraint 0
)

// trie holds all names of a home: devices, rooms, storeys.
type trie struct {
	nodes []trieNode
	terms []term
}

type trieNode struct {
	child, sibling int32
	term           int32 // 0: no name ends here
	label          byte
	mask           uint64
}

// term is what one name stands for.
type term struct {
	devices       []namedDevice
	areas, floors []int32
}

type namedDevice struct {
	index int32
	near  nearness
}

// nearness is how far a spelling is from the name that the household gave.
type nearness uint8

const (
	asGiven   nearness = iota
	alike              // "blind" for "Blinds", "ceiling lamp" for "Ceiling light"
	inItsRoom          // "ceiling light" for "Kitchen ceiling light": only good in the kitchen
	tail               // "lamp" for "Desk lamp": only good where nothing else can be meant
)

// spelling is one way to say one name.
type spelling struct {
	text  string
	kind  partKind
	index int32
	near  nearness
}

// newTrie builds the trie; masks has each device's bits.
func newTrie(names []spelling, masks []uint64) *trie {
	slices.SortFunc(names, func(a, b spelling) int {
		return cmp.Or(strings.Compare(a.text, b.text), cmp.Compare(a.kind, b.kind), cmp.Compare(a.index, b.index), cmp.Compare(a.near, b.near))
	})
	t := &trie{nodes: make([]trieNode, 1, len(names)*8+1), terms: make([]term, 1, len(names)+1)}
	path := []int32{0} // nodes along the last name
	last := ""
	for _, s := range names {
		common := 0
		for common < len(last) && common < len(s.text) && last[common] == s.text[common] {
			common++
		}
		path = path[:common+1]
		for i := common; i < len(s.text); i++ {
			parent := path[i]
			n := int32(len(t.nodes))
			t.nodes = append(t.nodes, trieNode{label: s.text[i], sibling: t.nodes[parent].child})
			t.nodes[parent].child = n
			path = append(path, n)
		}
		last = s.text
		var bits uint64
		leaf := path[len(path)-1]
		if t.nodes[leaf].term == 0 {
			t.nodes[leaf].term = int32(len(t.terms))
			t.terms = append(t.terms, term{})
		}
		end := &t.terms[t.nodes[leaf].term]
		switch s.kind {
		case partArea:
			bits = maskArea
			end.areas = appendNew(end.areas, s.index)
		case partFloor:
			bits = maskFloor
			end.floors = appendNew(end.floors, s.index)
		default:
			bits = masks[s.index]
			if n := len(end.devices); n == 0 || end.devices[n-1].index != s.index {
				end.devices = append(end.devices, namedDevice{s.index, s.near})
			}
		}
		for _, n := range path {
			t.nodes[n].mask |= bits
		}
	}
	return t
}

// namesAt are the kinds of names that a text begins with, or that begin with the
// text, as bits of a byteSet's last part.
func (t *trie) namesAt(text string) (kinds uint64) {
	add := func(mask uint64) {
		if mask&maskArea != 0 {
			kinds |= 1 << (areaNext & 63)
		}
		if mask&maskFloor != 0 {
			kinds |= 1 << (floorNext & 63)
		}
		if mask&^(maskArea|maskFloor) != 0 {
			kinds |= 1 << (deviceNext & 63)
		}
	}
	node := int32(0)
	for i := range len(text) {
		child := t.nodes[node].child
		for child != 0 && t.nodes[child].label != text[i] {
			child = t.nodes[child].sibling
		}
		if child == 0 {
			return kinds
		}
		node = child
		if end := t.nodes[node].term; end != 0 {
			term := &t.terms[end]
			var mask uint64
			if len(term.areas) > 0 {
				mask |= maskArea
			}
			if len(term.floors) > 0 {
				mask |= maskFloor
			}
			if len(term.devices) > 0 {
				mask |= maskRest
			}
			add(mask)
		}
	}
	add(t.nodes[node].mask)
	return kinds
}

func appendNew(s []int32, v int32) []int32 {
	if n := len(s); n > 0 && s[n-1] == v {
		return s
	}
	return append(s, v)
}

// generic are the words that mean a kind of device: no shortened name may be one.
var generic = []string{"light", "lights", "lamps", "switch", "switches", "plug", "socket", "sensor", "door", "window", "temperature", "humidity", "motion", "battery", "all", "everything"}

// alikes are endings of names that people say for each other.
var alikes = map[string][][]string{
	"light": {{" light", " lamp", " lights"}, {" lights", " light"}, {" lamp", " light"}, {" lamps", " lights", " lamp"}},
	"cover": {{" blinds", " blind"}, {" blind", " blinds"}, {" curtains", " curtain"}, {" curtain", " curtains"}, {" shutters", " shutter"}, {" shutter", " shutters"}, {" shades", " shade"}, {" shade", " shades"}},
}

// nouns are what people add to a name that does not say what the device is: "the ceiling light" for a light named Ceiling.
var nouns = map[string][]string{
	"light":  {"light", "lights", "lamp"},
	"fan":    {"fan"},
	"lock":   {"lock"},
	"switch": {"switch", "plug"},
	"scene":  {"scene"},
	"button": {"button"},
}

// deviceSpellings are the ways to say a device's name.
func (r *Resolver) deviceSpellings(out []spelling, i int32) []spelling {
	e, domain := &r.names.Entities[i], r.domains[i]
	base := len(out)
	out = spellings(out, e.Name, partName, i)
	for _, alias := range e.Aliases {
		out = spellings(out, alias, partName, i)
	}
	add := func(text string, near nearness) {
		if !slices.ContainsFunc(out[base:], func(s spelling) bool { return s.text == text }) {
			out = append(out, spelling{text, partName, i, near})
		}
	}
	given := len(out)
	for _, s := range out[base:given] {
		for _, a := range alikes[domain] {
			stem, ok := strings.CutSuffix(" "+s.text, a[0])
			for _, end := range a[1:] {
				if text := strings.TrimPrefix(stem+end, " "); ok && text != "" && !r.generic(text, i) {
					add(text, alike)
				}
			}
		}
		if short, ok := strings.CutSuffix(s.text, " lock"); ok && domain == "lock" && strings.Contains(short, " ") {
			add(short, asGiven) // nobody unlocks "the front door lock"
		}
		if !slices.ContainsFunc(nouns[domain], func(n string) bool { return strings.Contains(s.text, n) }) {
			for _, n := range nouns[domain] {
				add(s.text+" "+n, alike)
			}
		}
	}
	for k := base; k < given && r.rooms[i] >= 0; k++ {
		for _, room := range r.roomNames[r.rooms[i]] {
			if short, ok := strings.CutPrefix(out[k].text, room); ok && !slices.Contains(generic, short) {
				add(short, inItsRoom)
			}
		}
	}
	for k := base; k < given && tailed[domain]; k++ {
		for n, text := 0, out[k].text; n < maxTail; n++ {
			at := strings.LastIndexByte(text, ' ')
			if at < 0 {
				break
			}
			text = text[:at]
			if short := out[k].text[at+1:]; !r.generic(short, i) && !r.places[short] && strings.ContainsFunc(short, unicode.IsLetter) {
				add(short, tail)
			}
		}
	}
	return out
}

// tailed are the domains of which people say only the last words of a name, like
// "the lamp". It is not done where a mistake would open a door.
var tailed = map[string]bool{"light": true, "switch": true, "fan": true, "media_player": true, "cover": true, "climate": true, "humidifier": true, "input_boolean": true, "vacuum": true, "lawn_mower": true}

// maxTail bounds the words of a name that stand for all of it.
const maxTail = 2

// generic tells whether a text is what any device of its kind is called, with or
// without the room of device i: "light", "hall light".
func (r *Resolver) generic(text string, i int32) bool {
	if slices.Contains(generic, text) {
		return true
	}
	return r.rooms[i] >= 0 && slices.ContainsFunc(r.roomNames[r.rooms[i]], func(room string) bool {
		short, ok := strings.CutPrefix(text, room)
		return ok && slices.Contains(generic, short)
	})
}

// spellings are the ways to say a name: as written, without "the", without the
// apostrophe, hyphenated words in one, numbers as words.
func spellings(out []spelling, name string, kind partKind, i int32) []spelling {
	base := len(out)
	add := func(text string) {
		if text != "" && !slices.ContainsFunc(out[base:], func(s spelling) bool { return s.text == text }) {
			out = append(out, spelling{text, kind, i, asGiven})
		}
	}
	text := strings.TrimPrefix(normalize(name), "the ")
	add(text)
	if strings.ContainsAny(name, "-‐‑") {
		add(normalize(strings.NewReplacer("-", "", "‐", "", "‑", "").Replace(name)))
	}
	if strings.Contains(text, "'") {
		add(strings.ReplaceAll(text, "'", ""))
	}
	for k := base; k < len(out); k++ {
		if strings.ContainsAny(out[k].text, "0123456789") {
			add(spellNumbers(out[k].text))
		}
	}
	return out
}

// spellNumbers writes the whole numbers of a name as words.
func spellNumbers(text string) string {
	words := strings.Split(text, " ")
	for i, w := range words {
		if n, err := strconv.Atoi(w); err == nil && n >= 0 && n < 1000 {
			words[i] = spell(n)
		}
	}
	return strings.Join(words, " ")
}

var (
	below20 = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	tens    = strings.Fields("_ _ twenty thirty forty fifty sixty seventy eighty ninety")
)

// spell writes 0..999 in English words.
func spell(n int) string {
	var s string
	if n >= 100 {
		s = below20[n/100] + " hundred"
		if n%100 == 0 {
			return s
		}
		s += " "
		n %= 100
	}
	if n < 20 {
		return s + below20[n]
	}
	s += tens[n/10]
	if n%10 > 0 {
		s += " " + below20[n%10]
	}
	return s
}
