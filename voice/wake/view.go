package wake

import (
	"slices"

	"github.com/cricket-home/cricket/voice"
)

const (
	frameSamples = voice.FrameSamples
	networkStep  = 480 // samples of a step of our networks
)

// view is a sound as personal words see it.
type view struct {
	said  [][]float32 // embeddings, one each networkStep: the sounds of speech, whoever speaks
	sound [][]float32 // cepstra, one each frame: also the voice
}

// look is the view of a whole sound.
func (m *Model) look(pcm []int16) (v view) {
	stream, spectrum := m.open(), newSpectrum()
	for rest := pcm; len(rest) >= networkStep; rest = rest[networkStep:] {
		stream.push(rest[:networkStep])
		v.said = append(v.said, slices.Clone(stream.embedding()))
	}
	v.sound = spectrum.all(pcm)
	return v
}

// all is the cepstra of the whole frames of a sound.
func (s *spectrum) all(pcm []int16) (sound [][]float32) {
	for ; len(pcm) >= frameSamples; pcm = pcm[frameSamples:] {
		c := s.push(pcm[:frameSamples])
		sound = append(sound, c[:])
	}
	return sound
}

// part is what is between two frames; the network needs a step more to say it.
func (v view) part(from, to int) view {
	steps := func(frame int) int { return frame * frameSamples / networkStep }
	return view{
		said:  v.said[min(len(v.said), steps(from)+1):min(len(v.said), steps(to)+2)],
		sound: v.sound[from:to],
	}
}
