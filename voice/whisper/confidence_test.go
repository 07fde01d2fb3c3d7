package whisper

import (
	"math"
	"testing"

	"github.com/cricket-home/cricket/voice"
)

func TestWhatIsKeptWhereSentencesAreKnown(t *testing.T) {
	sure := Sentence{Text: "lamp on", Log: -0.4, Tokens: 5}
	likely, other := Sentence{Text: "lamp on", Log: -2, Tokens: 5}, Sentence{Text: "lamp off", Log: -2.1, Tokens: 5}
	unsure := Sentence{Text: "lamp on", Log: -6, Tokens: 5}
	for _, test := range []struct {
		name string
		free voice.Transcript
		held []Sentence
		text string
		not  bool // a command
	}{
		{"a sentence", voice.Transcript{Text: "damp on", Confidence: 0.5}, []Sentence{sure}, "lamp on", false},
		{"one that is likely", voice.Transcript{Text: "lamp o", Confidence: 0.5}, []Sentence{likely}, "lamp on", false},
		{"two that are alike", voice.Transcript{Text: "lamp o", Confidence: 0.5}, []Sentence{likely, other}, "", true},
		{"a sentence that is hardly like it", voice.Transcript{Text: "kramden", Confidence: 0.3}, []Sentence{unsure}, "", true},
		{"sure words that are none", voice.Transcript{Text: "yes", Confidence: 0.9}, nil, "yes", false},
		{"unsure words that are none", voice.Transcript{Text: "yes", Confidence: 0.5}, nil, "", true},
		{"no speech", voice.Transcript{}, []Sentence{sure}, "", false},
	} {
		h := Heard{Sentences: test.held}
		if got := h.held(test.free); got.Text != test.text || got.NotCommand != test.not {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
}

// What makes a sentence surer makes its confidence higher.
func TestConfidenceFollowsTheEvidence(t *testing.T) {
	base := Evidence{Log: -3, Token: -0.4, Share: -0.5}
	for _, better := range []Evidence{{-2, -0.4, -0.5}, {-3, -0.3, -0.5}, {-3, -0.4, -0.2}} {
		if better.confidence() <= base.confidence() {
			t.Errorf("%+v has %.3f, %+v %.3f", better, better.confidence(), base, base.confidence())
		}
	}
}

// The sentences behind the best one are its alternatives, each as much less sure as it is less likely.
func TestTheOtherSentencesAreAlternatives(t *testing.T) {
	h := Heard{Sentences: []Sentence{{Text: "hall lamp on", Log: -0.4, Tokens: 6}, {Text: "tall lamp on", Log: -1.4, Tokens: 6}, {Text: "hall lamp off", Log: -2.8, Tokens: 6}}}
	got := h.held(voice.Transcript{Text: "all lamp on", Confidence: 0.5})
	if got.Text != "hall lamp on" || len(got.Alternatives) != 2 || got.Alternatives[0].Text != "tall lamp on" || got.Alternatives[1].Text != "hall lamp off" {
		t.Fatalf("%+v", got)
	}
	for i, less := range []float64{1, 2.4} {
		if r := got.Alternatives[i].Confidence / got.Confidence; math.Abs(r-math.Exp(-less)) > 1e-9 {
			t.Errorf("alternative %d is %.3f as sure, want %.3f", i, r, math.Exp(-less))
		}
	}
}
