package main

import (
	"slices"

	"github.com/cricket-home/cricket/mesh/state"
)

const (
	searches  = 300 // look-ups for each share of liars
	mostAsked = 200 // boxes in one look-up
)

// search is what look-ups have cost.
type search struct {
	Liars float64 // their share of all boxes
	Asked float64 // boxes, on average
	Found float64 // share of look-ups
	Taken int     // forged records that were believed
}

// lookUp searches a box that is not in the view of who searches, by asking those in it one after
// the other, then whom these name. A liar sends a forged record, an old one, or nobody; what is
// not signed by the box that is searched is refused by state.Open, and the liar asked no more.
func (w *world) lookUp(liars float64) search {
	out := search{Liars: liars}
	lies := make([]bool, len(w.boxes))
	for i := range lies {
		lies[i] = w.random.Float64() < liars
	}
	asked, found := 0, 0
	for range searches {
		from, to := w.random.IntN(len(w.boxes)), w.random.IntN(len(w.boxes))
		if from == to || w.sees(from, to) {
			found++
			continue
		}
		for range mostAsked {
			view := w.boxes[from].view
			other := int(view[w.random.IntN(len(view))])
			asked++
			data := w.answers(other, to, lies[other])
			if data == nil {
				continue
			}
			id, r, err := state.Open(data)
			if err != nil || id != w.boxes[to].id {
				continue
			}
			if uint32(r.Version) > w.boxes[to].version {
				out.Taken++
			}
			found++
			break
		}
	}
	out.Asked, out.Found = float64(asked)/searches, float64(found)/searches
	return out
}

// sees says whether a box knows another.
func (w *world) sees(i, of int) bool {
	if !w.partial {
		return w.boxes[i].known[of].record != nil
	}
	at := slices.Index(w.boxes[i].view, int32(of))
	return at >= 0 && w.boxes[i].known[at].record != nil
}

// answers is what a box says of another.
func (w *world) answers(i, of int, lies bool) []byte {
	if !lies {
		if at := slices.Index(w.boxes[i].view, int32(of)); at >= 0 && w.boxes[i].known[at].record != nil {
			return w.boxes[i].known[at].record.data
		}
		return nil
	}
	switch w.random.IntN(3) {
	case 0: // a record of its own making, in the other's name
		forged := w.boxes[of].truth
		forged.Version += 1000
		data, err := state.Sign(forged, w.boxes[i].key)
		if err != nil {
			return nil
		}
		copy(data[2:], w.boxes[of].id)
		return data
	case 1: // another box than the one that is searched
		if t := w.boxes[i].last; t != nil {
			return t.data
		}
	}
	return nil
}
