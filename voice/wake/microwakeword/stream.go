package microwakeword

// Stream listens to one stream of sound. It belongs to one goroutine.
type Stream struct {
	model  *Model
	ear    ear
	slots  [][]int8
	frame  int     // of the step being filled
	recent []uint8 // the newest steps, in a ring
	next   int     // in recent
	sum    int     // of recent
	raw    uint8
}

// NewStream starts to listen to a stream of sound.
func (m *Model) NewStream() *Stream {
	s := &Stream{
		model:  m,
		ear:    ear{frontEnd: m.frontEnd, step: m.hop()},
		slots:  m.program.slots(),
		recent: make([]uint8, m.SlidingWindow()),
	}
	s.Reset()
	return s
}

// Reset forgets all that was heard, as if the stream began anew.
func (s *Stream) Reset() {
	s.ear.reset()
	s.model.program.reset(s.slots)
	s.frame, s.next, s.sum, s.raw = 0, 0, 0, 0
	clear(s.recent)
}

// Push takes any number of 16 kHz samples. fresh says that they completed at
// least one step, and probability is then the highest of those steps: each the
// mean over the sliding window, in which steps before the beginning count as 0.
func (s *Stream) Push(pcm []int16) (probability float32, fresh bool) {
	for len(pcm) > 0 {
		var ok bool
		if pcm, ok = s.ear.push(pcm); !ok {
			continue
		}
		input := s.slots[s.model.program.input][s.frame*channels:]
		table := s.model.quantized
		for i, f := range s.ear.features {
			input[i] = table[min(int(f), len(table)-1)]
		}
		s.frame++
		if s.frame < s.model.program.frames {
			continue
		}
		s.frame = 0
		s.step()
		fresh = true
		probability = max(probability, float32(s.sum)/float32(255*len(s.recent)))
	}
	return probability, fresh
}

// step runs the model over the frames it was given.
func (s *Stream) step() {
	p := s.model.program
	for _, step := range p.steps {
		step.run(s.slots)
	}
	s.raw = uint8(s.slots[p.output][0])
	if !p.outputUnsigned {
		s.raw += 128
	}
	s.sum += int(s.raw) - int(s.recent[s.next])
	s.recent[s.next] = s.raw
	s.next = (s.next + 1) % len(s.recent)
}

// Raw is the model's output at the newest step, before the mean: 0 to 255.
func (s *Stream) Raw() uint8 { return s.raw }
