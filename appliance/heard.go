package appliance

import (
	"strings"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/voice"
)

// question is what was heard, as the resolver takes it. The tokens of a
// recogniser may be parts of words, of which the first begins with a blank; a
// word is as probable as its least probable part.
func question(heard voice.Transcript) intent.Query {
	q := intent.Query{Text: heard.Text}
	for _, a := range heard.Alternatives {
		q.Alternatives = append(q.Alternatives, intent.Alternative(a))
	}
	parts := false // without a blank anywhere, each token is a word
	for _, t := range heard.Tokens {
		parts = parts || strings.HasPrefix(t.Text, " ")
	}
	for i, t := range heard.Tokens {
		if n := len(q.Tokens); parts && i > 0 && !strings.HasPrefix(t.Text, " ") {
			q.Tokens[n-1].Text += t.Text
			q.Tokens[n-1].Probability = min(q.Tokens[n-1].Probability, t.Probability)
			continue
		}
		q.Tokens = append(q.Tokens, intent.Token{Text: strings.TrimSpace(t.Text), Probability: t.Probability})
	}
	return q
}

// states are the states that are known, by device id.
func states(h *home.Home) map[string]string {
	out := make(map[string]string, len(h.Devices))
	for _, d := range h.Devices {
		if d.Known() {
			out[d.ID] = d.State
		}
	}
	return out
}
