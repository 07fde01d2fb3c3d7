package wake

import "math"

// personalThreshold is the score at which a personal word wakes at the default
// sensitivity.
const personalThreshold = 0.5

// scoreWidth is how much farther, as a part of the limit, takes a score from 1/2
// to 1/(1+e).
const scoreWidth = 0.08

// A word may be said in half or in twice the time of its recording.
const (
	fastest = 0.5
	slowest = 2
)

// mostStays is how many steps a match may stand still in its recording.
const mostStays = 4

const far = 1e6 // more than any distance

// distance is the Euclidean distance of two vectors of the same length.
func distance(a, b []float32) float32 {
	sum := float32(0)
	b = b[:len(a)]
	for i, x := range a {
		d := x - b[i]
		sum += d * d
	}
	return float32(math.Sqrt(float64(sum)))
}

// warp matches a template against the end of a stream of vectors: dynamic time
// warping where the match may begin anywhere (Sakurai, Faloutsos and Yamamuro,
// "Stream monitoring under the time warping distance", 2007), with distances that
// are means over the path, so that long words are no farther than short ones.
type warp struct {
	template    [][]float32
	now, before []cell // for each step of the template: the best path that ends there
	step        int
}

type cell struct {
	sum   float32 // of the distances along the path
	steps float32
	begin int // step of the stream with which the path begins
	stays int // steps of the stream since the path came to this step of the template
}

func (c cell) mean() float32 { return c.sum / c.steps }

func newWarp(template [][]float32) *warp {
	w := &warp{template: template, now: make([]cell, len(template)), before: make([]cell, len(template))}
	for i := range w.now {
		w.now[i] = cell{sum: far, steps: 1}
	}
	return w
}

// push takes the next vector and returns the distance of the best match that ends
// with it, and with which step that began.
func (w *warp) push(x []float32) (d float32, begin int) {
	w.now, w.before = w.before, w.now
	for i, t := range w.template {
		// One step on in both, the same step of the template for longer, or a step of it skipped past.
		best := cell{begin: w.step}
		if i > 0 {
			best = w.before[i-1]
			best.stays = 0
			if stay := w.before[i]; stay.stays < mostStays && stay.mean() < best.mean() {
				best = stay
				best.stays++
			}
			if w.now[i-1].mean() < best.mean() {
				best = w.now[i-1]
				best.stays = 0
			}
		}
		best.sum += distance(x, t)
		best.steps++
		w.now[i] = best
	}
	w.step++
	last := w.now[len(w.now)-1]
	length := float64(w.step-last.begin) / float64(len(w.template))
	if length < fastest || length > slowest {
		return far, w.step
	}
	return last.mean(), last.begin
}

// matching is the templates of one kind at work on a stream.
type matching struct {
	limit  float32
	warps  []*warp
	steps  int
	length int // of the best match, in steps
	score  float32
}

func newMatching(t templates) *matching {
	m := &matching{limit: t.limit}
	for _, recording := range t.templates {
		m.warps = append(m.warps, newWarp(recording))
	}
	return m
}

func (m *matching) push(x []float32) {
	best := float32(far)
	m.steps++
	for _, w := range m.warps {
		if d, begin := w.push(x); d < best {
			best, m.length = d, m.steps-begin
		}
	}
	// 1/2 at the limit.
	m.score = float32(1 / (1 + math.Exp(float64((best-m.limit)/(scoreWidth*m.limit)))))
}

// matcher scores a personal word in a stream: by what the network makes of it,
// which noise does not hide, and by the spectrum, which does not mind what was
// said before. Either is enough.
type matcher struct {
	said  *matching // nil where the word was enrolled with another network
	sound *matching
}

func newMatcher(p *Personal, network *Model) *matcher {
	m := &matcher{sound: newMatching(p.sound)}
	if p.KnownTo(network) {
		m.said = newMatching(p.said)
	}
	return m
}

func (m *matcher) score() float32 {
	if m.said == nil {
		return m.sound.score
	}
	return max(m.said.score, m.sound.score)
}

// frames is how long the best match is, in frames.
func (m *matcher) frames() int {
	if m.said != nil && m.said.score > m.sound.score {
		return m.said.length * networkStep / frameSamples
	}
	return m.sound.length
}

// nearest is the distance of the best match of a template anywhere in a sound.
func nearest(template, sound [][]float32) float32 {
	w := newWarp(template)
	best := float32(far)
	for _, x := range sound {
		d, _ := w.push(x)
		best = min(best, d)
	}
	return best
}
