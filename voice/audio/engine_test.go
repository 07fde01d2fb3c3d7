package audio

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
)

// The child dies two hundred times: each new one is told which it is and whether it is
// muted, what the one before it played is over, and whoever listens is told that the
// next frame does not follow the last.
func TestTwoHundredChildren(t *testing.T) {
	e := New(Options{Log: slog.New(slog.DiscardHandler)})
	send := func(n int) {
		for range n {
			e.unasked(child.Sound, child.PCM(make([]int16, voice.FrameSamples)))
		}
	}
	var before chan Notice // what the child before this one played
	for life := 1; life <= 200; life++ {
		muted := life%3 == 0
		e.muted = muted
		var told []string
		err := e.prepare(t.Context(), func(_ context.Context, r child.Request) (json.RawMessage, error) {
			told = append(told, r.Verb+" "+string(r.Head))
			return nil, nil
		})
		if want := "mute " + strconv.FormatBool(muted); err != nil || len(told) != 2 || told[0] != "life "+strconv.Itoa(life) || told[1] != want {
			t.Fatalf("child %d was told %q, %v", life, told, err)
		}
		if life > 1 {
			if n := <-before; n.Fault != startedAgain {
				t.Fatalf("what child %d played: %+v", life-1, n)
			}
		}
		before = make(chan Notice, 1)
		e.waiting[uint32(life)] = &playing{over: before, life: life}
		e.notice(Notice{Microphone: "room"})
		send(5)
		if muted {
			if len(e.frames) > 0 {
				t.Fatalf("muted, %d frames came", len(e.frames))
			}
			continue
		}
		if life > 1 {
			var deaf *DeafError
			if _, err := e.Next(t.Context()); !errors.As(err, &deaf) || deaf.Reason != startedAgain {
				t.Fatalf("child %d: %v", life, err)
			}
		}
		f, err := e.Next(t.Context())
		if err != nil || f.Mic != "room" || f.Time > 2*time.Second*voice.FrameSamples/voice.SampleRate {
			t.Fatalf("child %d: a frame of %q at %v, %v", life, f.Mic, f.Time, err)
		}
		// The others nobody takes: they are not heard after the next child's first.
	}
	if n := e.Overruns(); n != 0 {
		t.Errorf("sound was lost %d times", n)
	}
}
