package wake

import "time"

// Claim is what a box tells its siblings about a wake word that it heard.
type Claim struct {
	Box   string    // its identity, another one for each
	Score float64   // 0..1
	SNR   float64   // decibel
	Own   bool      // whoever spoke is known to be in the box's own room
	At    time.Time // of the detection, by a clock that the boxes share
}

// What is nearer than this is a tie: two microphones differ by more.
const (
	sameScore = 0.15
	sameSNR   = 6 // dB
)

// Winner is the box that answers, of those that heard the same word: in this
// order one that whoever spoke is in the room of, one that is far more certain
// of the word, one that heard it far more clearly; among those that are left the
// first. Others found the plain order of signal-to-noise ratios to choose wrongly
// and late, and the first detector to be the better rule, so that only plain
// differences count. The claims may be in any order; there must be one.
//
// It compares with the best of all rather than two by two: ties by a margin do not
// carry over from pair to pair, and boxes that compared in another order would
// choose another winner.
func Winner(claims []Claim) Claim {
	best := func(of func(Claim) float64, margin float64) {
		top := of(claims[0])
		for _, c := range claims {
			top = max(top, of(c))
		}
		var left []Claim
		for _, c := range claims {
			if !(of(c) < top-margin) { // a value that is no number decides nothing
				left = append(left, c)
			}
		}
		claims = left
	}
	best(func(c Claim) float64 {
		if c.Own {
			return 1
		}
		return 0
	}, 0)
	best(func(c Claim) float64 { return c.Score }, sameScore)
	best(func(c Claim) float64 { return c.SNR }, sameSNR)
	first := claims[0]
	for _, c := range claims {
		if c.At.Before(first.At) || c.At.Equal(first.At) && c.Box < first.Box {
			first = c
		}
	}
	return first
}
