package appliance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/espeak"
	"github.com/cricket-home/cricket/voice/wake"
)

// otherSentences are what people say at home and none of which should wake a box.
func otherSentences() []string {
	return []string{
		"Turn on the kitchen lights, please, and close the blinds in the living room.",
		"My sister would like to have some soup for dinner tonight.",
		"The match was on television, and the ticket was rather expensive.",
		"Hey you, could you come here and help me with the washing machine?",
		"Okay, so the butter is in the fridge, and the bread is on the table.",
		"What will the weather be like tomorrow? Will it rain in the afternoon?",
		"Good morning everybody, breakfast is ready, and we leave in ten minutes.",
		"I cannot find my glasses, has anybody seen where I put them yesterday?",
	}
}

// otherVoices are variants that espeak-ng puts on any of its voices.
func otherVoices() []string { return []string{"", "+f2", "+f3", "+f5", "+m3", "+m5", "+m7", "+croak"} }

// OtherSpeech is speech against which an enrolled word is measured: sentences of
// every day, the words of a phrase one by one, and the phrase in other voices,
// all by espeak-ng.
func OtherSpeech(ctx context.Context, bin, word, language string) (wake.Others, error) {
	program, err := Program(bin, "espeak-ng")
	if err != nil {
		return wake.Others{}, err
	}
	mouth := espeak.New(program)
	sentences := otherSentences()
	if parts := strings.Fields(word); len(parts) > 1 {
		for _, part := range parts {
			sentences = append(sentences, "I said "+part+" and then I left.")
		}
	}
	var others wake.Others
	for i, variant := range otherVoices() {
		text := sentences[i%len(sentences)] + " " + sentences[(i+3)%len(sentences)] + " " + sentences[(i+len(sentences)-1)%len(sentences)]
		pcm, err := spoken(ctx, mouth, text, language+variant)
		if err != nil {
			return others, fmt.Errorf("compare with other speech: %w", err)
		}
		others.Speech = append(others.Speech, wake.Recording{Name: text, PCM: pcm})
		if pcm, err = spoken(ctx, mouth, word, language+variant); err != nil {
			return others, fmt.Errorf("compare with other voices: %w", err)
		}
		others.Same = append(others.Same, wake.Recording{Name: language + variant, PCM: pcm})
	}
	return others, nil
}

// spoken is a text as espeak-ng says it, at our sample rate.
func spoken(ctx context.Context, mouth *espeak.Engine, text, language string) ([]int16, error) {
	speech, err := mouth.Say(ctx, text, language)
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	if err := voice.WriteWAV(&file, speech.Rate, speech.PCM); err != nil {
		return nil, err
	}
	wav, err := voice.NewWAV(&file, language)
	var pcm []int16
	for err == nil {
		var frame voice.Frame
		if frame, err = wav.Next(); err == nil {
			pcm = append(pcm, frame.PCM...)
		}
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return pcm, nil
}
