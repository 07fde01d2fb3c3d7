package main

import (
	"math"
	"sync"

	"github.com/cricket-home/cricket/voice"
)

const (
	referenceSize = voice.SampleRate       // samples of the loudspeaker's future that may wait
	referenceLead = 2 * voice.FrameSamples // that must wait before they are read
	mostDrift     = 400e-6                 // no two clocks differ by more
)

// reference is what the loudspeaker plays, on its way to the echo canceller: it
// is written by the clock of the loudspeaker and read by that of the microphone.
// rate is how many of the one's samples pass in one of the other's.
type reference struct {
	mu      sync.Mutex
	ring    [referenceSize]int16
	written int     // samples, ever
	at      float64 // of the next sample to be read
	reading bool
	rate    float64
}

func newReference() *reference { return &reference{rate: 1} }

// write adds samples that were just given to the loudspeaker.
func (r *reference) write(pcm []int16) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range pcm {
		r.ring[r.written%referenceSize] = s
		r.written++
	}
	if behind := r.written - referenceSize + 4; r.at < float64(behind) { // nobody reads
		r.at = float64(r.written - referenceLead)
	}
}

// read fills pcm with what is being heard now, and with silence where nothing is
// played. It says whether something was.
func (r *reference) read(pcm []int16) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	left := float64(r.written) - r.at
	if !r.reading && left >= referenceLead {
		r.reading = true
	}
	if r.reading && left < float64(len(pcm))*r.rate+3 {
		r.reading, r.at = false, float64(r.written) // the loudspeaker has stopped
	}
	if !r.reading {
		clear(pcm)
		return false
	}
	for i := range pcm {
		pcm[i] = r.sample(r.at)
		r.at += r.rate
	}
	return true
}

// sample is the sound between samples, by a cubic Hermite spline (Catmull and Rom).
func (r *reference) sample(at float64) int16 {
	i := int(at)
	x := at - float64(i)
	of := func(k int) float64 { return float64(r.ring[(i+k+referenceSize)%referenceSize]) }
	a, b, c, d := of(-1), of(0), of(1), of(2)
	y := b + 0.5*x*(c-a+x*(2*a-5*b+4*c-d+x*(3*(b-c)+d-a)))
	return int16(max(-32768, min(32767, math.Round(y))))
}

// drifted tells by how many samples the echo came later, in so many samples.
func (r *reference) drifted(by float64, in int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rate = max(1-mostDrift, min(1+mostDrift, r.rate-0.5*by/float64(in)))
}
