package intent

import (
	"cmp"
	"iter"
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

// from yields the names that a text begins with, by where they end.
func (t *trie) from(text string) iter.Seq2[int, *term] {
	return func(yield func(int, *term) bool) {
		node := int32(0)
		for i := range len(text) {
			child := t.nodes[node].child
			for child != 0 && t.nodes[child].label != text[i] {
				child = t.nodes[child].sibling
			}
			if child == 0 {
				return
			}
			node = child
			if end := t.nodes[node].term; end != 0 && !yield(i+1, &t.terms[end]) {
				return
			}
		}
	}
}

func appendNew(s []int32, v int32) []int32 {
	if n := len(s); n > 0 && s[n-1] == v {
		return s
	}
	return append(s, v)
}

// deviceSpellings are the ways to say a device's name.
func (r *Resolver) deviceSpellings(out []spelling, i int32) []spelling {
	e, domain := &r.names.Entities[i], r.domains[i]
	base := len(out)
	out = r.s.lang.spellings(out, e.Name, partName, i)
	for _, alias := range e.Aliases {
		out = r.s.lang.spellings(out, alias, partName, i)
	}
	add := func(text string, near nearness) {
		if !slices.ContainsFunc(out[base:], func(s spelling) bool { return s.text == text }) {
			out = append(out, spelling{text, partName, i, near})
		}
	}
	lang := r.s.lang
	given := len(out)
	for _, s := range out[base:given] {
		for end, others := range lang.alikes[domain] {
			stem, ok := lang.cutNoun(s.text, end)
			for _, other := range others {
				if text := stem + other; ok && !r.generic(text, i) {
					add(text, alike)
				}
			}
		}
		if last := lang.leftOut[domain]; last != "" {
			if short, ok := strings.CutSuffix(s.text, " "+last); ok && strings.Contains(short, " ") {
				add(short, asGiven)
			}
		}
		if !slices.ContainsFunc(lang.nouns[domain], func(n string) bool { return strings.Contains(s.text, n) }) {
			for _, n := range lang.nouns[domain] {
				add(s.text+" "+n, alike)
			}
		}
	}
	for k := base; k < given && r.rooms[i] >= 0; k++ {
		for _, room := range r.roomNames[r.rooms[i]] {
			short, ok := lang.cutRoom(out[k].text, room)
			if !ok || short == "" || slices.Contains(lang.generic, short) {
				continue
			}
			add(short, inItsRoom)
			for _, of := range lang.of {
				add(strings.Join(strings.Fields(short+" "+of+" "+room), " "), alike)
			}
		}
	}
	for k := base; k < given && tailed[domain]; k++ {
		words := strings.Fields(out[k].text)
		for n := 1; n <= maxTail && n < len(words); n++ {
			short := strings.Join(words[len(words)-n:], " ")
			if lang.headFirst {
				short = strings.Join(words[:n], " ")
			}
			if !r.generic(short, i) && !r.places[short] && strings.ContainsFunc(short, unicode.IsLetter) {
				add(short, tail)
			}
		}
	}
	return out
}

// cutNoun is what stands before the noun that a text ends with. In a language
// that writes compounds the noun need not be a word by itself.
func (l *language) cutNoun(text, noun string) (stem string, ok bool) {
	stem, ok = strings.CutSuffix(text, noun)
	return stem, ok && (stem == "" || l.links != nil || strings.HasSuffix(stem, " "))
}

// cutRoom is what is left of a device's name without its room, which stands
// before it, as a word or as the beginning of one, or behind it.
func (l *language) cutRoom(text, room string) (short string, ok bool) {
	if short, ok = strings.CutPrefix(text, room); ok {
		if rest, ok := strings.CutPrefix(short, " "); ok {
			return rest, true
		}
		for _, link := range l.links {
			if rest, ok := strings.CutPrefix(short, link); ok && len(rest) > 3 {
				return strings.TrimPrefix(rest, " "), true
			}
		}
	}
	for _, of := range l.of {
		end := strings.TrimSuffix(" "+of, " ") + " " + room
		if short, ok = strings.CutSuffix(text, end); ok {
			return short, true
		}
	}
	return "", false
}

// tailed are the domains of which people say only the last words of a name, like
// "the lamp". It is not done where a mistake would open a door.
var tailed = map[string]bool{"light": true, "switch": true, "fan": true, "media_player": true, "cover": true, "climate": true, "humidifier": true, "input_boolean": true, "vacuum": true, "lawn_mower": true}

// maxTail bounds the words of a name that stand for all of it.
const maxTail = 2

// generic tells whether a text is what any device of its kind is called, with or
// without the room of device i: "light", "hall light".
func (r *Resolver) generic(text string, i int32) bool {
	if slices.Contains(r.s.lang.generic, text) {
		return true
	}
	return r.rooms[i] >= 0 && slices.ContainsFunc(r.roomNames[r.rooms[i]], func(room string) bool {
		short, ok := r.s.lang.cutRoom(text, room)
		return ok && slices.Contains(r.s.lang.generic, short)
	})
}

// spellings are the ways to say a name: as written, without its article, without
// the apostrophe, hyphenated words in one, numbers as words and in digits.
func (l *language) spellings(out []spelling, name string, kind partKind, i int32) []spelling {
	base := len(out)
	add := func(text string) {
		if text != "" && !slices.ContainsFunc(out[base:], func(s spelling) bool { return s.text == text }) {
			out = append(out, spelling{text, kind, i, asGiven})
		}
	}
	text := l.letters.normalize(name)
	for _, a := range l.articles {
		if rest := strings.TrimPrefix(text, a); rest != text {
			text = rest
			break
		}
	}
	add(text)
	if strings.ContainsAny(name, "-‐‑") {
		add(l.letters.normalize(strings.NewReplacer("-", "", "‐", "", "‑", "").Replace(name)))
	}
	if strings.Contains(text, "'") {
		add(strings.ReplaceAll(text, "'", ""))
	}
	for k := base; k < len(out); k++ {
		if strings.ContainsAny(out[k].text, "0123456789") {
			add(l.numbersSpelled(out[k].text))
		}
	}
	add(l.numbersWritten(text))
	for _, t := range l.ordinalsSpelled(text, name) {
		add(t)
	}
	for k := base; k < len(out); k++ {
		for end, soft := range l.softens {
			if stem, ok := strings.CutSuffix(out[k].text, end); ok && len(stem) > 2 {
				add(stem + soft)
			}
		}
	}
	return out
}

// numbersSpelled writes the whole numbers of a name as words.
func (l *language) numbersSpelled(text string) string {
	words := strings.Split(text, " ")
	for i, w := range words {
		if n, err := strconv.Atoi(w); err == nil && n >= 0 && n < 1000 {
			words[i] = l.numbers.say(n)
		}
	}
	return strings.Join(words, " ")
}

// numbersWritten writes the number words of a name in digits.
func (l *language) numbersWritten(text string) string {
	words := strings.Split(text, " ")
	for i, w := range words {
		if n, ok := l.numbers.digits[w]; ok {
			words[i] = strconv.Itoa(n)
		}
	}
	return strings.Join(words, " ")
}

// ordinalsSpelled writes the "1." or "1st" that a name begins with as a word, in
// all its forms.
func (l *language) ordinalsSpelled(text, name string) (out []string) {
	first, rest, ok := strings.Cut(text, " ")
	digits := strings.TrimRight(first, "abcdefghijklmnopqrstuvwxyz°")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 1 || n > len(l.numbers.ordinals) || digits == first && !strings.Contains(name, ".") {
		return nil
	}
	for _, ordinal := range l.numbers.ordinals[n-1] {
		out = append(out, ordinal+" "+rest)
	}
	return append(out, digits+" "+rest)
}
