package wake

import "math"

// personalThreshold is the score at which a personal word wakes at the default
// sensitivity.
const personalThreshold = 0.5

// scoreWidth is how much farther, as a part of the word's own distance, takes a
// score from 1/2 to 1/(1+e).
const scoreWidth = 0.08

// A word may be said in half or in twice the time of its recording.
const (
	fastest = 0.5
	slowest = 2
)

// mostStays is how long a match may stand still in its recording: 100 ms.
const mostStays = 5

const far = 1e6 // more than any distance

// distance is the Euclidean distance of two cepstra.
func distance(a, b *cepstrum) float32 {
	sum := float32(0)
	for i, x := range a {
		d := x - b[i]
		sum += d * d
	}
	return float32(math.Sqrt(float64(sum)))
}

// warp matches a template against the end of a stream of cepstra: dynamic time
// warping where the match may begin anywhere (Sakurai, Faloutsos and Yamamuro,
// "Stream monitoring under the time warping distance", 2007), with distances that
// are means over the path, so that long words are no farther than short ones.
type warp struct {
	template    []cepstrum
	now, before []cell // for each frame of the template: the best path that ends there
	frame       int
}

type cell struct {
	sum   float32 // of the distances along the path
	steps float32
	begin int // frame of the stream with which the path begins
	stays int // frames of the stream since the path came to this frame of the template
}

func (c cell) mean() float32 { return c.sum / c.steps }

func newWarp(template []cepstrum) *warp {
	w := &warp{template: template, now: make([]cell, len(template)), before: make([]cell, len(template))}
	w.reset()
	return w
}

func (w *warp) reset() {
	for i := range w.now {
		w.now[i] = cell{sum: far, steps: 1}
	}
	w.frame = 0
}

// push takes the next frame and returns the distance of the best match that
// ends with it, and with which frame that began.
func (w *warp) push(c *cepstrum) (d float32, begin int) {
	w.now, w.before = w.before, w.now
	for i := range w.template {
		// One frame on in both, the same frame of the template for longer, or a frame of it skipped past.
		best := cell{begin: w.frame}
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
		best.sum += distance(c, &w.template[i])
		best.steps++
		w.now[i] = best
	}
	w.frame++
	last := w.now[len(w.now)-1]
	length := float64(w.frame-last.begin) / float64(len(w.template))
	if length < fastest || length > slowest {
		return far, w.frame
	}
	return last.mean(), last.begin
}

// matcher scores a personal word in a stream.
type matcher struct {
	word  *Personal
	warps []*warp
	begin int // frame of the stream with which the best match begins
	score float32
}

func newMatcher(p *Personal) *matcher {
	m := &matcher{word: p}
	for _, t := range p.templates {
		m.warps = append(m.warps, newWarp(t))
	}
	return m
}

func (m *matcher) push(c *cepstrum) {
	best := float32(far)
	for _, w := range m.warps {
		if d, begin := w.push(c); d < best {
			best, m.begin = d, begin
		}
	}
	m.score = m.word.score(best)
}

// score turns a distance into a score: 1/2 at the word's own limit.
func (p *Personal) score(d float32) float32 {
	return float32(1 / (1 + math.Exp(float64((d-p.limit)/(scoreWidth*p.limit)))))
}

// nearest is the distance of the best match of a template anywhere in a sound.
func nearest(template, sound []cepstrum) float32 {
	w := newWarp(template)
	best := float32(far)
	for i := range sound {
		d, _ := w.push(&sound[i])
		best = min(best, d)
	}
	return best
}
