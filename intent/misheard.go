package intent

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
)

// lexicon is what may have been said: the words of the sentences, and the words
// and names of the home, with their sounds.
type lexicon struct {
	number   func(word string) bool
	confuse  *confuse
	words    []heardWord     // of the sentences
	named    map[string]bool // the words of the home's names
	byLength [][]heardWord   // of the home: names and their words, by number of sounds
}

type heardWord struct {
	text, sounds string
	plain        string // the text without its spaces
	classes      uint16 // of its sounds
	name         bool   // a whole name, perhaps of several words
	number       bool
}

// soundClasses puts sounds that are taken for each other into one class.
var soundClasses = [...]string{"pb", "tdT", "kg", "fvw", "szSCJ", "mnN", "lrR", "yiIeE", "aAVY", "ouWO", "h"}

// classesOf is the set of the classes of a word's sounds.
func classesOf(sounds string) (set uint16) {
	for i, class := range soundClasses {
		if strings.ContainsAny(sounds, class) {
			set |= 1 << i
		}
	}
	return set
}

// alikeClasses tells whether two sets of classes have so much in common, in fifths,
// that it is worth to compare the words sound by sound.
func alikeClasses(a, b uint16, fifths int) bool {
	return bits.OnesCount16(a&b)*5 >= bits.OnesCount16(a|b)*fifths
}

func (l *lexicon) heard(text, sounds string, name bool) heardWord {
	return heardWord{text, sounds, strings.ReplaceAll(text, " ", ""), classesOf(sounds), name, l.number(text)}
}

// newLexicon collects the words of the sentences.
func newLexicon(s *Sentences) *lexicon {
	l := &lexicon{number: s.lang.numbers.isNumber, confuse: newConfusion()}
	for w := range s.words {
		if len(w) > 1 {
			l.words = append(l.words, l.heard(w, sounds(w), false))
		}
	}
	slices.SortFunc(l.words, func(a, b heardWord) int { return strings.Compare(a.text, b.text) })
	return l
}

// with adds the names of a home.
func (l *lexicon) with(names []spelling) *lexicon {
	out := &lexicon{number: l.number, confuse: l.confuse, words: l.words, named: map[string]bool{}}
	seen := map[string]bool{}
	add := func(text string, name bool) {
		if seen[text] || len(text) < 2 {
			return
		}
		seen[text] = true
		var s strings.Builder
		for w := range strings.FieldsSeq(text) {
			s.WriteString(sounds(w))
		}
		n := s.Len()
		if n == 0 || n > maxSounds {
			return
		}
		for len(out.byLength) <= n {
			out.byLength = append(out.byLength, nil)
		}
		out.byLength[n] = append(out.byLength[n], l.heard(text, s.String(), name))
	}
	for _, n := range names {
		add(n.text, true)
		for w := range strings.FieldsSeq(n.text) {
			out.named[w] = true
		}
		if strings.Contains(n.text, " ") {
			for w := range strings.FieldsSeq(n.text) {
				add(w, false)
			}
		}
	}
	return out
}

// correction is other words for some words of a sentence.
type correction struct {
	at, words int
	text      string
	cost      float32
	weak      bool // a small word, which nobody stresses
}

// What the search for corrections may cost.
const (
	farthest       = 0.5 // corrections that sound less alike are not tried
	maxCandidates  = 4   // for each word
	maxCompared    = 9_000
	maxCorrections = 3  // in a sentence
	maxTried       = 24 // sentences resolved again
)

// turning are small words that turn what is said into something else. They are
// never taken for others.
var turning = []string{"it", "them", "that", "this", "by", "if", "but", "except", "without", "unless", "no", "who", "why", "when", "he", "she", "they"}

// corrections are the words that may have been said instead of those that were
// heard, the nearest first. doubt has how improbable each word is, 0..1.
func (l *lexicon) corrections(words []string, known func(string) bool, doubt []float32) (out []correction, compared int) {
	// "for" is not taken for "four" where another number was said.
	counted := slices.ContainsFunc(words, l.number)
	heard := make([]string, len(words))
	for i, w := range words {
		heard[i] = sounds(w)
	}
	for i := range words {
		for n := 1; n <= 4 && i+n <= len(words); n++ {
			if slices.Contains(turning, words[i+n-1]) {
				break
			}
			said, text := strings.Join(heard[i:i+n], ""), strings.Join(words[i:i+n], "")
			if len(said) < 2 {
				continue
			}
			// Words that the house knows are seldom wrong: only what sounds very much alike comes instead.
			limit, sure, trust := float32(farthest), true, float32(0)
			for k := i; k < i+n; k++ {
				if !known(words[k]) {
					sure = false
				}
				trust = max(trust, 1-doubt[k])
			}
			if sure {
				limit = farthest * 0.6
			}
			base := len(out)
			classes, spoken, fifths := classesOf(said), strings.Join(words[i:i+n], " "), 2
			if sure {
				fifths = 3
			}
			consider := func(h *heardWord) {
				if !alikeClasses(classes, h.classes, fifths) {
					return
				}
				if compared == maxCompared {
					return
				}
				if compared++; h.text == text || counted && h.number || n > 1 && !h.name && spoken == h.text {
					return
				}
				d := l.confuse.apart(said, h.sounds, limit)
				if d > limit {
					return
				}
				cost := 0.75*d + 0.25*misspelled(text, h.plain)
				if sure {
					cost += 0.12 * trust
				}
				if cost <= limit {
					out = append(out, correction{i, n, h.text, cost, false})
				}
			}
			if n <= 2 {
				for k := range l.words {
					h := &l.words[k]
					if d := len(h.sounds) - len(said); d >= -2 && d <= 2 {
						consider(h)
					}
				}
			}
			for d := max(0, len(said)-3); d <= len(said)+3 && d < len(l.byLength); d++ {
				for k := range l.byLength[d] {
					if h := &l.byLength[d][k]; h.name || n <= 2 {
						consider(h)
					}
				}
			}
			slices.SortFunc(out[base:], func(a, b correction) int {
				return cmp.Or(cmp.Compare(a.cost, b.cost), strings.Compare(a.text, b.text))
			})
			out = out[:min(len(out), base+maxCandidates)]
		}
	}
	for i, w := range words {
		if l.named[w] {
			continue
		}
		for _, small := range weakForms[w] {
			if w == "of" && (i == 0 || !slices.Contains(offVerbs, words[i-1])) {
				continue
			}
			out = append(out, correction{i, 1, small, weakCost, true})
		}
	}
	slices.SortStableFunc(out, func(a, b correction) int {
		return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(a.at, b.at), strings.Compare(a.text, b.text))
	})
	return out, compared
}

// corrected is a sentence with some words changed.
type corrected struct {
	text    string
	cost    float32
	changes int
	strong  int // changes that are not of small words
	certain int // changes of words that the house knows
	next    int // the first correction that may still be added
	words   []string
	taken   uint32 // words that were changed
	dropped bool   // a word was left out
}

// variants writes a sentence with up to maxCorrections of the corrections, the
// cheapest sentences first. Every word that the house does not know has to be
// changed, or be left out at a cost: the frames see to it that it is not missed.
func variants(words []string, list []correction, known func(string) bool) []corrected {
	const dropped = 0.42
	for i, w := range words {
		if !known(w) && !slices.Contains(turning, w) {
			list = append(list, correction{i, 1, "", dropped, false})
		}
	}
	slices.SortStableFunc(list, func(a, b correction) int { return cmp.Compare(a.cost, b.cost) })
	if len(list) > 40 {
		list = list[:40]
	}
	var unknown uint32
	for i, w := range words {
		if !known(w) {
			unknown |= 1 << i
		}
	}
	var out []corrected
	queue := []corrected{{words: words}}
	for grown := 0; len(queue) > 0 && grown < 400; grown++ {
		c := queue[0]
		queue = queue[1:]
		if c.changes == maxCorrections {
			continue
		}
		for k := c.next; k < len(list); k++ {
			x := list[k]
			mask := uint32(1<<x.words-1) << x.at
			if c.taken&mask != 0 {
				continue
			}
			n := corrected{cost: c.cost + x.cost, changes: c.changes + 1, next: k + 1, taken: c.taken | mask, dropped: c.dropped || x.text == "", strong: c.strong, certain: c.certain}
			if x.words == 1 && known(words[x.at]) {
				n.certain++
			}
			if !x.weak {
				n.strong++
			}
			n.words = slices.Clone(c.words)
			for i := x.at; i < x.at+x.words; i++ {
				n.words[i] = ""
			}
			n.words[x.at] = x.text
			if n.taken&unknown == unknown {
				n.text = strings.Join(strings.Fields(strings.Join(n.words, " ")), " ")
				out = append(out, n)
			}
			if n.changes < maxCorrections && len(queue) < 400 {
				queue = append(queue, n)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b corrected) int { return cmp.Compare(a.cost, b.cost) })
	var distinct []corrected
	for _, c := range out {
		if c.text != "" && !slices.ContainsFunc(distinct, func(d corrected) bool { return d.text == c.text }) {
			if distinct = append(distinct, c); len(distinct) == maxTried {
				break
			}
		}
	}
	return distinct
}

// isNumber tells whether a word is a number or part of one.
func (n *numbers) isNumber(w string) bool {
	return w[0] >= '0' && w[0] <= '9' || slices.Contains(n.words, w)
}
