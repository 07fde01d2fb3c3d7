package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/cricket-home/cricket/mesh/route"
	"github.com/cricket-home/cricket/mesh/state"
)

const (
	askMean     = 2 * time.Minute // between two heavy prompts of a box
	lookEach    = time.Second     // between two looks at how old what is known is
	lookAt      = 400             // pairs each time
	aboutAsGood = 1.5             // times the best one's time, where lots are drawn
	oracles     = 600             // requests that are compared with what the best would have been
)

// invent is a box as there may be: three of ten have a model.
func (w *world) invent(i int) state.Record {
	r := state.Record{Version: 1, FreeMemory: int64(w.random.IntN(16)) << 30, Temperature: 45, Room: fmt.Sprintf("room-%d", i), Roles: []string{state.Ears, state.Mouth}}
	if i%10 < 3 {
		size := []int{500, 1500, 3000, 8000}[w.random.IntN(4)]
		speed := (0.5 + w.random.Float64()) * 15000 / float64(size) // tokens per second, on boards that differ by three
		r.Roles = append(r.Roles, state.Brain)
		r.Models = []state.Model{{Name: fmt.Sprintf("model-%d", size), Hash: fmt.Sprintf("%064x", size), Tokenizer: "t", Millions: size, Context: 4096, PromptSpeed: 8 * speed, AnswerSpeed: speed}}
		r.Warm = []string{fmt.Sprintf("%032x", w.random.IntN(4))}
	}
	return r
}

// change is what happens to a box without anybody's asking: it gets warm, or is talked to.
func (w *world) change(i int) {
	r := &w.boxes[i].truth
	switch w.random.IntN(3) {
	case 0:
		r.Temperature = 45 + 5*float64(w.random.IntN(8))
	case 1:
		r.Paused = !r.Paused && w.random.IntN(3) == 0
	case 2:
		r.FreeMemory = int64(w.random.IntN(16)) << 30
	}
	w.touch(i)
	w.after(w.soon(changeMean), func() { w.change(i) })
}

// need is a heavy prompt: at least 1,500 million parameters, as fast as may be.
func need() route.Need {
	return route.Need{Millions: 1500, Prompt: 600, Answer: 40, Warm: fmt.Sprintf("%032x", 1)}
}

// asBox is a box as the router is given it.
func (w *world) asBox(i int32, r state.Record, here bool) route.Box {
	return route.Box{ID: w.boxes[i].id, Name: "box", Here: here, Vital: state.Alive, Trip: (quickest + slowest) / 2 * 2, Record: r}
}

// ask routes one prompt by what the box knows, with the real router, and has the box that it
// chose work on it.
func (w *world) ask(i int) {
	w.after(w.soon(askMean), func() { w.ask(i) })
	b := &w.boxes[i]
	boxes := []route.Box{w.asBox(int32(i), b.truth, true)}
	places := []int32{int32(i)}
	for at, k := range b.known {
		of := int32(at)
		if w.partial {
			of = b.view[at]
		}
		if k.record != nil && len(k.record.record.Models) > 0 && int(of) != i {
			boxes = append(boxes, w.asBox(of, k.record.record, false))
			places = append(places, of)
		}
	}
	can, _ := route.Rank(need(), boxes)
	counted := w.now >= warmUp && w.result.asked < oracles
	if counted {
		w.result.asked++
	}
	if len(can) == 0 {
		if counted {
			w.result.nobody++
		}
		return
	}
	if w.lots {
		among := 1
		for among < len(can) && float64(can[among].Cost) <= aboutAsGood*float64(can[0].Cost) {
			among++
		}
		k := w.random.IntN(among)
		can[0], can[k] = can[k], can[0]
	}
	best := time.Duration(0)
	if counted { // whoever knows all that is true now
		var all []route.Box
		for k := range w.boxes {
			if r := w.boxes[k].truth; len(r.Models) > 0 {
				all = append(all, w.asBox(int32(k), r, k == i))
			}
		}
		if ideal, _ := route.Rank(need(), all); len(ideal) > 0 {
			best = ideal[0].Cost
		}
	}
	for tried, c := range can { // one that refuses is followed by the next, as mesh/route does
		to := places[slices.IndexFunc(boxes, func(b route.Box) bool { return b.ID == c.ID })]
		really, _ := route.Rank(need(), []route.Box{w.asBox(to, w.boxes[to].truth, int(to) == i)})
		if len(really) == 0 {
			continue
		}
		if counted {
			w.result.regret = append(w.result.regret, float64(really[0].Cost)/float64(max(best, time.Millisecond)))
			if tried > 0 {
				w.result.refused++
			}
		}
		w.boxes[to].truth.Queue++
		w.touch(int(to))
		w.after(really[0].Cost, func() {
			w.boxes[to].truth.Queue--
			w.touch(int(to))
		})
		return
	}
	if counted {
		w.result.nobody++
	}
}

// look sees how old what is known is.
func (w *world) look() {
	for range lookAt {
		i := w.random.IntN(len(w.boxes))
		b := &w.boxes[i]
		at := w.random.IntN(len(b.known))
		of := int32(at)
		if w.partial {
			of = b.view[at]
		}
		if int(of) == i {
			continue
		}
		age := time.Duration(0)
		other := &w.boxes[of]
		if k := b.known[at].record; k == nil || k.version < other.version {
			age = w.now - other.since
		}
		w.result.ages = append(w.result.ages, age)
	}
	w.after(lookEach, w.look)
}
