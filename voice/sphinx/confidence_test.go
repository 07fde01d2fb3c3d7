package sphinx

import (
	"math"
	"strings"
	"testing"
)

func TestDisagreement(t *testing.T) {
	for _, test := range []struct {
		name, words, free string
		want              float64
	}{
		{"the same", "L AY T S AA N", "L AY T S AA N", 0},
		{"voiced for voiceless", "L AY T S AA N", "L AY D Z AA N", 2 * alike / 6},
		{"one vowel for another", "AA N", "UW N", vowels / 2},
		{"nothing was heard", "L AY T", "", lost},
		{"twice as much was heard", "AA N", "AA N AA N", 2 * extra / 2},
		{"unrelated", "M UW", "S T", unalike},
		{"no words", "", "L AY T", noPhones},
	} {
		if got := disagreement(strings.Fields(test.words), strings.Fields(test.free)); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%s: %.3f, want %.3f", test.name, got, test.want)
		}
	}
}

// heard is an utterance of a second in which the phrase explains the sound so
// much worse than free phones do.
func heard(text, words, free string, worse float64) Heard {
	h := Heard{Text: text, Frames: 100}
	if text != "" {
		h.Words = []HeardWord{{Text: "<sil>", Acoustic: -500, To: 10},
			{Text: text, Phones: strings.Fields(words), Acoustic: -4500 - 100*worse, From: 10, To: 100}}
	}
	phones := strings.Fields(free)
	for i, p := range phones {
		h.Phones = append(h.Phones, HeardPhone{Name: p, Acoustic: -5000 / float64(len(phones)), From: 100 * i / len(phones), To: 100 * (i + 1) / len(phones)})
	}
	return h
}

func TestWhatIsTakenForACommand(t *testing.T) {
	const stop, phones = "lights", "L AY T S"
	for _, test := range []struct {
		name       string
		heard      Heard
		text       string
		notCommand bool
	}{
		{"a phrase as good as free phones", heard(stop, phones, "SIL L AY T S SIL", 0.7), stop, false},
		{"other speech forced into a phrase", heard(stop, phones, "SIL DH AH M UW V IY Z", 4), "", true},
		{"speech that fits no phrase", heard("", "", "SIL DH AH M UW V IY Z", 0), "", true},
		{"noise forced into a phrase", heard(stop, phones, "SIL +NSN+ SIL", 4), "", false},
		{"noise", heard("", "", "SIL +SPN+ HH", 0), "", false},
		{"silence", Heard{}, "", false},
		{"a speech", Heard{Long: true}, "", true},
	} {
		got := test.heard.transcript()
		if got.Text != test.text || got.NotCommand != test.notCommand || (got.Confidence >= leastConfidence) != (test.text != "") {
			t.Errorf("%s: got %q, not a command: %v, confidence %.2f; evidence %+v",
				test.name, got.Text, got.NotCommand, got.Confidence, test.heard.evidence(0, test.heard.Frames))
		}
		if test.text != "" && len(got.Tokens) != 1 {
			t.Errorf("%s: %d tokens, silence is none", test.name, len(got.Tokens))
		}
	}
}
