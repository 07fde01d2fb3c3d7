package appliance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cricket-home/cricket/mqtt/hermes"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wake"
)

// siteWaker hears the box's wake words in what a satellite sends.
type siteWaker struct {
	box       *Box
	detector  *wake.Detector
	resampler *voice.Resampler
	rate      int
	rest      []int16 // less than a frame
	heard     time.Duration
}

func (b *Box) newSiteWaker() (hermes.Waker, error) {
	d, err := b.detectorNamed(context.Background(), nil)
	if err != nil {
		return nil, fmt.Errorf("listen for wake words at satellites: %w", err)
	}
	return &siteWaker{box: b, detector: d}, nil
}

// Push takes the next piece of sound.
func (w *siteWaker) Push(wav []byte) (word string, sensitivity float64, ago, length time.Duration, err error) {
	s, err := voice.ReadSpeech(bytes.NewReader(wav), longestPiece)
	if errors.Is(err, voice.ErrNoSound) {
		return "", 0, 0, 0, nil
	}
	if err != nil {
		return "", 0, 0, 0, fmt.Errorf("read audio frame: %w", err)
	}
	if w.resampler == nil || s.Rate != w.rate { // another microphone
		w.resampler, w.rate, w.rest = voice.NewResampler(s.Rate, voice.SampleRate), s.Rate, nil
	}
	end := time.Duration(-1)
	w.rest = w.resampler.Push(w.rest, s.PCM)
	for len(w.rest) >= voice.FrameSamples {
		for _, woke := range w.detector.Push(voice.Frame{Mic: "hermes", Time: w.heard, PCM: w.rest[:voice.FrameSamples]}) {
			word, end = woke.Word, woke.End
		}
		w.rest, w.heard = w.rest[voice.FrameSamples:], w.heard+frameTime
	}
	if end >= 0 {
		ago = max(0, w.heard-end)
		sensitivity = *w.box.config.Wake.word(word).Sensitivity
	}
	return word, sensitivity, ago, time.Duration(len(s.PCM)) * time.Second / time.Duration(s.Rate), nil
}

// hermesWords are the words that wake this box, and hermesVoices its voices.
func (b *Box) hermesWords() []hermes.Word {
	words, err := b.wakeWords()
	if err != nil {
		b.log.Error("no wake word is told to Hermes clients", "err", err)
	}
	var out []hermes.Word
	for _, w := range words {
		out = append(out, hermes.Word{ID: w.Name, Phrase: w.Name})
	}
	return out
}

func (b *Box) hermesVoices() []hermes.Voice {
	var out []hermes.Voice
	for _, v := range b.voices.all {
		out = append(out, hermes.Voice{ID: v.name, Description: v.name})
	}
	return out
}
