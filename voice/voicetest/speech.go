package voicetest

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cricket-home/cricket/voice"
)

// Program returns the path of a program of Cricket's, or skips the test.
func Program(tb testing.TB, name string) string {
	tb.Helper()
	dirs := []string{os.Getenv("CRICKET_BIN")}
	for dir, err := os.Getwd(); err == nil && dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			dirs = append(dirs, filepath.Join(dir, "bin"))
			break
		}
	}
	for _, dir := range dirs {
		if dir == "" {
			continue
		}
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return path
		}
	}
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CRICKET_NO_SKIP") == "1" {
		tb.Fatalf("%s is not there: run make setup build", name)
	}
	tb.Skipf("%s is not there: run make setup build", name)
	return ""
}

// CommunityWord is the path of the manifest of a published microWakeWord model,
// in $CRICKET_WEIGHTS or in shared/weights beside the repository. Without it the
// test is skipped, in CI too: the models are not ours to commit.
func CommunityWord(tb testing.TB, name string) string {
	tb.Helper()
	file := filepath.Join("microwakeword", "models", "v2", name+".json")
	if dir := os.Getenv("CRICKET_WEIGHTS"); dir != "" {
		return filepath.Join(dir, file)
	}
	for dir, err := os.Getwd(); err == nil && dir != "/"; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "shared", "weights", file)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	tb.Skipf("no %s: fetch models/v2 of github.com/esphome/micro-wake-word-models into $CRICKET_WEIGHTS/microwakeword", file)
	return ""
}

// Spoken is text as espeak-ng says it with a voice, with quarter of a second
// of silence before it, and silence after it up to least samples.
func Spoken(tb testing.TB, voiceName, text string, least int) voice.Utterance {
	tb.Helper()
	program := Program(tb, "espeak-ng")
	cmd := exec.Command(program, "-v", voiceName, "--stdout", text)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	wav, err := cmd.Output()
	if err != nil {
		tb.Fatalf("say %q: %v: %s", text, err, &stderr)
	}
	r, err := voice.NewWAV(bytes.NewReader(wav), "espeak")
	if err != nil {
		tb.Fatalf("say %q: %v", text, err)
	}
	pcm := make([]int16, voice.SampleRate/4)
	for {
		f, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			tb.Fatalf("say %q: %v", text, err)
		}
		pcm = append(pcm, f.PCM...)
	}
	for len(pcm) < least {
		pcm = append(pcm, 0)
	}
	return voice.Utterance{Mic: voiceName, PCM: pcm}
}

// noise is white noise, at so many decibels below full scale.
func noise(samples int, decibels float64) voice.Utterance {
	r := rand.New(rand.NewPCG(1, 2))
	amplitude := 32768 * math.Pow(10, -decibels/20)
	pcm := make([]int16, samples)
	for i := range pcm {
		pcm[i] = int16(max(-32768, min(32767, amplitude*r.NormFloat64())))
	}
	return voice.Utterance{Mic: "noise", PCM: pcm}
}

// silence is what a muted microphone gives.
func silence(samples int) voice.Utterance {
	return voice.Utterance{Mic: "silence", PCM: make([]int16, samples)}
}
