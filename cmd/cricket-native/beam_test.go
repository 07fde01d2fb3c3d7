package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cricket-home/cricket/voice"
)

// arrives is a sound as a microphone has it that it reaches so many samples later.
func arrives(sound []float64, later float64) []float64 {
	const reach = 40
	out := make([]float64, len(sound))
	for n := range out {
		for k := -reach; k <= reach; k++ {
			if at := n - int(math.Floor(later)) + k; at >= 0 && at < len(sound) {
				x := math.Pi * (float64(k) + later - math.Floor(later))
				w := 1.0
				if x != 0 {
					w = math.Sin(x) / x * (0.5 + 0.5*math.Cos(x/(reach+1)))
				}
				out[n] += w * sound[at]
			}
		}
	}
	return out
}

// rustle is noise with more of the low than of the high, as talk and rooms have.
func rustle(r *rand.Rand, n int, loud float64) []float64 {
	out, x := make([]float64, n), 0.0
	for i := range out {
		x = 0.8*x + r.NormFloat64()
		out[i] = loud * x
	}
	return out
}

// syllables are rustling in syllables.
func syllables(r *rand.Rand, n int) []float64 {
	out := rustle(r, n, 1500)
	for i := range out {
		out[i] *= math.Max(0.01, math.Sin(2*math.Pi*float64(i)/4000))
	}
	return out
}

func sum(a, b []float64) []float64 {
	out := slices.Clone(a)
	for i := range b {
		out[i] += b[i]
	}
	return out
}

// through sends two microphones' sound through a beam.
func through(b *beam, first, second []float64, still bool) []float64 {
	frames := [3][]int16{}
	for i := range frames {
		frames[i] = make([]int16, voice.FrameSamples)
	}
	var out []float64
	for at := 0; at+voice.FrameSamples <= len(first); at += voice.FrameSamples {
		for i := range voice.FrameSamples {
			frames[0][i], frames[1][i] = int16(first[at+i]), int16(second[at+i])
		}
		b.mix(frames[2], frames[0], frames[1], still)
		for _, s := range frames[2] {
			out = append(out, float64(s))
		}
	}
	return out
}

func decibels(a, b []float64) float64 {
	power := func(x []float64) (p float64) {
		for _, v := range x {
			p += v * v
		}
		return p / float64(len(x))
	}
	return 10 * math.Log10(power(a)/power(b))
}

// Who speaks from any side is heard 3 dB better over the noise that is everywhere, which is
// what two microphones can do; over noise from one side, low as rooms have it, half of that.
func TestBeamTurnsToWhoSpeaks(t *testing.T) {
	const n = 3 * voice.SampleRate
	for _, later := range []float64{0, 0.4, -1.3, 2.7, -2.7, 6.5} {
		t.Run(fmt.Sprintf("the second hears %.1f samples later", later), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			spoken := syllables(r, n)
			there := [2][]float64{spoken, arrives(spoken, later)}
			around := [2][]float64{rustle(r, n, 150), rustle(r, n, 150)}
			b := newBeam()
			through(b, sum(there[0], around[0]), sum(there[1], around[1]), false)
			if math.Abs(b.delay-later) > 0.2 {
				t.Errorf("the beam takes the second to be %.2f samples late, it is %.2f", b.delay, later)
			}
			settled := voice.SampleRate / 2
			better := func(noise [2][]float64) float64 {
				speech, rest := through(b, there[0], there[1], true), through(b, noise[0], noise[1], true)
				return decibels(speech[settled:], rest[settled:]) - decibels(there[0][settled:], noise[0][settled:])
			}
			if gain := better(around); gain < 2.3 || gain > 3.2 {
				t.Errorf("over noise from everywhere it is %.1f dB better", gain)
			}
			side := rustle(r, n, 150)
			if gain := better([2][]float64{side, arrives(side, later-5)}); gain < 1.5 {
				t.Errorf("over noise from the side it is %.1f dB better", gain)
			}
		})
	}
}

func TestBeamDoesNotFollowTheBox(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	spoken, own := syllables(r, voice.SampleRate), syllables(r, voice.SampleRate)
	b := newBeam()
	through(b, spoken, arrives(spoken, 2), false)
	if before := b.delay; math.Abs(before-2) > 0.2 {
		t.Fatalf("it is turned %.2f samples", before)
	}
	through(b, own, arrives(own, -5), true)
	if math.Abs(b.delay-2) > 0.2 {
		t.Errorf("it follows the loudspeaker: %.2f samples", b.delay)
	}
	quiet := rustle(r, voice.SampleRate, 5)
	through(b, quiet, arrives(quiet, -5), false)
	if math.Abs(b.delay-2) > 0.2 {
		t.Errorf("it follows a steady fan: %.2f samples", b.delay)
	}
	through(b, own, arrives(own, -5), false)
	if math.Abs(b.delay+5) > 0.3 {
		t.Errorf("it does not turn to the next who speaks: %.2f samples", b.delay)
	}
}

// One that is dead or covered leaves the other as it is.
func TestBeamWithOneMicrophone(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	spoken := syllables(r, voice.SampleRate)
	dead := rustle(r, voice.SampleRate, 10)
	for name, pair := range map[string][2][]float64{"the second is dead": {spoken, dead}, "the first is dead": {dead, spoken}} {
		out := through(newBeam(), pair[0], pair[1], false)
		if loss := decibels(out[8000:], spoken[8000:len(out)]); math.Abs(loss) > 0.5 {
			t.Errorf("%s: the sound is %.1f dB louder", name, loss)
		}
	}
}

func TestBeamTakesAnything(t *testing.T) {
	loudest := make([]float64, voice.SampleRate)
	for i := range loudest {
		loudest[i] = []float64{32767, -32768}[i/3%2]
	}
	b := newBeam()
	out := through(b, loudest, arrives(make([]float64, voice.SampleRate), 0), false)
	out = append(out, through(b, loudest, loudest, false)...)
	out = append(out, through(b, make([]float64, 3200), make([]float64, 3200), false)...)
	if math.IsNaN(b.delay) || slices.Max(out) < 30000 || out[len(out)-1] != 0 {
		t.Errorf("delay %v, most %v, the end %v", b.delay, slices.Max(out), out[len(out)-1])
	}
}

// A card's frame has the microphones in turn; at another rate both are resampled alike.
func TestPairPartsTheMicrophones(t *testing.T) {
	for _, rate := range []int{voice.SampleRate, 48000, 44100} {
		p := newPair(&card{rate: rate, device: make([]int16, 2*rate/50)}, func() bool { return false })
		pcm, heard := make([]int16, voice.FrameSamples), []float64{}
		for f := range 100 {
			for i := range rate / 50 {
				x := math.Sin(2 * math.Pi * 300 * float64(f*rate/50+i) / float64(rate))
				p.device[2*i], p.device[2*i+1] = int16(8000*x), int16(4000*x)
			}
			p.split(p.device)
			for len(p.wait[0]) >= len(pcm) {
				p.mix(pcm)
				for _, s := range pcm {
					heard = append(heard, float64(s))
				}
			}
		}
		if most := slices.Max(heard[8000:]); len(heard) < 90*voice.FrameSamples || math.Abs(most-6000) > 200 {
			t.Errorf("%d Hz: %d samples, the loudest %v, want 6000", rate, len(heard), most)
		}
	}
}

func BenchmarkBeam(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 8))
	one, two, out := make([]int16, voice.FrameSamples), make([]int16, voice.FrameSamples), make([]int16, voice.FrameSamples)
	for i, x := range syllables(r, voice.FrameSamples) {
		one[i], two[i] = int16(x), int16(-x)
	}
	beam := newBeam()
	b.ReportAllocs()
	for b.Loop() {
		beam.mix(out, one, two, false)
		beam.floor = 1 // everything is somebody who speaks: the dearest case
	}
}
