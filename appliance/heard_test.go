package appliance

import (
	"reflect"
	"testing"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/voice"
)

// Parts of words become words.
func TestQuestion(t *testing.T) {
	tokens := func(texts ...string) (out []voice.Token) {
		for i, text := range texts {
			out = append(out, voice.Token{Text: text, Probability: 1 - float64(i)/10})
		}
		return out
	}
	for _, tt := range []struct {
		name  string
		heard []voice.Token
		want  []intent.Token
	}{
		{"words", tokens("turn", "on"), []intent.Token{{Text: "turn", Probability: 1}, {Text: "on", Probability: 0.9}}},
		{"parts", tokens(" turn", " on", " lam", "p"), []intent.Token{{Text: "turn", Probability: 1}, {Text: "on", Probability: 0.9}, {Text: "lamp", Probability: 0.7}}},
		{"a first part without a blank", tokens("tur", "n", " on"), []intent.Token{{Text: "turn", Probability: 0.9}, {Text: "on", Probability: 0.8}}},
		{"typed text", nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := question(voice.Transcript{Text: "x", Tokens: tt.heard, Alternatives: []voice.Alternative{{Text: "y", Confidence: 0.5}}})
			if !reflect.DeepEqual(got.Tokens, tt.want) || got.Alternatives[0].Text != "y" {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}
