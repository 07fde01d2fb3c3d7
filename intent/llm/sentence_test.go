package llm

import "testing"

func TestFirstSentence(t *testing.T) {
	for _, tt := range []struct{ written, want string }{
		{`It is far`, ""},
		{`It is very far.`, ""}, // it may be "far.5"
		{`It is far away. `, ""},
		{`It is far away. Nobody`, "It is far away."},
		{`It is far away! Nobody", "It is`, "It is far away!"},
		{`It is 3.5 metres. Nobody`, "It is 3.5 metres."},
		{`Ask Dr. Miller about that. He`, "Ask Dr. Miller about that."},
		{`Really? It`, ""}, // no sentence to be said alone
		{`Ay ışığı güneşten gelir. Öyle`, "Ay ışığı güneşten gelir."},
	} {
		if got := firstSentence(tt.written); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.written, got, tt.want)
		}
	}
}

// The first sentence is told once, and not before the model is sure of it.
func TestTellingTheFirstSentence(t *testing.T) {
	var told []string
	each := telling(func(s string) { told = append(told, s) })
	for _, c := range []completion{
		{text: `{"ask":"Which lamp? The`, confidence: 1},
		{text: `{"do":[{"turn_on":"far away. A`, confidence: 1},
		{text: `{"say":"It is far away. N`, confidence: 0.4},
		{text: `{"say":"It is far away. No`, confidence: 0.6},
		{text: `{"say":"It is far away. Not near. Y`, confidence: 0.6},
	} {
		each(c)
	}
	if len(told) != 1 || told[0] != "It is far away." {
		t.Errorf("told %q", told)
	}
}
