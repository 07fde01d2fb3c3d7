package wake

import (
	"math"

	"github.com/cricket-home/cricket/voice"
)

const (
	spectrumSize = 512 // samples, 32 ms: a frame and the 12 ms before it
	melBands     = 26
	lowestHertz  = 80
	highestHertz = 7200
	cepstra      = 12    // kept, without the first, which is the loudness
	preEmphasis  = 0.97  // first-order high-pass, as is usual for speech
	belowPeak    = 1e-4  // what is 40 dB below the loudest of the last second is silence
	peakFade     = 0.955 // per frame: 40 dB in about a second and a half
	leastEnergy  = 1e4   // of a band: below it is a converter's own noise
)

// spectrum turns frames into cepstra, the shape of their spectrum: mel-frequency
// cepstral coefficients 1 to 12 (Davis and Mermelstein, 1980), each scaled to a
// spread of about one over speech. It keeps the little of the frames before that
// its window needs.
type spectrum struct {
	last    float32 // sample before, for the pre-emphasis
	recent  [spectrumSize]float32
	window  [spectrumSize]float32
	twiddle [spectrumSize / 2]complex64
	bins    [spectrumSize]complex64
	edges   [melBands + 2]float32 // of the triangles, in bins
	cosine  [cepstra][melBands]float32
	peak    float32 // energy of the loudest band, fading
}

func newSpectrum() *spectrum {
	s := &spectrum{}
	for i := range s.window {
		s.window[i] = float32(0.54 - 0.46*math.Cos(2*math.Pi*float64(i)/(spectrumSize-1)))
	}
	for i := range s.twiddle {
		sin, cos := math.Sincos(-2 * math.Pi * float64(i) / spectrumSize)
		s.twiddle[i] = complex(float32(cos), float32(sin))
	}
	mel := func(hertz float64) float64 { return 2595 * math.Log10(1+hertz/700) }
	low, high := mel(lowestHertz), mel(highestHertz)
	for i := range s.edges {
		hertz := 700 * (math.Pow(10, (low+(high-low)*float64(i)/(melBands+1))/2595) - 1)
		s.edges[i] = float32(hertz * spectrumSize / voice.SampleRate)
	}
	for k := range s.cosine {
		for b := range s.cosine[k] {
			// The spread of a coefficient over speech falls about as 1/(1+k/3).
			s.cosine[k][b] = float32(math.Cos(math.Pi*float64(k+1)*(float64(b)+0.5)/melBands)) * (1 + float32(k)/3) / (melBands / 2)
		}
	}
	return s
}

func (s *spectrum) push(pcm []int16) (c [cepstra]float32) {
	copy(s.recent[:], s.recent[len(pcm):])
	at := spectrumSize - len(pcm)
	for i, x := range pcm {
		s.recent[at+i] = float32(x) - preEmphasis*s.last
		s.last = float32(x)
	}
	s.transform()
	var energy [melBands]float32
	s.peak *= peakFade
	for b := range energy {
		energy[b] = s.band(b)
		s.peak = max(s.peak, energy[b])
	}
	floor := max(leastEnergy, s.peak*belowPeak)
	for b := range energy {
		energy[b] = float32(math.Log(float64(energy[b] + floor)))
	}
	for k := range c {
		for b, e := range energy {
			c[k] += s.cosine[k][b] * e
		}
	}
	return c
}

// band is the energy under triangle b.
func (s *spectrum) band(b int) (energy float32) {
	left, top, right := s.edges[b], s.edges[b+1], s.edges[b+2]
	for i := int(left) + 1; float32(i) < right; i++ {
		x := s.bins[i]
		power := real(x)*real(x) + imag(x)*imag(x)
		if f := float32(i); f <= top {
			energy += power * (f - left) / (top - left)
		} else {
			energy += power * (right - f) / (right - top)
		}
	}
	return energy
}

// transform is the discrete Fourier transform of the windowed samples (radix 2,
// decimation in time).
func (s *spectrum) transform() {
	for i, x := range s.recent {
		j, k := 0, i
		for range 9 { // bits of an index
			j, k = j<<1|k&1, k>>1
		}
		s.bins[j] = complex(x*s.window[i], 0)
	}
	for half := 1; half < spectrumSize; half *= 2 {
		step := spectrumSize / (2 * half)
		for start := 0; start < spectrumSize; start += 2 * half {
			low, high := s.bins[start:start+half], s.bins[start+half:start+2*half]
			for k := range low {
				x := high[k] * s.twiddle[k*step]
				low[k], high[k] = low[k]+x, low[k]-x
			}
		}
	}
}
