package microwakeword

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

// realEar is the front end as its definition says, in real numbers, without a
// fast transform, tables or shifts. It stops before the logarithm.
type realEar struct {
	noise [channels]float64
}

func (e *realEar) listen(pcm []int16) (features [channels]float64) {
	mel := func(hertz float64) float64 { return 1127 * math.Log1p(hertz/700) }
	low := mel(125)
	spacing := (mel(7500) - low) / (channels + 1)
	var hann [windowSize]float64
	for i := range hann {
		hann[i] = 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/windowSize)
	}
	var unit [fftSize]complex128
	for i := range unit {
		unit[i] = cmplx.Rect(1, -2*math.Pi*float64(i)/fftSize)
	}
	var energy [channels + 3]float64
	for bin := 5; bin <= 240; bin++ { // above 125 Hz, up to 7500 Hz
		var sum complex128
		for i, sample := range pcm {
			sum += complex(float64(sample)*hann[i], 0) * unit[bin*i%fftSize]
		}
		power := math.Pow(cmplx.Abs(sum)/fftSize, 2)
		// Triangles of one spacing on either side of their centers.
		place := (mel(float64(bin)*sampleRate/fftSize) - low) / spacing
		channel := int(place)
		energy[channel] += (float64(channel+1) - place) * power
		energy[channel+1] += (place - float64(channel)) * power
	}
	for i := range features {
		signal := 64 * math.Sqrt(energy[i+1])
		smoothing := 0.025
		if i%2 == 1 {
			smoothing = 0.06
		}
		e.noise[i] += smoothing * (signal - e.noise[i])
		signal = max(signal-e.noise[i], 0.05*signal)
		ratio := 8 * signal * math.Pow(8*e.noise[i]+80, -0.95)
		if ratio < 2 {
			ratio *= ratio / 4
		} else {
			ratio--
		}
		features[i] = 64 * ratio
	}
	return features
}

// talk is a sound that changes as speech does: a buzz whose pitch, colour and
// loudness move, over some noise.
func talk(samples int) []int16 {
	random := rand.New(rand.NewPCG(7, 8))
	pcm := make([]int16, samples)
	phase := 0.0
	for i := range pcm {
		t := float64(i) / sampleRate
		phase += (120 + 40*math.Sin(3*t)) / sampleRate
		var v float64
		for h := 1.0; h < 30; h++ {
			formant := math.Exp(-math.Pow((h*120-700-500*math.Sin(5*t))/400, 2)) + 0.5*math.Exp(-math.Pow((h*120-2200+600*math.Sin(7*t))/500, 2))
			v += (formant + 0.02) * math.Sin(2*math.Pi*h*phase)
		}
		loudness := math.Pow(math.Max(0, math.Sin(2*math.Pi*2.5*t)), 2)
		pcm[i] = int16(4000*loudness*v + 30*random.NormFloat64())
	}
	return pcm
}

// The fixed-point front end gives what the definition gives, but for its
// roundings: a feature is 64 times the logarithm of 8 times a whole number.
func TestFeaturesAreAsDefined(t *testing.T) {
	pcm := talk(2 * sampleRate)
	fixed := ear{frontEnd: newFrontEnd(), step: 160}
	var exact realEar
	total, heard, far := 0, 0, 0
	for at := 0; at+windowSize <= len(pcm); at += 160 {
		want := exact.listen(pcm[at : at+windowSize])
		fresh := pcm[at : at+windowSize]
		if at > 0 {
			fresh = fresh[windowSize-160:]
		}
		if rest, ok := fixed.push(fresh); !ok || len(rest) != 0 {
			t.Fatalf("window at %d: %v, %d samples left", at, ok, len(rest))
		}
		for i, f := range fixed.features {
			got := 0.0
			if f > 0 {
				got = math.Exp(float64(f)/64) / 8
			}
			total++
			if want[i] > 20 {
				heard++
			}
			if math.Abs(got-want[i]) > 2.5+want[i]/20 {
				far++
			}
		}
	}
	t.Logf("%d features, %d of them heard: %d are off by more than 2.5 and 5 %%", total, heard, far)
	if total != 198*channels || heard < total/8 {
		t.Fatalf("%d features, %d of them heard", total, heard)
	}
	if far > total/50 {
		t.Errorf("%d of %d features are off", far, total)
	}
}

func TestFourierAgreesWithTheSum(t *testing.T) {
	f := newFourier()
	random := rand.New(rand.NewPCG(9, 10))
	var samples [fftSize]int16
	for i := range samples {
		samples[i] = int16(random.IntN(40001) - 20000)
	}
	var work [halfSize]complex16
	var spectrum [bins]complex16
	f.run(&samples, &work, &spectrum)
	for bin, got := range spectrum {
		var want complex128
		for i, v := range samples {
			want += complex(float64(v)/fftSize, 0) * cmplx.Rect(1, -2*math.Pi*float64(bin*i%fftSize)/fftSize)
		}
		if d := cmplx.Abs(want - complex(float64(got.re), float64(got.im))); d > 6 {
			t.Errorf("bin %d is %v, want %.1f", bin, got, want)
		}
	}
}

func TestRoot(t *testing.T) {
	tests := []struct {
		x    uint64
		want uint32
	}{
		{0, 0}, {1, 1}, {2, 1}, {3, 2}, {6, 2}, {7, 3}, {1 << 20, 1 << 10}, {1<<32 - 1, 0xFFFF}, {1 << 32, 1 << 16},
		{0xFFFE0001, 0xFFFF}, {1<<52 + 1<<26, 1 << 26}, {1<<52 + 1<<26 + 1, 1<<26 + 1}, {math.MaxUint64, math.MaxUint32},
	}
	for _, test := range tests {
		if got := root(test.x); got != test.want {
			t.Errorf("root of %d is %d, want %d", test.x, got, test.want)
		}
	}
}

// The tables interpolate the functions they stand for.
func TestGainAndLogarithm(t *testing.T) {
	f := newFrontEnd()
	for noise := uint32(0); noise < 1<<31; noise += 1 + noise/7 {
		want := min(math.Pow(float64(noise)/128+80, -0.95)*(1<<21), math.MaxInt16)
		if got := float64(f.gainOf(noise)); math.Abs(got-want) > 2+want/50 {
			t.Errorf("the gain for a noise of %d is %v, want %.1f", noise, got, want)
		}
	}
	for x := uint32(2); x < 1<<31; x += 1 + x/9 {
		want := 64 * math.Log(float64(x))
		if got := float64(f.logOf(x)); math.Abs(got-want) > 1 {
			t.Errorf("the logarithm of %d is %v, want %.1f", x, got, want)
		}
	}
}

// The loudest and the quietest sounds there are do not break the arithmetic.
func TestExtremeSounds(t *testing.T) {
	square := make([]int16, sampleRate)
	for i := range square {
		square[i] = math.MinInt16
		if i/8%2 == 0 {
			square[i] = math.MaxInt16
		}
	}
	low := make([]int16, sampleRate)
	for i := range low {
		low[i] = math.MinInt16
	}
	for name, pcm := range map[string][]int16{"square": square, "as low as can be": low, "silence": make([]int16, sampleRate), "one bit": {0: 1, 5000: -1}} {
		e := ear{frontEnd: newFrontEnd(), step: 160}
		windows := 0
		for len(pcm) > 0 {
			var ok bool
			if pcm, ok = e.push(pcm); ok {
				windows++
			}
			for i, v := range e.features {
				if v > 1400 { // 64 ln 2^31
					t.Fatalf("%s: channel %d is %d", name, i, v)
				}
				if name == "silence" && v != 0 {
					t.Fatalf("silence has %d in channel %d", v, i)
				}
			}
		}
		if windows == 0 {
			t.Errorf("%s: no window", name)
		}
	}
}

// The models were trained on every rounding of the front end, which the test
// against real numbers cannot see. When this sum was taken, the front end gave
// all 40 features that TensorFlow Lite Micro's own test expects of its sample.
func TestFeaturesStayTheSame(t *testing.T) {
	e := ear{frontEnd: newFrontEnd(), step: 160}
	random := rand.New(rand.NewPCG(13, 14))
	sum := fnv.New64a()
	windows := 0
	for block := range 300 {
		// Square waves of whole numbers, the same on every processor.
		pcm := make([]int16, 160)
		period, loudness := 20+block%70, 1<<(block/20%14)
		for i := range pcm {
			at := block*160 + i
			pcm[i] = int16(loudness*(at/period%2*2-1) + loudness*(at/(period/3)%2) + random.IntN(9) - 4)
		}
		if _, ok := e.push(pcm); ok {
			windows++
			if err := binary.Write(sum, binary.LittleEndian, e.features); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := sum.Sum64(); windows != 298 || got != 0x20a3d7088646f052 {
		t.Errorf("the features of %d windows have the sum %#x", windows, got)
	}
}
