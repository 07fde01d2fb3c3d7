package net

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// file builds a model file of a head and weights drawn from a seed.
func file(t testing.TB, h head, seed uint64) []byte {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 0))
	m := &Model{head: h}
	var weights []byte
	for _, tensor := range m.tensors() {
		for range tensor.size {
			// sign, an exponent that gives 2^-6 to 2^-3, any mantissa
			bits := uint16(random.IntN(2)<<15 | (9+random.IntN(4))<<10 | random.IntN(1024))
			weights = binary.LittleEndian.AppendUint16(weights, bits)
		}
	}
	text, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	return seal(string(text), weights)
}

func seal(head string, weights []byte) []byte {
	data := binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(head)))
	data = append(append(data, head...), weights...)
	return binary.LittleEndian.AppendUint32(data, crc32.ChecksumIEEE(data))
}

func small() head {
	return head{
		Words: []Word{{"one", 0.5}, {"two", 0.75}}, Language: "en",
		Stack: 3, Width: 8, Embedding: 5, Smoothing: 2,
		Blocks: []shape{{3, 1}, {2, 4}},
	}
}

// noise is a sound with a little of everything in it.
func noise(seconds float64, seed uint64) []int16 {
	random := rand.New(rand.NewPCG(seed, 1))
	pcm := make([]int16, int(seconds*SampleRate))
	for i := range pcm {
		t := float64(i) / SampleRate
		loud := 3000 * (1 + math.Sin(2*math.Pi*3*t))
		pcm[i] = int16(loud*math.Sin(2*math.Pi*(200+150*math.Sin(t))*t) + 500*random.NormFloat64())
	}
	return pcm
}

func TestBundledKnowsItsWords(t *testing.T) {
	m := Bundled()
	var names []string
	for _, w := range m.Words() {
		names = append(names, w.Name)
	}
	if want := []string{"hey cricket", "stop"}; !slices.Equal(names, want) {
		t.Errorf("words %q, want %q", names, want)
	}
	if m.StepSamples() != 480 {
		t.Errorf("a step is %d samples, want 480", m.StepSamples())
	}
	if len(bundled) > 10<<20 {
		t.Errorf("%d bytes, want less than 10 MB", len(bundled))
	}
}

func TestParseRefuses(t *testing.T) {
	good := file(t, small(), 1)
	text := func(change func(*head)) []byte {
		h := small()
		change(&h)
		b, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		return seal(string(b), nil)
	}
	flipped := slices.Clone(good)
	flipped[len(flipped)/2] ^= 1
	infinite := slices.Clone(good[:len(good)-4])
	binary.LittleEndian.PutUint16(infinite[len(infinite)-2:], 31<<10)
	infinite = binary.LittleEndian.AppendUint32(infinite, crc32.ChecksumIEEE(infinite))

	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, "begin"},
		{"another format", []byte("TFL3aaaaaaaaaaaaaaaaaaaaaa"), "begin"},
		{"cut", good[:len(good)-100], "damaged"},
		{"a bit flipped", flipped, "damaged"},
		{"weights missing", seal(string(good[12:12+binary.LittleEndian.Uint32(good[8:])]), make([]byte, 10)), "bytes of weights"},
		{"an infinite weight", infinite, "not finite"},
		{"a head that is no JSON", seal("{", nil), "head"},
		{"an unknown field", seal(`{"extra":1}`, nil), "extra"},
		{"no words", text(func(h *head) { h.Words = nil }), "number of words"},
		{"a word twice", text(func(h *head) { h.Words[1].Name = "one" }), "twice"},
		{"a word without a name", text(func(h *head) { h.Words[1].Name = " " }), "no name"},
		{"a threshold of 0", text(func(h *head) { h.Words[0].Threshold = 0 }), "threshold"},
		{"parts that are not the width", text(func(h *head) { h.Parts = []int{3, 4} }), "7 wide together"},
		{"a part of nothing", text(func(h *head) { h.Parts = []int{8, 0} }), "part 1"},
		{"a huge width", text(func(h *head) { h.Width = 1 << 30 }), "width"},
		{"a dilation of 0", text(func(h *head) { h.Blocks[0].Dilation = 0 }), "dilation"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse(test.data)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
	if _, err := Parse(good); err != nil {
		t.Error(err)
	}
}

func TestHalf(t *testing.T) {
	for bits, want := range map[uint16]float32{
		0x3c00: 1, 0xc000: -2, 0x0001: 1.0 / (1 << 24), 0x7bff: 65504, 0x3555: 0.333251953125, 0: 0,
	} {
		if got := fromHalf(bits); got != want {
			t.Errorf("%04x: %v, want %v", bits, got, want)
		}
	}
}

// However the sound is cut into pieces, the scores are the same.
func TestPieces(t *testing.T) {
	m, err := Parse(file(t, small(), 2))
	if err != nil {
		t.Fatal(err)
	}
	pcm := noise(2, 3)
	type score struct{ one, two, speech, embedding float32 }
	run := func(s *Stream, size func() int) (all []score) {
		for rest := pcm; len(rest) > 0; {
			n := min(size(), len(rest))
			got := s.Push(rest[:n])
			rest = rest[n:]
			if got.Fresh {
				all = append(all, score{got.Words[0], got.Words[1], got.Speech, got.Embedding[4]})
			}
		}
		return all
	}
	s := m.NewStream()
	want := run(s, func() int { return 480 })
	if len(want) != 2*SampleRate/480 {
		t.Fatalf("%d steps in two seconds", len(want))
	}
	random := rand.New(rand.NewPCG(4, 4))
	if got := run(m.NewStream(), func() int { return 1 + random.IntN(480) }); !slices.Equal(got, want) {
		t.Error("other scores where the sound comes in random pieces")
	}
	s.Reset()
	if got := run(s, func() int { return 320 }); !slices.Equal(got, want) {
		t.Error("other scores after Reset")
	}
	if want[10] == want[60] {
		t.Error("the scores do not depend on the sound")
	}
}

// Each band answers to its own tone, and a steady tone fades into the floor.
func TestFrontEndBands(t *testing.T) {
	mel := func(hertz float64) float64 { return 1127 * math.Log(1+hertz/700) }
	for band := range Bands {
		m := mel(lowest) + float64(band+1)*(mel(highest)-mel(lowest))/(Bands+1)
		hertz := 700 * (math.Exp(m/1127) - 1)
		f := NewFrontEnd()
		pcm := make([]int16, 3*SampleRate)
		for i := range pcm[SampleRate/10:] { // after 100 ms of silence
			pcm[SampleRate/10+i] = int16(1000 * math.Sin(2*math.Pi*hertz*float64(i)/SampleRate))
		}
		var frames [][Bands]float32
		for {
			var bands []float32
			if pcm, bands = f.Next(pcm); bands == nil {
				break
			}
			frames = append(frames, [Bands]float32(bands))
		}
		if len(frames) != 300 {
			t.Fatalf("%d frames in 3 s", len(frames))
		}
		if quiet := frames[5][band]; quiet != 0 {
			t.Errorf("band %d in silence: %v, want 0", band, quiet)
		}
		if slices.Max(frames[14][:]) != frames[14][band] {
			t.Errorf("%.0f Hz: band %d is not the strongest of %v", hertz, band, frames[14])
		}
		// log(1 + 3E/M) with M = E
		if steady := float64(frames[299][band]); math.Abs(steady-math.Log(4)) > 0.02 {
			t.Errorf("band %d of a steady tone: %v, want log 4", band, steady)
		}
	}
}

func TestPowerSpectrum(t *testing.T) {
	var x, shape [window]float32
	random := rand.New(rand.NewPCG(5, 5))
	for i := range x {
		x[i], shape[i] = float32(random.NormFloat64()), random.Float32()
	}
	var f fft
	f.init()
	var got [fftSize/2 + 1]float32
	f.power(&x, &shape, &got)
	for k := range got {
		var re, im float64
		for i := range x {
			sin, cos := math.Sincos(-2 * math.Pi * float64(k) * float64(i) / fftSize)
			re += float64(x[i]*shape[i]) * cos
			im += float64(x[i]*shape[i]) * sin
		}
		if want := re*re + im*im; math.Abs(float64(got[k])-want) > 1e-3*(1+want) {
			t.Errorf("bin %d: %v, want %v", k, got[k], want)
		}
	}
}

func TestLogarithm(t *testing.T) {
	for x := float32(1); x < 1e9; x *= 1.0137 {
		if got, want := float64(logarithm(x)), math.Log(float64(x)); math.Abs(got-want) > 1e-4 {
			t.Errorf("logarithm of %v is %v, want %v", x, got, want)
		}
	}
}

// The trainer wrote the model, the input of its steps and what torch made of
// them: models/training/env.sh run python3 models/training/wake/train.py reference.
func TestReference(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "reference.net"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("testdata", "reference.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reference struct {
		Inputs  [][]float32 // of each step
		Outputs [][]float32 // words (before the smoothing), speech, embedding
	}
	if err := json.Unmarshal(text, &reference); err != nil {
		t.Fatal(err)
	}
	if len(reference.Inputs) < 50 || len(reference.Inputs) != len(reference.Outputs) {
		t.Fatalf("%d inputs and %d outputs", len(reference.Inputs), len(reference.Outputs))
	}
	s := m.NewStream()
	for step, input := range reference.Inputs {
		copy(s.input, input)
		s.network()
		var got []float32
		for _, logit := range s.raw {
			got = append(got, sigmoid(logit))
		}
		got = append(got, s.scores.Embedding...)
		for i, want := range reference.Outputs[step] {
			if math.Abs(float64(got[i]-want)) > 2e-4*(1+math.Abs(float64(want))) {
				t.Fatalf("step %d, output %d: %v, want %v", step, i, got[i], want)
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	s := Bundled().NewStream()
	pcm := noise(1, 6)
	if n := testing.AllocsPerRun(5, func() {
		for i := 0; i+320 <= len(pcm); i += 320 {
			s.Push(pcm[i : i+320])
		}
	}); n != 0 {
		t.Errorf("%v allocations in a second of sound", n)
	}
}

// One operation is one second of sound in frames of 20 ms.
func BenchmarkSecond(b *testing.B) {
	s := Bundled().NewStream()
	pcm := noise(1, 7)
	b.ReportAllocs()
	for b.Loop() {
		for i := 0; i+320 <= len(pcm); i += 320 {
			s.Push(pcm[i : i+320])
		}
	}
}

// Whatever Parse takes runs and gives scores from 0 to 1.
func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		// The checksum is mended, so that the fuzzer gets past it.
		if len(data) > len(magic)+8 {
			data = slices.Clone(data)
			binary.LittleEndian.PutUint32(data[len(data)-4:], crc32.ChecksumIEEE(data[:len(data)-4]))
		}
		m, err := Parse(data)
		if err != nil {
			return
		}
		s := m.NewStream()
		scores := s.Push(noise(0.3, 8))
		if len(scores.Words) != len(m.Words()) || len(scores.Embedding) != m.EmbeddingSize() {
			t.Fatalf("%d words and %d of embedding", len(scores.Words), len(scores.Embedding))
		}
		for _, score := range append(scores.Words, scores.Speech) {
			if score != score {
				continue // weights as large as 65504 through 16 blocks may overflow
			}
			if score < 0 || score > 1 {
				t.Fatalf("score %v", score)
			}
		}
	})
}

// Two networks side by side in one file say the mean of what each says alone.
func TestPartsDoNotMix(t *testing.T) {
	one, two := small(), small()
	two.Width = 5
	joint := small()
	joint.Width, joint.Parts = one.Width+two.Width, []int{one.Width, two.Width}
	parse := func(h head, seed uint64) *Model {
		m, err := Parse(file(t, h, seed))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	a, b, both := parse(one, 1), parse(two, 2), parse(joint, 3)
	both.stem.weight, both.stem.bias = append(slices.Clone(a.stem.weight), b.stem.weight...), append(slices.Clone(a.stem.bias), b.stem.bias...)
	beside := func(a, b []float32, rows int, scale float32) (out []float32) { // [rows][width]
		for r := range rows {
			out = append(append(out, a[r*len(a)/rows:][:len(a)/rows]...), b[r*len(b)/rows:][:len(b)/rows]...)
		}
		for i := range out {
			out[i] *= scale
		}
		return out
	}
	for i, s := range joint.Blocks {
		x, y, z := a.blocks[i], b.blocks[i], &both.blocks[i]
		z.taps, z.shift = beside(x.taps, y.taps, s.Kernel, 1), beside(x.shift, y.shift, 1, 1)
		z.mix.weight, z.mix.bias = append(slices.Clone(x.mix.weight), y.mix.weight...), beside(x.mix.bias, y.mix.bias, 1, 1)
	}
	outputs := len(joint.Words) + 1
	both.outputs.weight = beside(a.outputs.weight, b.outputs.weight, outputs, 0.5)
	for i := range outputs {
		both.outputs.bias[i] = (a.outputs.bias[i] + b.outputs.bias[i]) / 2
	}
	sa, sb, sj := a.NewStream(), b.NewStream(), both.NewStream()
	pcm := noise(2, 7)
	for len(pcm) >= 480 {
		sa.Push(pcm[:480])
		sb.Push(pcm[:480])
		sj.Push(pcm[:480])
		for i, got := range sj.raw {
			if want := (sa.raw[i] + sb.raw[i]) / 2; math.Abs(float64(got-want)) > 1e-4 {
				t.Fatalf("output %d is %v, want %v", i, got, want)
			}
		}
		pcm = pcm[480:]
	}
}
