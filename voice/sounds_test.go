package voice

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// clip is a sentence spoken by a synthetic voice in silence. Its speech begins
// between faint, where it comes within 40 dB of its loudest 10 ms, and clear,
// within 15 dB: noise hides what is between. All are samples.
type clip struct {
	name               string
	pcm                []float64
	faintFrom, faintTo int
	from, to           int
}

// clips are the sentences in testdata/speech, measured without anything of the end pointer.
func clips(t testing.TB) []clip {
	t.Helper()
	names, err := filepath.Glob("testdata/speech/*.wav")
	if err != nil || len(names) < 8 {
		t.Fatalf("%d clips in testdata/speech, %v", len(names), err)
	}
	var all []clip
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ReadSpeech(f, 10*time.Second)
		f.Close()
		if err != nil || s.Rate != SampleRate {
			t.Fatalf("%s: %d Hz, %v", name, s.Rate, err)
		}
		c := clip{name: filepath.Base(name)}
		for _, x := range s.PCM {
			c.pcm = append(c.pcm, float64(x))
		}
		const block = SampleRate / 100
		loudest := 0.0
		for i := 0; i+block <= len(c.pcm); i += block {
			loudest = max(loudest, rms(c.pcm[i:i+block]))
		}
		within := func(decibel float64) (from, to int) {
			from = -1
			for i := 0; i+block <= len(c.pcm); i += block {
				if rms(c.pcm[i:i+block]) < loudest*math.Pow(10, -decibel/20) {
					continue
				}
				if from < 0 {
					from = i
				}
				to = i + block
			}
			return from, to
		}
		c.faintFrom, c.faintTo = within(40)
		c.from, c.to = within(15)
		all = append(all, c)
	}
	return all
}

func rms(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum / float64(len(x)))
}

// sounds is a stretch of sound to which others are added.
type sounds []float64

func seconds(s float64) sounds { return make(sounds, int(s*SampleRate)) }

// at adds x from the given second on, at a level of level dB to full scale (over all of x).
func (s sounds) at(second float64, x []float64, level float64) sounds {
	gain := math.Pow(10, level/20) * 32768 / rms(x)
	for i, v := range x {
		if k := int(second*SampleRate) + i; k < len(s) {
			s[k] += gain * v
		}
	}
	return s
}

// speech adds a clip whose spoken part has the given level.
func (s sounds) speech(second float64, c clip, level float64) sounds {
	whole, part := rms(c.pcm), rms(c.pcm[c.from:c.to])
	return s.at(second, c.pcm, level+20*math.Log10(whole/part))
}

func (s sounds) frames() []Frame {
	var out []Frame
	for i := 0; i+FrameSamples <= len(s); i += FrameSamples {
		f := Frame{Mic: "test", Time: time.Duration(i) * time.Second / SampleRate, PCM: make([]int16, FrameSamples)}
		for k, v := range s[i : i+FrameSamples] {
			f.PCM[k] = int16(math.Round(max(-32768, min(32767, v))))
		}
		out = append(out, f)
	}
	return out
}

func white(n int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// pink falls by 3 dB an octave: the sum of four one-pole filters an octave or two apart.
func pink(n int, seed uint64) []float64 {
	x := white(n, seed)
	var state [4]float64
	for i, v := range x {
		sum := 0.1 * v
		for k, pole := range []float64{0.998, 0.98, 0.85, 0.3} {
			state[k] = pole*state[k] + (1-pole)*math.Pow(4, float64(3-k))*0.12*v
			sum += state[k]
		}
		x[i] = sum
	}
	return x
}

// babble is 24 voices that talk at once.
func babble(t testing.TB, n int, seed uint64) []float64 {
	all := clips(t)
	r := rand.New(rand.NewPCG(seed, 2))
	x := make(sounds, n)
	for range 24 {
		for at := -r.Float64() * 2; at < float64(n)/SampleRate; {
			c := all[r.IntN(len(all))]
			said := c.pcm[c.from:c.to]
			gain := 1000 / rms(said)
			for i, v := range said {
				if k := int(at*SampleRate) + i; k >= 0 && k < n {
					x[k] += gain * v
				}
			}
			at += float64(len(said))/SampleRate + 0.3*r.Float64()
		}
	}
	return x
}

func hum(n int, hertz float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		for h := 1.0; h <= 6; h++ {
			x[i] += math.Sin(2*math.Pi*hertz*h*float64(i)/SampleRate) / h
		}
	}
	return x
}

func toneOf(hertz, length float64) []float64 {
	x := make([]float64, int(length*SampleRate))
	for i := range x {
		x[i] = math.Sin(2 * math.Pi * hertz * float64(i) / SampleRate)
	}
	return x
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

// swell is noise that goes up and down by 20 dB every four seconds, like cars that pass.
func swell(n int) sounds {
	x := pink(n, 12)
	for i := range x {
		x[i] *= math.Pow(10, -math.Cos(2*math.Pi*float64(i)/(4*SampleRate))/2)
	}
	return seconds(float64(n)/SampleRate).at(0, x, -40)
}
