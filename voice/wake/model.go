package wake

import (
	"fmt"
	"slices"
	"strings"
)

// Model is a wake word model of any kind. It does not change and may be shared.
type Model struct {
	Name  string        // "bundled", or the file
	Words []ScoredWord  // that it scores
	open  func() stream // a new stream of its own
	delay int           // frames from the end of a word to its usual detection

	embedding int    // numbers in an embedding of its streams; 0: they have none
	checksum  uint32 // of a model with embeddings
}

// ScoredWord is a word that a model scores.
type ScoredWord struct {
	Name      string
	Threshold float32 // the score at which the model's makers would wake
}

// Has says whether the model scores a word.
func (m *Model) Has(name string) bool { return m.index(name) >= 0 }

func (m *Model) index(name string) int {
	return slices.IndexFunc(m.Words, func(w ScoredWord) bool { return strings.EqualFold(w.Name, name) })
}

// stream is a model at work on one stream of sound. Smoothing is the model's own.
type stream interface {
	push(pcm []int16) (fresh bool) // says whether a step was completed
	scores() []float32             // of the model's words, after the newest step; zeros before the first
	embedding() []float32          // of the newest step; nil where the model has none
}

// word finds a word of the model by its name.
func (m *Model) word(name string) (int, error) {
	i := m.index(name)
	if i < 0 {
		var names []string
		for _, w := range m.Words {
			names = append(names, fmt.Sprintf("%q", w.Name))
		}
		return 0, fmt.Errorf("listen for %q: the model %s has only %s", name, m.Name, strings.Join(names, ", "))
	}
	return i, nil
}
