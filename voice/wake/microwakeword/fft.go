package microwakeword

import "math"

const (
	fftSize  = 512 // real samples
	halfSize = fftSize / 2
	bins     = halfSize + 1
)

// complex16 is a complex number in 1/32768.
type complex16 struct{ re, im int16 }

// fourier is a Fourier transform of 512 real samples in 16-bit fixed point,
// divided by 512: four radix-4 stages over the 256 pairs, each of which divides
// by 4, and a last stage that takes the two halves apart. It rounds where the
// front end that the models were trained on rounds.
type fourier struct {
	twiddles [halfSize]complex16     // e^(-2 pi i k / 256)
	split    [halfSize / 2]complex16 // e^(-pi i ((k+1)/256 + 1/2))
	order    [halfSize]uint8         // base-4 digits reversed
}

func newFourier() *fourier {
	f := new(fourier)
	unit := func(phase float64) complex16 {
		return complex16{
			int16(math.Floor(0.5 + math.MaxInt16*math.Cos(phase))),
			int16(math.Floor(0.5 + math.MaxInt16*math.Sin(phase))),
		}
	}
	for k := range f.twiddles {
		f.twiddles[k] = unit(-2 * math.Pi * float64(k) / halfSize)
		f.order[k] = uint8(k&3<<6 | k>>2&3<<4 | k>>4&3<<2 | k>>6&3)
	}
	for k := range f.split {
		f.split[k] = unit(-math.Pi * (float64(k+1)/halfSize + 0.5))
	}
	return f
}

// rounded is a product in 1/2^30 brought back to 1/32768.
func rounded(product int32) int16 { return int16((product + 1<<14) >> 15) }

func (a complex16) times(b complex16) complex16 {
	return complex16{
		rounded(int32(a.re)*int32(b.re) - int32(a.im)*int32(b.im)),
		rounded(int32(a.re)*int32(b.im) + int32(a.im)*int32(b.re)),
	}
}

// over divides by a small number.
func (a complex16) over(divisor int32) complex16 {
	factor := math.MaxInt16 / divisor
	return complex16{rounded(int32(a.re) * factor), rounded(int32(a.im) * factor)}
}

// Sums wrap, as 16-bit hardware does.
func (a complex16) plus(b complex16) complex16  { return complex16{a.re + b.re, a.im + b.im} }
func (a complex16) minus(b complex16) complex16 { return complex16{a.re - b.re, a.im - b.im} }

// run transforms samples; work is scratch.
func (f *fourier) run(samples *[fftSize]int16, work *[halfSize]complex16, spectrum *[bins]complex16) {
	for i, from := range f.order {
		work[i] = complex16{samples[2*int(from)], samples[2*int(from)+1]}
	}
	for quarter := 1; quarter < halfSize; quarter *= 4 {
		stride := halfSize / (4 * quarter)
		for begin := 0; begin < halfSize; begin += 4 * quarter {
			for k := range quarter {
				at := begin + k
				a := work[at].over(4)
				b := work[at+quarter].over(4)
				c := work[at+2*quarter].over(4)
				d := work[at+3*quarter].over(4)
				if k > 0 { // the first twiddle is 1, which leaves numbers of this size as they are
					b = b.times(f.twiddles[k*stride])
					c = c.times(f.twiddles[2*k*stride])
					d = d.times(f.twiddles[3*k*stride])
				}
				even, odd := a.plus(c), a.minus(c)
				sum, difference := b.plus(d), b.minus(d)
				work[at] = even.plus(sum)
				work[at+2*quarter] = even.minus(sum)
				work[at+quarter] = complex16{odd.re + difference.im, odd.im - difference.re}
				work[at+3*quarter] = complex16{odd.re - difference.im, odd.im + difference.re}
			}
		}
	}
	first := work[0].over(2)
	spectrum[0] = complex16{re: first.re + first.im}
	spectrum[halfSize] = complex16{re: first.re - first.im}
	for k := 1; k <= halfSize/2; k++ {
		a := work[k].over(2)
		b := complex16{work[halfSize-k].re, -work[halfSize-k].im}.over(2)
		sum := a.plus(b)
		turned := a.minus(b).times(f.split[k-1])
		spectrum[k] = complex16{
			int16((int32(sum.re) + int32(turned.re)) >> 1),
			int16((int32(sum.im) + int32(turned.im)) >> 1),
		}
		spectrum[halfSize-k] = complex16{
			int16((int32(sum.re) - int32(turned.re)) >> 1),
			int16((int32(turned.im) - int32(sum.im)) >> 1),
		}
	}
}
