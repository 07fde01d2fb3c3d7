package main

import (
	"math"
	"slices"
	"testing"
)

func TestSilent(t *testing.T) {
	for _, test := range []struct {
		name string
		pcm  []int16
		want bool
	}{
		{"nothing", nil, true},
		{"zeros", make([]int16, 100), true},
		{"the last bits of a converter", []int16{3, -16, 16, 0}, true},
		{"one loud sample", []int16{0, 0, 17, 0}, false},
		{"one loud sample below zero", []int16{0, -17}, false},
		{"the loudest", []int16{-32768}, false},
	} {
		if got := silent(test.pcm); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestFloorIsSoFarBelowTheSound(t *testing.T) {
	sound := make([]int16, 16000)
	for i := range 8000 {
		sound[i] = int16(10000 * math.Sin(float64(i)/5))
	}
	with := slices.Clone(sound)
	floor(with, 30)
	power := func(from, to int, pcm []int16) (p float64) {
		for _, s := range pcm[from:to] {
			p += float64(s) * float64(s) / float64(to-from)
		}
		return p
	}
	below := 10 * math.Log10(power(0, 16000, sound)/power(8000, 16000, with))
	if math.Abs(below-30) > 0.5 {
		t.Errorf("the floor is %.1f dB below the sound, want 30", below)
	}
	again := slices.Clone(sound)
	floor(again, 30)
	if !slices.Equal(with, again) {
		t.Error("the same sound got another floor")
	}
	loud := []int16{32767, -32768, 32767, -32768}
	floor(loud, 30) // must not wrap around
	if loud[0] < 30000 || loud[1] > -30000 {
		t.Errorf("wrapped around: %v", loud)
	}
	quiet := make([]int16, 100)
	floor(quiet, 30)
	if slices.Max(quiet) > 1 || slices.Min(quiet) < -1 || slices.Equal(quiet, make([]int16, 100)) {
		t.Errorf("the floor of silence is %v", quiet)
	}
}
