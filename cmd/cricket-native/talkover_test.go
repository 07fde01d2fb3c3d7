package main

import (
	"context"
	"log/slog"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/sphinx"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// Somebody talks over the loudspeaker, as loud as that is in the microphone:
// what nobody could hear otherwise is mostly heard through the front end.
func TestWhoTalksOverTheLoudspeakerIsHeard(t *testing.T) {
	read := func(file string) string {
		data, err := os.ReadFile("../../voice/sphinx/testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(data))
	}
	jsgf, commands := read("home.jsgf"), strings.Split(read("commands.txt"), "\n")[:8]
	const slot = 4 // s; the first of them is for the echo canceller alone
	far := talk(t, slot*(len(commands)+1))
	echo := reverberated(far)
	loud := math.Sqrt(power(recorded(echo, 0)) / float64(len(echo)))
	for c, text := range commands {
		said := voicetest.Spoken(t, "en-us", text, 0).PCM
		gain := loud / math.Sqrt(power(said)/float64(len(said)))
		at := (c+1)*slot*voice.SampleRate + voice.SampleRate/4
		for i, s := range said[:min(len(said), len(echo)-at)] {
			echo[at+i] += gain * float64(s)
		}
	}
	mixed := recorded(echo, 0)
	front, err := newFront(true)
	if err != nil {
		t.Fatal(err)
	}
	defer front.close()
	var cleaned []int16
	for at := 0; at+voice.FrameSamples <= len(mixed); at += voice.FrameSamples {
		front.played.write(far[at : at+voice.FrameSamples])
		cleaned = append(cleaned, front.hear(mixed[at:at+voice.FrameSamples])...)
	}
	e := sphinx.New(sphinx.Options{Native: voicetest.Program(t, "cricket-native"), Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	defer func() { stop(); <-ended }()
	if err := e.SetPhrases(ctx, jsgf, regexp.MustCompile(`[a-z']+`).FindAllString(jsgf, -1)); err != nil {
		t.Log(err) // words that the dictionary lacks
	}
	heard := func(pcm []int16) (right int) {
		for c, text := range commands {
			at := (c + 1) * slot * voice.SampleRate
			got, err := e.Transcribe(ctx, voice.Utterance{PCM: pcm[at:min(len(pcm), at+(slot*10-2)*voice.SampleRate/10)]})
			if err != nil {
				t.Fatal(err)
			}
			if got.Text == text {
				right++
			}
		}
		return right
	}
	without, with := heard(mixed), heard(cleaned)
	t.Logf("of %d commands %d are heard rightly without the front end, %d with it", len(commands), without, with)
	if without > 2 || with < 5 {
		t.Error("that is not what a front end is for")
	}
}
