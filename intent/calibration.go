package intent

import "math"

// From actAt on a find is carried out, from askAt on the house asks whether it
// was meant. They are chosen on the corpora that repair may be tuned by, so that
// fewer than one out-of-scope sentence in a hundred acts.
const (
	actAt = 0.80
	askAt = 0.55
)

// sure tells whether a find is to be carried out unasked, where it opens nothing.
func (f *find) sure() bool { return !f.doubtful && f.confidence() >= actAt }

// confidence is how often such a find is what was meant: a logistic function of
// its evidence, whose weights TestFit writes (go test ./intent -run Fit -fit).
func (f *find) confidence() float64 {
	var sum float64
	w := confidenceWeights[f.source]
	for i, e := range f.evidence() {
		sum += w[i] * e
	}
	return 1 / (1 + math.Exp(-sum))
}
