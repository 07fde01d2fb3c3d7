package main

import (
	"math"
	"math/rand/v2"
)

// rate is the sample rate of all sound here.
const rate = 16000

// noise draws one of the sounds of a home that are neither speech nor music, and
// adds it to x at about full scale 0.1.
func noise(x []float32, r *rand.Rand) {
	switch r.IntN(6) {
	case 0: // steady: white to brown
		coloured(x, r.Float64(), 0.1, r)
	case 1: // a fan or a motor: hum with overtones, and air
		coloured(x, 0.6+0.35*r.Float64(), 0.04, r)
		hum(x, 25+100*r.Float64(), 0.1, r)
	case 2: // wind or water: noise that swells
		y := make([]float32, len(x))
		coloured(y, 0.3+0.6*r.Float64(), 0.15, r)
		period := (0.3 + 3*r.Float64()) * rate
		phase := 2 * math.Pi * r.Float64()
		for i := range x {
			swell := 0.55 + 0.45*math.Sin(phase+2*math.Pi*float64(i)/period)
			x[i] += y[i] * float32(swell*swell)
		}
	case 3: // clatter: dishes, keys, steps
		coloured(x, 0.5, 0.005, r)
		for at := r.IntN(rate); at < len(x); at += rate/20 + r.IntN(rate) {
			ring(x[at:], 300+5000*r.Float64(), 0.005+0.1*r.Float64(), 0.1+0.5*r.Float64())
			burst(x[at:], 0.003+0.02*r.Float64(), 0.3*r.Float64(), r)
		}
	case 4: // beeps and bells
		coloured(x, 0.5, 0.005, r)
		pitch, gap := 500+2500*r.Float64(), 0.1+r.Float64()
		for at := r.IntN(rate); at < len(x); at += int(gap * rate) {
			ring(x[at:], pitch, 0.05+0.3*r.Float64(), 0.3)
			if r.IntN(4) == 0 {
				pitch = 500 + 2500*r.Float64()
			}
		}
	case 5: // a vacuum cleaner, a mixer: loud, broad, with a whine that wanders
		coloured(x, 0.3, 0.1, r)
		y := make([]float32, len(x))
		phase, pitch := 0.0, 200+1500*r.Float64()
		for i := range y {
			if i%rate == 0 {
				pitch *= 0.9 + 0.2*r.Float64()
			}
			phase += pitch / rate
			phase -= math.Floor(phase)
			x[i] += 0.05 * float32(phase-0.5)
		}
	}
}

// coloured adds noise whose spectrum falls the more the nearer colour is to 1.
func coloured(x []float32, colour, loud float64, r *rand.Rand) {
	a := float32(min(0.995, math.Sqrt(colour)))
	level := float32(loud*1.7) * float32(math.Sqrt(float64(1-a*a)))
	state, seed := float32(0), r.Uint64()|1
	for i := range x {
		// xorshift: a uniform number costs a nanosecond, and noise is half of all sound here
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		state = a*state + level*(float32(int32(seed>>32))/(1<<31))
		x[i] += state
	}
}

func hum(x []float32, pitch, loud float64, r *rand.Rand) {
	for overtone := 1; overtone <= 6; overtone++ {
		tone(x, pitch*float64(overtone), loud*r.Float64()/float64(overtone), 0)
	}
}

// tone adds a sine that decays with a time constant in seconds (0: never).
func tone(x []float32, pitch, loud, decay float64) {
	// A sine by its recurrence: y[n] = 2cos(w)y[n-1] - y[n-2].
	w := 2 * math.Pi * pitch / rate
	shrink := 1.0
	if decay > 0 {
		shrink = math.Exp(-1 / (decay * rate))
		x = x[:min(len(x), int(7*decay*rate))]
	}
	b, c := 2*math.Cos(w)*shrink, shrink*shrink
	y1, y2 := -loud*math.Sin(w), -loud*math.Sin(2*w)
	for i := range x {
		y := b*y1 - c*y2
		y1, y2 = y, y1
		x[i] += float32(y)
	}
}

func ring(x []float32, pitch, decay, loud float64) {
	for _, ratio := range []float64{1, 1.506, 2.756} { // overtones of a bar
		tone(x, math.Min(7500, pitch*ratio), loud*0.3, decay/ratio)
	}
}

func burst(x []float32, seconds, loud float64, r *rand.Rand) {
	n := min(len(x), int(seconds*rate*3))
	for i := range x[:n] {
		x[i] += float32(loud * r.NormFloat64() * math.Exp(-float64(i)/(seconds*rate)))
	}
}

// music adds something like music: chords, a tune, a bass, drums.
func music(x []float32, r *rand.Rand) {
	beat := int(rate * 60 / (70 + 90*r.Float64()))
	key := 110 * math.Pow(2, float64(r.IntN(12))/12)
	scale := []int{0, 2, 4, 5, 7, 9, 11, 12, 14, 16}
	roots := []int{0, 5, 7, 9, 2}
	overtones, drums, tuneful := 1+r.IntN(5), r.IntN(3) > 0, r.IntN(4) > 0
	note := func(x []float32, semitones int, octave, loud, decay float64) {
		pitch := key * octave * math.Pow(2, float64(semitones)/12)
		for o := 1; o <= overtones; o++ {
			if p := pitch * float64(o) * (1 + 0.002*r.NormFloat64()); p < 7500 {
				tone(x, p, loud/float64(o), decay/float64(o))
			}
		}
	}
	for bar, at := 0, 0; at < len(x); bar, at = bar+1, at+4*beat {
		root := roots[r.IntN(len(roots))]
		for _, third := range []int{0, 4, 7} {
			note(x[at:], root+third, 1, 0.05, 0.6+r.Float64())
		}
		for b := 0; b < 4 && at+b*beat < len(x); b++ {
			part := x[at+b*beat:]
			note(part, root, 0.5, 0.08, 0.4)
			if tuneful && r.IntN(5) > 0 {
				note(part, scale[r.IntN(len(scale))], 2, 0.06, 0.3)
			}
			if drums {
				if b%2 == 0 {
					tone(part, 60, 0.2, 0.08)
				} else {
					burst(part, 0.05, 0.08, r)
				}
				if beat/2 < len(part) {
					burst(part[beat/2:], 0.01, 0.05, r)
				}
			}
		}
	}
}

// room adds the echoes of a room: four combs with soft feedback, one all-pass
// (Schroeder, "Natural sounding artificial reverberation", 1962).
func room(x []float32, r *rand.Rand) {
	decay := 0.12 + 0.6*r.Float64() // seconds to fall by 60 dB
	wet := float32(0.08 + 0.35*r.Float64())
	soft := float32(0.2 + 0.5*r.Float64())
	y := make([]float32, len(x))
	for range 4 {
		delay := rate/100 + r.IntN(rate/30)
		feedback := float32(math.Pow(10, -3*float64(delay)/(decay*rate)))
		line, low := make([]float32, delay), float32(0)
		for i, at := 0, 0; i < len(x); i++ {
			out := line[at]
			low = out + soft*(low-out)
			line[at] = x[i] + feedback*low
			y[i] += out
			if at++; at == delay {
				at = 0
			}
		}
	}
	delay := rate/200 + r.IntN(rate/200)
	line := make([]float32, delay)
	for i, at := 0, 0; i < len(x); i++ {
		out := line[at] - 0.6*y[i]
		line[at] = y[i] + 0.6*out
		x[i] += wet * out
		if at++; at == delay {
			at = 0
		}
	}
}

// filter tilts and shapes the spectrum as microphones and loudspeakers do.
func filter(x []float32, r *rand.Rand) {
	tilt := float32(0.7 * (2*r.Float64() - 1))
	last := float32(0)
	for i, v := range x {
		x[i] = v - tilt*last
		last = v
	}
	peak(x, 200+4000*math.Pow(r.Float64(), 2), 10*(2*r.Float64()-1), 0.7+r.Float64())
	if r.IntN(5) == 0 { // nothing low, as from a small loudspeaker
		a, y, before := float32(math.Exp(-2*math.Pi*(100+400*r.Float64())/rate)), float32(0), float32(0)
		for i, v := range x {
			y = a * (y + v - before)
			before = v
			x[i] = y
		}
	}
}

// peak lifts a band by so many decibel (R. Bristow-Johnson, "Cookbook formulae
// for audio EQ biquad filter coefficients": peakingEQ).
func peak(x []float32, hertz, decibel, q float64) {
	gain, w := math.Pow(10, decibel/40), 2*math.Pi*hertz/rate
	alpha := math.Sin(w) / (2 * q)
	a0 := 1 + alpha/gain
	b0, b1, b2 := float32((1+alpha*gain)/a0), float32(-2*math.Cos(w)/a0), float32((1-alpha*gain)/a0)
	a1, a2 := float32(-2*math.Cos(w)/a0), float32((1-alpha/gain)/a0)
	var x1, x2, y1, y2 float32
	for i, v := range x {
		y := b0*v + b1*x1 + b2*x2 - a1*y1 - a2*y2
		x2, x1, y2, y1 = x1, v, y1, y
		x[i] = y
	}
}

// stretch plays x faster (speed > 1, higher) or slower (lower).
func stretch(x []float32, speed float64) []float32 {
	y := make([]float32, int(float64(len(x)-1)/speed))
	for i := range y {
		at := float64(i) * speed
		k := int(at)
		share := float32(at - float64(k))
		y[i] = x[k] + share*(x[k+1]-x[k])
	}
	return y
}

// loudness is the root mean square of the louder half of 20 ms pieces: of
// speech, without its pauses.
func loudness(x []float32) float64 {
	const piece = rate / 50
	var all []float64
	total := 0.0
	for i := 0; i+piece <= len(x); i += piece {
		sum := 0.0
		for _, v := range x[i : i+piece] {
			sum += float64(v) * float64(v)
		}
		all = append(all, sum/piece)
		total += sum / piece
	}
	if len(all) == 0 {
		return 0
	}
	mean, sum, n := total/float64(len(all)), 0.0, 0
	for _, v := range all {
		if v >= mean/2 {
			sum += v
			n++
		}
	}
	return math.Sqrt(sum / float64(n))
}

func scaled(x []float32, by float64) {
	for i := range x {
		x[i] *= float32(by)
	}
}

func mixed(to, x []float32) {
	for i := range x[:min(len(x), len(to))] {
		to[i] += x[i]
	}
}

// pcm rounds to 16 bits; what is too loud is clipped, as a microphone would.
func pcm(x []float32) []int16 {
	out := make([]int16, len(x))
	for i, v := range x {
		out[i] = int16(math.Round(float64(max(-1, min(v, 32767.0/32768))) * 32768))
	}
	return out
}
