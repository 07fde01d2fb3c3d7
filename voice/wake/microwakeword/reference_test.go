package microwakeword

import (
	"math"
	"slices"
	"testing"
)

// reference evaluates a streaming model over a whole recording at once: every
// layer over the whole sequence of its input's rows, where the variables are
// only the rows before the beginning. It follows the definitions of the
// operators in the 8-bit quantization specification, in float64, which holds
// all the whole numbers that occur. It shares nothing with the runtime but the
// reading of the file.
type reference struct {
	tb      testing.TB
	graph   subgraph
	initial map[string]tensor
	steps   int
	made    map[int]sequence
}

// sequence is a tensor of 1 x length x 1 x columns through time: at step t it
// holds the rows from t * stride on.
type sequence struct {
	rows           [][]float64 // stored values, not real ones
	stride, length int
}

// at are the rows of a step.
func (s sequence) at(step int) [][]float64 { return s.rows[step*s.stride:][:s.length] }

// outputs are the outputs of a model for features, 0 to 255.
func referenceOutputs(tb testing.TB, model []byte, features [][]int8) []float64 {
	tb.Helper()
	graphs, err := readGraphs(model)
	if err != nil {
		tb.Fatal(err)
	}
	initial, err := readInitial(graphs, 1)
	if err != nil {
		tb.Fatal(err)
	}
	g := graphs[0]
	frames := g.tensors[g.inputs[0]].shape[1]
	r := &reference{tb: tb, graph: g, initial: initial, steps: len(features) / frames, made: map[int]sequence{}}
	input := sequence{stride: frames, length: frames}
	for _, row := range features {
		input.rows = append(input.rows, floats(row))
	}
	r.made[g.inputs[0]] = input
	var list []float64
	out := r.value(g.outputs[0])
	for step := range r.steps {
		list = append(list, out.at(step)[0][0])
	}
	return list
}

func floats(row []int8) []float64 {
	list := make([]float64, len(row))
	for i, v := range row {
		list[i] = float64(v)
	}
	return list
}

// value is a tensor through time.
func (r *reference) value(index int) sequence {
	if s, ok := r.made[index]; ok {
		return s
	}
	for _, op := range r.graph.operations {
		if slices.Contains(op.outputs, index) {
			s := r.evaluate(op, index)
			r.made[index] = s
			return s
		}
	}
	r.tb.Fatalf("nothing makes tensor %d", index)
	return sequence{}
}

func (r *reference) tensor(index int) tensor { return r.graph.tensors[index] }

func (r *reference) ints(index int) []int {
	list, err := r.tensor(index).ints()
	if err != nil {
		r.tb.Fatal(err)
	}
	return list
}

func (r *reference) evaluate(op operation, index int) sequence {
	to := r.tensor(index)
	switch op.code {
	case opReshape:
		from := r.value(op.inputs[0])
		if len(to.shape) == 4 {
			return from
		}
		return r.each(from, func(rows [][]float64) []float64 { return slices.Concat(rows...) })
	case opConcatenation:
		if maker := r.maker(op.inputs[0]); maker.code == opReadVariable {
			return r.history(maker, r.value(op.inputs[1]), op.outputs[0])
		}
		parts := []sequence{}
		for _, i := range op.inputs {
			parts = append(parts, r.value(i))
		}
		joined := sequence{stride: parts[0].stride, length: parts[0].length}
		for i := range parts[0].rows {
			var row []float64
			for _, p := range parts {
				row = append(row, p.rows[i]...)
			}
			joined.rows = append(joined.rows, row)
		}
		return joined
	case opStridedSlice: // always of rows, up to the end
		from := r.value(op.inputs[0])
		skip := from.length - to.shape[1]
		if r.ints(op.inputs[1])[1] != -to.shape[1] {
			r.tb.Fatalf("a slice from %v", r.ints(op.inputs[1]))
		}
		return sequence{rows: from.rows[skip:], stride: from.stride, length: to.shape[1]}
	case opSplitV: // always of columns
		from := r.value(op.inputs[0])
		begin := 0
		for i, width := range r.ints(op.inputs[1]) {
			if op.outputs[i] == index {
				part := sequence{stride: from.stride, length: from.length}
				for _, row := range from.rows {
					part.rows = append(part.rows, row[begin:begin+width])
				}
				return part
			}
			begin += width
		}
	case opConv2D, opDepthwiseConv2D, opFullyConnected:
		return r.weighted(op, r.value(op.inputs[0]), to)
	case opLogistic, opQuantize:
		from := r.tensor(op.inputs[0])
		return r.each(r.value(op.inputs[0]), func(rows [][]float64) []float64 {
			real := float64(from.scales[0]) * (rows[0][0] - float64(from.zeros[0]))
			low, high := -128.0, 127.0
			if to.kind == kindUint8 {
				low, high = 0, 255
			}
			if op.code == opLogistic {
				real = 1 / (1 + math.Exp(-real))
			}
			return []float64{min(max(math.Round(real/float64(to.scales[0]))+float64(to.zeros[0]), low), high)}
		})
	}
	r.tb.Fatalf("%v makes tensor %d", op, index)
	return sequence{}
}

func (r *reference) maker(index int) operation {
	for _, op := range r.graph.operations {
		if slices.Contains(op.outputs, index) {
			return op
		}
	}
	return operation{code: -1}
}

// each is one row per step, made of the rows of that step.
func (r *reference) each(from sequence, row func(rows [][]float64) []float64) sequence {
	s := sequence{stride: 1, length: 1}
	for step := range r.steps {
		s.rows = append(s.rows, row(from.at(step)))
	}
	return s
}

// history is all the rows that a layer ever sees, behind those that its
// variable begins with. all is the tensor of the rows of one step.
func (r *reference) history(read operation, fresh sequence, all int) sequence {
	if fresh.stride != fresh.length {
		r.tb.Fatalf("rows come %d at a time, every %d", fresh.length, fresh.stride)
	}
	name := handle(r.maker(read.inputs[0]))
	start := r.initial[name]
	kept := r.tensor(read.outputs[0]).shape
	// The variable must be given the last rows of them.
	assigned := false
	for _, op := range r.graph.operations {
		if op.code == opAssignVariable && op.inputs[0] == read.inputs[0] {
			slice := r.maker(op.inputs[1])
			assigned = slice.code == opStridedSlice && slice.inputs[0] == all && slices.Equal(r.tensor(op.inputs[1]).shape, kept)
		}
	}
	if !assigned {
		r.tb.Fatalf("variable %q is not given the last rows", name)
	}
	data, err := start.bytes8()
	if err != nil {
		r.tb.Fatal(err)
	}
	s := sequence{stride: fresh.length, length: kept[1] + fresh.length}
	for i := range kept[1] {
		s.rows = append(s.rows, floats(data[i*kept[3]:(i+1)*kept[3]]))
	}
	s.rows = append(s.rows, fresh.rows...)
	return s
}

// weighted is a layer with weights: real sums, brought to the output's scale by
// the quantized multiplier of the specification and rounded as its reference
// rounds: to the nearest at 2^31, and again at the shift.
func (r *reference) weighted(op operation, from sequence, to tensor) sequence {
	filter, input := r.tensor(op.inputs[1]), r.tensor(op.inputs[0])
	data, err := filter.bytes8()
	if err != nil {
		r.tb.Fatal(err)
	}
	bias := r.ints(op.inputs[2])
	height, outputs, stride, activation := 1, filter.shape[0], 1, op.options.byte(0)
	switch op.code {
	case opConv2D:
		height, stride, activation = filter.shape[1], op.options.int32(2, 1), op.options.byte(3)
	case opDepthwiseConv2D:
		height, outputs, stride, activation = filter.shape[1], filter.shape[3], op.options.int32(2, 1), op.options.byte(4)
	}
	zero := float64(input.zeros[0])
	low := -128.0
	switch activation {
	case activationRelu:
		low = float64(to.zeros[0])
	case activationNone:
	default:
		r.tb.Fatalf("activation %d", activation)
	}
	perStep := (from.length-height)/stride + 1
	s := sequence{stride: perStep, length: perStep}
	for step := range r.steps {
		for begin := 0; begin+height <= from.length; begin += stride {
			window := from.at(step)[begin : begin+height]
			row := make([]float64, outputs)
			for o := range row {
				sum := float64(bias[o])
				for y, values := range window {
					if op.code == opDepthwiseConv2D {
						sum += (values[o] - zero) * float64(data[y*outputs+o])
						continue
					}
					for x, v := range values {
						sum += (v - zero) * float64(data[(o*height+y)*len(values)+x])
					}
				}
				scale := filter.scales[0]
				if len(filter.scales) > 1 {
					scale = filter.scales[o]
				}
				fraction, shift := math.Frexp(float64(input.scales[0]) * float64(scale) / float64(to.scales[0]))
				multiplier := math.Round(math.Ldexp(fraction, 31))
				once := math.Floor(math.Ldexp(sum*multiplier, max(shift, 0)-31) + 0.5)
				row[o] = min(max(math.Round(math.Ldexp(once, min(shift, 0)))+float64(to.zeros[0]), low), 127)
			}
			s.rows = append(s.rows, row)
		}
	}
	return s
}

// agree checks the runtime against the reference on a sound, and returns how
// many steps there were and how many were the same.
func agree(t *testing.T, m *Model, model []byte, pcm []int16) (steps, same int) {
	t.Helper()
	s := m.NewStream()
	var raw []uint8
	var features [][]int8
	for len(pcm) > 0 {
		n := min(160, len(pcm))
		_, fresh := s.Push(pcm[:n])
		pcm = pcm[n:]
		if fresh {
			raw = append(raw, s.Raw())
			for frame := range slices.Chunk(s.slots[m.program.input], channels) {
				features = append(features, slices.Clone(frame))
			}
		}
	}
	want := referenceOutputs(t, model, features)
	if len(want) != len(raw) {
		t.Fatalf("%d steps, the reference has %d", len(raw), len(want))
	}
	for i := range raw {
		difference := math.Abs(float64(raw[i]) - want[i])
		if difference == 0 {
			same++
		}
		if difference > 2 {
			t.Errorf("step %d: %d, the reference has %v", i, raw[i], want[i])
		}
	}
	return len(raw), same
}

func TestSmallModelAgreesWithTheReference(t *testing.T) {
	m := smallModel(t)
	model := file(small()...)
	pcm := slices.Concat(make([]int16, 4000), hum(3000, 100), talk(24000), hum(3000, 30000))
	steps, same := agree(t, m, model, pcm)
	t.Logf("%d steps, %d the same", steps, same)
	if steps != 105 {
		t.Errorf("%d steps", steps)
	}
	// The test has no worth if the model always says the same.
	values := map[uint8]bool{}
	for _, v := range raws(m.NewStream(), pcm) {
		values[v] = true
	}
	if len(values) < 20 {
		t.Errorf("only %d different outputs", len(values))
	}
}
