package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/home"
)

type say struct {
	Text   []string `arg:"" help:"What to say."`
	Volume string   `help:"How loud, from 0 to 100; without it as loud as the box speaks." placeholder:"N"`
	Output string   `short:"o" help:"Write a WAV file (- for standard output) instead of speaking aloud." placeholder:"F.wav"`
}

func (c *say) Run(ctx context.Context, t *terminal) error {
	words := url.Values{"text": {strings.Join(c.Text, " ")}}
	if c.Volume != "" {
		words.Set("volume", c.Volume)
	}
	s, err := reach()
	if err == nil && c.Output == "" { // the daemon has the loudspeaker
		defer s.end()
		over, err := s.call(ctx, "POST", "/say/aloud", words, nil)
		if err != nil {
			return err
		}
		return over.Close()
	}
	if err != nil {
		// Speaking needs no home: a box without one does.
		empty, parseErr := home.Parse("an empty home", []byte(`language = "`+appliance.DefaultConfig().Language+`"`))
		if parseErr != nil {
			return parseErr
		}
		if s, err = openOwn(ctx, t, empty, "", false); err != nil {
			return err
		}
	}
	defer s.end()
	wav, err := s.call(ctx, "POST", "/say", words, nil)
	if err != nil {
		return err
	}
	defer wav.Close()
	switch c.Output {
	case "":
		if err := play(ctx, wav); err != nil {
			return &fault{err, "cricket say -o speech.wav TEXT", exitMissing}
		}
		return nil
	case "-":
		_, err = io.Copy(t.out, wav)
		return err
	}
	f, err := os.Create(c.Output)
	if err != nil {
		return fmt.Errorf("write speech: %w", err)
	}
	if _, err := io.Copy(f, wav); err != nil {
		f.Close()
		return fmt.Errorf("write speech to %s: %w", c.Output, err)
	}
	return f.Close()
}
