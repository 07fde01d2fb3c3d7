package net

import "math"

const (
	// SampleRate is the rate of the sound, in samples per second.
	SampleRate = 16000
	// Bands is the number of mel bands of the front end.
	Bands = 40
	// Hop is the number of samples from one front-end frame to the next: 10 ms.
	Hop = 160

	window  = 400 // samples, 25 ms
	lowest  = 80.0
	highest = 7600.0

	floorRate = 0.025 // share of a new frame in the floor: 400 ms at 10 ms a frame
	knee      = 3     // how far below the floor a band is still told from silence
	quietest  = 1e-6  // energy of a band that counts as silence, at full scale 1
	loudest   = 12    // of a value
)

// FrontEnd turns PCM into frames of mel-band levels, each against its own slow
// mean: log(1 + 3E/(M+1e-6)), at most 12, with E the energy of the band in 25 ms
// and M its mean with a time constant of 400 ms. So loudness, a microphone's
// colour and steady noise drop out (the idea of per-channel energy
// normalisation: Wang et al., "Trainable frontend for robust and far-field
// keyword spotting", 2017). The trainer's data come from the same code.
type FrontEnd struct {
	recent  [window]float32 // the newest last
	missing int             // samples until the next frame
	started bool
	floor   [Bands]float32
	bands   [Bands]float32

	hann   [window]float32
	fft    fft
	power  [fftSize/2 + 1]float32
	first  [Bands]int       // first bin of a band
	weight [Bands][]float32 // of the bins from first on
}

// NewFrontEnd makes a front end at the beginning of a stream.
func NewFrontEnd() *FrontEnd {
	f := &FrontEnd{}
	for i := range f.hann {
		f.hann[i] = float32(0.5-0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/window)) / 32768
	}
	f.fft.init()
	mel := func(hertz float64) float64 { return 1127 * math.Log(1+hertz/700) }
	hertz := func(mel float64) float64 { return 700 * (math.Exp(mel/1127) - 1) }
	edge := func(i int) float64 { // in bins
		step := (mel(highest) - mel(lowest)) / (Bands + 1)
		return hertz(mel(lowest)+float64(i)*step) * fftSize / SampleRate
	}
	for b := range Bands {
		left, centre, right := edge(b), edge(b+1), edge(b+2)
		f.first[b] = int(math.Ceil(left))
		for bin := f.first[b]; float64(bin) < right; bin++ {
			x := float64(bin)
			w := (x - left) / (centre - left)
			if x > centre {
				w = (right - x) / (right - centre)
			}
			f.weight[b] = append(f.weight[b], float32(w))
		}
		if len(f.weight[b]) == 0 { // a band narrower than a bin takes the nearest one
			f.first[b] = int(math.Round(centre))
			f.weight[b] = []float32{1}
		}
	}
	f.Reset()
	return f
}

// Reset forgets all sound.
func (f *FrontEnd) Reset() {
	f.recent = [window]float32{}
	f.missing = Hop
	f.started = false
}

// Next takes samples up to the next full frame. It returns what is left of pcm
// and the frame's bands, which stay valid until the next call; nil bands say that
// all of pcm was taken and no frame was complete.
func (f *FrontEnd) Next(pcm []int16) (rest []int16, bands []float32) {
	n := min(f.missing, len(pcm))
	copy(f.recent[:], f.recent[n:])
	for i, sample := range pcm[:n] {
		f.recent[window-n+i] = float32(sample)
	}
	f.missing -= n
	if f.missing > 0 {
		return nil, nil
	}
	f.missing = Hop
	f.frame()
	return pcm[n:], f.bands[:]
}

func (f *FrontEnd) frame() {
	f.fft.power(&f.recent, &f.hann, &f.power)
	for b := range f.bands {
		energy := float32(0)
		bins := f.power[f.first[b]:]
		for i, w := range f.weight[b] {
			energy += w * bins[i]
		}
		if !f.started {
			f.floor[b] = energy
		}
		f.floor[b] += floorRate * (energy - f.floor[b])
		f.bands[b] = min(loudest, logarithm(1+knee*energy/(f.floor[b]+quietest)))
	}
	f.started = true
}

// logarithm is the natural logarithm of x >= 1 within 1e-4, several times faster
// than math.Log. The mantissa's part is the series of 2 artanh((m-1)/(m+1)).
func logarithm(x float32) float32 {
	bits := math.Float32bits(x)
	exponent := int32(bits>>23) - 127
	m := math.Float32frombits(bits&0x7fffff | 127<<23) // 1 <= m < 2
	if m > math.Sqrt2 {
		m /= 2
		exponent++
	}
	t := (m - 1) / (m + 1)
	tt := t * t
	return float32(exponent)*math.Ln2 + 2*t*(1+tt*(1.0/3+tt*(1.0/5)))
}
