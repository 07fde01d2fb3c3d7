package intent_test

import (
	"testing"

	"github.com/cricket-home/cricket/intent"
)

// What is done that nobody asked for stays rare, and what was misheard is still found:
// counts over the corpora that nothing is tuned by. `make eval-intent` has the figures.
func TestWrongActionsAreRare(t *testing.T) {
	all := homes(t, english(t))
	for _, c := range []struct {
		name         string
		most, repair float64 // wrong actions, and those of them by the repair tier, in percent
		right        float64 // at least, in percent
	}{
		{"out-of-scope-kept.jsonl", 1, 0.5, 0},
		{"out-of-scope-dev.jsonl", 1, 0.5, 0},
		{"paraphrases-kept.jsonl", 2.5, 1.2, 73},
		{"misheard-confused-kept.jsonl", 5.5, 1, 32},
	} {
		examples := examples(t, c.name)
		var wrong, repaired, right int
		for _, e := range examples {
			in := all[e.Home].Resolve(e.Query(all[e.Home]))
			switch {
			case in.Refusal != "":
			case e.Meant(in):
				right++
			default:
				wrong++
				if in.Tier == intent.Repair {
					repaired++
				}
			}
		}
		share := func(n int) float64 { return 100 * float64(n) / float64(len(examples)) }
		t.Logf("%s: %.1f %% right, %.1f %% wrong actions, %.1f %% by repair", c.name, share(right), share(wrong), share(repaired))
		if share(wrong) > c.most || share(repaired) > c.repair || share(right) < c.right {
			t.Errorf("%s: %.1f %% right, %.1f %% wrong, %.1f %% by repair; wanted at least %v, at most %v and %v", c.name, share(right), share(wrong), share(repaired), c.right, c.most, c.repair)
		}
	}
}
