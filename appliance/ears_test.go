package appliance

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/models/random"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// fakeEngine hears its name, or has an error to start with or to hear with.
type fakeEngine struct {
	name         string
	start, hear  error
	running, out chan struct{} // closed while Run runs, and when it has ended
}

func engine(name string, start, hear error) *fakeEngine {
	return &fakeEngine{name, start, hear, make(chan struct{}), make(chan struct{})}
}

func (f *fakeEngine) Run(ctx context.Context) error {
	close(f.running)
	defer close(f.out)
	if f.start != nil {
		return f.start
	}
	<-ctx.Done()
	return ctx.Err()
}

func (f *fakeEngine) Transcribe(ctx context.Context, u voice.Utterance) (voice.Transcript, error) {
	if f.start != nil { // as an engine whose child was never started
		<-ctx.Done()
		return voice.Transcript{}, ctx.Err()
	}
	return voice.Transcript{Text: f.name}, f.hear
}

func (f *fakeEngine) State() child.State {
	return child.State{Running: f.start == nil && f.hear == nil}
}

func TestEarsFallBack(t *testing.T) {
	refused, died := errors.New("not a model"), errors.New("out of memory")
	for _, test := range []struct {
		name    string
		engines []*fakeEngine
		keeps   string
		fallen  string
		fails   error // of Run
	}{
		{"the first is good", []*fakeEngine{engine("a", nil, nil), engine("b", nil, nil)}, "a", "", nil},
		{"the first is no model", []*fakeEngine{engine("a", refused, nil), engine("b", nil, nil)}, "b", "a could not be used: not a model", nil},
		{"the first dies of its load", []*fakeEngine{engine("a", nil, died), engine("b", nil, nil)}, "b", "a could not be used: out of memory", nil},
		{"two are bad", []*fakeEngine{engine("a", refused, nil), engine("b", nil, died), engine("c", nil, nil)}, "c",
			"a could not be used: not a model; b could not be used: out of memory", nil},
		{"all are bad: the last is left to its supervisor", []*fakeEngine{engine("a", refused, nil), engine("b", nil, died)}, "b", "a could not be used: not a model", nil},
		{"the only one is no model", []*fakeEngine{engine("a", refused, nil)}, "a", "", refused},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log strings.Builder
			var candidates []candidate
			for _, f := range test.engines {
				candidates = append(candidates, candidate{recognizer: f, name: f.name, why: "why " + f.name})
			}
			e := newEars(candidates, "a note", slog.New(slog.NewTextHandler(&log, nil)))
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- e.Run(ctx) }()
			if test.fails == nil {
				heard, err := e.Transcribe(within(t), voice.Utterance{PCM: []int16{1}})
				if heard.Text != test.keeps {
					t.Errorf("heard by %q (%v), want %q", heard.Text, err, test.keeps)
				}
				if is := e.pace.perSecond(); (is > 0) != (err == nil) {
					t.Errorf("it hears %v seconds of speech a second (%v)", is, err)
				}
			}
			if got := e.current().String(); got != test.keeps+", why "+test.keeps {
				t.Errorf("current is %q", got)
			}
			if got := e.fallen(); got != test.fallen {
				t.Errorf("fallen: %q, want %q", got, test.fallen)
			}
			if test.fails == nil {
				cancel()
			}
			if err := <-ended; test.fails != nil && !errors.Is(err, test.fails) {
				t.Errorf("Run: %v, want %v", err, test.fails)
			}
			cancel()
			for _, f := range test.engines { // none is left behind
				select {
				case <-f.running:
					<-f.out
				default:
				}
			}
			if !strings.Contains(log.String(), "a note") || strings.Count(log.String(), "level=ERROR") != strings.Count(test.fallen, "could not") {
				t.Errorf("log:\n%s", &log)
			}
		})
	}
}

// Real engines: one file is no model, one is a model without its end, one is
// whole. The doctor and the log say what happened. When the last is taken away
// as well, pocketsphinx hears.
func TestModelsThatDoNotLoad(t *testing.T) {
	bin := t.TempDir() // without the bundled model
	for _, name := range []string{"cricket-native", "espeak-ng"} {
		if err := os.Symlink(voicetest.Program(t, name), filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	state := shortDir(t)
	folder := filepath.Join(state, "models")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	var whole strings.Builder
	if err := random.Whisper(&whole, random.SmallWhisper(), 1); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{"ggml-a.bin": "no model", "ggml-b.bin": whole.String()[:whole.Len()/2], "ggml-c.bin": whole.String()} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		keeps, fallen string
	}{
		{"whisper.cpp with ggml-c.bin", "ggml-a.bin could not be used, ggml-b.bin could not be used"},
		{"pocketsphinx", "ggml-a.bin could not be used, ggml-b.bin could not be used"},
	} {
		h, err := home.Parse("home.toml", []byte(oneLamp))
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		b, err := New(Options{Config: free(), Home: h, Devices: true, Ears: true, Bin: bin, StateDir: state, RuntimeDir: state,
			Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))})
		if err != nil {
			t.Fatal(err)
		}
		stop := run(t, b.Run)
		if err := b.Ready(within(t)); err != nil {
			t.Fatal(err)
		}
		f := b.checkEars()
		if !strings.Contains(b.Summary(), "Recogniser: "+test.keeps) || !strings.HasPrefix(f.Text, test.keeps) || f.OK {
			t.Errorf("summary %q, doctor %+v", b.Summary(), f)
		}
		stop()
		for _, part := range strings.Split(test.fallen, ", ") {
			if !strings.Contains(f.Text, part) || !strings.Contains(log.String(), strings.Fields(part)[0]) {
				t.Errorf("%s: not in the doctor's %q or the log:\n%s", part, f.Text, &log)
			}
		}
		if err := os.Remove(filepath.Join(folder, "ggml-c.bin")); err != nil && test.keeps != "pocketsphinx" {
			t.Fatal(err)
		}
	}
}
