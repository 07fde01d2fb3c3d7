package wake

import (
	"math"
	"slices"

	"github.com/cricket-home/cricket/voice"
)

const (
	pitchRate    = voice.SampleRate / 4
	pitchWindow  = pitchRate * 40 / 1000
	shortestLag  = pitchRate / 400 // highest voice: 400 Hz
	longestLag   = pitchRate / 65  // lowest voice
	leastLike    = 0.6             // likeness to itself one period earlier of what is voiced
	leastVoiced  = 5               // windows of 20 ms needed to know the pitch
	pitchStretch = 1.35            // a person's pitch may lie this factor outside that of the recordings
)

// pitch is the median pitch of the voiced parts of a sound in hertz; 0 where there
// is too little voice in it.
func pitch(pcm []int16) float32 {
	slow := make([]float32, len(pcm)/4)
	for i := range slow {
		at := pcm[4*i : 4*i+4]
		slow[i] = float32(at[0]) + float32(at[1]) + float32(at[2]) + float32(at[3])
	}
	var hertz []float32
	for at := longestLag + 1; at+pitchWindow <= len(slow); at += pitchRate / 50 {
		if lag := period(slow, at); lag > 0 {
			hertz = append(hertz, float32(pitchRate)/float32(lag))
		}
	}
	if len(hertz) < leastVoiced {
		return 0
	}
	slices.Sort(hertz)
	return hertz[len(hertz)/2]
}

// period is the shortest lag, in samples, that is nearly as alike as the best one,
// so that it does not jump by octaves; 0 where the window is not voiced.
func period(x []float32, at int) int {
	var like [longestLag + 2]float32
	best := float32(0)
	for lag := shortestLag - 1; lag <= longestLag+1; lag++ {
		var cross, now, past float32
		for i := at; i < at+pitchWindow; i++ {
			cross += x[i] * x[i-lag]
			now += x[i] * x[i]
			past += x[i-lag] * x[i-lag]
		}
		like[lag] = cross / float32(math.Sqrt(float64(now)*float64(past))+1)
		if lag >= shortestLag && lag <= longestLag {
			best = max(best, like[lag])
		}
	}
	if best < leastLike {
		return 0
	}
	for lag := shortestLag; lag <= longestLag; lag++ {
		if like[lag] >= 0.9*best && like[lag] >= like[lag-1] && like[lag] >= like[lag+1] {
			return lag
		}
	}
	return 0
}
