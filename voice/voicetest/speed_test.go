package voicetest

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/models/random"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/sphinx"
	"github.com/cricket-home/cricket/voice/whisper"
)

// BenchmarkRatio measures how long the closed-phrase recogniser takes for a
// command, in parts of what whisper.cpp takes for the same sound with a model
// of tiny.en's shape: its encoder and 12 steps of its decoder, no fallback. The
// budget is 0.1. Both run in turn, and each one's best time counts, since the
// machine may be shared.
func BenchmarkRatio(b *testing.B) {
	native := Program(b, "cricket-native")
	model := filepath.Join(b.TempDir(), "tiny.en-shaped.bin")
	f, err := os.Create(model)
	if err != nil {
		b.Fatal(err)
	}
	if err := random.Whisper(f, random.TinyEn(), 1); err != nil {
		b.Fatal(err)
	}
	f.Close()
	log := slog.New(slog.DiscardHandler)
	jsgf, err := os.ReadFile("../sphinx/testdata/home.jsgf")
	if err != nil {
		b.Fatal(err)
	}
	if name := os.Getenv("CRICKET_GRAMMAR"); name != "" {
		if jsgf, err = os.ReadFile(name); err != nil {
			b.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	closed := sphinx.New(sphinx.Options{Native: native, Log: log})
	go closed.Run(ctx)
	if err := closed.SetPhrases(ctx, string(jsgf), nil); err != nil {
		b.Fatal(err)
	}
	free := child.New(child.Options{Part: "whisper", Program: native, Args: []string{"stt", "--model", model},
		Env: []string{"OMP_WAIT_POLICY=passive", "GGML_NO_BACKTRACE=1"}, Log: log})
	go free.Run(ctx)
	steps, err := json.Marshal(whisper.Ask{Steps: 12})
	if err != nil {
		b.Fatal(err)
	}

	u := command(b)
	var whispers, sphinxes []time.Duration
	for b.Loop() {
		began := time.Now()
		if _, err := free.Call(ctx, child.Request{Verb: "transcribe", Head: steps, Data: child.PCM(u.PCM)}); err != nil {
			b.Fatal(err)
		}
		whispers = append(whispers, time.Since(began))
		began = time.Now()
		heard, err := closed.Transcribe(ctx, u)
		if err != nil || !strings.Contains(heard.Text, "kitchen lights") {
			b.Fatalf("heard %q, %v", heard.Text, err)
		}
		sphinxes = append(sphinxes, time.Since(began))
	}
	fast, slow := slices.Min(sphinxes), slices.Min(whispers)
	b.ReportMetric(float64(fast.Microseconds())/1000, "ms/command")
	b.ReportMetric(float64(slow.Microseconds())/1000, "ms/whisper")
	b.ReportMetric(fast.Seconds()/slow.Seconds(), "ratio")
	if b.N >= 3 && fast*10 > slow {
		b.Errorf("%v is more than a tenth of %v", fast, slow)
	}
}

const commandText = "set the kitchen lights to fifty percent"

// command is a command of 2.5 s, with the little silence around it that the end
// of speech leaves.
func command(tb testing.TB) voice.Utterance {
	u := Spoken(tb, "en-us", commandText, 0)
	const length = 5 * voice.SampleRate / 2
	if spare := len(u.PCM) - length; spare < 0 || spare > voice.SampleRate/4 {
		tb.Fatalf("the command is said in %v, it must be about 2.5 s", u.Duration())
	}
	u.PCM = u.PCM[len(u.PCM)-length:]
	return u
}
