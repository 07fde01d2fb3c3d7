package net

import "math"

const (
	fftSize  = 512
	halfSize = fftSize / 2
)

// fft computes power spectra of real windows: the even and odd samples go
// through one complex transform of half the size.
type fft struct {
	order   [halfSize]uint16        // bit-reversed indices
	twiddle [halfSize / 2]complex64 // exp(-2 pi i k/256)
	unpack  [halfSize + 1]complex64 // exp(-2 pi i k/512)
	z       [halfSize]complex64
}

func (f *fft) init() {
	bits := 8 // 2^8 = halfSize
	for i := range f.order {
		r := 0
		for b := range bits {
			r |= i >> b & 1 << (bits - 1 - b)
		}
		f.order[i] = uint16(r)
	}
	turn := func(k, n int) complex64 {
		sin, cos := math.Sincos(-2 * math.Pi * float64(k) / float64(n))
		return complex(float32(cos), float32(sin))
	}
	for k := range f.twiddle {
		f.twiddle[k] = turn(k, halfSize)
	}
	for k := range f.unpack {
		f.unpack[k] = turn(k, fftSize)
	}
}

// power writes |X|² of x times shape, padded with zeros.
func (f *fft) power(x, shape *[window]float32, power *[fftSize/2 + 1]float32) {
	for i, r := range f.order {
		if n := 2 * int(r); n < window {
			f.z[i] = complex(x[n]*shape[n], x[n+1]*shape[n+1])
		} else {
			f.z[i] = 0
		}
	}
	for half, stride := 1, halfSize/2; half < halfSize; half, stride = half*2, stride/2 {
		for start := 0; start < halfSize; start += 2 * half {
			low, high := f.z[start:start+half], f.z[start+half:start+2*half]
			for k := range low {
				w, a, b := f.twiddle[k*stride], low[k], high[k]
				re := real(w)*real(b) - imag(w)*imag(b)
				im := real(w)*imag(b) + imag(w)*real(b)
				low[k] = complex(real(a)+re, imag(a)+im)
				high[k] = complex(real(a)-re, imag(a)-im)
			}
		}
	}
	for k := range power {
		a, b := f.z[k%halfSize], f.z[(halfSize-k)%halfSize]
		evenRe, evenIm := (real(a)+real(b))/2, (imag(a)-imag(b))/2
		oddRe, oddIm := (imag(a)+imag(b))/2, (real(b)-real(a))/2
		w := f.unpack[k]
		re := evenRe + real(w)*oddRe - imag(w)*oddIm
		im := evenIm + real(w)*oddIm + imag(w)*oddRe
		power[k] = re*re + im*im
	}
}
