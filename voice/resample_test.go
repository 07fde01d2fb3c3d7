package voice

import (
	"fmt"
	"math"
	"testing"
)

// tone is a sine at half of full scale.
func tone(rate int, hertz, seconds float64) []float32 {
	x := make([]float32, int(seconds*float64(rate)))
	for i := range x {
		x[i] = float32(0.5 * math.Sin(2*math.Pi*hertz*float64(i)/float64(rate)))
	}
	return x
}

// resample pushes in as blocks of uneven sizes.
func resample(rate int, in []float32) []float32 {
	r := newResampler(rate, SampleRate)
	var out []float32
	for size := 1; len(in) > 0; size = size*3%1999 + 1 {
		n := min(size, len(in))
		out = r.push(out, in[:n])
		in = in[n:]
	}
	return r.flush(out)
}

// decibels is the level of the middle of x against a sine at half of full scale.
func decibels(x []float32) float64 {
	sum := 0.0
	x = x[len(x)/4 : len(x)*3/4]
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return 10 * math.Log10(sum/float64(len(x))/0.125+1e-20)
}

var commonRates = []int{4000, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 37800, 44056, 44100, 47999, 48000, 64000, 88200, 96000, 176400, 192000, 352800, 384000}

func TestResamplerKeepsSpeechAndItsPlaceInTime(t *testing.T) {
	for _, rate := range commonRates {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			out := resample(rate, tone(rate, 1000, 0.5))
			if want := SampleRate / 2; len(out) < want-1 || len(out) > want+1 {
				t.Errorf("%d samples, want %d", len(out), want)
			}
			if level := decibels(out); math.Abs(level) > 0.5 {
				t.Errorf("1 kHz passes at %.2f dB", level)
			}
			// The same tone made at 16 kHz: what is left over is delay and distortion.
			want := tone(SampleRate, 1000, 0.5)
			for i := range out[:len(want)-1] {
				want[i] -= out[i]
			}
			if level := decibels(want); level > -65 {
				t.Errorf("differs from the tone by %.1f dB", level)
			}
		})
	}
}

func TestResamplerLetsNothingFoldBack(t *testing.T) {
	for _, rate := range commonRates {
		for _, hertz := range []float64{8100, 10000, 15000, 20000, 40000, 90000} {
			if hertz > 0.49*float64(rate) {
				continue
			}
			if level := decibels(resample(rate, tone(rate, hertz, 0.5))); level > -60 {
				t.Errorf("%.0f Hz in a file of %d Hz comes through at %.1f dB", hertz, rate, level)
			}
		}
	}
}

func TestResamplerPassesTheBandOfSpeech(t *testing.T) {
	for _, rate := range []int{22050, 44100, 48000} {
		for _, hertz := range []float64{60, 300, 3400, 6500} {
			if level := decibels(resample(rate, tone(rate, hertz, 0.5))); math.Abs(level) > 0.5 {
				t.Errorf("%.0f Hz in a file of %d Hz passes at %.2f dB", hertz, rate, level)
			}
		}
	}
}

func BenchmarkResample(b *testing.B) {
	for _, rate := range []int{22050, 44100, 48000} {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			second := tone(rate, 1000, 1)
			r := newResampler(rate, SampleRate)
			var out []float32
			b.ReportAllocs()
			for b.Loop() {
				out = r.push(out[:0], second)
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/1e9*100, "%realtime")
		})
	}
}
