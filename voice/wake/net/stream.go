package net

import "math"

// Scores is what a stream says after the samples of a Push. Its slices stay
// valid until the next Push.
type Scores struct {
	Fresh     bool      // false: no step was complete, and the rest is that of the step before
	Words     []float32 // 0..1 for each of Model.Words, smoothed as the model says
	Speech    float32   // 0..1: somebody speaks
	Embedding []float32 // what the last second sounded like, EmbeddingSize numbers, for words enrolled by example
}

// Stream runs a model over one stream of sound. It belongs to one goroutine.
type Stream struct {
	model *Model
	front *FrontEnd

	input  []float32 // Stack frames
	filled int       // of input

	x, y    []float32 // width
	history []history // of each block's input

	recent [][]float32 // scores of the last Smoothing steps, a ring of [words]
	step   int         // steps since Reset
	raw    []float32   // outputs before the sigmoid
	scores Scores
}

// history is a ring of the last frames of width numbers.
type history struct {
	frames []float32
	length int // frames
	newest int // index of the newest frame
}

// at is the frame that came age frames before the newest.
func (h *history) at(age, width int) []float32 {
	i := h.newest - age
	if i < 0 {
		i += h.length
	}
	return h.frames[i*width:][:width]
}

// NewStream starts a stream. All memory it needs is taken here.
func (m *Model) NewStream() *Stream {
	h := m.head
	s := &Stream{
		model:   m,
		front:   NewFrontEnd(),
		input:   make([]float32, h.Stack*Bands),
		x:       make([]float32, h.Width),
		y:       make([]float32, h.Width),
		history: make([]history, len(h.Blocks)),
		recent:  make([][]float32, h.Smoothing),
		raw:     make([]float32, len(h.Words)+1),
		scores: Scores{
			Words:     make([]float32, len(h.Words)),
			Embedding: make([]float32, h.Embedding),
		},
	}
	for i, b := range h.Blocks {
		length := (b.Kernel-1)*b.Dilation + 1
		s.history[i] = history{frames: make([]float32, length*h.Width), length: length}
	}
	for i := range s.recent {
		s.recent[i] = make([]float32, len(h.Words))
	}
	return s
}

// Reset forgets all sound, as if the stream were new.
func (s *Stream) Reset() {
	s.front.Reset()
	s.filled, s.step = 0, 0
	for i := range s.history {
		clear(s.history[i].frames)
		s.history[i].newest = 0
	}
	for _, r := range s.recent {
		clear(r)
	}
	clear(s.scores.Words)
	clear(s.scores.Embedding)
	s.scores.Speech = 0
}

// Push takes any number of samples of 16 kHz and returns the scores after them.
// Whoever must see every step pushes no more than Model.StepSamples at once.
func (s *Stream) Push(pcm []int16) Scores {
	s.scores.Fresh = false
	for len(pcm) > 0 {
		var bands []float32
		pcm, bands = s.front.Next(pcm)
		if bands == nil {
			break
		}
		copy(s.input[s.filled*Bands:], bands)
		if s.filled++; s.filled == s.model.head.Stack {
			s.filled = 0
			s.network()
			s.scores.Fresh = true
		}
	}
	return s.scores
}

// network runs one step on the full input.
func (s *Stream) network() {
	m := s.model
	m.stem.apply(s.x, s.input)
	rectify(s.x)
	for i := range m.blocks {
		s.block(&m.blocks[i], m.head.Blocks[i], &s.history[i])
	}
	m.embedding.apply(s.scores.Embedding, s.x)
	m.outputs.apply(s.raw, s.x)

	words := len(s.scores.Words)
	newest := s.recent[s.step%len(s.recent)]
	s.step++
	for w := range words {
		newest[w] = sigmoid(s.raw[w])
		sum := float32(0)
		for _, r := range s.recent {
			sum += r[w]
		}
		s.scores.Words[w] = sum / float32(len(s.recent))
	}
	s.scores.Speech = sigmoid(s.raw[words])
}

// block: x = rectify(x + mix(rectify(convolution(x)))).
func (s *Stream) block(b *block, shape shape, h *history) {
	width := len(s.x)
	if h.newest++; h.newest == h.length {
		h.newest = 0
	}
	copy(h.at(0, width), s.x)
	copy(s.y, b.shift)
	for k := range shape.Kernel {
		frame := h.at((shape.Kernel-1-k)*shape.Dilation, width)
		taps := b.taps[k*width:][:width]
		y := s.y[:width]
		for c, t := range taps {
			y[c] += t * frame[c]
		}
	}
	rectify(s.y)
	weight, at := b.mix.weight, 0
	for _, part := range s.model.parts {
		y := s.y[at:][:part]
		for o := at; o < at+part; o++ {
			s.x[o] = max(0, s.x[o]+b.mix.bias[o]+dot(weight[:part], y))
			weight = weight[part:]
		}
		at += part
	}
}

func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }
