package whisper

import (
	"bytes"
	"slices"
	"testing"

	"github.com/cricket-home/cricket/voice"
)

func TestWindowsAreCutWhereItIsQuiet(t *testing.T) {
	const second = voice.SampleRate
	pcm := make([]int16, 10*second)
	for i := range pcm {
		pcm[i] = int16(3000 * (1 - 2*(i/40%2)))
	}
	for _, at := range []int{35 * second / 10, 75 * second / 10} { // pauses of 100 ms
		clear(pcm[at : at+second/10])
	}
	parts := Windows(pcm, 4*second)
	if !slices.Equal(slices.Concat(parts...), pcm) {
		t.Error("the windows are not the whole")
	}
	at := 0
	for i, part := range parts {
		at += len(part)
		if i < 2 && pcm[at] != 0 {
			t.Errorf("cut %d at %.2f s is not in a pause", i, float64(at)/second)
		}
	}
	if len(parts) != 3 {
		t.Errorf("%d windows, want 3", len(parts))
	}
}

func TestWindowsOfAnyLength(t *testing.T) {
	for _, test := range []struct{ samples, longest, want int }{
		{0, 16000, 1}, {1, 16000, 1}, {16000, 16000, 1}, {16001, 16000, 2}, {160000, 16000, 11}, {1000, 100, 11},
	} {
		pcm := make([]int16, test.samples)
		for i := range pcm {
			pcm[i] = int16(i)
		}
		parts := Windows(pcm, test.longest)
		if !slices.Equal(slices.Concat(parts...), pcm) || len(parts) > test.want+test.want/2 {
			t.Errorf("%d samples in windows of %d: %d parts", test.samples, test.longest, len(parts))
		}
		for _, p := range parts {
			if len(p) > test.longest {
				t.Errorf("%d samples in windows of %d: one has %d", test.samples, test.longest, len(p))
			}
		}
	}
}

// FuzzReadHeader: no bytes break it, and what it accepts has a window.
func FuzzReadHeader(f *testing.F) {
	tiny := []byte("lmgg\x98\xca\x00\x00\xdc\x05\x00\x00\x80\x01\x00\x00\x06\x00\x00\x00\x04\x00\x00\x00\xc0\x01\x00\x00\x80\x01\x00\x00\x06\x00\x00\x00\x04\x00\x00\x00\x50\x00\x00\x00\x01\x00\x00\x00")
	f.Add(tiny)
	f.Add([]byte("GGUF"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ReadHeader(bytes.NewReader(b))
		if err == nil && (h.Window() < voice.SampleRate/2 || h.Vocabulary < 51864 || h.AudioContext(16000) > h.AudioPlaces) {
			t.Errorf("accepted %+v", h)
		}
		if bytes.Equal(b, tiny) && err != nil {
			t.Error(err)
		}
	})
}

func TestSilenceByWhispersRule(t *testing.T) {
	word := func(p float64) []HeardToken { return []HeardToken{{Text: " off", P: p}} }
	for _, test := range []struct {
		name       string
		heard      Heard
		text       string
		confidence float64
	}{
		{"sure words", Heard{Text: "off", Tokens: word(0.9), NoSpeech: 0.1}, "off", 0.9},
		{"sure words, though it might be no speech", Heard{Text: "off", Tokens: word(0.9), NoSpeech: 0.9}, "off", 0.9},
		{"unsure words in what may be no speech", Heard{Text: "off", Tokens: word(0.2), NoSpeech: 0.9}, "", 0},
		{"unsure words in speech", Heard{Text: "off", Tokens: word(0.2), NoSpeech: 0.1}, "off", 0.2},
		{"no words", Heard{}, "", 0},
		{"impossible probability", Heard{Text: "off", Tokens: word(0)}, "off", 1e-9},
	} {
		got := test.heard.transcript("en")
		if got.Text != test.text || got.Confidence < test.confidence*0.999 || got.Confidence > test.confidence*1.001 {
			t.Errorf("%s: got %q, %v", test.name, got.Text, got.Confidence)
		}
	}
}
