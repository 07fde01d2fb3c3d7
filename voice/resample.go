package voice

import (
	"math"
	"slices"
)

// The kernel is a sinc under a Kaiser window: flat up to 7/8 of the narrower
// Nyquist frequency, at least 70 dB down from that frequency on, so that
// nothing folds back.
const (
	kernelReach = 36  // zero crossings kept on each side
	kernelBeta  = 7.0 // Kaiser shape: about 72 dB
	kernelPass  = 15.0 / 16
	maxPhases   = 320 // rates that need more are interpolated between these, 95 dB true
)

// Resampler turns PCM of one rate into PCM of another.
type Resampler struct {
	r       *resampler
	in, out []float32
}

// NewResampler returns a resampler for rates in samples per second.
func NewResampler(from, to int) *Resampler { return &Resampler{r: newResampler(from, to)} }

// Push appends to out what can be said after the samples of in, and returns it.
func (r *Resampler) Push(out, in []int16) []int16 {
	r.in, r.out = r.in[:0], r.out[:0]
	for _, s := range in {
		r.in = append(r.in, float32(s)/32768)
	}
	return r.append(out, r.r.push(r.out, r.in))
}

// Flush appends what stands before the end of the input.
func (r *Resampler) Flush(out []int16) []int16 { return r.append(out, r.r.flush(r.out[:0])) }

func (r *Resampler) append(out []int16, samples []float32) []int16 {
	r.out = samples
	at := len(out)
	out = slices.Grow(out, len(samples))[:at+len(samples)]
	toInt16(out[at:], samples)
	return out
}

// resampler turns a stream of one rate into a stream of another. Output
// sample n stands at the time of input sample n*down/up, so there is no delay;
// what lies before the start and after the end is taken for silence.
type resampler struct {
	up, down int // the two rates over their greatest common divisor
	reach    int // input samples on each side of an output sample
	phases   int
	kernel   []float32 // phases+1 rows of 2*reach coefficients
	in       []float32 // waiting input; in[0] is reach-1 samples before the next output's
	fraction int       // of the next output's place between two input samples, in 1/up
}

func newResampler(rate, to int) *resampler {
	g := gcd(rate, to)
	r := &resampler{up: to / g, down: rate / g}
	if r.up == r.down {
		return r
	}
	cutoff := kernelPass * min(1, float64(to)/float64(rate)) // of the input's Nyquist frequency
	reach := kernelReach / min(1, float64(to)/float64(rate))
	r.reach = int(math.Ceil(reach))
	r.phases = min(r.up, maxPhases)
	r.kernel = make([]float32, 0, (r.phases+1)*2*r.reach)
	for p := range r.phases + 1 {
		row, sum := make([]float64, 2*r.reach), 0.0
		for i := range row {
			x := float64(i-r.reach+1) - float64(p)/float64(r.phases)
			row[i] = sinc(cutoff*x) * kaiser(x/reach)
			sum += row[i]
		}
		for _, c := range row {
			r.kernel = append(r.kernel, float32(c/sum)) // a steady input keeps its level in every phase
		}
	}
	r.in = make([]float32, r.reach-1, 4096+2*r.reach)
	return r
}

// push appends to out what can be said after the samples of in, and returns it.
func (r *resampler) push(out, in []float32) []float32 {
	if r.kernel == nil {
		return append(out, in...)
	}
	r.in = append(r.in, in...)
	taps, at := 2*r.reach, 0
	for at+taps <= len(r.in) {
		x := r.in[at : at+taps]
		phase := r.fraction * r.phases
		row := phase / r.up * taps
		y := dot(r.kernel[row:row+taps], x)
		if rest := phase % r.up; rest != 0 {
			next := dot(r.kernel[row+taps:row+2*taps], x)
			y += (next - y) * float32(rest) / float32(r.up)
		}
		out = append(out, y)
		r.fraction += r.down
		at += r.fraction / r.up
		r.fraction %= r.up
	}
	r.in = r.in[:copy(r.in, r.in[at:])]
	return out
}

// flush appends the samples that stand before the end of the input.
func (r *resampler) flush(out []float32) []float32 {
	if r.kernel == nil {
		return out
	}
	return r.push(out, make([]float32, r.reach))
}

func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiser is the window at x, -1..1, and 0 outside; not scaled.
func kaiser(x float64) float64 {
	if x <= -1 || x >= 1 {
		return 0
	}
	return bessel0(kernelBeta * math.Sqrt(1-x*x))
}

// bessel0 is the modified Bessel function of the first kind and order zero, by its series.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-12*sum; k++ {
		term *= x / (2 * k) * x / (2 * k)
		sum += term
	}
	return sum
}
