package sphinx

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/cricket-home/cricket/internal/child"
)

func TestProf(t *testing.T) {
	e := New(Options{Native: os.Getenv("CRICKET_NATIVE"), Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go e.Run(ctx)
	jsgf, _ := os.ReadFile(os.Getenv("CRICKET_GRAMMAR"))
	began := time.Now()
	if err := e.SetPhrases(ctx, string(jsgf), nil); err != nil {
		t.Fatal(err)
	}
	t.Log("load", time.Since(began), e.State().PID)
	pcm := say(t, "espeak en-us", "turn off the kitchen lights")
	best := time.Hour
	for range 60 {
		began := time.Now()
		if _, err := e.child.Call(ctx, child.Request{Verb: "transcribe", Data: child.PCM(pcm)}); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(began))
	}
	t.Logf("%.2f s of sound: best %v", float64(len(pcm))/16000, best)
}
