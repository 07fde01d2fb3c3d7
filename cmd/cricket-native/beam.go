package main

import (
	"math"

	"github.com/cricket-home/cricket/voice"
)

const (
	// beamReach is how much later one microphone may hear than the other, in samples: 8 are
	// 17 cm between them.
	beamReach = 8
	// beamTaps is the length of the filter that delays by parts of a sample.
	beamTaps = 16
	// beamMemory is how much of what was seen of the direction is left after a frame.
	beamMemory = 0.9
	// beamAlike is how alike the microphones must be at the best delay, of 1, to be steered by.
	beamAlike = 0.3
	// beamLoud is how far a frame is over the quietest of the last while, as power, for its
	// direction to be that of somebody who speaks.
	beamLoud = 4
	// beamDead is the power of one microphone, as a share of the other's, below which it is
	// taken for broken, covered or absent.
	beamDead = 0.01
)

// beam makes one microphone of two that stand side by side: what comes from where somebody
// speaks is added in step, all else out of step. It is a millisecond late. Delay and sum; the delay by the generalised
// cross-correlation of Knapp and Carter (IEEE Trans. ASSP 24, 1976), whitened by a difference
// of neighbours. One goroutine.
type beam struct {
	past  [2][2 * beamTaps]float64 // the ends of the last frames
	last  [2]float64               // the last samples, for the differences
	white [2][]float64             // the differences, with those of beamReach samples before
	wide  [2][]float64             // the frames, with the ends before
	alike [2*beamReach + 1]float64 // the correlation, smoothed
	power [2]float64               // of the differences, smoothed
	floor float64                  // the quietest of the last while
	delay float64                  // of the second microphone behind the first, in samples
	taps  [beamTaps]float64
}

func newBeam() *beam {
	b := &beam{floor: math.Inf(1)}
	for i := range 2 {
		b.white[i] = make([]float64, beamReach+voice.FrameSamples)
		b.wide[i] = make([]float64, 2*beamTaps+voice.FrameSamples)
	}
	b.steer(0)
	return b
}

// mix makes a frame of two. Still, the direction stays what it was: the box's own voice is
// not to be followed.
func (b *beam) mix(to, first, second []int16, still bool) {
	var power [2]float64
	for i, from := range [2][]int16{first, second} {
		copy(b.wide[i], b.past[i][:])
		copy(b.white[i], b.white[i][voice.FrameSamples:])
		for n, s := range from {
			x := float64(s)
			b.wide[i][2*beamTaps+n] = x
			d := x - b.last[i]
			b.white[i][beamReach+n], b.last[i] = d, x
			power[i] += d * d / float64(len(from))
		}
		copy(b.past[i][:], b.wide[i][voice.FrameSamples:])
		b.power[i] = beamMemory*b.power[i] + (1-beamMemory)*power[i]
	}
	both := power[0] + power[1]
	b.floor = min(both+1, 1.01*b.floor+1)
	if !still && both > beamLoud*b.floor {
		b.look(power)
	}
	for n := range to {
		var x float64
		switch in := b.wide[0][n+beamTaps]; {
		case b.power[1] < beamDead*b.power[0]:
			x = in
		case b.power[0] < beamDead*b.power[1]:
			x = b.late(n)
		default:
			x = (in + b.late(n)) / 2
		}
		to[n] = int16(max(-32768, min(32767, math.Round(x))))
	}
}

// look turns towards what is heard now.
func (b *beam) look(power [2]float64) {
	scale := math.Sqrt(power[0]*power[1])*voice.FrameSamples + 1
	best := 0
	for k := range b.alike {
		sum := 0.0
		for n := beamReach; n < voice.FrameSamples; n++ { // the first at n, the second k-beamReach later
			sum += b.white[0][n] * b.white[1][n+k-beamReach]
		}
		b.alike[k] = beamMemory*b.alike[k] + (1-beamMemory)*sum/scale
		if b.alike[k] > b.alike[best] {
			best = k
		}
	}
	if best == 0 || best == len(b.alike)-1 || b.alike[best] < beamAlike {
		return
	}
	l, m, r := b.alike[best-1], b.alike[best], b.alike[best+1]
	if now := float64(best-beamReach) + 0.5*(l-r)/(l-2*m+r); math.Abs(now-b.delay) > 0.05 {
		b.steer(now)
	}
}

// steer sets the delay: a sinc under a Hann window.
func (b *beam) steer(delay float64) {
	b.delay = delay
	part, sum := delay-math.Floor(delay), 0.0
	for i := range b.taps {
		x := float64(i-beamTaps/2+1) - part
		tap := 0.5 + 0.5*math.Cos(math.Pi*x/(beamTaps/2+1))
		if x != 0 {
			tap *= math.Sin(math.Pi*x) / (math.Pi * x)
		}
		b.taps[i], sum = tap, sum+tap
	}
	for i := range b.taps {
		b.taps[i] /= sum
	}
}

// late is the second microphone when it hears what the first had at sample n.
func (b *beam) late(n int) (x float64) {
	at := n + beamTaps + int(math.Floor(b.delay)) - beamTaps/2 + 1
	for i, tap := range b.taps {
		x += tap * b.wide[1][at+i]
	}
	return x
}
