package wake

import "github.com/cricket-home/cricket/voice/wake/microwakeword"

// community is a model of microWakeWord, by its manifest.
func community(manifest string) (*Model, error) {
	m, err := microwakeword.Load(manifest)
	if err != nil {
		return nil, err
	}
	return &Model{
		Name:  manifest,
		delay: communityDelay,
		Words: []ScoredWord{{m.Word(), m.Threshold()}},
		open:  func() stream { return &communityStream{stream: m.NewStream()} },
	}, nil
}

// communityStream has one word.
type communityStream struct {
	stream *microwakeword.Stream
	score  [1]float32
}

func (s *communityStream) push(pcm []int16) bool {
	probability, fresh := s.stream.Push(pcm)
	if fresh {
		s.score[0] = probability
	}
	return fresh
}

func (s *communityStream) scores() []float32 { return s.score[:] }

func (s *communityStream) embedding() []float32 { return nil }
