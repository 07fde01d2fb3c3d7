package stt

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/voicetest"
	"github.com/cricket-home/cricket/voice/whisper"
)

// A minute of everything: sentences are spoken, a tiny network learns from
// them, goes on where it was stopped, and the file that comes of it is loaded
// and heard with.
func TestToyTraining(t *testing.T) {
	if os.Getenv("CRICKET_TRAIN") == "" {
		t.Skip("training takes a minute and its environment: make train-test")
	}
	out, err := exec.Command("../env.sh", "dir").Output()
	if err != nil {
		t.Fatal(err)
	}
	work := strings.TrimSpace(string(out))
	if _, err := os.Stat(filepath.Join(work, "root", "ready")); err != nil {
		if os.Getenv("CRICKET_NO_SKIP") == "1" {
			t.Fatal("there is no training environment: models/training/env.sh make")
		}
		t.Skip("there is no training environment: models/training/env.sh make")
	}
	folder := filepath.Join(work, "stt", "toy")
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		return string(out)
	}
	python := func(script string, args ...string) string {
		t.Helper()
		here, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		return run("../env.sh", append([]string{"run", "python3", filepath.Join(here, script)}, args...)...)
	}
	sentences := filepath.Join(folder, "sentences.txt")
	if err := os.WriteFile(sentences, []byte(run("go", "run", "../sentences", "-n", "60")), 0o644); err != nil {
		t.Fatal(err)
	}
	speech := filepath.Join(folder, "speech")
	python("../speak.py", "shards", sentences, speech, "0", "1")
	shard := filepath.Join(speech, "00000.npz")
	spoken, err := os.ReadFile(shard)
	if err != nil {
		t.Fatal(err)
	}
	// Spoken again, it is the same to the last bit: whoever has the seed has the data.
	if err := os.Remove(shard); err != nil {
		t.Fatal(err)
	}
	python("../speak.py", "shards", sentences, speech, "0", "1")
	if again, err := os.ReadFile(shard); err != nil || !bytes.Equal(spoken, again) {
		t.Errorf("spoken twice, the sentences sound different (%v)", err)
	}
	train := func(steps int) string {
		return python("train.py", folder, "speech="+speech, "sentences="+sentences, fmt.Sprint("steps=", steps), "width=64", "heads=1",
			"audio_layers=1", "text_layers=1", "joins=200", "frames=3000", "every=50", "noise_minutes=1")
	}
	first, second := train(50), train(150)
	if !strings.Contains(second, "from step 50 of 150") {
		t.Errorf("it did not go on where it was stopped: %s", second)
	}
	if before, after := loss(t, first, 50), loss(t, second, 150); after > before-1 {
		t.Errorf("in 100 steps the loss went from %.2f to %.2f", before, after)
	}
	model := filepath.Join(folder, "toy.bin")
	python("export.py", folder, model)
	f, err := os.Open(model)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if h, err := whisper.ReadHeader(f); err != nil || !h.Short() || h.Window() < 9*voice.SampleRate {
		t.Errorf("the header is %+v, %v: want a window of 9 s or more", h, err)
	}
	engine := whisper.New(whisper.Options{Native: voicetest.Program(t, "cricket-native"), Model: model, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	if _, err := engine.Transcribe(ctx, voicetest.Spoken(t, "en", "turn on the light", voice.SampleRate)); err != nil {
		t.Error(err)
	}
}

// loss of the lines that train.py prints.
func loss(t *testing.T, log string, step int) float64 {
	t.Helper()
	m := regexp.MustCompile(fmt.Sprintf(`step %d: loss ([0-9.]+)`, step)).FindStringSubmatch(log)
	if m == nil {
		t.Fatalf("no loss of step %d in %s", step, log)
	}
	x, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}
