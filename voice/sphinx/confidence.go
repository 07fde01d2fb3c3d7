package sphinx

import (
	"math"
	"strings"
	"time"

	"github.com/cricket-home/cricket/voice"
)

const language = "en"

// evidence is what speaks for and against the text that was heard.
type evidence struct {
	Ratio        float64 `json:"ratio"`        // log likelihood ratio to free phones, per frame; below 0
	Posterior    float64 `json:"posterior"`    // log probability among the phrases
	Margin       float64 `json:"margin"`       // log likelihood ahead of the next reading, per frame
	Disagreement float64 `json:"disagreement"` // of the phones of the words and the free ones
	Rate         float64 `json:"rate"`         // free phones per 100 ms: noise has few
	free         int     // free phones that are no silence or noise
}

func (h Heard) evidence() evidence {
	n := float64(max(1, h.Frames))
	var words, free []string
	var score float64
	for _, w := range h.Words {
		score += w.Acoustic
		words = append(words, w.Phones...)
	}
	for _, p := range h.Phones {
		score -= p.Acoustic
		if p.Name != "SIL" && !strings.HasPrefix(p.Name, "+") {
			free = append(free, p.Name)
		}
	}
	margin := 1.0 // where no other phrase was left in the search
	for _, o := range h.Others {
		margin = min(margin, (h.Score-o.Score)/n)
	}
	return evidence{
		Ratio:        score / n,
		Posterior:    math.Log(max(1e-6, h.Posterior)),
		Margin:       max(0, margin),
		Disagreement: disagreement(words, free),
		Rate:         float64(len(h.Phones)) / n * 10,
		free:         len(free),
	}
}

// confidence is the probability that the text is what was said: a logistic
// regression, fitted by TestMeasure's method to 2,560 utterances of eight
// synthetic voices, half of them commands, and 160 of noise and music, of which
// it saw what it was fitted to; left-out voices gave the same. People's voices
// differ: for them it is a ranking rather than a probability.
func (e evidence) confidence() float64 {
	return 1 / (1 + math.Exp(-(10.95 + 2.84*e.Ratio + 0.74*e.Posterior + 0.82*e.Margin - 6.36*e.Disagreement + 3.77*e.Rate)))
}

const (
	// leastConfidence of a command: below, the guess is not worth the wrong light.
	leastConfidence = 0.5
	// leastPhones of speech: fewer are a click or a cough.
	leastPhones = 4
	// scale of log likelihoods between phrases, as in pocketsphinx's posteriors:
	// neighbouring frames are not independent.
	scale = 20
)

func (h Heard) transcript() voice.Transcript {
	t := voice.Transcript{Language: language}
	e := h.evidence()
	if h.Text == "" || e.confidence() < leastConfidence {
		t.NotCommand = h.Long || e.free >= leastPhones
		return t
	}
	t.Text, t.Confidence = h.Text, e.confidence()
	for _, w := range h.Words {
		if len(w.Phones) > 0 {
			t.Tokens = append(t.Tokens, voice.Token{Text: w.Text, Probability: min(1, max(0, w.P)), Start: frames(w.From), End: frames(w.To)})
		}
	}
	for _, o := range h.Others {
		t.Alternatives = append(t.Alternatives, voice.Alternative{Text: o.Text, Confidence: t.Confidence * math.Exp(min(0, o.Score-h.Score)/scale)})
	}
	return t
}

func frames(n int) time.Duration { return time.Duration(n) * 10 * time.Millisecond }
