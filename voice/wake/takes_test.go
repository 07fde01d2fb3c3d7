package wake

import (
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/cricket-home/cricket/voice"
)

// Somebody who says the word as soon as they are asked has nothing of the one before in a recording.
func TestTakesOfSomebodyQuick(t *testing.T) {
	word := say(t, "open sesame", "en-us", 0.5)
	word = word[slices.IndexFunc(word, func(x int16) bool { return x > 300 }):] // at once
	sound := make([]int16, int(takeQuiet.Seconds()*voice.SampleRate))
	at, hum, passed := 0, noise(60*voice.SampleRate, 5), 0
	next := func() (voice.Frame, error) {
		f := voice.Frame{PCM: make([]int16, voice.FrameSamples)}
		if at < len(sound) {
			at += copy(f.PCM, sound[at:])
		}
		for i := range f.PCM {
			f.PCM[i] += hum[passed%len(hum)]
			passed++
		}
		return f, nil
	}
	asked := 0
	all, err := Takes(next, func(n, of int) {
		if asked++; n != asked || of != takes {
			t.Errorf("asked for %d of %d, the %d. time", n, of, asked)
		}
		sound, at = word, 0
	})
	if err != nil || len(all) != takes {
		t.Fatal(len(all), err)
	}
	for _, r := range all {
		if _, err := Bundled().listen(r); err != nil {
			t.Error(err)
		}
	}
	gone := errors.New("gone")
	for _, tt := range []struct {
		next func() (voice.Frame, error)
		want error
	}{
		{func() (voice.Frame, error) { return voice.Frame{PCM: noise(voice.FrameSamples, 5)}, nil }, ErrSilent},
		{func() (voice.Frame, error) { return voice.Frame{}, gone }, gone},
		{func() (voice.Frame, error) { return voice.Frame{}, io.EOF }, io.EOF},
	} {
		if _, err := Takes(tt.next, func(int, int) {}); err != tt.want {
			t.Errorf("%v, want %v", err, tt.want)
		}
	}
}
