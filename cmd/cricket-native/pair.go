package main

import "github.com/cricket-home/cricket/voice"

// pair is a card with two microphones that are one, by a beam.
type pair struct {
	*card
	beam  *beam
	still func() bool // the box itself is heard
	to    [2]*voice.Resampler
	one   [2][]int16 // what each microphone heard, at the device's rate
	wait  [2][]int16 // the same at ours, not yet taken
}

// newPair takes over a stream of two channels.
func newPair(k *card, still func() bool) *pair {
	p := &pair{card: k, beam: newBeam(), still: still}
	for i := range 2 {
		p.one[i] = make([]int16, len(k.device)/2)
		if k.rate != voice.SampleRate {
			p.to[i] = voice.NewResampler(k.rate, voice.SampleRate)
		}
	}
	return p
}

func (p *pair) Read(pcm []int16) error {
	var lost error
	for len(p.wait[0]) < len(pcm) {
		over, err := p.take()
		if err != nil {
			return err
		}
		if over {
			lost = errOverrun
		}
		p.split(p.device)
	}
	p.mix(pcm)
	return lost
}

// split parts a frame of the device, which has a sample of each in turn.
func (p *pair) split(device []int16) {
	for i := range 2 {
		for n := range p.one[i] {
			p.one[i][n] = device[2*n+i]
		}
		if p.to[i] == nil {
			p.wait[i] = append(p.wait[i], p.one[i]...)
		} else {
			p.wait[i] = p.to[i].Push(p.wait[i], p.one[i])
		}
	}
}

// mix takes a frame of what waits.
func (p *pair) mix(pcm []int16) {
	n := len(pcm)
	p.beam.mix(pcm, p.wait[0][:n], p.wait[1][:n], p.still())
	for i := range p.wait {
		p.wait[i] = append(p.wait[i][:0], p.wait[i][n:]...)
	}
}
