package intent

// What the fitter of the repair tier needs of it.

type (
	Linear = linear
	Weight = weight
	Find   = find
)

const (
	FrameNothing   = frameNothing
	FrameElsewhere = frameElsewhere
	FromFrame      = fromFrame
	FromSound      = fromSound
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

func (m *Linear) Text() []byte { return m.text() }

// UseModel sets the model of the frames; the fitter tries several.
func (s *Sentences) UseModel(m *Linear) { s.frames().model = m }

func (r *Resolver) Find(q Query) (Find, bool) { return r.repair(q) }

func (f *Find) Evidence() []float64        { return f.evidence() }
func (f *Find) Source() int                { return int(f.source) }
func (f *Find) Intent() Intent             { return f.intent }
func (f *Find) Frame() string              { return f.frame }
func (f *Find) Text() string               { return f.text }
func (f *Find) Confidence() float64        { return f.confidence() }
func (r *Resolver) Guarded(in Intent) bool { return r.guarded(&in) }
