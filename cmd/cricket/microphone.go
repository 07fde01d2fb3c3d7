package main

import (
	"context"
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
	c, err := appliance.OwnConfig("", appliance.StateDir())
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

// record asks for a word several times, and listens.
func (t *terminal) record(ctx context.Context, mic appliance.Microphone, word string) ([]wake.Recording, error) {
	fmt.Fprintln(t.out, "Stand where you will stand, and be quiet for a moment.")
	var gone error
	all, err := wake.Takes(func() (voice.Frame, error) {
		f, err := mic.Next(ctx)
		gone = err
		return f, err
	}, func(n, of int) { fmt.Fprintf(t.out, "%d of %d: say %q.\n", n, of, word) })
	switch {
	case gone != nil:
		return nil, &fault{fmt.Errorf("listen to the microphone: %w", gone), "cricket doctor", exitMissing}
	case err != nil:
		return nil, &fault{err, "cricket doctor", exitRefused}
	}
	return all, nil
}
