package phrases

import (
	"cmp"
	_ "embed"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/intent"
)

//go:embed superset.yaml
var superset []byte

// Superset is what Cricket will be asked sooner or later.
func Superset() intent.File { return intent.File{Name: "superset.yaml", Data: superset} }

// Sources are the grammars that sentences are drawn from.
type Sources struct {
	Builtin  *Grammar
	Superset *Grammar
}

// Open reads the built-in English sentences and the superset.
func Open() (Sources, error) {
	files, err := intent.Builtin("en")
	if err != nil {
		return Sources{}, err
	}
	var s Sources
	if s.Builtin, err = Read(files...); err != nil {
		return Sources{}, err
	}
	s.Superset, err = Read(Superset())
	return s, err
}

// Draw is one sentence about the home, of any block with equal chance. It is
// "" where the draw holds something that is not spoken, as "%".
func (g *Grammar) Draw(r *rand.Rand, h *Home) (string, error) {
	b := g.blocks[r.IntN(len(g.blocks))]
	return g.drawBlock(r, h, b)
}

// DrawIntent draws first an intent and then one of its blocks, so that rare
// intents are heard as often as those with many blocks.
func (g *Grammar) DrawIntent(r *rand.Rand, h *Home) (string, error) {
	blocks := g.intents[r.IntN(len(g.intents))]
	return g.drawBlock(r, h, blocks[r.IntN(len(blocks))])
}

func (g *Grammar) drawBlock(r *rand.Rand, h *Home, b block) (string, error) {
	s := speaker{g: g, b: b, home: h, rand: r}
	text := s.draw(b.sentences[r.IntN(len(b.sentences))])
	if s.err != nil {
		return "", s.err
	}
	return words(text), nil
}

// Sentence draws one for training: of the product's own templates, of the
// superset, several in one, and runs of names and invented words, which teach
// to spell.
func (s Sources) Sentence(r *rand.Rand, h *Home) (string, error) {
	var text string
	var err error
	switch k := r.IntN(20); {
	case k < 7:
		text, err = s.Builtin.Draw(r, h)
	case k < 15:
		text, err = s.Superset.DrawIntent(r, h)
	case k < 17:
		var first, second string
		if first, err = s.either(r, h); err == nil {
			second, err = s.either(r, h)
		}
		text = first + " " + pickOne(r, "and", "and", "then", "and then", "and also") + " " + second
		if first == "" || second == "" {
			text = ""
		}
	case k < 18:
		text = s.name(r, h)
	default:
		text, err = s.Superset.Draw(r, h)
	}
	if err != nil {
		return "", fmt.Errorf("draw a sentence: %w", err)
	}
	return text, nil
}

func (s Sources) either(r *rand.Rand, h *Home) (string, error) {
	if r.IntN(2) == 0 {
		return s.Builtin.Draw(r, h)
	}
	return s.Superset.DrawIntent(r, h)
}

// name is a few words without a sentence round them.
func (s Sources) name(r *rand.Rand, h *Home) string {
	var parts []string
	for range 1 + r.IntN(3) {
		switch r.IntN(4) {
		case 0:
			parts = append(parts, Invented(r, false))
		case 1:
			parts = append(parts, one(r, modifiers(), Fits(false)))
		case 2:
			parts = append(parts, one(r, people(), Fits(false))+"'s", one(r, modifiers(), Fits(false)))
		default:
			parts = append(parts, h.thing(r, drawDomain(r), false))
		}
	}
	return words(strings.Join(parts, " "))
}

// byIntent groups sorted blocks.
func byIntent(blocks []block) [][]block {
	at := map[string]int{}
	var out [][]block
	for _, b := range blocks {
		i, ok := at[b.intent]
		if !ok {
			i = len(out)
			at[b.intent] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], b)
	}
	return out
}

func sortBlocks(blocks []block) {
	slices.SortStableFunc(blocks, func(a, b block) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.intent, b.intent))
	})
}
