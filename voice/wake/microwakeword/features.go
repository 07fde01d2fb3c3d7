package microwakeword

import (
	"math"
	"math/bits"
)

// The audio front end of TensorFlow Lite Micro (tensorflow/lite/experimental/
// microfrontend) with the settings that microWakeWord trains with.
const (
	sampleRate   = 16000
	windowMillis = 30
	windowSize   = sampleRate / 1000 * windowMillis
	channels     = 40

	lowestHertz, highestHertz = 125, 7500

	windowBits     = 12  // of a window coefficient
	weightBits     = 12  // of a filter weight
	noiseBits      = 14  // of a smoothing factor
	noiseScaleBits = 10  // of a noise estimate, below a unit
	evenSmoothing  = 409 // 0.025, of channels 0, 2, 4, ...
	oddSmoothing   = 983 // 0.06
	leastRemaining = 819 // 0.05

	gainStrength    = 0.95
	gainOffset      = 80
	gainBits        = 21
	snrBits         = 12
	shrunkBits      = 6
	gainIntervals   = 32
	correctionBits  = 3 // log2(fftSize) - weightBits/2
	logScaleBits    = 16
	logSegmentBits  = 7
	logOutputBits   = 6     // a feature is 64 times the natural logarithm
	logNatural      = 45426 // ln 2 in 1/65536
	featuresPerUnit = 25.6  // microWakeWord divides features by this before it quantizes them
)

// frontEnd holds the tables of the front end, which all streams share.
type frontEnd struct {
	*fourier
	window [windowSize]int16
	// Bin b gives weight[b] of its energy to channel[b] and rest[b] to the one after it.
	firstBin, endBin int
	channel          [bins]uint8
	weight, rest     [bins]uint16
	// gain[n] is the quadratic a + b x + c x^2 for noise estimates of n bits.
	gain      [gainIntervals + 1][3]int16
	smallGain [3]int16 // for noise estimates of 0, 1 and 2
	log       [1<<logSegmentBits + 2]uint16
}

func newFrontEnd() *frontEnd {
	f := &frontEnd{fourier: newFourier()}
	angle := float64(float32(2 * math.Pi / windowSize))
	for i := range f.window {
		hann := 0.5 - 0.5*math.Cos(angle*(float64(i)+0.5))
		f.window[i] = int16(math.Floor(float64(float32(hann))*(1<<windowBits) + 0.5))
	}
	f.makeFilters()
	f.makeGain()
	for i := range 1 << logSegmentBits {
		// What log2(1+x) has over x.
		x := float64(i) / (1 << logSegmentBits)
		f.log[i] = uint16(math.Round((math.Log2(1+x) - x) * (1 << logScaleBits)))
	}
	return f
}

// makeFilters lays triangles over the bins, evenly along the mel scale, in
// float32 as the original does: the weights must come out the same.
func (f *frontEnd) makeFilters() {
	mel := func(hertz float64) float32 { return float32(1127 * math.Log1p(hertz/700)) }
	hertzPerBin := float64(sampleRate) / fftSize
	low := mel(lowestHertz)
	spacing := (mel(highestHertz) - low) / (channels + 1)
	bin := int(1.5 + lowestHertz/hertzPerBin) // never the direct current
	f.firstBin = bin
	left := low
	for channel := range channels + 1 {
		center := low + float32(spacing*float32(channel+1))
		for ; mel(float64(bin)*hertzPerBin) <= center; bin++ {
			weight := (center - mel(float64(bin)*hertzPerBin)) / (center - left)
			f.channel[bin] = uint8(channel)
			f.weight[bin] = uint16(math.Floor(float64(weight)*(1<<weightBits) + 0.5))
			f.rest[bin] = uint16(math.Floor((1-float64(weight))*(1<<weightBits) + 0.5))
		}
		left = center
	}
	f.endBin = bin
}

// makeGain tabulates the gain of PCAN (per-channel amplitude normalization,
// research.google/pubs/pub45911) over the noise estimate.
func (f *frontEnd) makeGain() {
	const inputBits = noiseScaleBits - correctionBits
	gain := func(noise uint32) int16 {
		x := float32(noise) / (1 << inputBits)
		g := (1 << gainBits) * float32(math.Pow(float64(x+gainOffset), float64(-float32(gainStrength))))
		if g > math.MaxInt16 {
			return math.MaxInt16
		}
		return int16(g + 0.5)
	}
	f.smallGain = [3]int16{gain(0), gain(1), gain(2)}
	for n := 2; n <= gainIntervals; n++ {
		begin := uint32(1) << (n - 1)
		end := 2 * begin
		if n == gainIntervals {
			end = math.MaxUint32
		}
		first, middle, last := int32(gain(begin)), int32(gain(begin+begin/2)), int32(gain(end))
		linear := 4*(middle-first) - (last - first)
		square := last - first - linear
		f.gain[n] = [3]int16{int16(first), int16(linear), int16(square)}
	}
}

// gainOf is the gain for a noise estimate.
func (f *frontEnd) gainOf(noise uint32) uint32 {
	if noise <= 2 {
		return uint32(f.smallGain[noise])
	}
	n := bits.Len32(noise)
	fraction := noise // 10 bits below the highest one
	if n < 11 {
		fraction <<= 11 - n
	} else {
		fraction >>= n - 11
	}
	x := int32(fraction & 0x3FF)
	curve := &f.gain[n]
	y := int32(curve[2])*x>>5 + int32(curve[1])<<5
	y = (y*x + 1<<14) >> 15
	return uint32(int32(int16(y + int32(curve[0]))))
}

// logOf is 64 times the natural logarithm of a value above 1.
func (f *frontEnd) logOf(value uint32) uint32 {
	whole := bits.Len32(value) - 1
	fraction := int32(value - 1<<whole)
	if whole < logScaleBits {
		fraction <<= logScaleBits - whole
	} else {
		fraction >>= whole - logScaleBits
	}
	const segmentWidth = logScaleBits - logSegmentBits
	segment := fraction >> segmentWidth
	from, to := int32(f.log[segment]), int32(f.log[segment+1])
	// The original shifts by the whole scale, not by the segment's width. The models learned that.
	over := (to - from) * (fraction - segment<<segmentWidth) >> logScaleBits
	log2 := uint32(whole)<<logScaleBits + uint32(fraction+from+over)
	natural := uint32((uint64(logNatural)*uint64(log2) + 1<<(logScaleBits-1)) >> logScaleBits)
	return (natural<<logOutputBits + 1<<(logScaleBits-1)) >> logScaleBits
}

// ear is the state of the front end in one stream.
type ear struct {
	*frontEnd
	step     int // samples from one window to the next
	input    [windowSize]int16
	used     int // samples in input
	noise    [channels]uint32
	samples  [fftSize]int16
	work     [halfSize]complex16
	spectrum [bins]complex16
	features [channels]uint16
}

func (e *ear) reset() { e.used, e.noise = 0, [channels]uint32{} }

// push takes samples up to the end of the next window and returns the rest. ok
// says that the window is complete and features holds its channels.
func (e *ear) push(pcm []int16) (rest []int16, ok bool) {
	n := copy(e.input[e.used:], pcm)
	e.used += n
	if e.used < windowSize {
		return pcm[n:], false
	}
	e.listen()
	copy(e.input[:], e.input[e.step:])
	e.used -= e.step
	return pcm[n:], true
}

// listen makes features of the window.
func (e *ear) listen() {
	var loudest int16
	for i, sample := range e.input {
		v := int16(int32(sample) * int32(e.window[i]) >> windowBits)
		e.samples[i] = v
		if v < 0 {
			v = -v
		}
		loudest = max(loudest, v)
	}
	// Shifted up as far as 16 bits allow, for the precision of the transform.
	shift := 15 - bits.Len16(uint16(loudest))
	for i := range e.input {
		e.samples[i] <<= shift
	}
	e.run(&e.samples, &e.work, &e.spectrum)

	var energy [channels + 2]uint64
	for bin := e.firstBin; bin < e.endBin; bin++ {
		re, im := int32(e.spectrum[bin].re), int32(e.spectrum[bin].im)
		power := uint64(uint32(re*re + im*im))
		energy[e.channel[bin]] += uint64(e.weight[bin]) * power
		energy[e.channel[bin]+1] += uint64(e.rest[bin]) * power
	}
	for i := range e.features {
		signal := root(energy[i+1]) >> shift
		signal = e.reduceNoise(i, signal)
		gained := uint32(uint64(signal) * uint64(e.gainOf(e.noise[i])) >> (gainBits - correctionBits - snrBits))
		value := shrink(gained) << correctionBits
		if value > 1 {
			value = e.logOf(value)
		} else {
			value = 0
		}
		e.features[i] = uint16(min(value, math.MaxUint16))
	}
}

// root is the square root, rounded. Below 2^32 it stays within 16 bits.
func root(x uint64) uint32 {
	limit := uint64(math.MaxUint32)
	if x>>32 == 0 {
		limit = math.MaxUint16
	}
	// A float64 has 53 bits: right it by the whole number beside it.
	r := uint64(math.Sqrt(float64(x)))
	for r > limit || r*r > x {
		r--
	}
	for r < limit && (r+1)*(r+1) <= x {
		r++
	}
	if x-r*r > r && r != limit {
		r++
	}
	return uint32(r)
}

// reduceNoise follows the noise of a channel and takes it away, down to a
// twentieth of the signal.
func (e *ear) reduceNoise(channel int, signal uint32) uint32 {
	smoothing := uint64(evenSmoothing)
	if channel%2 == 1 {
		smoothing = oddSmoothing
	}
	scaled := signal << noiseScaleBits
	estimate := uint32((uint64(scaled)*smoothing + uint64(e.noise[channel])*(1<<noiseBits-smoothing)) >> noiseBits)
	e.noise[channel] = estimate
	estimate = min(estimate, scaled)
	least := uint32(uint64(signal) * leastRemaining >> noiseBits)
	return max((scaled-estimate)>>noiseScaleBits, least)
}

// shrink squares a small ratio of signal to noise and takes 1 from a large one.
func shrink(x uint32) uint32 {
	if x < 2<<snrBits {
		return x * x >> (2 + 2*snrBits - shrunkBits)
	}
	return x>>(snrBits-shrunkBits) - 1<<shrunkBits
}
