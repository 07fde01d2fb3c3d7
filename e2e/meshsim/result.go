package main

import (
	"slices"
	"time"
)

// result is what came of one world.
type result struct {
	Boxes   int
	Partial bool
	Lots    bool
	View    int // boxes that one knows, on average

	Beats, Records, Digests float64       // bytes a second that a box sends
	Current                 float64       // share of what is known that is true
	Old                     time.Duration // 99th percentile of how long it is not true any more
	Converged, Latest       time.Duration // until 99 % have a record: median, and the longest
	Regret, Worst           float64       // time of the chosen box over the best one's: mean, 95th percentile
	Refused, Nobody         float64       // share of prompts
	Asked                   int           // prompts that were compared
	Searches                []search

	records, repaired int
	asked             int
	refused, nobody   int
	ages, spread      []time.Duration
	regret            []float64
}

func percentile[T any](sorted []T, p float64) (x T) {
	if len(sorted) == 0 {
		return x
	}
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}

// sum makes figures of what was counted.
func (r *result) sum(w *world) {
	seconds := (w.end - warmUp).Seconds()
	var sent int64
	for i := range w.boxes {
		sent += w.boxes[i].sent
	}
	perBox := float64(sent) / seconds / float64(r.Boxes)
	entries := r.Boxes
	if r.Partial {
		entries = 1
	}
	r.Beats = float64(r.View*(beatBytes+wrap)) * 2 // each half second
	r.Digests = float64(r.View*(3+entries*entryBytes+wrap)) / digestTime.Seconds()
	r.Records = perBox - r.Digests
	slices.Sort(r.ages)
	current, _ := slices.BinarySearch(r.ages, 1)
	r.Current = float64(current) / float64(max(1, len(r.ages)))
	r.Old = percentile(r.ages, 0.99)
	slices.Sort(r.spread)
	r.Converged, r.Latest = percentile(r.spread, 0.5), percentile(r.spread, 1)
	slices.Sort(r.regret)
	total := 0.0
	for _, x := range r.regret {
		total += x
	}
	if len(r.regret) > 0 {
		r.Regret = total / float64(len(r.regret))
	}
	r.Worst = percentile(r.regret, 0.95)
	r.Asked = r.asked
	asked := float64(max(1, r.asked))
	r.Refused, r.Nobody = float64(r.refused)/asked, float64(r.nobody)/asked
}
