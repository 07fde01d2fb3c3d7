package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/audio"
	"github.com/cricket-home/cricket/voice/wake"
)

// openMicrophone is the microphone of the configuration, for a command of its own, until
// ctx ends. Where the daemon has it, some machines let nobody else hear.
func openMicrophone(ctx context.Context, c appliance.Config) (appliance.Microphone, error) {
	sound, err := openSound(ctx, c.Audio)
	if err != nil {
		return nil, &fault{err, "make build; or give WAV files", exitMissing}
	}
	return sound, nil
}

// openSound is this machine's sound, until ctx ends.
func openSound(ctx context.Context, c appliance.Audio) (*audio.Engine, error) {
	bin, err := appliance.Bin()
	if err != nil {
		return nil, err
	}
	sound, err := appliance.OpenSound(c, bin, slog.New(slog.DiscardHandler))
	if err == nil {
		go sound.Run(ctx)
	}
	return sound, err
}

// play plays a WAV.
func play(ctx context.Context, wav io.Reader) error {
	c, err := appliance.LoadConfig("")
	if err != nil {
		return err
	}
	c.Audio.Microphone = audio.None
	speech, err := voice.ReadSpeech(wav, longestSpeech)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	sound, err := openSound(ctx, c.Audio)
	if err != nil {
		return err
	}
	_, err = sound.Play(ctx, speech)
	return err
}

// longestSpeech is the longest that one command speaks.
const longestSpeech = 10 * time.Minute

const (
	takes      = 4                // recordings of a word: three to five are good
	takeTime   = 15 * time.Second // within which each is to be said
	takeAround = time.Second      // of the room, before it
)

// record asks for a word several times, and listens.
func (t *terminal) record(ctx context.Context, mic appliance.Microphone, word string) ([]wake.Recording, error) {
	var all []wake.Recording
	fmt.Fprintln(t.out, "Stand where you will stand, and be quiet for a moment.")
	e := voice.NewEndpointer()
	var pcm []int16 // all of the stream
	hear := func(until func(voice.Frame) bool) error {
		for {
			f, err := mic.Next(ctx)
			if err != nil {
				return &fault{fmt.Errorf("listen to the microphone: %w", err), "cricket doctor", exitMissing}
			}
			pcm = append(pcm, f.PCM...)
			if until(f) {
				return nil
			}
		}
	}
	at := func() time.Duration { return time.Duration(len(pcm)) * time.Second / voice.SampleRate }
	quiet := func(voice.Frame) bool { // it also learns the noise
		f := voice.Frame{Time: at() - frameTime, PCM: pcm[len(pcm)-voice.FrameSamples:]}
		e.Push(f)
		return at() >= 2*time.Second
	}
	if err := hear(quiet); err != nil {
		return nil, err
	}
	for n := range takes {
		fmt.Fprintf(t.out, "%d of %d: say %q.\n", n+1, takes, word)
		asked := at()
		e.Begin(asked)
		var said voice.Utterance
		found := false
		err := hear(func(f voice.Frame) bool {
			f.Time = at() - frameTime
			if said, found = e.Push(f); found && said.Start < asked {
				found = false
			}
			return found || at() > asked+takeTime
		})
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, &fault{errors.New("record the word: nobody said anything"), "cricket doctor", exitRefused}
		}
		samples := func(d time.Duration) int { return int(d * voice.SampleRate / time.Second) }
		from := max(0, samples(said.Start-takeAround))
		all = append(all, wake.Recording{Name: fmt.Sprintf("number %d", n+1), PCM: append([]int16(nil), pcm[from:]...)})
	}
	return all, nil
}
