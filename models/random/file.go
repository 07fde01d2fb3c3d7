package random

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
)

// fill says what a tensor's elements are.
type fill int

const (
	matrix   fill = iota // random, 16-bit, scaled by the width it sums over
	position             // random, 32-bit, small
	ones                 // 32-bit: the scale of a norm
	zeros                // 32-bit: a bias
)

// tensor is one array of the file. Dimensions are in ggml's order: the fastest-changing first.
type tensor struct {
	name string
	dims []int
	fill fill
}

func (t tensor) elements() int {
	n := 1
	for _, d := range t.dims {
		n *= d
	}
	return n
}

// kind is ggml's number of the element type.
func (t tensor) kind() uint32 {
	if t.fill == matrix {
		return 1 // 16-bit float
	}
	return 0 // 32-bit float
}

// size is the length of the data in bytes.
func (t tensor) size() int {
	if t.fill == matrix {
		return 2 * t.elements()
	}
	return 4 * t.elements()
}

// fanIn is the number of products in one sum of this matrix.
func (t tensor) fanIn() int {
	n := 1
	for _, d := range t.dims[:len(t.dims)-1] {
		n *= d
	}
	return n
}

// file writes little-endian values in sequence. Its bufio.Writer keeps the first error for Flush.
type file struct {
	w    *bufio.Writer
	rand *rand.PCG
	buf  []byte // scratch
	at   int64  // bytes written
}

func newFile(w io.Writer, seed uint64) *file {
	return &file{w: bufio.NewWriterSize(w, 1<<16), rand: rand.NewPCG(seed, 0), buf: make([]byte, 0, 8)}
}

func (f *file) write(b []byte) {
	f.at += int64(len(b))
	f.w.Write(b)
}

func (f *file) u32(n uint32) { f.write(binary.LittleEndian.AppendUint32(f.buf, n)) }

func (f *file) u64(n uint64) { f.write(binary.LittleEndian.AppendUint64(f.buf, n)) }

func (f *file) f32(x float32) { f.u32(math.Float32bits(x)) }

func (f *file) data(t tensor) {
	n := t.elements()
	switch t.fill {
	case matrix:
		f.halves(n, 1/math.Sqrt(float64(t.fanIn())))
	case position:
		for range n {
			f.f32(float32(f.rand.Uint64()>>40)/(1<<24)*0.02 - 0.01)
		}
	case ones:
		for range n {
			f.f32(1)
		}
	case zeros:
		for range n {
			f.f32(0)
		}
	}
}

// halves writes n 16-bit floats drawn evenly from -bound to bound. Every value is one of 65,536, which makes a model
// of 40 million weights a matter of a fraction of a second.
func (f *file) halves(n int, bound float64) {
	table := make([]uint16, 1<<16)
	for i := range table {
		table[i] = half(float32((float64(i)/(1<<15) - 1) * bound))
	}
	for n > 0 {
		bits := f.rand.Uint64()
		b := f.buf
		for range min(n, 4) {
			b = binary.LittleEndian.AppendUint16(b, table[uint16(bits)])
			bits >>= 16
		}
		f.write(b)
		n -= 4
	}
}
