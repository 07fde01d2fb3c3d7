package voicetest

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/cricket-home/cricket/voice"
)

// Say is what every voice does: English text to speech.
type Say func(ctx context.Context, text string) (voice.Speech, error)

// Speak is the contract suite that every voice passes.
func Speak(t *testing.T, say Say) {
	spoken := func(t *testing.T, text string) float64 {
		t.Helper()
		s, err := say(t.Context(), text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			return 0
		}
		sum := 0.0
		for _, x := range s.PCM {
			sum += float64(x) * float64(x)
		}
		if level := math.Sqrt(sum / float64(max(len(s.PCM), 1))); level < 300 || s.Text != text || s.Rate < 8000 || s.Rate > 48000 {
			t.Errorf("%q: a level of %.0f, %d Hz, the text %q", text, level, s.Rate, s.Text)
		}
		return float64(len(s.PCM)) / float64(s.Rate)
	}
	t.Run("speaks", func(t *testing.T) {
		short := spoken(t, "Lamp on.")
		long := spoken(t, "The temperature in the bathroom is twenty-one degrees, and the window is open.")
		if short < 0.2 || short > 3 || long < 2.5*short || long > 15 {
			t.Errorf("%.2f s and %.2f s", short, long)
		}
	})
	t.Run("what looks like an option, markup or several lines is text", func(t *testing.T) {
		spoken(t, "--version")
		spoken(t, "-f /etc/passwd")
		if markup := spoken(t, `hello <break time="10s"/> you`); markup > 8 {
			t.Errorf("markup was obeyed: %.1f s", markup)
		}
		one, lines := spoken(t, "lamp on fan off"), spoken(t, "lamp\r\non \x00 fan\n\noff")
		if lines < 0.7*one || lines > 2*one {
			t.Errorf("%.2f s on one line, %.2f s on several", one, lines)
		}
	})
	t.Run("refuses", func(t *testing.T) {
		for _, tt := range []struct{ name, text, want string }{
			{"nothing", "", "no words"},
			{"nothing that can be said", " -- \x00 [[ ]]", "no words"},
			{"too much", strings.Repeat("very ", 1000), "5000 bytes"},
		} {
			if _, err := say(t.Context(), tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: error %v, want %q in it", tt.name, err, tt.want)
			}
		}
	})
	t.Run("ends with its context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := say(ctx, "Lamp on."); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		spoken(t, "And speaks again.")
	})
	t.Run("several at a time", func(t *testing.T) {
		texts := []string{"On.", "The lamp in the kitchen is on.", "The lamp in the kitchen is on, and the one in the living room is off."}
		lengths := make([]float64, len(texts))
		var all sync.WaitGroup
		for i, text := range texts {
			all.Go(func() { lengths[i] = spoken(t, text) })
		}
		all.Wait()
		if lengths[0] >= lengths[1] || lengths[1] >= lengths[2] {
			t.Errorf("%v s: somebody has the speech of another", lengths)
		}
	})
}
