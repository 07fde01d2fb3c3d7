package microwakeword

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// smallModel is the model of small(), loaded.
func smallModel(tb testing.TB) *Model {
	tb.Helper()
	m, err := Parse([]byte(smallManifest), file(small()...))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// hum is so many samples of a chord with some noise, at an amplitude.
func hum(samples int, amplitude float64) []int16 {
	random := rand.New(rand.NewPCG(3, 4))
	pcm := make([]int16, samples)
	for i := range pcm {
		t := float64(i) / sampleRate
		v := math.Sin(2*math.Pi*310*t) + math.Sin(2*math.Pi*1250*t) + math.Sin(2*math.Pi*3300*t) + random.NormFloat64()/4
		pcm[i] = int16(amplitude * v / 4)
	}
	return pcm
}

// raws are the outputs of every step of a sound.
func raws(s *Stream, pcm []int16) []uint8 {
	var list []uint8
	for len(pcm) > 0 {
		n := min(s.ear.step, len(pcm)) // at most one step at a time
		if _, fresh := s.Push(pcm[:n]); fresh {
			list = append(list, s.Raw())
		}
		pcm = pcm[n:]
	}
	return list
}

func TestModelSaysWhatTheManifestSays(t *testing.T) {
	m := smallModel(t)
	if m.Word() != "loud" || m.Threshold() != 0.5 || m.SlidingWindow() != 3 || m.StepSamples() != 320 || !slices.Equal(m.Languages(), []string{"en", "de"}) {
		t.Errorf("word %q threshold %v window %v step %v languages %v", m.Word(), m.Threshold(), m.SlidingWindow(), m.StepSamples(), m.Languages())
	}
}

func TestLoadTakesTheModelBesideTheManifest(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "loud.json")
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "loud.json") {
		t.Errorf("without a manifest: %v", err)
	}
	write("loud.json", []byte(smallManifest))
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), `load wake word "loud"`) || !strings.Contains(err.Error(), "loud.tflite") {
		t.Errorf("without a model: %v", err)
	}
	write("loud.tflite", file(small()...))
	if _, err := Load(path); err != nil {
		t.Errorf("with both: %v", err)
	}
	write("loud.tflite", make([]byte, maxFile+10))
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a huge model: %v", err)
	}
}

// A wake word comes above the threshold while it is loud, and not before and after.
func TestProbabilityFollowsTheSound(t *testing.T) {
	s := smallModel(t).NewStream()
	quiet, loud := hum(16000, 3), hum(16000, 30000)
	highest := func(pcm []int16) (best float32, steps int) {
		for len(pcm) > 0 {
			p, fresh := s.Push(pcm[:320])
			if fresh {
				steps++
			} else if p != 0 {
				t.Fatalf("a probability of %v without a step", p)
			}
			best = max(best, p)
			pcm = pcm[320:]
		}
		return best, steps
	}
	if p, n := highest(quiet); p > 0.3 || n != 49 { // the first window is 30 ms long
		t.Errorf("quiet: %v in %d steps", p, n)
	}
	if p, n := highest(loud); p < 0.6 || n != 50 {
		t.Errorf("loud: %v in %d steps", p, n)
	}
}

// The probability is the mean of the raw outputs over the sliding window, in
// which what lies before the beginning counts as nothing.
func TestSlidingMean(t *testing.T) {
	s := smallModel(t).NewStream()
	pcm := hum(3200, 20000)
	var raw []float32
	for len(pcm) > 0 {
		p, fresh := s.Push(pcm[:160])
		pcm = pcm[160:]
		if !fresh {
			continue
		}
		raw = append(raw, float32(s.Raw()))
		var want float32
		for _, r := range raw[max(0, len(raw)-3):] {
			want += r / 255 / 3
		}
		if math.Abs(float64(p-want)) > 1e-6 {
			t.Errorf("step %d: %v, want %v", len(raw), p, want)
		}
	}
	if len(raw) != 9 || raw[8] == 0 {
		t.Errorf("raw outputs %v", raw)
	}
}

// The size of the blocks that sound comes in makes no difference, and neither
// do other streams of the same model.
func TestAnyBlocks(t *testing.T) {
	m := smallModel(t)
	pcm := append(hum(5000, 9000), hum(7000, 200)...)
	want := raws(m.NewStream(), pcm)
	random := rand.New(rand.NewPCG(5, 6))
	s, other := m.NewStream(), m.NewStream()
	var got []uint8
	for rest := pcm; len(rest) > 0; {
		n := min(random.IntN(300), len(rest))
		if _, fresh := s.Push(rest[:n]); fresh {
			got = append(got, s.Raw())
		}
		other.Push(hum(n, 30000))
		rest = rest[n:]
	}
	if len(want) != 36 || !slices.Equal(got, want) {
		t.Errorf("in random blocks %v\nin blocks of 10 ms %v", got, want)
	}
	// All at once: the highest mean of all steps.
	best := float32(0)
	s.Reset()
	for rest := pcm; len(rest) > 0; rest = rest[160:] {
		if len(rest) < 160 {
			break
		}
		p, _ := s.Push(rest[:160])
		best = max(best, p)
	}
	if p, fresh := m.NewStream().Push(pcm); !fresh || p != best {
		t.Errorf("all at once %v, step by step at most %v", p, best)
	}
}

// The manifest says how far the windows are apart.
func TestFeatureStep(t *testing.T) {
	slow := strings.Replace(smallManifest, `"feature_step_size": 10`, `"feature_step_size": 20`, 1)
	m, err := Parse([]byte(slow), file(small()...))
	if err != nil {
		t.Fatal(err)
	}
	// 30 ms and then two windows every 40 ms: 485 windows of 20 ms in 9.71 s.
	if n := len(raws(m.NewStream(), hum(155360, 9000))); m.StepSamples() != 640 || n != 242 {
		t.Errorf("a step of %d samples, %d steps", m.StepSamples(), n)
	}
}

// A feature is divided by 25.6 and then by the scale of the model's input.
func TestFeaturesBecomeInput(t *testing.T) {
	table := quantizedFeatures(&program{inputScale: 26.0 / 255, inputZero: -128})
	for feature, want := range map[int]int8{0: -128, 1: -128, 2: -127, 3: -127, 4: -126, 333: 0, 664: 126, 665: 127} {
		if table[feature] != want {
			t.Errorf("feature %d becomes %d, want %d", feature, table[feature], want)
		}
	}
	if last := len(table) - 1; table[last] != 127 || table[last-1] != 126 {
		t.Errorf("the table ends with %v", table[last-1:])
	}
}

func TestResetForgets(t *testing.T) {
	s := smallModel(t).NewStream()
	pcm := hum(8000, 12000)
	want := raws(s, pcm)
	s.Push(hum(777, 31000))
	s.Reset()
	if s.Raw() != 0 {
		t.Errorf("raw is %d after Reset", s.Raw())
	}
	if got := raws(s, pcm); !slices.Equal(got, want) {
		t.Errorf("after Reset %v\nat first %v", got, want)
	}
}

func TestPushAllocatesNothing(t *testing.T) {
	s := smallModel(t).NewStream()
	pcm := hum(960, 10000)
	if n := testing.AllocsPerRun(100, func() { s.Push(pcm) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestBrokenManifests(t *testing.T) {
	change := func(old, with string) string {
		s := strings.Replace(smallManifest, old, with, 1)
		if s == smallManifest {
			t.Fatalf("%q is not in the manifest", old)
		}
		return s
	}
	model := file(small()...)
	tests := []struct{ name, manifest, want string }{
		{"no JSON", "hello", "invalid character"},
		{"version 1", change(`"version": 2`, `"version": 1`), "only version 2 is supported"},
		{"another kind of model", change(`"micro",`, `"openwakeword",`), `'type' is "openwakeword"`},
		{"no word", change(`"loud",`, `"",`), "'wake_word' is missing"},
		{"a model elsewhere", change("loud.tflite", "../../etc/loud.tflite"), "not a file beside the manifest"},
		{"a model on the net", change("loud.tflite", "/models/loud.tflite"), "not a file beside the manifest"},
		{"cutoff above 1", change("0.5", "97"), "'micro.probability_cutoff' must be between 0 and 1"},
		{"no cutoff", change(`"probability_cutoff": 0.5,`, ""), "'micro.probability_cutoff' must be between 0 and 1"},
		{"no window", change(`"sliding_window_size": 3`, `"sliding_window_size": 0`), "'micro.sliding_window_size' must be between 1 and"},
		{"a huge window", change(`"sliding_window_size": 3`, `"sliding_window_size": 2000000000`), "'micro.sliding_window_size' must be between 1 and"},
		{"no step", change(`"feature_step_size": 10`, `"feature_step_size": 0`), "'micro.feature_step_size' must be between 1 and"},
		{"step longer than the window", change(`"feature_step_size": 10`, `"feature_step_size": 31`), "'micro.feature_step_size' must be between 1 and"},
		{"endless", smallManifest + strings.Repeat(" ", maxManifest), "more than"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Parse([]byte(test.manifest), model); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestBrokenModels(t *testing.T) {
	// find is the operation with a code in the main graph.
	find := func(d []draft, code int) *draftOperation {
		for i := range d[0].operations {
			if d[0].operations[i].code == code {
				return &d[0].operations[i]
			}
		}
		t.Fatalf("no operator %d", code)
		return nil
	}
	named := func(d *draft, name string) *tensor {
		for i := range d.tensors {
			if d.tensors[i].name == name {
				return &d.tensors[i]
			}
		}
		t.Fatalf("no tensor %q", name)
		return nil
	}
	tests := []struct {
		name   string
		change func(d []draft) []draft
		want   string
	}{
		{"an operator of another kind of model", func(d []draft) []draft { find(d, opLogistic).code = 23; return d }, "operator RESIZE_BILINEAR (23) is not supported"},
		{"an operator newer than this", func(d []draft) []draft { find(d, opLogistic).code = 201; return d }, "operator 201 is not supported"},
		{"a custom operator", func(d []draft) []draft { find(d, opLogistic).code = opCustom; return d }, `custom operator "" is not supported`},
		{"no graph", func(d []draft) []draft { return nil }, "no graph"},
		{"no initial subgraph", func(d []draft) []draft { return d[:1] }, "operator CALL_ONCE (129): subgraph 1 of 1"},
		{"variables without a beginning", func(d []draft) []draft { d[0].operations = d[0].operations[1:]; return d }, "has nothing to start with"},
		{"variables filled twice", func(d []draft) []draft { d[0].operations[1] = d[0].operations[0]; return d }, "it is there twice"},
		{"a beginning of another size", func(d []draft) []draft {
			*named(&d[1], "deep at first") = tensor{kind: kindInt8, shape: []int{2}, data: []byte{1, 2}}
			return d
		}, `variable "/deep" starts with 2 values instead of 12`},
		{"two inputs", func(d []draft) []draft { d[0].inputs = append(d[0].inputs, 1); return d }, "2 inputs, not one"},
		{"an input of other features", func(d []draft) []draft { named(&d[0], "audio").shape[2] = 32; return d }, "the model's input is INT8 [1 2 32], not INT8 [1 frames 40]"},
		{"an input of floats", func(d []draft) []draft { named(&d[0], "audio").kind = 0; return d }, "the model's input is FLOAT32"},
		{"an input without a scale", func(d []draft) []draft { named(&d[0], "audio").scales = nil; return d }, "0 scales and 0 zero points"},
		{"two outputs", func(d []draft) []draft { d[0].outputs = append(d[0].outputs, 1); return d }, "2 outputs, not one"},
		{"an output nothing makes", func(d []draft) []draft {
			d[0].operations = d[0].operations[:len(d[0].operations)-1]
			return d
		}, "no operator makes the model's output"},
		{"an output with another scale", func(d []draft) []draft { named(&d[0], "probability").scales[0] = 0.01; return d }, "a probability has 1/256"},
		{"a tensor that is not there", func(d []draft) []draft { find(d, opLogistic).inputs[0] = 1000; return d }, "tensor 1000 of"},
		{"an output that is not there", func(d []draft) []draft { find(d, opLogistic).outputs[0] = -1; return d }, "tensor -1 of"},
		{"used before it is made", func(d []draft) []draft {
			find(d, opReshape).inputs[0] = find(d, opLogistic).inputs[0]
			return d
		}, `its input "dense" is used before it is made`},
		{"made twice", func(d []draft) []draft {
			find(d, opLogistic).outputs[0] = find(d, opFullyConnected).outputs[0]
			return d
		}, `its output "dense" is made twice`},
		{"a constant overwritten", func(d []draft) []draft {
			find(d, opLogistic).outputs[0] = find(d, opFullyConnected).inputs[1]
			return d
		}, "is made twice"},
		{"an operator without operands", func(d []draft) []draft { find(d, opLogistic).inputs = nil; return d }, "it has 0 inputs"},
		{"a variable that is none", func(d []draft) []draft {
			find(d, opReadVariable).inputs[0] = find(d, opReshape).outputs[0]
			return d
		}, "is no variable"},
		{"another scale after a concatenation", func(d []draft) []draft { named(&d[0], "frames all").scales[0] = 0.2; return d }, "operator CONCATENATION (2):"},
		{"a slice that does not fit", func(d []draft) []draft { named(&d[0], "frames kept").shape[1] = 3; return d }, "operator STRIDED_SLICE (45):"},
		{"a slice with a stride", func(d []draft) []draft { named(&d[0], "strides").data[4] = 2; return d }, "its stride 2 is not supported"},
		{"a slice with dropped axes", func(d []draft) []draft {
			o := find(d, opStridedSlice)
			o.options = append(o.options, number(4, 1))
			return d
		}, "are not supported"},
		{"a convolution that needs padding", func(d []draft) []draft { named(&d[0], "first").shape[1] = 2; return d }, "needs padding, which is not supported"},
		{"a dilated convolution", func(d []draft) []draft {
			o := find(d, opConv2D)
			o.options = append(o.options, number(5, 2))
			return d
		}, "its dilation is not supported"},
		{"an unknown activation", func(d []draft) []draft { find(d, opConv2D).options[3].number = 4; return d }, "its activation 4 is not supported"},
		{"scales for other channels", func(d []draft) []draft { named(&d[0], "first filter").axis = 3; return d }, "4 scales along axis 3 for 4 channels along axis 0"},
		{"a filter with a zero point", func(d []draft) []draft { named(&d[0], "first filter").zeros[2] = 7; return d }, "its filter has zero point 7"},
		{"a scale that is no number", func(d []draft) []draft {
			named(&d[0], "first filter").scales[1] = float32(math.NaN())
			return d
		}, "its filter has scale NaN"},
		{"a scale of nothing", func(d []draft) []draft { named(&d[0], "first").scales[0] = 0; return d }, `tensor "first" has scale 0`},
		{"a zero point outside INT8", func(d []draft) []draft { named(&d[0], "first").zeros[0] = 1 << 40; return d }, "zero point 1099511627776"},
		{"a bias of another length", func(d []draft) []draft {
			b := named(&d[0], "first bias")
			b.shape, b.data = []int{3}, b.data[:12]
			return d
		}, "not 4 constants of INT32"},
		{"a constant shorter than its shape", func(d []draft) []draft { named(&d[0], "first filter").shape[0] = 5; return d }, `constant "first filter" has 480 bytes for 600 INT8`},
		{"a shape with nothing in it", func(d []draft) []draft { named(&d[0], "first").shape[1] = 0; return d }, "each dimension must be at least 1"},
		{"a shape past all bounds", func(d []draft) []draft {
			named(&d[0], "first").shape = []int{1 << 16, 1 << 16, 1 << 16, 1 << 16}
			return d
		}, "the product at most"},
		{"too many dimensions", func(d []draft) []draft { named(&d[0], "first").shape = make([]int, 9); return d }, "9 dimensions, more than 5"},
		{"too many tensors", func(d []draft) []draft {
			for range maxTensors {
				d[0].value("more", 1, 0, 1)
			}
			return d
		}, "tensors, more than 1024"},
		{"too much work", func(d []draft) []draft {
			from := d[0].value("wide", 1, 0, 1, 1, 1, 512)
			start := d[0].weights("start", []float32{1}, 0, make([]int8, 512), 1, 1, 1, 512)
			d[0].op(opReshape, []int{start}, []int{from})
			filter := d[0].weights("much", []float32{1}, 0, make([]int8, 512*512), 512, 1, 1, 512)
			for range 10 {
				to := d[0].value("to", 1, 0, 1, 1, 1, 512)
				d[0].op(opConv2D, []int{from, filter}, []int{to}, number(0, 1), number(1, 1), number(2, 1))
			}
			return d
		}, "a step takes more than"},
		{"too much memory", func(d []draft) []draft {
			for range 5 {
				d[0].tensor(tensor{name: "much", kind: kindInt32, shape: []int{maxElements}, data: make([]byte, 4*maxElements)})
			}
			return d
		}, "more than"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse([]byte(smallManifest), file(test.change(small())...))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), `load wake word "loud": `) {
				t.Errorf("error %v\nwant  %q", err, test.want)
			}
		})
	}
}

// Wherever a download breaks off, the file is an error, and never a panic.
func TestTruncatedModels(t *testing.T) {
	whole := file(small()...)
	for n := range whole {
		if _, err := Parse([]byte(smallManifest), whole[:n:n]); err == nil {
			// The file's last bytes may be padding.
			if n < len(whole)-4 {
				t.Errorf("the first %d of %d bytes were accepted", n, len(whole))
			}
		} else if !strings.HasPrefix(err.Error(), `load wake word "loud": the model`) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// The options of an operator are read when the operator is, after everything else.
func TestDamagedOptions(t *testing.T) {
	model := file(small()...)
	graphs, err := readGraphs(model)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range graphs {
		for _, op := range g.operations {
			vtable := op.options.vtable
			if len(vtable) <= 4 || op.code == opSplitV { // whose options say nothing that its outputs do not
				continue
			}
			old := slices.Clone(vtable)
			for i := 4; i < len(vtable); i += 2 {
				vtable[i], vtable[i+1] = 0xFF, 0x7F // far outside the table
			}
			damaged := slices.Clone(model)
			copy(vtable, old)
			if _, err := Parse([]byte(smallManifest), damaged); err == nil || !strings.Contains(err.Error(), "an offset points outside") {
				t.Errorf("%v: %v", op, err)
			}
		}
	}
}

func TestNotAModel(t *testing.T) {
	for name, data := range map[string][]byte{
		"nothing":       nil,
		"a web page":    []byte("<!DOCTYPE html><html>404</html>"),
		"another magic": append([]byte{8, 0, 0, 0}, "TFL2...."...),
	} {
		if _, err := Parse([]byte(smallManifest), data); err == nil || !strings.Contains(err.Error(), "not a TensorFlow Lite file") {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := file(small()...)
	// The version is the model table's first field.
	old := slices.Clone(whole)
	r := &reader{data: whole, left: maxMemory}
	old[r.table(0).field(0, 4)] = 2
	if _, err := Parse([]byte(smallManifest), old); err == nil || !strings.Contains(err.Error(), "version 2 of the format; only 3 is supported") {
		t.Errorf("version 2: %v", err)
	}
}

func ExampleModel_NewStream() {
	model, err := Parse([]byte(smallManifest), file(small()...)) // as a rule: Load("okay_nabu.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	stream := model.NewStream()
	sound := append(hum(8000, 2), hum(8000, 30000)...)
	for at := 0; at < len(sound); at += 320 { // frames of 20 ms
		if probability, fresh := stream.Push(sound[at : at+320]); fresh && probability > model.Threshold() {
			fmt.Printf("woke %s at %.1f s\n", model.Word(), float64(at)/16000)
			return
		}
	}
	// Output: woke loud at 0.5 s
}
