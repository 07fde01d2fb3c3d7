package intent

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// What the fitter of the repair tier needs of it.

type (
	Linear = linear
	Find   = find
)

const (
	FrameNothing   = frameNothing
	FrameElsewhere = frameElsewhere
)

// Tagged is a sentence with its tags.
type Tagged = tagged

func (r *Resolver) Tag(text string) (Tagged, bool) {
	m := r.pool.Get().(*match)
	defer r.pool.Put(m)
	m.steps, m.spent = 0, false
	return m.tag(r, r.s.lang.letters.normalize(text))
}

func FrameOf(in *Intent, t *Tagged) string { return frameOf(in, t) }

func Describe(t *Tagged, known func(string) bool) []string { return (*linear)(nil).describe(t, known) }

func (t *Tagged) PlainWords() []string {
	var out []string
	for _, g := range t.tags {
		if g.kind == tagWord {
			out = append(out, g.text)
		}
	}
	return out
}

func NewLinear(frames []string) *Linear {
	return &linear{frames: frames, features: map[string][]weight{}}
}

func (m *Linear) Set(feature string, frame int, v float64) {
	m.features[feature] = append(m.features[feature], weight{uint8(frame), float32(v)})
}

// Text writes a model as readLinear reads it. Weights that round to nothing are left out.
func (m *Linear) Text() []byte {
	var out bytes.Buffer
	fmt.Fprintln(&out, strings.Join(m.frames, "\t"))
	names := make([]string, 0, len(m.features))
	for f := range m.features {
		names = append(names, f)
	}
	slices.Sort(names)
	for _, f := range names {
		var line []string
		for _, w := range m.features[f] {
			if v := int(math.Round(float64(w.value) * 100)); v >= 10 || v <= -10 {
				line = append(line, fmt.Sprintf("%d:%d", w.frame, v))
			}
		}
		if line != nil {
			fmt.Fprintf(&out, "%s\t%s\n", f, strings.Join(line, " "))
		}
	}
	return out.Bytes()
}

// UseModel sets the model of the frames; the fitter tries several.
func (s *Sentences) UseModel(m *Linear) { s.frames().model = m }

func (r *Resolver) Find(q Query) (Find, bool) { return r.repair(q) }

func (f *Find) Evidence() []float64        { return f.evidence() }
func (f *Find) Source() int                { return int(f.source) }
func (f *Find) Intent() Intent             { return f.intent }
func (f *Find) Frame() string              { return f.frame }
func (f *Find) Text() string               { return f.text }
func (f *Find) Doubtful() bool             { return f.doubtful }
func (r *Resolver) Guarded(in Intent) bool { return r.guarded(&in) }

// Sampled is a sentence written by a template.
type Sampled struct {
	Text, Intent string
	Template     int // of the same template where equal
}

// Sample writes a sentence by a template that is drawn at random, in the names of
// the home. ok is false where the template takes free text.
func (r *Resolver) Sample(draw func(n int) int) (s Sampled, ok bool) {
	w := writer{r: r, draw: draw}
	var plain []entry
	for _, e := range r.s.entries {
		if e.kind == entryPlain {
			plain = append(plain, e)
		}
	}
	e := plain[draw(len(plain))]
	node := r.s.net.parts[e.part].start
	if n := &r.s.net.nodes[node]; n.kind == nodeSplit {
		node = n.alts[draw(len(n.alts))]
	}
	s.Template = int(node)
	block, ok := w.write(node, e.constraint, 0)
	if !ok || len(w.out) > 90 {
		return s, false
	}
	s.Text, s.Intent = r.s.lang.letters.normalize(string(w.out)), r.s.blocks[block].intent
	return s, s.Text != ""
}

type writer struct {
	r    *Resolver
	draw func(n int) int
	out  []byte
}

func (w *writer) write(node, con int32, depth int) (value int32, ok bool) {
	net := &w.r.s.net
	for steps := 0; depth < 20 && steps < 200; steps++ {
		n := &net.nodes[node]
		switch n.kind {
		case nodeAccept:
			return n.value, true
		case nodeLit:
			w.out = append(w.out, n.text...)
		case nodeSpace:
			w.out = append(w.out, ' ')
		case nodeSplit:
			node = n.alts[w.draw(len(n.alts))]
			continue
		case nodeCall:
			pt := &net.parts[n.part]
			switch pt.kind {
			case partRule, partList:
				if _, ok := w.write(pt.start, con, depth+1); !ok {
					return 0, false
				}
			case partName:
				var fit []string
				for i, e := range w.r.names.Entities {
					if w.r.allows(con, int32(i)) {
						fit = append(fit, e.Name)
					}
				}
				if len(fit) == 0 {
					return 0, false
				}
				w.out = append(w.out, fit[w.draw(len(fit))]...)
			case partArea:
				w.out = append(w.out, w.r.names.Areas[w.draw(len(w.r.names.Areas))].Name...)
			case partFloor:
				if len(w.r.names.Floors) == 0 {
					return 0, false
				}
				w.out = append(w.out, w.r.names.Floors[w.draw(len(w.r.names.Floors))].Name...)
			case partNumber:
				v := pt.numbers.from + pt.numbers.step*float64(w.draw(int(min(60, (pt.numbers.to-pt.numbers.from)/pt.numbers.step)+1)))
				w.out = append(w.out, w.r.s.lang.numbersSpelled(strconv.Itoa(int(v)))...)
			default:
				return 0, false
			}
		}
		node = n.next
	}
	return 0, false
}

// Normalize writes a sentence as the network reads it.
func Normalize(s string) string { return new(letters).normalize(s) }

var confusion = newConfusion()

// Apart is how far two English words are from each other in sound.
func Apart(a, b string) float32 { return confusion.apart(sounds(a), sounds(b), 0.5) }
