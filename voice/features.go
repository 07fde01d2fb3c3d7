package voice

import "math"

const (
	spectrumSize = 512 // samples, 32 ms: a frame and the 12 ms before it
	bands        = 6
	slowRate     = SampleRate / 4 // of the sound in which the pitch is sought
	slowFrame    = FrameSamples / 4
	slowTaps     = 48
	pitchWindow  = slowRate * 32 / 1000
	shortestLag  = slowRate / 400 // highest voice: 400 Hz
	longestLag   = slowRate / 65  // lowest voice
)

// features is what the end pointer keeps of a frame.
type features struct {
	level  [bands]float32 // decibel to full scale
	period float32        // likeness to itself one period of a voice earlier, -1..1
	lag    int            // that period, in samples at slowRate; 0 where there is none
}

// bandEdges in hertz. Vowels stand in the lower four, hiss in the upper two.
func bandEdges() [bands + 1]float64 {
	return [bands + 1]float64{100, 350, 750, 1500, 2700, 4300, 7600}
}

// analyser turns frames into features. It keeps the little of the frames before
// that its windows need.
type analyser struct {
	before, after float32 // of the high-pass, which takes away offset and rumble
	window        [spectrumSize]float32
	recent        [spectrumSize]float32 // high-passed; the newest last
	twiddle       [spectrumSize / 2]complex64
	spectrum      [spectrumSize]complex64
	edges         [bands + 1]int // bins

	slowKernel [slowTaps]float32
	slow       [pitchWindow + longestLag + 1]float32 // the sound below 1 kHz; the newest last
}

func newAnalyser() *analyser {
	a := &analyser{}
	for i := range a.window {
		a.window[i] = float32(0.5-0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/spectrumSize)) / 32768
	}
	for i := range a.twiddle {
		sin, cos := math.Sincos(-2 * math.Pi * float64(i) / spectrumSize)
		a.twiddle[i] = complex(float32(cos), float32(sin))
	}
	for i, hertz := range bandEdges() {
		a.edges[i] = int(math.Round(hertz * spectrumSize / SampleRate))
	}
	sum := 0.0
	var kernel [slowTaps]float64
	for i := range kernel {
		x := float64(i) - (slowTaps-1)/2.0
		kernel[i] = sinc(x/8) * kaiser(x/(slowTaps/2.0))
		sum += kernel[i]
	}
	for i := range kernel {
		a.slowKernel[i] = float32(kernel[i] / sum)
	}
	return a
}

func (a *analyser) push(pcm []int16) features {
	copy(a.recent[:], a.recent[FrameSamples:])
	for i, x := range pcm {
		// First order, 3 dB down at 130 Hz.
		y := float32(x) - a.before + 0.95*a.after
		a.before, a.after = float32(x), y
		a.recent[spectrumSize-FrameSamples+i] = y
	}
	var f features
	f.level = a.levels()
	copy(a.slow[:], a.slow[slowFrame:])
	for i := range slowFrame {
		at := spectrumSize - FrameSamples + 4*(i+1) - slowTaps
		a.slow[len(a.slow)-slowFrame+i] = dot(a.slowKernel[:], a.recent[at:at+slowTaps])
	}
	f.period, f.lag = a.pitch()
	return f
}

// levels is the power in each band.
func (a *analyser) levels() (level [bands]float32) {
	for i, x := range a.recent {
		a.spectrum[reverse(i)] = complex(x*a.window[i], 0)
	}
	for half := 1; half < spectrumSize; half *= 2 {
		step := spectrumSize / (2 * half)
		for start := 0; start < spectrumSize; start += 2 * half {
			low, high := a.spectrum[start:start+half], a.spectrum[start+half:start+2*half]
			for k := range low {
				x := high[k] * a.twiddle[k*step]
				low[k], high[k] = low[k]+x, low[k]-x
			}
		}
	}
	for b := range level {
		power := 1e-12
		for _, x := range a.spectrum[a.edges[b]:a.edges[b+1]] {
			power += float64(real(x)*real(x) + imag(x)*imag(x))
		}
		// Parseval with the window's mean square of 3/8, both halves of the spectrum.
		level[b] = float32(10 * math.Log10(power*2/(spectrumSize*spectrumSize*3/8)))
	}
	return level
}

// reverse turns the 9 bits of an index round.
func reverse(i int) int {
	j := 0
	for range 9 {
		j, i = j<<1|i&1, i>>1
	}
	return j
}

// pitch finds the period of a voice by normalised autocorrelation. It takes the
// shortest lag that is nearly as good as the best, so that it does not jump by
// octaves; a peak at the edge of the range is no period.
func (a *analyser) pitch() (likeness float32, lag int) {
	var r [longestLag + 2]float32
	now := a.slow[longestLag+1:]
	energy := dot(now, now)
	if energy < pitchWindow {
		return 0, 0 // less than the last bit
	}
	past := dot(a.slow[longestLag+2-shortestLag:][:pitchWindow], a.slow[longestLag+2-shortestLag:][:pitchWindow])
	best := float32(0)
	for l := shortestLag - 1; l <= longestLag+1; l++ {
		at := longestLag + 1 - l
		x := a.slow[at : at+pitchWindow]
		if l >= shortestLag {
			past += x[0]*x[0] - a.slow[at+pitchWindow]*a.slow[at+pitchWindow]
		}
		r[l] = dot(now, x) / float32(math.Sqrt(float64(energy*max(past, 0)))+1)
		if l > shortestLag && r[l-1] > r[l-2] && r[l-1] >= r[l] {
			best = max(best, r[l-1])
		}
	}
	for l := shortestLag; l <= longestLag; l++ {
		if r[l] >= 0.9*best && r[l] > r[l-1] && r[l] >= r[l+1] {
			return r[l], l
		}
	}
	return 0, 0
}
