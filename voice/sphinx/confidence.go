package sphinx

import (
	"time"

	"github.com/cricket-home/cricket/voice"
)

const language = "en"

func (h Heard) transcript() voice.Transcript {
	t := voice.Transcript{Text: h.Text, Language: language, Confidence: h.Posterior}
	for _, w := range h.Words {
		t.Tokens = append(t.Tokens, voice.Token{Text: w.Text, Probability: min(1, max(0, w.P)), Start: frames(w.From), End: frames(w.To)})
	}
	return t
}

func frames(n int) time.Duration { return time.Duration(n) * 10 * time.Millisecond }
