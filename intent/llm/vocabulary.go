package llm

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/intent"
)

const (
	maxListed    = 150 // devices whose names are all in the prefix
	maxRetrieved = 40  // of more, those that a sentence is nearest to
	maxLabel     = 60  // bytes of a device's label
)

// Vocabulary is what the model may say about one home. It never changes.
type Vocabulary struct {
	names   intent.Names
	targets []target
	byLabel map[string]int
	brief   bool
}

// target is a device, or all of a room's devices of one kind, under the one
// name that the model knows it by.
type target struct {
	label  string
	ids    []string
	slots  map[string]any
	area   string // id
	words  []string
	can    uint32 // bits of abilities
	single bool
}

// NewVocabulary makes the vocabulary of a home. Left out is what cannot be acted
// on, what opens the house, and a name that two devices of one room share.
func NewVocabulary(n intent.Names) *Vocabulary {
	v := &Vocabulary{names: n, byLabel: map[string]int{}}
	areas, guarded := map[string]string{}, map[string]bool{}
	for _, a := range n.Areas {
		areas[a.ID] = a.Name
	}
	for i := range n.Entities {
		guarded[n.Entities[i].ID] = n.Entities[i].Guarded()
	}
	type kind struct{ area, domain string }
	together := map[kind]*target{}
	var kinds []kind
	for i := range n.Entities {
		e := &n.Entities[i]
		t := target{ids: []string{e.ID}, slots: map[string]any{"name": e.Name}, area: e.Area, single: true}
		for a, ability := range abilities {
			if ability.can(e) {
				t.can |= 1 << a
			}
		}
		if t.can == 0 || e.Guarded() || slices.ContainsFunc(e.Members, func(id string) bool { return guarded[id] }) {
			continue
		}
		t.label = label(e.Name, areas[e.Area])
		t.words = words(t.label, e.Aliases...)
		v.add(t)
		if plural := plurals[e.Domain()]; plural != "" && areas[e.Area] != "" && len(e.Members) == 0 {
			k := kind{e.Area, e.Domain()}
			if together[k] == nil {
				all := label("all "+plural, areas[e.Area])
				together[k] = &target{label: all, slots: map[string]any{"area": areas[e.Area], "domain": e.Domain()}, area: e.Area, words: words(all), can: t.can}
				kinds = append(kinds, k)
			}
			together[k].ids = append(together[k].ids, e.ID)
			together[k].can &= t.can
		}
	}
	for _, k := range kinds {
		if t := together[k]; len(t.ids) > 1 {
			slices.Sort(t.ids)
			v.add(*t)
		}
	}
	return v
}

// plurals are the kinds that a room may have several of.
var plurals = map[string]string{"light": "lights", "cover": "blinds", "switch": "switches", "fan": "fans", "media_player": "players"}

func (v *Vocabulary) add(t target) {
	if _, double := v.byLabel[t.label]; double {
		return
	}
	v.byLabel[t.label] = len(v.targets)
	v.targets = append(v.targets, t)
}

// label is the name with the room before it, where it does not say it itself,
// in characters that mean nothing to a prompt or a grammar.
func label(name, area string) string {
	if area != "" && !strings.Contains(strings.ToLower(name), strings.ToLower(area)) {
		name = area + " " + name
	}
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool {
		return r <= ' ' || strings.ContainsRune("\"\\{}[]<>|`:,;()", r)
	}), " ")
	for i := range name {
		if i > maxLabel {
			return strings.TrimSpace(name[:i])
		}
	}
	return name
}

func words(text string, more ...string) []string {
	all := strings.Fields(strings.ToLower(text + " " + strings.Join(more, " ")))
	slices.Sort(all)
	return slices.Compact(all)
}

// Large says that the home has more devices than the prefix can name.
func (v *Vocabulary) Large() bool { return v.brief || len(v.targets) > maxListed }

// candidates are the targets that a sentence may be about: all of a small home,
// of a large one the maxRetrieved that share most with the words and the room.
func (v *Vocabulary) candidates(q intent.Query) []target {
	most := maxRetrieved
	if v.brief {
		most = maxBrief
	}
	if !v.Large() || len(v.targets) <= most {
		return v.targets
	}
	text := q.Text
	if e := q.Context.Exchange; e != nil {
		text += " " + e.Text
	}
	said := words(text)
	room := ""
	for _, a := range v.names.Areas {
		if a.ID == q.Room || strings.EqualFold(a.Name, q.Room) {
			room = a.ID
		}
	}
	type scored struct{ at, score int }
	list := make([]scored, len(v.targets))
	for i, t := range v.targets {
		score := 0
		for _, w := range t.words {
			if _, ok := slices.BinarySearch(said, w); ok {
				score += 4
			} else if slices.ContainsFunc(said, func(s string) bool { return near(s, w) }) {
				score += 3
			}
		}
		if t.area == room && room != "" {
			score += 2
		}
		list[i] = scored{i, score}
	}
	slices.SortStableFunc(list, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	var out []target
	for _, s := range list[:most] {
		out = append(out, v.targets[s.at])
	}
	return out
}

// near: one word is the other's beginning, as "lights" and "light", "blind" and "blinds".
func near(a, b string) bool {
	return len(a) > 3 && len(b) > 3 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
}

// verbs are what can be done to a target, for the prompt.
func (t target) verbs() string {
	var out []string
	for i, a := range abilities {
		if t.can>>i&1 == 1 {
			out = append(out, a.verb)
		}
	}
	return strings.Join(out, " ")
}
