package microwakeword

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Field numbers below are the order of the fields in TensorFlow Lite's
// schema.fbs, version 3 of the format.

// kind is a TensorType of the schema.
type kind int

const (
	kindInt32    kind = 2
	kindUint8    kind = 3
	kindInt8     kind = 9
	kindResource kind = 13
)

func (k kind) String() string {
	names := []string{"FLOAT32", "FLOAT16", "INT32", "UINT8", "INT64", "STRING", "BOOL", "INT16",
		"COMPLEX64", "INT8", "FLOAT64", "COMPLEX128", "UINT64", "RESOURCE", "VARIANT", "UINT32", "UINT16", "INT4"}
	if k >= 0 && int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("type %d", int(k))
}

// tensor is one value of the graph: a constant, or what an operator makes.
type tensor struct {
	name     string
	shape    []int
	elements int
	kind     kind
	data     []byte // of a constant
	// real = scales[channel] * (stored - zero); one scale, or one per channel along axis.
	scales []float32
	zeros  []int64
	axis   int
}

// operation is one operator as the file gives it.
type operation struct {
	code            int
	custom          string
	inputs, outputs []int
	options         table
}

func (o operation) String() string { return operatorName(o.code, o.custom) }

// subgraph is one function of the model: the first runs at each step, another
// one fills the variables once.
type subgraph struct {
	tensors         []tensor
	inputs, outputs []int
	operations      []operation
}

// readGraphs reads a .tflite file.
func readGraphs(data []byte) ([]subgraph, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("the model file has %d bytes, more than %d", len(data), maxFile)
	}
	if len(data) < 8 || string(data[4:8]) != "TFL3" {
		return nil, errors.New("the model is not a TensorFlow Lite file: TFL3 is not at byte 4")
	}
	r := &reader{data: data, left: maxMemory}
	model := r.table(0)
	if version := model.int32(0, 0); r.err == nil && version != 3 {
		return nil, fmt.Errorf("the model file has version %d of the format; only 3 is supported", version)
	}
	type code struct {
		builtin int
		custom  string
	}
	var codes []code
	for _, t := range model.tables(1, maxOperators, "operator codes") {
		// Field 0 is the old, 8-bit code: 127 there means that only field 3 holds it.
		codes = append(codes, code{max(t.byte(0), t.int32(3, 0)), t.string(1)})
	}
	buffers := model.tables(4, maxBuffers, "buffers")
	var graphs []subgraph
	for _, t := range model.tables(2, maxSubgraphs, "subgraphs") {
		g := subgraph{
			inputs:  t.ints(1, maxOperands, "inputs"),
			outputs: t.ints(2, maxOperands, "outputs"),
		}
		for _, tt := range t.tables(0, maxTensors, "tensors") {
			tensor, err := readTensor(tt, buffers)
			if err != nil {
				return nil, err
			}
			g.tensors = append(g.tensors, tensor)
		}
		for _, to := range t.tables(3, maxOperators, "operators") {
			op := operation{
				inputs:  to.ints(1, maxOperands, "inputs of an operator"),
				outputs: to.ints(2, maxOperands, "outputs of an operator"),
			}
			if index := to.int32(0, 0); index >= 0 && index < len(codes) {
				op.code, op.custom = codes[index].builtin, codes[index].custom
			} else {
				r.fail(fmt.Errorf("an operator has code %d of %d", index, len(codes)))
			}
			if at := to.field(4, 4); at != 0 {
				op.options = r.table(at)
			} else {
				op.options = table{r: r}
			}
			g.operations = append(g.operations, op)
		}
		graphs = append(graphs, g)
	}
	if r.err != nil {
		return nil, r.err
	}
	if len(graphs) == 0 {
		return nil, errors.New("the model has no graph")
	}
	return graphs, nil
}

func readTensor(t table, buffers []table) (tensor, error) {
	v := tensor{name: t.string(3), kind: kind(t.byte(1)), elements: 1, shape: t.ints(0, maxDims, "dimensions")}
	if q := t.field(4, 4); q != 0 {
		quantization := t.r.table(q)
		v.scales = quantization.floats(2, maxElements, "scales")
		v.zeros = quantization.longs(3, maxElements, "zero points")
		v.axis = quantization.int32(6, 0)
	}
	if buffer := t.int32(2, 0); buffer != 0 {
		if buffer < 0 || buffer >= len(buffers) {
			t.r.fail(fmt.Errorf("a tensor has buffer %d of %d", buffer, len(buffers)))
		} else {
			at, count := buffers[buffer].vector(0, 1, maxElements, "bytes in a buffer")
			v.data = t.r.bytes(at, count)
		}
	}
	if t.r.err != nil {
		return v, t.r.err
	}
	for _, n := range v.shape {
		if n < 1 || n > maxElements || v.elements*n > maxElements {
			return v, fmt.Errorf("tensor %q has shape %v: each dimension must be at least 1, and the product at most %d", v.name, v.shape, maxElements)
		}
		v.elements *= n
	}
	if len(v.data) == 0 {
		v.data = nil
		return v, nil
	}
	width := map[kind]int{kindInt8: 1, kindUint8: 1, kindInt32: 4}[v.kind]
	if width == 0 {
		return v, fmt.Errorf("constant %q is %v; only INT8, UINT8 and INT32 are supported", v.name, v.kind)
	}
	if len(v.data) != v.elements*width {
		return v, fmt.Errorf("constant %q has %d bytes for %d %v", v.name, len(v.data), v.elements, v.kind)
	}
	return v, nil
}

// quantized is the one scale and zero point of an activation.
func (t tensor) quantized() (scale float64, zero int32, err error) {
	low, high := int64(math.MinInt8), int64(math.MaxInt8)
	if t.kind == kindUint8 {
		low, high = 0, math.MaxUint8
	}
	switch {
	case t.kind != kindInt8 && t.kind != kindUint8:
		return 0, 0, fmt.Errorf("tensor %q is %v, not INT8", t.name, t.kind)
	case len(t.scales) != 1 || len(t.zeros) != 1:
		return 0, 0, fmt.Errorf("tensor %q has %d scales and %d zero points, not one", t.name, len(t.scales), len(t.zeros))
	case !usable(t.scales[0]):
		return 0, 0, fmt.Errorf("tensor %q has scale %g", t.name, t.scales[0])
	case t.zeros[0] < low || t.zeros[0] > high:
		return 0, 0, fmt.Errorf("tensor %q has zero point %d", t.name, t.zeros[0])
	}
	return float64(t.scales[0]), int32(t.zeros[0]), nil
}

// usable is a scale that arithmetic can be done with.
func usable(scale float32) bool { return scale >= 1e-20 && scale <= 1e20 }

// ints are the values of an INT32 constant.
func (t tensor) ints() ([]int, error) {
	if t.kind != kindInt32 || t.data == nil {
		return nil, fmt.Errorf("tensor %q is not an INT32 constant", t.name)
	}
	list := make([]int, t.elements)
	for i := range list {
		list[i] = int(int32(binary.LittleEndian.Uint32(t.data[4*i:])))
	}
	return list, nil
}

// bytes8 are the values of an INT8 constant.
func (t tensor) bytes8() ([]int8, error) {
	if t.kind != kindInt8 || t.data == nil {
		return nil, fmt.Errorf("tensor %q is not an INT8 constant", t.name)
	}
	list := make([]int8, len(t.data))
	for i, b := range t.data {
		list[i] = int8(b)
	}
	return list, nil
}
