package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/voicetest"
	"github.com/cricket-home/cricket/voice/wake"
)

// played is a microphone that hears a sound, and then nothing for ever, or until it is
// gone.
type played struct {
	pcm  []int16
	left int // frames until it is gone
}

func (p *played) Mute(bool) {}

func (p *played) Next(context.Context) (voice.Frame, error) {
	if p.left--; p.left < 0 {
		return voice.Frame{}, errors.New("unplugged")
	}
	f := voice.Frame{Mic: "test", PCM: make([]int16, voice.FrameSamples)}
	n := copy(f.PCM, p.pcm)
	p.pcm = p.pcm[n:]
	for i := range f.PCM {
		f.PCM[i] += int16(7 * (i*i%5 - 2)) // no room is silent
	}
	return f, nil
}

// A word is recorded four times, each with the room before and after it.
func TestRecord(t *testing.T) {
	quiet := make([]int16, 3*voice.SampleRate/2)
	pcm := append([]int16(nil), quiet...)
	for range 4 {
		pcm = append(append(pcm, quiet...), voicetest.Spoken(t, "en-us", "open sesame", 0).PCM...)
	}
	var out bytes.Buffer
	all, err := (&terminal{out: &out}).record(t.Context(), &played{pcm, 1 << 20}, "open sesame")
	if err != nil || len(all) != 4 {
		t.Fatalf("%d recordings, %v", len(all), err)
	}
	for _, r := range all {
		if d := float64(len(r.PCM)) / voice.SampleRate; d < 1.5 || d > 4 {
			t.Errorf("%s lasts %.1f s", r.Name, d)
		}
	}
	if n := strings.Count(out.String(), `say "open sesame"`); n != 4 {
		t.Errorf("asked for %d times", n)
	}
	for _, tt := range []struct {
		name string
		mic  *played
		want string
	}{
		{"nobody speaks", &played{nil, 1 << 20}, "nobody said anything"},
		{"unplugged", &played{pcm, 100}, "unplugged"},
	} {
		if _, err := (&terminal{out: &out}).record(t.Context(), tt.mic, "x"); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// A microphone that is gone before its first frame was never tried.
func TestTryWithoutAFrame(t *testing.T) {
	words := []wake.Word{{Name: wake.Stop, Model: wake.Bundled(), Sensitivity: wake.DefaultSensitivity, Refractory: wake.DefaultRefractory}}
	for _, tt := range []struct {
		frames int
		told   bool
	}{{0, false}, {50, true}} {
		mic := &played{left: tt.frames}
		var out bytes.Buffer
		_, err := (&wakeTry{}).sound(&terminal{out: &out}, words, "the microphone", func() (voice.Frame, error) {
			f, err := mic.Next(t.Context())
			if err != nil {
				err = io.EOF
			}
			return f, err
		})
		if told := strings.Contains(out.String(), "not woken by stop"); err != nil || told != tt.told {
			t.Errorf("after %d frames: %q, %v", tt.frames, out.String(), err)
		}
	}
}
