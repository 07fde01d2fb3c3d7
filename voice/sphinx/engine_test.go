package sphinx_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/sphinx"
	"github.com/cricket-home/cricket/voice/voicetest"
)

func TestContract(t *testing.T) {
	native := voicetest.Program(t, "cricket-native")
	voicetest.Run(t, voicetest.Options{
		New: func(t *testing.T) voicetest.Recogniser {
			return sphinx.New(sphinx.Options{Native: native, Log: slog.New(slog.DiscardHandler)})
		},
		Prepare: func(ctx context.Context, r voicetest.Recogniser) error {
			return r.(*sphinx.Engine).SetPhrases(ctx, voicetest.Grammar, voicetest.Words)
		},
		Part:   "speech recogniser (pocketsphinx)",
		Closed: true,
	})
}

// engine returns one that runs until the test ends.
func engine(t testing.TB, change ...func(*sphinx.Options)) *sphinx.Engine {
	t.Helper()
	o := sphinx.Options{Native: voicetest.Program(t, "cricket-native"), Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&o)
	}
	e := sphinx.New(o)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- e.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	return e
}

func hear(t *testing.T, e *sphinx.Engine, text string) voice.Transcript {
	t.Helper()
	got, err := e.Transcribe(t.Context(), voicetest.Spoken(t, "en-us", text, 0))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func grammar(phrases string) string {
	return "#JSGF V1.0;\ngrammar test;\npublic <command> = " + phrases + ";\n"
}

func TestPhrasesCanBeReplaced(t *testing.T) {
	e := engine(t)
	u := voicetest.Spoken(t, "en-us", "open the window", 0)
	if _, err := e.Transcribe(t.Context(), u); !errors.Is(err, sphinx.ErrNoPhrases) {
		t.Errorf("without phrases: %v", err)
	}
	set := func(phrases string) error {
		return e.SetPhrases(t.Context(), grammar(phrases), strings.Fields("open close the window garden gate"))
	}
	if err := set("(open | close) the window"); err != nil {
		t.Fatal(err)
	}
	if got := hear(t, e, "open the window"); got.Text != "open the window" {
		t.Errorf("heard %q", got.Text)
	}
	if err := set("(open | close) the garden gate"); err != nil {
		t.Fatal(err)
	}
	if got := hear(t, e, "close the garden gate"); got.Text != "close the garden gate" {
		t.Errorf("after new phrases: heard %q", got.Text)
	}
	for _, bad := range []string{"(open | close", "open <nothing>", "<VOID>"} {
		if err := set(bad); err == nil || !strings.Contains(err.Error(), "grammar") {
			t.Errorf("%q: got error %v", bad, err)
		}
		if got := hear(t, e, "open the garden gate"); got.Text != "open the garden gate" {
			t.Errorf("after a broken grammar: heard %q", got.Text)
		}
	}
	if err := syscall.Kill(e.State().PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if got := hear(t, e, "close the garden gate"); got.Text != "close the garden gate" || e.State().Restarts != 1 {
		t.Errorf("on a new child: heard %q, %+v", got.Text, e.State())
	}
}

func TestWordsThatTheDictionaryLacks(t *testing.T) {
	asked := make(chan []string, 9)
	pronounce := func(_ context.Context, words []string) (map[string][]string, error) {
		asked <- slices.Clone(words)
		return map[string][]string{"zigbeelampe": strings.Fields("Z IH G B IY L AE M P AH"), "florp": {"not", "phones"}}, nil
	}
	e := engine(t, func(o *sphinx.Options) { o.Pronounce = pronounce })
	words := strings.Fields("turn on the zigbeelampe florp qwx light")
	err := e.SetPhrases(t.Context(), grammar("turn on the (zigbeelampe | florp | qwx | light)"), words)
	var dropped *sphinx.DroppedError
	if !errors.As(err, &dropped) || !slices.Equal(dropped.Words, []string{"florp", "qwx"}) {
		t.Errorf("got %v, want the words florp and qwx dropped", err)
	}
	if got, want := <-asked, []string{"zigbeelampe", "florp", "qwx"}; !slices.Equal(got, want) {
		t.Errorf("asked how %q sound, want %q", got, want)
	}
	for range 2 {
		if got := hear(t, e, "turn on the zigbee lampa"); got.Text != "turn on the zigbeelampe" {
			t.Errorf("heard %q", got.Text)
		}
		if got := hear(t, e, "turn on the light"); got.Text != "turn on the light" {
			t.Errorf("heard %q", got.Text)
		}
		syscall.Kill(e.State().PID, syscall.SIGKILL) // the new child has to learn the word as well
	}
	err = e.SetPhrases(t.Context(), grammar("qwx"), []string{"qwx"})
	if err == nil || !strings.Contains(err.Error(), "nothing is left") || !strings.Contains(err.Error(), "qwx") {
		t.Errorf("only words without sound: %v", err)
	}
	broken := engine(t, func(o *sphinx.Options) {
		o.Pronounce = func(context.Context, []string) (map[string][]string, error) {
			return nil, errors.New("espeak-ng is not there")
		}
	})
	if err := broken.SetPhrases(t.Context(), grammar("florp"), []string{"florp"}); err == nil || !strings.Contains(err.Error(), "espeak-ng is not there") {
		t.Errorf("nobody to pronounce: %v", err)
	}
}

func TestTheNewestPhrasesWin(t *testing.T) {
	first := make(chan struct{})
	let := make(chan struct{})
	var once sync.Once
	e := engine(t, func(o *sphinx.Options) {
		o.Pronounce = func(context.Context, []string) (map[string][]string, error) {
			once.Do(func() { close(first); <-let })
			return map[string][]string{"florp": strings.Fields("F L AO R P")}, nil
		}
	})
	slow := make(chan error)
	go func() { slow <- e.SetPhrases(t.Context(), grammar("open the florp"), []string{"florp"}) }()
	<-first // the old ones are being pronounced
	fast := make(chan error)
	go func() { fast <- e.SetPhrases(t.Context(), grammar("close the window"), []string{"close"}) }()
	for e.Waiting() < 2 {
	}
	close(let)
	if err := <-slow; !errors.Is(err, sphinx.ErrSuperseded) {
		t.Errorf("the older phrases: %v", err)
	}
	if err := <-fast; err != nil {
		t.Errorf("the newer phrases: %v", err)
	}
	if got := hear(t, e, "close the window"); got.Text != "close the window" {
		t.Errorf("heard %q", got.Text)
	}
}

func TestProgramThatIsNotThere(t *testing.T) {
	e := sphinx.New(sphinx.Options{Native: "/nonexistent/cricket-native", Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go e.Run(ctx)
	err := e.SetPhrases(ctx, grammar("stop"), []string{"stop"})
	if !errors.Is(err, child.ErrDown) || !strings.Contains(err.Error(), "speech recogniser (pocketsphinx)") {
		t.Errorf("got %v", err)
	}
}

// BenchmarkStart measures from the start of the process to its first answer,
// the phrases included.
func BenchmarkStart(b *testing.B) {
	native := voicetest.Program(b, "cricket-native")
	u := voicetest.Spoken(b, "en-us", "turn on the kitchen lights", 0)
	for b.Loop() {
		e := sphinx.New(sphinx.Options{Native: native, Log: slog.New(slog.DiscardHandler)})
		ctx, stop := context.WithCancel(b.Context())
		ended := make(chan error)
		go func() { ended <- e.Run(ctx) }()
		if err := e.SetPhrases(ctx, voicetest.Grammar, voicetest.Words); err != nil {
			b.Fatal(err)
		}
		if got, err := e.Transcribe(ctx, u); err != nil || got.Text != "turn on the kitchen lights" {
			b.Fatalf("heard %q, %v", got.Text, err)
		}
		stop()
		<-ended
	}
}
