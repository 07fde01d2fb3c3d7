package sphinx

import (
	"math"
	"strings"
	"time"

	"github.com/cricket-home/cricket/voice"
)

const language = "en"

// evidence is what speaks for and against words that were heard.
type evidence struct {
	Ratio        float64 `json:"ratio"`        // log likelihood, less that of free phones, per frame
	Disagreement float64 `json:"disagreement"` // of the phones of the words and the free ones
	free         int     // free phones that are no silence or noise
}

// evidence of the words from frame from to frame to.
func (h Heard) evidence(from, to int) evidence {
	n := float64(max(1, to-from))
	var e evidence
	var words, free []string
	for _, w := range h.Words {
		if w.From >= from && w.To <= to {
			e.Ratio += w.Acoustic / n
			words = append(words, w.Phones...)
		}
	}
	for _, p := range h.Phones {
		if share := min(p.To, to) - max(p.From, from); share > 0 {
			e.Ratio -= p.Acoustic / n * float64(share) / float64(p.To-p.From)
			if 2*share >= p.To-p.From && p.Name != "SIL" && !strings.HasPrefix(p.Name, "+") {
				free = append(free, p.Name)
			}
		}
	}
	e.Disagreement = disagreement(words, free)
	e.free = len(free)
	return e
}

// confidence is the probability that the words are what was said: a logistic
// regression on what TestMeasure writes for two grammars: 2,560 utterances of
// eight synthetic voices, half of them commands, half in noise, and 160 of noise
// and music. For voices that it was not fitted to, 98 % of what it gives 0.9 and
// more is right, and half of what it gives 0.5. For people's voices it is a
// ranking rather than a probability.
func (e evidence) confidence() float64 {
	return 1 / (1 + math.Exp(-(5.52 + 3.05*e.Ratio - 5.35*e.Disagreement)))
}

const (
	// leastConfidence of a command: below, the guess is not worth the wrong light.
	leastConfidence = 0.5
	// leastPhones of speech: fewer are a click or a cough.
	leastPhones = 4
)

func (h Heard) transcript() voice.Transcript {
	t := voice.Transcript{Language: language}
	all := h.evidence(0, h.Frames)
	if h.Text == "" || all.confidence() < leastConfidence {
		t.NotCommand = h.Long || all.free >= leastPhones
		return t
	}
	t.Text, t.Confidence = h.Text, all.confidence()
	for _, w := range h.Words {
		if len(w.Phones) > 0 {
			t.Tokens = append(t.Tokens, voice.Token{Text: w.Text, Probability: h.evidence(w.From, w.To).confidence(),
				Start: frames(w.From), End: frames(w.To)})
		}
	}
	return t
}

// frames is when frame n of what the child heard is in the utterance.
func frames(n int) time.Duration {
	return max(0, time.Duration(n)*10*time.Millisecond-Around*time.Second/voice.SampleRate)
}
