package main

import (
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/cricket-home/cricket/voice/wake/net"

	"golang.org/x/sync/errgroup"
)

// refractory is how long nothing counts after a detection.
const refractory = 2 * rate

// results is what an evaluation found; it is stored as JSON, so that one that was
// stopped goes on.
type results struct {
	Model  string // CRC-32 of the weights
	Words  []*wordResults
	Floods map[string][]*flood // by kind of sound, an hour each; nil: not done yet
}

type wordResults struct {
	Name string
	Said map[string][]crossing // by noise level, and by level and engine
	Near map[string][]nearMiss // by family
}

// crossing holds for each threshold that a word's score reached, from the lowest
// on, when: in milliseconds after the end of the word.
type crossing []int

// reached says whether the score reached a threshold, and when.
func (c crossing) reached(threshold float32) (after int, ok bool) {
	if i := slices.Index(thresholds, threshold); i < len(c) {
		return c[i], true
	}
	return 0, false
}

type nearMiss struct {
	Text    string
	Reached crossing
}

// thresholds are those for which an evaluation counts; a model has one of them.
var thresholds = []float32{0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95}

// flood is an hour of sound in which no word is said.
type flood struct {
	Seconds float64
	Peaks   [][]float32 // of each word: the peaks of 0.3 and more, one in two seconds at most
}

// listener runs a stream in the frames of a microphone.
type listener struct {
	stream *net.Stream
	heard  int // samples
}

// push calls at for each step with the time of its end in samples.
func (l *listener) push(pcm []int16, at func(sample int, s net.Scores)) {
	const frame = rate / 50
	for len(pcm) > 0 {
		n := min(frame, len(pcm))
		s := l.stream.Push(pcm[:n])
		l.heard += n
		if s.Fresh {
			at(l.heard, s)
		}
		pcm = pcm[n:]
	}
}

var levels = []int{20, 10, 5}

// testBank holds what a model is measured with. Part "test" is the clips of
// kept-out voices; "valid", by which thresholds are chosen, is those that the
// training did not see of the voices it knows.
func testBank(p plan, s shelf, part string) (*bank, error) {
	shelved := part
	if part == "valid" {
		shelved = "train"
	}
	clips, err := s.read(shelved)
	if err != nil {
		return nil, err
	}
	if part == "valid" {
		_, clips = split(clips)
	}
	return newBank(clips, p.words)
}

// evaluate measures a model through the same stream the daemon runs. What is
// found is stored in path after each hour.
func evaluate(p plan, m *net.Model, sum string, b *bank, path string, hours int) (*results, error) {
	found := &results{Model: sum, Floods: map[string][]*flood{}}
	if text, err := os.ReadFile(path); err == nil {
		var before results
		if err := json.Unmarshal(text, &before); err == nil && before.Model == sum {
			found = &before
		}
	}
	var mutex sync.Mutex
	save := func() error {
		text, err := json.MarshalIndent(found, "", "\t")
		if err != nil {
			return err
		}
		if err := os.WriteFile(path+".new", text, 0o644); err != nil {
			return err
		}
		return os.Rename(path+".new", path)
	}
	if len(found.Words) == 0 {
		words := make([]*wordResults, len(p.words))
		var group errgroup.Group
		for i := range words {
			group.Go(func() (err error) {
				words[i], err = present(p, m, i, b)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return nil, err
		}
		found.Words = words
		if err := save(); err != nil {
			return nil, err
		}
		log.Print("words and near-misses are done")
	}
	// Of 60 hours: 40 with speech, 10 music, 10 noise.
	kinds := map[string]int{"speech": hours / 2, "speech over music": hours / 6, "music": hours / 6, "noise": hours - hours/2 - 2*(hours/6)}
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		for len(found.Floods[kind]) < kinds[kind] {
			found.Floods[kind] = append(found.Floods[kind], nil)
		}
		done := found.Floods[kind]
		for hour := range kinds[kind] {
			if done[hour] != nil {
				continue
			}
			group.Go(func() error {
				f, err := listen(p, m, kind, hour, b)
				if err != nil {
					return err
				}
				mutex.Lock()
				defer mutex.Unlock()
				done[hour] = f
				if hour%5 == 4 {
					log.Printf("%s: hour %d of %d", kind, hour+1, kinds[kind])
				}
				return save()
			})
		}
	}
	return found, group.Wait()
}

// present says each kept-out clip of a word in noise of each level and each
// near-miss once.
func present(p plan, m *net.Model, word int, b *bank) (*wordResults, error) {
	found := &wordResults{Name: p.words[word], Said: map[string][]crossing{}, Near: map[string][]nearMiss{}}
	r := rand.New(rand.NewPCG(p.seed, hash("present", word)))
	for _, level := range levels {
		for _, c := range b.words[word] {
			x, end, err := inNoise(b, c, float64(level), r)
			if err != nil {
				return nil, err
			}
			heard := crossings(m, word, x, end-c.Samples, end)
			for _, key := range []string{fmt.Sprint(level), fmt.Sprint(level, " ", c.Speaker)} {
				found.Said[key] = append(found.Said[key], heard)
			}
		}
	}
	near := maps.Clone(b.nearBy)
	for other, clips := range b.words {
		if other != word {
			near["the word "+p.words[other]] = clips
		}
	}
	for _, family := range slices.Sorted(maps.Keys(near)) {
		for _, c := range near[family] {
			x, end, err := inNoise(b, c, 5+25*r.Float64(), r)
			if err != nil {
				return nil, err
			}
			found.Near[family] = append(found.Near[family], nearMiss{c.Text, crossings(m, word, x, 0, end)})
		}
	}
	return found, nil
}

// inNoise places a clip in four seconds or more of room, noise, music or babble.
// end is the sample at which the clip ends.
func inNoise(b *bank, c clip, decibel float64, r *rand.Rand) (x []int16, end int, err error) {
	y, err := c.sound()
	if err != nil {
		return nil, 0, err
	}
	loud := loudness(y)
	if loud == 0 {
		return nil, 0, fmt.Errorf("the clip %q is silent", c.Text)
	}
	scaled(y, 0.1/loud)
	start := 2*rate + r.IntN(rate)
	s := &scene{x: make([]float32, start+len(y)+rate+rate/2)}
	mixed(s.x[start:], y)
	if r.IntN(2) == 0 {
		room(s.x, r)
	}
	back := make([]float32, len(s.x))
	if err := s.background(b, back, r); err != nil {
		return nil, 0, err
	}
	if loud := rms(back); loud > 0 {
		scaled(back, 0.1/loud*math.Pow(10, -decibel/20))
	}
	mixed(s.x, back)
	scaled(s.x, 0.02+1.5*r.Float64()*r.Float64())
	return pcm(s.x), start + len(y), nil
}

// crossings runs the model over a sound and says when the word's score first
// reached each threshold after from, against the end of the word.
func crossings(m *net.Model, word int, pcm []int16, from, end int) (found crossing) {
	l := listener{stream: m.NewStream()}
	l.push(pcm, func(at int, s net.Scores) {
		for at >= from && len(found) < len(thresholds) && s.Words[word] >= thresholds[len(found)] {
			found = append(found, (at-end)*1000/rate)
		}
	})
	return found
}

// listen makes an hour of sound and keeps the peaks of the words' scores.
func listen(p plan, m *net.Model, kind string, hour int, b *bank) (*flood, error) {
	r := rand.New(rand.NewPCG(p.seed, hash(kind, hour)))
	f := &flood{Peaks: make([][]float32, len(p.words))}
	l := listener{stream: m.NewStream()}
	until := make([]int, len(p.words)) // the end of the peak that is open
	for l.heard < 3600*rate {
		x := make([]float32, 30*rate)
		back := make([]float32, len(x))
		switch kind {
		case "music":
			music(x, r)
		case "noise":
			noise(x, r)
		default:
			if err := babble(b, x, 1, r); err != nil {
				return nil, err
			}
			if kind == "speech" && r.IntN(4) == 0 { // several talk
				if err := babble(b, x, 1+r.IntN(3), r); err != nil {
					return nil, err
				}
			}
			if kind == "speech" {
				noise(back, r)
			} else {
				music(back, r)
			}
			if loud := rms(back); loud > 0 {
				scaled(back, 0.1/loud*math.Pow(10, -30*r.Float64()/20))
			}
			mixed(x, back)
		}
		if r.IntN(2) == 0 {
			filter(x, r)
		}
		if r.IntN(2) == 0 {
			room(x, r)
		}
		highest := float32(1e-9)
		for _, v := range x {
			highest = max(highest, v, -v)
		}
		scaled(x, math.Pow(10, -35*r.Float64()/20)/float64(highest))
		l.push(pcm(x), func(at int, s net.Scores) {
			for w, score := range s.Words {
				if score < 0.3 {
					continue
				}
				if n := len(f.Peaks[w]); at < until[w] {
					f.Peaks[w][n-1] = max(f.Peaks[w][n-1], score)
				} else {
					f.Peaks[w] = append(f.Peaks[w], score)
					until[w] = at + refractory
				}
			}
		})
	}
	f.Seconds = float64(l.heard) / rate
	return f, nil
}

// cost is the time and the allocations that a second of sound takes, by the
// fastest of several runs of ten seconds.
func cost(m *net.Model) (micros float64, allocations uint64) {
	x := make([]float32, 10*rate)
	noise(x, rand.New(rand.NewPCG(1, 1)))
	sound := pcm(x)
	s := m.NewStream()
	best := time.Duration(math.MaxInt64)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 7 {
		began := time.Now()
		for i := 0; i+rate/50 <= len(sound); i += rate / 50 {
			s.Push(sound[i : i+rate/50])
		}
		best = min(best, time.Since(began))
	}
	runtime.ReadMemStats(&after)
	return float64(best.Microseconds()) / 10, (after.Mallocs - before.Mallocs) / 70
}

// accepts counts the false accepts of a word, and the hours.
func (r *results) accepts(word int, threshold float32, kinds ...string) (n int, hours float64) {
	for _, kind := range kinds {
		for _, f := range r.Floods[kind] {
			if f == nil { // of a longer evaluation that was stopped
				continue
			}
			hours += f.Seconds / 3600
			for _, peak := range f.Peaks[word] {
				if peak >= threshold {
					n++
				}
			}
		}
	}
	return n, hours
}

// bound is the 95 % upper bound of a rate at which n events were seen: the mean
// of a Poisson distribution that gives n or fewer in one case of twenty.
func bound(n int, hours float64) float64 {
	low, high := 0.0, float64(4*n+20)
	for range 60 {
		mean := (low + high) / 2
		term, sum := math.Exp(-mean), 0.0
		for k := 0; k <= n; k++ {
			sum += term
			term *= mean / float64(k+1)
		}
		if sum > 0.05 {
			low = mean
		} else {
			high = mean
		}
	}
	return high / hours
}
