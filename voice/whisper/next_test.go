package whisper

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/models/random"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// hearing starts an engine with a small model that knows no words.
func hearing(t *testing.T, says func(context.Context, string) (bool, bool)) *Engine {
	t.Helper()
	native := voicetest.Program(t, "cricket-native")
	name := filepath.Join(t.TempDir(), "random.bin")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := random.Whisper(f, random.SmallWhisper(), 1); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	e := New(Options{Native: native, Model: name, Log: slog.New(slog.DiscardHandler), Says: says})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	return e
}

// What the decoder remembers of other tokens does not change what it says of these.
func TestWhatMayFollowIsTheSameInAnyOrder(t *testing.T) {
	e := hearing(t, nil)
	u := voicetest.Spoken(t, "en-us", "turn on the kitchen lights", 0)
	if _, err := e.Transcribe(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	follow := func(tokens ...int) []Choice {
		t.Helper()
		next, err := e.next(t.Context(), tokens)
		if err != nil {
			t.Fatal(err)
		}
		if len(next) == 0 || len(next) > MostChoices || next[0].Log > 0 || !slices.IsSortedFunc(next, func(a, b Choice) int {
			if a.Log < b.Log {
				return 1
			}
			return -1
		}) {
			t.Fatalf("after %v: %+v", tokens, next)
		}
		return next
	}
	first := follow(100, 200, 300)
	same := func(a, b []Choice) bool {
		return a[0].ID == b[0].ID && a[0].Text == b[0].Text && a[0].Log-b[0].Log < 1e-3 && b[0].Log-a[0].Log < 1e-3
	}
	if other := follow(100, 200, 400); same(first, other) {
		t.Errorf("another token before makes no difference: %+v", other[0])
	}
	follow()
	follow(500)
	if again := follow(100, 200, 300); !same(first, again) {
		t.Errorf("first %+v, then %+v", first[0], again[0])
	}
}

func TestWhatCannotFollowIsAnError(t *testing.T) {
	e := hearing(t, nil)
	if _, err := e.next(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "no utterance") {
		t.Errorf("before anything was heard: %v", err)
	}
	if _, err := e.Transcribe(t.Context(), voicetest.Spoken(t, "en-us", "turn on the kitchen lights", 0)); err != nil {
		t.Fatal(err)
	}
	for name, tokens := range map[string][]int{"below all tokens": {-1}, "no sub-word": {50257}, "too many": make([]int, 200)} {
		if _, err := e.next(t.Context(), tokens); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := e.next(t.Context(), []int{1}); err != nil {
		t.Errorf("after errors: %v", err)
	}
}

func TestUtterancesAreHeldToTheSentences(t *testing.T) {
	asked := 0
	e := hearing(t, func(_ context.Context, text string) (bool, bool) { asked++; return text == "", false })
	got, err := e.Transcribe(t.Context(), voicetest.Spoken(t, "en-us", "turn on the kitchen lights", 0))
	if err != nil || got.Text != "" || !got.NotCommand || asked == 0 {
		t.Errorf("a home without sentences: %+v, %v, asked %d times", got, err, asked)
	}
	asked = 0
	if got, err = e.Transcribe(t.Context(), voice.Utterance{PCM: make([]int16, voice.SampleRate)}); err != nil || got.NotCommand || asked != 0 {
		t.Errorf("silence: %+v, %v, asked %d times", got, err, asked)
	}
}
