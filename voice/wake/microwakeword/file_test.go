package microwakeword

import (
	"encoding/binary"
	"math"
)

// A writer of small .tflite files, so that the tests need no published model.
// FlatBuffers offsets point forwards: a table is written before what it refers to.

type writer struct{ b []byte }

// put writes a value at the end, aligned, and returns where it lies.
type put func(w *writer) int

// field is one field of a table: its number, and either a number in place or a
// value that is written after the table.
type field struct {
	n      int
	number uint32
	value  put
}

func number(n, value int) field    { return field{n: n, number: uint32(int32(value))} }
func refer(n int, value put) field { return field{n: n, value: value} }

func (w *writer) align(to int) {
	for len(w.b)%to != 0 {
		w.b = append(w.b, 0)
	}
}

func (w *writer) uint32(v uint32) { w.b = binary.LittleEndian.AppendUint32(w.b, v) }

// point makes the offset at a place lead to another.
func (w *writer) point(at, to int) { binary.LittleEndian.PutUint32(w.b[at:], uint32(to-at)) }

func tableOf(fields ...field) put {
	return func(w *writer) int {
		highest := -1
		for _, f := range fields {
			highest = max(highest, f.n)
		}
		vtable := make([]byte, 4+2*(highest+1))
		binary.LittleEndian.PutUint16(vtable, uint16(len(vtable)))
		binary.LittleEndian.PutUint16(vtable[2:], uint16(4+4*len(fields)))
		for i, f := range fields {
			binary.LittleEndian.PutUint16(vtable[4+2*f.n:], uint16(4+4*i))
		}
		w.align(4)
		for len(vtable)%4 != 0 {
			w.b = append(w.b, 0)
			vtable = append(vtable, 0)
		}
		at := len(w.b)
		w.b = append(w.b, vtable...)
		table := len(w.b)
		w.uint32(uint32(table - at))
		for _, f := range fields {
			w.uint32(f.number)
		}
		for i, f := range fields {
			if f.value != nil {
				w.point(table+4+4*i, f.value(w))
			}
		}
		return table
	}
}

// vectorOf writes a vector of elements of so many bytes.
func vectorOf(count, width int, elements []byte) put {
	return func(w *writer) int {
		for w.align(4); width == 8 && len(w.b)%8 != 4; {
			w.uint32(0)
		}
		at := len(w.b)
		w.uint32(uint32(count))
		w.b = append(w.b, elements...)
		return at
	}
}

func bytesOf(b []byte) put { return vectorOf(len(b), 1, b) }

func stringOf(s string) put { return vectorOf(len(s), 1, append([]byte(s), 0)) }

func int32s(values ...int) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, uint32(int32(v)))
	}
	return b
}

func intsOf(values []int) put { return vectorOf(len(values), 4, int32s(values...)) }

func floatsOf(values []float32) put {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return vectorOf(len(values), 4, b)
}

func longsOf(values []int64) put {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	return vectorOf(len(values), 8, b)
}

func tablesOf(tables []put) put {
	return func(w *writer) int {
		w.align(4)
		at := len(w.b)
		w.uint32(uint32(len(tables)))
		w.b = append(w.b, make([]byte, 4*len(tables))...)
		for i, table := range tables {
			w.point(at+4+4*i, table(w))
		}
		return at
	}
}

// draft is a subgraph being drawn up for a file.
type draft struct {
	tensors         []tensor
	inputs, outputs []int
	operations      []draftOperation
}

type draftOperation struct {
	code            int
	inputs, outputs []int
	options         []field
}

func (d *draft) tensor(t tensor) int {
	d.tensors = append(d.tensors, t)
	return len(d.tensors) - 1
}

// value is an activation: INT8 with one scale and zero point.
func (d *draft) value(name string, scale float32, zero int64, shape ...int) int {
	return d.tensor(tensor{name: name, kind: kindInt8, shape: shape, scales: []float32{scale}, zeros: []int64{zero}})
}

func (d *draft) numbers(name string, values ...int) int {
	return d.tensor(tensor{name: name, kind: kindInt32, shape: []int{len(values)}, data: int32s(values...)})
}

func (d *draft) op(code int, inputs, outputs []int, options ...field) {
	d.operations = append(d.operations, draftOperation{code, inputs, outputs, options})
}

// weights is an INT8 constant with one scale per channel along an axis.
func (d *draft) weights(name string, scales []float32, axis int, values []int8, shape ...int) int {
	data := make([]byte, len(values))
	for i, v := range values {
		data[i] = byte(v)
	}
	return d.tensor(tensor{name: name, kind: kindInt8, shape: shape, scales: scales, zeros: make([]int64, len(scales)), axis: axis, data: data})
}

// optionTypes are the BuiltinOptions numbers of the schema.
var optionTypes = map[int]int{
	opConv2D: 1, opDepthwiseConv2D: 2, opFullyConnected: 8, opConcatenation: 10, opReshape: 17, opStridedSlice: 32,
	opSplit: 35, opSplitV: 79, opCallOnce: 103, opVarHandle: 111, opReadVariable: 112, opAssignVariable: 113,
}

// file writes the subgraphs as a .tflite file.
func file(drafts ...draft) []byte {
	var codes, graphs []put
	index := map[int]int{}
	buffers := []put{tableOf()}
	for _, d := range drafts {
		var tensors, operations []put
		for _, t := range d.tensors {
			buffer := 0
			if t.data != nil {
				buffer = len(buffers)
				buffers = append(buffers, tableOf(refer(0, bytesOf(t.data))))
			}
			fields := []field{refer(0, intsOf(t.shape)), number(1, int(t.kind)), number(2, buffer), refer(3, stringOf(t.name))}
			if t.scales != nil {
				fields = append(fields, refer(4, tableOf(refer(2, floatsOf(t.scales)), refer(3, longsOf(t.zeros)), number(6, t.axis))))
			}
			tensors = append(tensors, tableOf(fields...))
		}
		for _, o := range d.operations {
			if _, ok := index[o.code]; !ok {
				index[o.code] = len(codes)
				codes = append(codes, tableOf(number(0, min(o.code, 127)), number(2, 1), number(3, o.code)))
			}
			fields := []field{number(0, index[o.code]), refer(1, intsOf(o.inputs)), refer(2, intsOf(o.outputs))}
			if o.options != nil {
				fields = append(fields, number(3, optionTypes[o.code]), refer(4, tableOf(o.options...)))
			}
			operations = append(operations, tableOf(fields...))
		}
		graphs = append(graphs, tableOf(refer(0, tablesOf(tensors)), refer(1, intsOf(d.inputs)), refer(2, intsOf(d.outputs)),
			refer(3, tablesOf(operations)), refer(4, stringOf("main"))))
	}
	w := &writer{b: []byte{0, 0, 0, 0, 'T', 'F', 'L', '3'}}
	w.point(0, tableOf(number(0, 3), refer(1, tablesOf(codes)), refer(2, tablesOf(graphs)), refer(3, stringOf("drawn up by a test")),
		refer(4, tablesOf(buffers)))(w))
	return w.b
}
