package main

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// reverberated is what a microphone hears of a loudspeaker: directly after the
// 65 ms that devices and air take, and from the walls of a room that falls silent
// by 60 dB in 0.3 s.
func reverberated(far []int16) []float64 {
	r := rand.New(rand.NewPCG(1, 1))
	impulse := make([]float64, voice.SampleRate*3/10)
	const direct = 65 * voice.SampleRate / 1000
	impulse[direct] = 0.5
	for i := direct + 1; i < len(impulse); i++ {
		impulse[i] = 0.05 * r.NormFloat64() * math.Pow(10, -3*float64(i-direct)/(0.3*voice.SampleRate))
	}
	echo := make([]float64, len(far))
	for n := range echo {
		for k, h := range impulse[:min(len(impulse), n+1)] {
			echo[n] += h * float64(far[n-k])
		}
	}
	return echo
}

// recorded is sound as a microphone writes it down whose clock is slower by
// drift parts of a million.
func recorded(echo []float64, drift float64) []int16 {
	r := rand.New(rand.NewPCG(2, 2))
	out := make([]int16, len(echo))
	for n := range out {
		at := float64(n) * (1 + drift*1e-6)
		sum := 3 * r.NormFloat64()
		for i := max(0, int(at)-31); i < min(len(echo), int(at)+33); i++ { // band-limited
			x := at - float64(i)
			sum += echo[i] * sinc(x) * (0.5 + 0.5*math.Cos(math.Pi*x/33))
		}
		out[n] = int16(sum)
	}
	return out
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// talk is seconds of somebody talking through the loudspeaker.
func talk(t testing.TB, seconds int) []int16 {
	var pcm []int16
	for _, text := range []string{"The temperature in the bathroom is twenty one degrees, and the window is open.", "Your timer for the pizza has ended.",
		"Good morning. It is seven o'clock, and the sun rises in half an hour."} {
		pcm = append(pcm, voicetest.Spoken(t, "en-gb", text, 0).PCM...)
	}
	for len(pcm) < seconds*voice.SampleRate {
		pcm = append(pcm, pcm...)
	}
	return pcm[:seconds*voice.SampleRate]
}

func power(pcm []int16) float64 {
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return sum
}

// What is left of an echo after three seconds is at least 20 dB less than it
// was, also where the two clocks differ by 100 parts of a million.
func TestEchoIsCancelled(t *testing.T) {
	far := talk(t, 12)
	echo := reverberated(far)
	for _, drift := range []float64{0, 100, -100} {
		mic := recorded(echo, drift)
		f, err := newFront(false)
		if err != nil {
			t.Fatal(err)
		}
		var out []int16
		for at := 0; at+voice.FrameSamples <= len(mic); at += voice.FrameSamples {
			f.played.write(far[at : at+voice.FrameSamples])
			out = append(out, f.hear(mic[at:at+voice.FrameSamples])...)
		}
		f.close()
		from := 3 * voice.SampleRate
		loss := 10 * math.Log10(power(mic[from:len(out)])/power(out[from:]))
		t.Logf("drift %v ppm: echo return loss enhancement %.1f dB", drift, loss)
		if loss < 20 {
			t.Errorf("drift %v ppm: %.1f dB, want 20", drift, loss)
		}
	}
}

// Who speaks while the loudspeaker is silent loses no more than the front end's
// noise suppression takes.
func TestSpeechPasses(t *testing.T) {
	near := talk(t, 6)
	f, err := newFront(false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	var out []int16
	for at := 0; at+voice.FrameSamples <= len(near); at += voice.FrameSamples {
		out = append(out, f.hear(near[at:at+voice.FrameSamples])...)
	}
	if change := 10 * math.Log10(power(out)/power(near[:len(out)])); change < -6 || change > 3 {
		t.Errorf("it is %.1f dB louder", change)
	}
}

func BenchmarkFront(b *testing.B) {
	far := talk(b, 2)
	f, err := newFront(true)
	if err != nil {
		b.Fatal(err)
	}
	defer f.close()
	b.ReportAllocs()
	frames := len(far) / voice.FrameSamples
	for i := 0; b.Loop(); i++ {
		at := i % frames * voice.FrameSamples
		f.played.write(far[at : at+voice.FrameSamples])
		f.hear(far[at : at+voice.FrameSamples])
	}
}
