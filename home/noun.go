package home

import (
	"slices"
	"strings"
)

// noun is how the names with one noun are written: with which article, and of
// which gender and number.
type noun struct {
	Article string   `yaml:"article"` // with {name}: "la {name}"
	Object  string   `yaml:"object"`  // behind a verb, where that is another: "den {name}"
	Words   []string `yaml:"words"`
}

// nounOf finds the noun of a name: its first word in a language that writes that
// first, or else how its first words end ("Deckenlampe in der Küche"). The longest
// that fits counts.
func (r replies) nounOf(name string) (found noun, ok bool) {
	low, best := strings.ToLower(name), ""
	for _, n := range r.Nouns {
		for _, w := range n.Words {
			fits := strings.HasSuffix(low, w) || strings.Contains(low, w+" ")
			if r.HeadFirst {
				fits = low == w || strings.HasPrefix(low, w+" ")
			}
			if fits && len(w) > len(best) {
				best, found = w, n
			}
		}
	}
	return found, best != ""
}

// object is a name with its article behind a verb: "meinst du den Timer".
func (r replies) object(name string) string {
	n, ok := r.nounOf(name)
	if !ok || n.Object == "" {
		return r.the(name)
	}
	return strings.ReplaceAll(n.Object, "{name}", r.lower(name))
}

// agree gives a state the gender and number of what it is said of, in a language
// whose adjectives have them: "encendido" of lamps is "encendidas".
func (s speaker) agree(state string, devices []*Device) string {
	if len(s.Endings) == 0 || len(devices) == 0 {
		return state
	}
	word, rest, _ := strings.Cut(state, " ")
	stem, ok := strings.CutSuffix(word, s.Endings[0])
	if !ok || slices.ContainsFunc(s.Unbent, func(e string) bool { return strings.HasSuffix(word, e) }) {
		return state
	}
	several := len(devices) > 1
	feminine := strings.HasPrefix(s.things(s.kind(devices), 1), "una ") // "dos lámparas"
	switch {
	case several && s.kind(devices) == "": // "todo"
		return state
	case !several:
		several, feminine = s.manyNamed(devices[0].Name), s.feminine(devices[0])
	}
	form := s.Endings[0]
	switch {
	case feminine && several:
		form = s.Endings[3]
	case several:
		form = s.Endings[2]
	case feminine:
		form = s.Endings[1]
	}
	return strings.TrimSpace(stem + form + " " + rest)
}

// feminine tells of which gender a device's name is, or its kind.
func (s speaker) feminine(d *Device) bool {
	if n, ok := s.nounOf(d.Name); ok {
		return strings.HasPrefix(n.Article, "la")
	}
	return strings.HasPrefix(s.things(s.kindOf(d), 1), "una ")
}
