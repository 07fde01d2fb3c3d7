package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cricket-home/cricket/voice"
)

// speak has the sentences of a place said by voices that are kept for this.
func speak(ctx context.Context, o options, p *place, number int) error {
	dir := filepath.Join(o.work, fmt.Sprint(number))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var lines strings.Builder
	for _, s := range p.said {
		fmt.Fprintln(&lines, s.text)
	}
	list := filepath.Join(dir, "sentences.txt")
	if err := os.WriteFile(list, []byte(lines.String()), 0o644); err != nil {
		return err
	}
	script := filepath.Join(filepath.Dir(o.env), "speak.py")
	script, err := filepath.Abs(script)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, o.env, "run", "python3", script, "clips", list, dir, fmt.Sprint(o.seed+uint64(number)))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("speak the sentences of %s: %w: %s", p.name, err, out)
	}
	voices, err := os.ReadFile(filepath.Join(dir, "voices.tsv"))
	if err != nil {
		return err
	}
	for i, v := range strings.Split(strings.TrimSpace(string(voices)), "\n") {
		p.said[i].voice = v
		if p.said[i].pcm, err = readWAV(filepath.Join(dir, fmt.Sprintf("%05d.wav", i))); err != nil {
			return err
		}
	}
	return nil
}

func readWAV(name string) ([]float64, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	w, err := voice.NewWAV(bufio.NewReader(f), "clip")
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var out []float64
	for {
		frame, err := w.Next()
		for _, s := range frame.PCM {
			out = append(out, float64(s)/32768)
		}
		if err != nil {
			break
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("read %s: it holds no sound", name)
	}
	return out, nil
}

// inRoom is speech as a microphone in a room hears it, with noise of the given
// distance: a third of a second of the noise before it, half a second after.
// These rooms and noises are made otherwise than training's: echoes of single
// walls and a tail of noise, in the sound itself.
func inRoom(r *rand.Rand, speech []float64, snr float64, babble []float64) []int16 {
	pcm := make([]float64, len(speech)+voice.SampleRate*5/6)
	at := voice.SampleRate / 3
	for _, tap := range echoes(r) {
		for i, x := range speech {
			if j := at + tap.delay + i; j < len(pcm) {
				pcm[j] += tap.gain * x
			}
		}
	}
	power := 0.0
	for _, x := range pcm[at : at+len(speech)] {
		power += x * x / float64(len(speech))
	}
	noise := noiseOf(r, len(pcm), babble)
	noisePower := 1e-12
	for _, x := range noise {
		noisePower += x * x / float64(len(noise))
	}
	scale := math.Sqrt(power / noisePower / math.Pow(10, snr/10))
	// Near and far speakers: peaks of 3 to 60 % of full scale.
	peak := 1e-9
	for i := range pcm {
		pcm[i] += scale * noise[i]
		peak = max(peak, math.Abs(pcm[i]))
	}
	return quantise(pcm, 0.03*math.Pow(20, r.Float64())/peak)
}

type tap struct {
	delay int
	gain  float64
}

// echoes of a room of 0.15 to 0.6 s: the direct sound, a few walls, and a
// sparse tail (Moorer 1979: exponentially decaying noise).
func echoes(r *rand.Rand) []tap {
	t60 := 0.15 + 0.45*r.Float64()
	level := 0.1 + 0.35*r.Float64()
	taps := []tap{{0, 1}}
	for range 6 {
		taps = append(taps, tap{voice.SampleRate * (2 + r.IntN(18)) / 1000, level * (r.Float64()*2 - 1)})
	}
	for t := 0.02; t < t60; t += 0.0015 * (0.5 + r.Float64()) {
		taps = append(taps, tap{int(t * voice.SampleRate), level * 0.35 * r.NormFloat64() * math.Pow(10, -3*t/t60)})
	}
	return taps
}

// noiseOf draws one of the kept-out noises.
func noiseOf(r *rand.Rand, n int, babble []float64) []float64 {
	switch r.IntN(4) {
	case 0:
		return motor(r, n)
	case 1:
		return melody(r, n)
	case 2:
		return cut(r, babble, n)
	}
	return wind(r, n)
}

// motor is a fan or a cooker hood: a blade's tone, its harmonics, and air.
func motor(r *rand.Rand, n int) []float64 {
	out := wind(r, n)
	base := 60 + 200*r.Float64()
	for k := 1; k < 12; k++ {
		gain, phase := 0.05*r.Float64()/math.Sqrt(float64(k)), 6.3*r.Float64()
		for i := range out {
			t := float64(i) / voice.SampleRate
			out[i] += gain * math.Sin(2*math.Pi*base*float64(k)*t+phase+0.5*math.Sin(2*math.Pi*0.7*t))
		}
	}
	return out
}

// wind is noise through two resonators that wander.
func wind(r *rand.Rand, n int) []float64 {
	out := make([]float64, n)
	var a1, a2, b1, b2 float64
	f, g := 200+600*r.Float64(), 1000+4000*r.Float64()
	for i := range out {
		x := r.NormFloat64() * 0.1
		if i%1600 == 0 {
			f, g = f*(0.9+0.2*r.Float64()), min(7000, g*(0.9+0.2*r.Float64()))
		}
		a1, a2 = resonate(x, f, 0.97, a1, a2), a1
		b1, b2 = resonate(x, g, 0.9, b1, b2), b1
		out[i] = 0.06*a1 + 0.12*b1 + 0.3*x
	}
	return out
}

func resonate(x, hertz, radius, y1, y2 float64) float64 {
	return x + 2*radius*math.Cos(2*math.Pi*hertz/voice.SampleRate)*y1 - radius*radius*y2
}

// melody is plucked strings (Karplus and Strong 1983) over a beat.
func melody(r *rand.Rand, n int) []float64 {
	out := make([]float64, n)
	step := voice.SampleRate * (18 + r.IntN(25)) / 100
	for at := 0; at < n; at += step {
		for range 1 + r.IntN(3) {
			period := int(voice.SampleRate / (110 * math.Pow(2, float64(r.IntN(30))/12)))
			line := make([]float64, period)
			for i := range line {
				line[i] = r.Float64()*2 - 1
			}
			for i := at; i < min(n, at+voice.SampleRate); i++ {
				k := (i - at) % period
				out[i] += 0.3 * line[k]
				line[k] = 0.497 * (line[k] + line[(k+1)%period])
			}
		}
		for i := at; i < min(n, at+1200); i++ {
			out[i] += 0.6 * r.NormFloat64() * math.Exp(-float64(i-at)/250)
		}
	}
	return out
}

// babbleOf is a crowd: the clips of all places over each other.
func babbleOf(places []place) []float64 {
	out := make([]float64, 30*voice.SampleRate)
	at := 0
	for _, p := range places {
		for _, s := range p.said {
			for i, x := range s.pcm {
				out[(at+i)%len(out)] += x
			}
			at += len(s.pcm) * 2 / 3
		}
	}
	return out
}

func cut(r *rand.Rand, from []float64, n int) []float64 {
	out := make([]float64, n)
	at := r.IntN(len(from))
	for i := range out {
		out[i] = from[(at+i)%len(from)]
	}
	return out
}

// emptyMakers are sounds without speech that is meant for the house.
func emptyMakers(babble []float64) map[string]func(*rand.Rand, int) []int16 {
	loud := func(make func(*rand.Rand, int) []float64) func(*rand.Rand, int) []int16 {
		return func(r *rand.Rand, n int) []int16 {
			pcm := make(r, n)
			peak := 1e-9
			for _, x := range pcm {
				peak = max(peak, math.Abs(x))
			}
			return quantise(pcm, 0.02*math.Pow(20, r.Float64())/peak)
		}
	}
	return map[string]func(*rand.Rand, int) []int16{
		"silence": func(r *rand.Rand, n int) []int16 {
			out := make([]int16, n)
			for i := range out {
				out[i] = int16(math.Round(2 * r.NormFloat64()))
			}
			return out
		},
		"noise":  loud(func(r *rand.Rand, n int) []float64 { return motor(r, n) }),
		"music":  loud(melody),
		"babble": loud(func(r *rand.Rand, n int) []float64 { return cut(r, babble, n) }),
	}
}

func quantise(pcm []float64, gain float64) []int16 {
	out := make([]int16, len(pcm))
	for i, x := range pcm {
		out[i] = int16(max(-32768, min(32767, math.Round(x*gain*32767))))
	}
	return out
}
