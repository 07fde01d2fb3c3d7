package net

import (
	_ "embed"
	"slices"
)

//go:embed hey-cricket.net
var bundled []byte

// Model is a network as read from its file. It does not change and may be used
// by any number of streams and goroutines.
type Model struct {
	head      head
	checksum  uint32
	stem      dense
	blocks    []block
	parts     []int // widths of the channels that mix with each other
	embedding dense
	outputs   dense
}

// Bundled is the model that comes with Cricket: "hey cricket" and "stop".
func Bundled() *Model {
	m, err := Parse(bundled)
	if err != nil {
		panic(err) // the file is part of the program, and a test reads it
	}
	return m
}

// Words lists the words of the model in the order of Scores.Words.
func (m *Model) Words() []Word { return slices.Clone(m.head.Words) }

// Language is the language the words were trained in ("en").
func (m *Model) Language() string { return m.head.Language }

// EmbeddingSize is the length of Scores.Embedding.
func (m *Model) EmbeddingSize() int { return m.head.Embedding }

// Checksum is that of the model's file: embeddings of models with the same one can
// be compared.
func (m *Model) Checksum() uint32 { return m.checksum }

// StepSamples is the length of sound between two scores, 480 samples (30 ms) in
// models of ours.
func (m *Model) StepSamples() int { return m.head.Stack * Hop }

// dense is a matrix [out][in] and a bias.
type dense struct {
	weight []float32
	bias   []float32
}

// apply writes weight times x plus bias.
func (d *dense) apply(out, x []float32) {
	for o := range out {
		out[o] = d.bias[o] + dot(d.weight[o*len(x):][:len(x)], x)
	}
}

// block is a causal convolution in time of each channel by itself, then a mix of
// the channels, added to the input.
type block struct {
	taps  []float32 // [kernel][width], oldest first
	shift []float32
	mix   dense // of each part its own matrix, one after another
}

// dot keeps four sums, so that an addition need not wait for the one before it.
func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

func rectify(x []float32) {
	for i, v := range x {
		x[i] = max(v, 0)
	}
}
