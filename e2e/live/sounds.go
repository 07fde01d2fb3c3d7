package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/espeak"
)

// people are voices of espeak-ng.
var people = []string{"en-us", "en-gb", "en-us+f3", "en-us+m3", "en-gb-scotland", "en-gb+f4", "en-gb-x-rp", "en-us+f5", "en-gb+m7", "en-us+m1"}

// mouths makes people speak.
type mouths struct{ engine *espeak.Engine }

// say is what a voice says, at our rate, without the silence around it, with a root mean
// square of the spoken part of 2000 steps: -24 dB to full scale.
func (m *mouths) say(ctx context.Context, speaker, text string) ([]int16, error) {
	speech, err := m.engine.Say(ctx, text, speaker)
	if err != nil {
		return nil, fmt.Errorf("say %q: %w", text, err)
	}
	var file bytes.Buffer
	if err := voice.WriteWAV(&file, speech.Rate, speech.PCM); err != nil {
		return nil, err
	}
	wav, err := voice.NewWAV(&file, speaker)
	var pcm []int16
	for err == nil {
		var f voice.Frame
		if f, err = wav.Next(); err == nil {
			pcm = append(pcm, f.PCM...)
		}
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	loud := func(x int16) bool { return x > 150 || x < -150 }
	from := slices.IndexFunc(pcm, loud)
	if from < 0 {
		return nil, fmt.Errorf("say %q: %s says nothing", text, speaker)
	}
	to := len(pcm)
	for !loud(pcm[to-1]) {
		to--
	}
	return scaled(pcm[from:to], 2000), nil
}

// scaled has a root mean square of level where it is not silent.
func scaled(pcm []int16, level float64) []int16 {
	sum, n := 0.0, 0
	for _, x := range pcm {
		if x > 100 || x < -100 {
			sum += float64(x) * float64(x)
			n++
		}
	}
	gain := level / math.Sqrt(sum/float64(max(1, n)))
	out := make([]int16, len(pcm))
	for i, x := range pcm {
		out[i] = int16(max(math.MinInt16, min(math.MaxInt16, gain*float64(x))))
	}
	return out
}

// loop plays a sound over and over at a level.
func loop(pcm []int16, level float64) func() float64 {
	pcm = scaled(pcm, level)
	at := 0
	return func() float64 {
		x := pcm[at]
		at = (at + 1) % len(pcm)
		return float64(x)
	}
}

// crowd is a television, or a party: n people who talk at once for a minute.
func (m *mouths) crowd(ctx context.Context, r *rand.Rand, texts []string, n int) ([]int16, error) {
	const length = 60 * voice.SampleRate
	sum := make([]float64, length)
	for range n {
		for at := r.IntN(voice.SampleRate); at < length; {
			pcm, err := m.say(ctx, people[r.IntN(len(people))], texts[r.IntN(len(texts))])
			if err != nil {
				return nil, err
			}
			for i, x := range pcm {
				if at+i < length {
					sum[at+i] += float64(x) / float64(n)
				}
			}
			at += len(pcm) + voice.SampleRate/4 + r.IntN(voice.SampleRate)
		}
	}
	pcm := make([]int16, length)
	for i, x := range sum {
		pcm[i] = int16(max(math.MinInt16, min(math.MaxInt16, x)))
	}
	return pcm, nil
}

// music is half a minute of chords, a bass and a drum: nothing that was ever composed.
func music(r *rand.Rand) []int16 {
	const beat = voice.SampleRate / 2
	pcm := make([]int16, 64*beat)
	roots := []float64{220, 174.6, 130.8, 196}
	for b := range 64 {
		root := roots[b/4%len(roots)]
		tune := root * 2 * math.Pow(2, float64([]int{0, 2, 4, 7, 9, 12}[r.IntN(6)])/12)
		for i := range beat {
			t := float64(i) / voice.SampleRate
			x := 0.0
			for _, ratio := range []float64{1, 1.26, 1.498} {
				for h := 1.0; h <= 4; h++ {
					x += math.Sin(2*math.Pi*root*ratio*h*float64(b*beat+i)/voice.SampleRate) / (h * h)
				}
			}
			x += 2 * math.Exp(-4*t) * math.Sin(2*math.Pi*tune*t)
			x += 2 * math.Exp(-6*t) * math.Sin(2*math.Pi*root/2*t)
			x += 3 * math.Exp(-40*t) * r.NormFloat64()
			pcm[b*beat+i] = int16(1500 * x)
		}
	}
	return pcm
}

// silence is so much of nothing.
func silence(d time.Duration) []int16 { return make([]int16, int(d.Seconds()*voice.SampleRate)) }
