package intent

import (
	"slices"
	"strings"
)

// tagKind is what a tagged stretch of a sentence stands for.
type tagKind uint8

const (
	tagWord     tagKind = iota // a plain word
	tagName                    // a device
	tagArea                    // a room
	tagFloor                   // a storey
	tagNumber                  // twenty one
	tagDuration                // ten minutes, an hour and a half
	tagClock                   // half past six, seven o'clock
	tagColor                   // red
	tagWarmth                  // warm white
	tagLevel                   // half, maximum
	tagKinds                   // the lights, the blinds: a kind of devices
	tagSun                     // sunset
	tagDay                     // tomorrow, every weekday
)

// tag is a stretch of words of a sentence.
type tag struct {
	kind  tagKind
	text  string
	at    int    // first word
	words int    // how many
	of    string // of a name or a kind: the domain
	term  *term
}

// tagged is a sentence as the repair tier sees it: what has a meaning in this home or in
// any is one tag, so that nothing that is learned depends on one home's names.
type tagged struct {
	lang  *language
	words []string
	tags  []tag
}

// first returns the first tag of a kind.
func (t *tagged) first(kind tagKind) *tag {
	if i := slices.IndexFunc(t.tags, func(g tag) bool { return g.kind == kind }); i >= 0 {
		return &t.tags[i]
	}
	return nil
}

func (t *tagged) all(kind tagKind) []tag {
	var out []tag
	for _, g := range t.tags {
		if g.kind == kind {
			out = append(out, g)
		}
	}
	return out
}

func (t *tagged) has(words ...string) bool {
	return slices.ContainsFunc(t.words, func(w string) bool { return slices.Contains(words, w) })
}

// strange counts the words that do not speak for a frame: what makes a sentence mean
// something else, or was heard wrongly. Small words speak for nothing.
func (t *tagged) strange(m *linear, frame string) (n int) {
	for _, g := range t.tags {
		if g.kind == tagWord && !slices.Contains(smallWords, g.text) && m.weigh("w:"+g.text, frame) < 0.1 {
			n++
		}
	}
	return n
}

// smallWords are words that nothing hangs on. They are English.
var smallWords = strings.Fields("the a an my our this that these those it them to in on off at of for with and me us you i we please just now can could would will is are be do some any so up down thanks hey okay ok here there right go get put make set turn want like need let's have really could you")

// before is the word in front of a tag, or "".
func (t *tagged) before(g *tag) string {
	if g.at == 0 {
		return ""
	}
	return t.words[g.at-1]
}

// maxTagWords bounds the words of a sentence that is tagged: nobody asks for a thing in more.
const maxTagWords = 24

// tag cuts a normalised text into tags. It costs steps like reading a sentence.
func (m *match) tag(r *Resolver, text string) (t tagged, ok bool) {
	t.lang, t.words = r.s.lang, strings.Fields(text)
	if len(t.words) == 0 || len(t.words) > maxTagWords || len(text) > maxText {
		return t, false
	}
	m.begin(r, text)
	starts := make([]int, len(t.words))
	for i, pos := 0, 0; i < len(t.words); i++ {
		starts[i] = pos
		pos += len(t.words[i]) + 1
	}
	vocabulary := r.s.frames()
	for i := 0; i < len(t.words); {
		g := vocabulary.special(t.words, i)
		try := func(kind tagKind, n int) {
			if n > g.words || n == g.words && n > 0 && g.kind == tagWord {
				g = tag{kind: kind, words: n}
			}
		}
		for _, l := range vocabulary.lists {
			try(l.kind, m.listWords(l.part, starts, i))
		}
		if v, n := m.numberWords(t.words, starts, i); n > 0 && (v != 1 || t.words[i] == "1") {
			try(tagNumber, n)
		}
		if term, n := m.nameWords(starts, i); n > 0 && n >= g.words {
			g = tag{words: n, term: term}
			switch {
			case len(term.devices) > 0:
				g.kind, g.of = tagName, r.domains[term.devices[0].index]
			case len(term.areas) > 0:
				g.kind = tagArea
			default:
				g.kind = tagFloor
			}
		}
		if g.words == 0 {
			g.words = 1
		}
		g.at = i
		if g.text == "" {
			g.text = strings.Join(t.words[i:i+g.words], " ")
		}
		t.tags = append(t.tags, g)
		i += g.words
	}
	return t, !m.spent
}

// wordsTo counts the words from word i to the byte at which they end; 0 where
// that is inside a word.
func (m *match) wordsTo(starts []int, i, end int) int {
	for n := i + 1; n <= len(starts); n++ {
		at := len(m.text)
		if n < len(starts) {
			at = starts[n] - 1
		}
		if at == end {
			return n - i
		}
	}
	return 0
}

// listWords is how many words from word i on are a value of a list.
func (m *match) listWords(part int32, starts []int, i int) (most int) {
	for f := m.read(part, -1, int32(starts[i])); f != 0; f = m.found[f].next {
		most = max(most, m.wordsTo(starts, i, int(m.found[f].end)))
	}
	return most
}

func (m *match) numberWords(words []string, starts []int, i int) (value float64, most int) {
	if words[i] == "half" || words[i] == "quarter" || words[i] == "a" || words[i] == "an" || words[i] == "oh" {
		return 0, 0
	}
	m.r.s.lang.numbers.parse(m.text, starts[i], func(end int, v float64) {
		if n := m.wordsTo(starts, i, end); n > most {
			value, most = v, n
		}
	})
	return value, most
}

// nameWords is the longest name that begins at word i.
func (m *match) nameWords(starts []int, i int) (longest *term, most int) {
	t := m.r.trie
	node := int32(0)
	for k := starts[i]; ; k++ {
		if end := t.nodes[node].term; end != 0 {
			if n := m.wordsTo(starts, i, k); n > 0 {
				longest, most = &t.terms[end], n
			}
		}
		if k == len(m.text) || !m.step() {
			return longest, most
		}
		child := t.nodes[node].child
		for child != 0 && t.nodes[child].label != m.text[k] {
			child = t.nodes[child].sibling
		}
		if child == 0 {
			return longest, most
		}
		node = child
	}
}
