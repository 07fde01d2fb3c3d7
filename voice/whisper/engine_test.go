package whisper_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/models/random"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/voicetest"
	"github.com/cricket-home/cricket/voice/whisper"
)

// model writes a small model that knows no words; its window is 5.5 s.
func model(t testing.TB) string {
	t.Helper()
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
	return name
}

func TestContract(t *testing.T) {
	native, name := voicetest.Program(t, "cricket-native"), model(t)
	for how, says := range map[string]func(context.Context, string) (begins, whole bool){
		"free":              nil,
		"held to sentences": func(context.Context, string) (bool, bool) { return true, true },
	} {
		t.Run(how, func(t *testing.T) {
			voicetest.Run(t, voicetest.Options{
				New: func(t *testing.T) voicetest.Recogniser {
					return whisper.New(whisper.Options{Native: native, Model: name, Log: slog.New(slog.DiscardHandler), Says: says})
				},
				Part:     "speech recogniser (whisper)",
				Wordless: true,
			})
		})
	}
}

func TestEachWindowOfALongUtteranceIsHeard(t *testing.T) {
	e := whisper.New(whisper.Options{Native: voicetest.Program(t, "cricket-native"), Model: model(t), Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go e.Run(ctx)
	u := voicetest.Spoken(t, "en-us", strings.Repeat("turn on the kitchen lights ", 6), 9*voice.SampleRate)
	got, err := e.Transcribe(ctx, u)
	if err != nil {
		t.Fatal(err)
	}
	windows := map[time.Duration]time.Duration{}
	for _, token := range got.Tokens {
		windows[token.Start] = token.End
	}
	at := time.Duration(0)
	for range 3 {
		if at = windows[at]; at == 0 {
			break
		}
		if at == u.Duration().Truncate(time.Millisecond) {
			return
		}
	}
	t.Errorf("tokens are in the windows %v, which do not cover %v", windows, u.Duration())
}

func TestFilesThatAreNoModel(t *testing.T) {
	whole, err := os.ReadFile(model(t))
	if err != nil {
		t.Fatal(err)
	}
	change := func(at int, to byte) []byte {
		b := bytes.Clone(whole[:100])
		b[at] = to
		return b
	}
	for _, test := range []struct {
		name  string
		bytes []byte
		want  string
	}{
		{"empty", nil, "it ends in the header"},
		{"half a header", whole[:20], "it ends in the header"},
		{"a web page", []byte("<!DOCTYPE html><html><head><title>404 not found</title></head>"), "it begins with"},
		{"a GGUF model", append([]byte("GGUF\x03\x00\x00\x00"), make([]byte, 100)...), "it is a GGUF file"},
		{"a Git LFS pointer", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:0000"), "it begins with"},
		{"no layers", change(4+4*4, 0), "audio layers is 0"},
		{"no window", change(4+4*1+1, 99), "audio places is"},
	} {
		name := filepath.Join(t.TempDir(), "model.bin")
		if err := os.WriteFile(name, test.bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		e := whisper.New(whisper.Options{Native: "/nonexistent", Model: name, Log: slog.New(slog.DiscardHandler)})
		if err := e.Run(t.Context()); !errors.Is(err, whisper.ErrModel) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: Run returned %v, want ErrModel, the file and %q", test.name, err, test.want)
		}
	}
	e := whisper.New(whisper.Options{Native: "/nonexistent", Model: "/nonexistent/model", Log: slog.New(slog.DiscardHandler)})
	if err := e.Run(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// A model whose header is right and whose tensors are not gets past the check:
// the child must say so and not die.
func TestTruncatedModelIsAnError(t *testing.T) {
	native, name := voicetest.Program(t, "cricket-native"), model(t)
	if err := os.Truncate(name, 1_000_000); err != nil {
		t.Fatal(err)
	}
	e := whisper.New(whisper.Options{Native: native, Model: name, Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go e.Run(ctx)
	_, err := e.Transcribe(ctx, voice.Utterance{PCM: make([]int16, voice.SampleRate)})
	if !errors.Is(err, child.ErrDown) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "whisper.cpp refuses it") {
		t.Errorf("got %v", err)
	}
}

// BenchmarkStart measures from the start of the process to its first answer.
func BenchmarkStart(b *testing.B) {
	native, name := voicetest.Program(b, "cricket-native"), model(b)
	u := voicetest.Spoken(b, "en-us", "turn on the kitchen lights", 0)
	for b.Loop() {
		e := whisper.New(whisper.Options{Native: native, Model: name, Log: slog.New(slog.DiscardHandler)})
		ctx, stop := context.WithCancel(b.Context())
		ended := make(chan error)
		go func() { ended <- e.Run(ctx) }()
		if _, err := e.Transcribe(ctx, u); err != nil {
			b.Fatal(err)
		}
		stop()
		<-ended
	}
}

// What the home's names are reaches the decoder: with another prompt it says something else.
func TestPrompt(t *testing.T) {
	native := voicetest.Program(t, "cricket-native")
	shape := random.SmallWhisper()
	shape.AudioCtx, shape.TextCtx = 1500, 448 // the short ones do without a prompt
	name := filepath.Join(t.TempDir(), "random.bin")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(random.Whisper(f, shape, 1), f.Close()); err != nil {
		t.Fatal(err)
	}
	prompt, asked := "", 0
	e := whisper.New(whisper.Options{Native: native, Model: name, Log: slog.New(slog.DiscardHandler),
		Prompt: func() string { asked++; return prompt }})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go e.Run(ctx)
	u := voicetest.Spoken(t, "en-us", "turn on the kitchen lights", 0)
	heard := map[string]bool{}
	for _, prompt = range []string{"", "Kitchen, Ceiling light, Coffee machine.", "Kitchen, Ceiling light, Coffee machine.", "Hall, Lamp."} {
		got, err := e.Transcribe(ctx, u)
		if err != nil {
			t.Fatal(err)
		}
		var tokens []string
		for _, token := range got.Tokens {
			tokens = append(tokens, token.Text)
		}
		heard[strings.Join(tokens, "|")] = true
	}
	if asked != 4 || len(heard) < 2 {
		t.Errorf("asked %d times, and heard %d different texts: the prompt does nothing", asked, len(heard))
	}
}
