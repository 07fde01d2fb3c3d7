package net

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"strings"
)

// A model file is the 8 bytes "crkwake1", the length of the head as uint32, the
// head as JSON, the weights as float16 one tensor after another, and the CRC-32
// (IEEE) of everything before it; all numbers little-endian. The order of the
// tensors is that of Model.tensors, each with its last dimension innermost.
const magic = "crkwake1"

// Limits of a file: generous for what runs on a small board, and small enough
// that a broken head cannot make Parse ask for much memory.
const (
	largestHead = 16 << 10
	mostWords   = 16
	mostWidth   = 512
	mostBlocks  = 16
	mostKernel  = 16
	mostStride  = 16 // of a block's dilation
)

// head describes the network of a file.
type head struct {
	Words     []Word  `json:"words"`
	Language  string  `json:"language"`
	Stack     int     `json:"stack"`           // front-end frames in a step
	Width     int     `json:"width"`           // channels
	Parts     []int   `json:"parts,omitempty"` // of the width, which do not mix; none: one
	Embedding int     `json:"embedding"`
	Smoothing int     `json:"smoothing"` // steps a word's score is the mean of
	Blocks    []shape `json:"blocks"`
}

type shape struct {
	Kernel   int `json:"kernel"`
	Dilation int `json:"dilation"`
}

// Word is one of the words a model knows.
type Word struct {
	Name      string  `json:"name"`
	Threshold float32 `json:"threshold"` // a score from here on is a detection
}

func (h *head) validate() error {
	within := func(name string, x, least, most int) error {
		if x < least || x > most {
			return fmt.Errorf("%s is %d, not %d to %d", name, x, least, most)
		}
		return nil
	}
	err := errors.Join(
		within("number of words", len(h.Words), 1, mostWords),
		within("stack", h.Stack, 1, 8),
		within("width", h.Width, 1, mostWidth),
		within("embedding", h.Embedding, 1, mostWidth),
		within("smoothing", h.Smoothing, 1, 16),
		within("number of blocks", len(h.Blocks), 1, mostBlocks),
	)
	for i, b := range h.Blocks {
		err = errors.Join(err,
			within(fmt.Sprintf("kernel of block %d", i), b.Kernel, 1, mostKernel),
			within(fmt.Sprintf("dilation of block %d", i), b.Dilation, 1, mostStride))
	}
	sum := 0
	for i, p := range h.Parts {
		err = errors.Join(err, within(fmt.Sprintf("part %d of the width", i), p, 1, h.Width))
		sum += p
	}
	if len(h.Parts) > 0 && sum != h.Width {
		err = errors.Join(err, fmt.Errorf("the parts are %d wide together, not %d", sum, h.Width))
	}
	seen := map[string]bool{}
	for _, w := range h.Words {
		switch {
		case strings.TrimSpace(w.Name) == "":
			err = errors.Join(err, errors.New("a word has no name"))
		case seen[w.Name]:
			err = errors.Join(err, fmt.Errorf("word %q is there twice", w.Name))
		case !(w.Threshold > 0 && w.Threshold <= 1): // NaN too
			err = errors.Join(err, fmt.Errorf("threshold of %q is %v, not above 0 and at most 1", w.Name, w.Threshold))
		}
		seen[w.Name] = true
	}
	return err
}

// Parse reads a model file.
func Parse(data []byte) (*Model, error) {
	m, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("read wake model: %w", err)
	}
	return m, nil
}

func parse(data []byte) (*Model, error) {
	if len(data) < len(magic)+8 || string(data[:len(magic)]) != magic {
		return nil, fmt.Errorf("it does not begin with %q", magic)
	}
	body, sum := data[:len(data)-4], binary.LittleEndian.Uint32(data[len(data)-4:])
	if got := crc32.ChecksumIEEE(body); got != sum {
		return nil, fmt.Errorf("checksum is %08x, should be %08x: the file is damaged", got, sum)
	}
	size := binary.LittleEndian.Uint32(body[len(magic):])
	body = body[len(magic)+4:]
	if size > largestHead || int(size) > len(body) {
		return nil, fmt.Errorf("head of %d bytes does not fit", size)
	}
	m := &Model{checksum: sum}
	decoder := json.NewDecoder(bytes.NewReader(body[:size]))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m.head); err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	if decoder.More() {
		return nil, errors.New("head: something follows it")
	}
	if err := m.head.validate(); err != nil {
		return nil, err
	}
	weights := body[size:]
	if want := 2 * m.numbers(); len(weights) != want {
		return nil, fmt.Errorf("%d bytes of weights, should be %d", len(weights), want)
	}
	for _, t := range m.tensors() {
		*t.to = make([]float32, t.size)
		for i := range *t.to {
			x := fromHalf(binary.LittleEndian.Uint16(weights[2*i:]))
			if x != x || math.IsInf(float64(x), 0) {
				return nil, fmt.Errorf("weight %d of %s is not finite", i, t.name)
			}
			(*t.to)[i] = x
		}
		weights = weights[2*t.size:]
	}
	return m, nil
}

// tensor is one of the tensors of a file and where its numbers go.
type tensor struct {
	name string
	size int
	to   *[]float32
}

// tensors lists all in the order of the file.
func (m *Model) tensors() []tensor {
	m.blocks = make([]block, len(m.head.Blocks))
	width := m.head.Width
	if m.parts = m.head.Parts; len(m.parts) == 0 {
		m.parts = []int{width}
	}
	mixed := 0
	for _, p := range m.parts {
		mixed += p * p
	}
	all := []tensor{
		{"stem.weight", width * m.head.Stack * Bands, &m.stem.weight}, // [width][stack*Bands], oldest frame first
		{"stem.bias", width, &m.stem.bias},
	}
	for i, s := range m.head.Blocks {
		b := &m.blocks[i]
		all = append(all,
			tensor{fmt.Sprintf("block%d.taps", i), s.Kernel * width, &b.taps}, // [kernel][width], oldest first
			tensor{fmt.Sprintf("block%d.shift", i), width, &b.shift},
			tensor{fmt.Sprintf("block%d.weight", i), mixed, &b.mix.weight}, // of each part [out][in]
			tensor{fmt.Sprintf("block%d.bias", i), width, &b.mix.bias})
	}
	outputs := len(m.head.Words) + 1 // the last one is speech
	return append(all,
		tensor{"embedding.weight", m.head.Embedding * width, &m.embedding.weight},
		tensor{"embedding.bias", m.head.Embedding, &m.embedding.bias},
		tensor{"outputs.weight", outputs * width, &m.outputs.weight},
		tensor{"outputs.bias", outputs, &m.outputs.bias})
}

// numbers is how many weights the head asks for.
func (m *Model) numbers() int {
	n := 0
	for _, t := range m.tensors() {
		n += t.size
	}
	return n
}

// fromHalf converts an IEEE 754 binary16 number.
func fromHalf(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent := uint32(h >> 10 & 31)
	mantissa := uint32(h & 0x3ff)
	switch exponent {
	case 0: // zero and subnormal: mantissa times 2^-24
		x := float32(mantissa) / (1 << 24)
		return math.Float32frombits(math.Float32bits(x) | sign)
	case 31:
		return math.Float32frombits(sign | 255<<23 | mantissa<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | mantissa<<13)
}
