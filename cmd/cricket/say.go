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
	Output string   `short:"o" help:"Write a WAV file (- for standard output) instead of speaking aloud." placeholder:"F.wav"`
}

func (c *say) Run(ctx context.Context, t *terminal) error {
	s, err := where{}.open(ctx, t, false)
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
	wav, err := s.call(ctx, "POST", "/say", url.Values{"text": {strings.Join(c.Text, " ")}}, nil)
	if err != nil {
		return err
	}
	defer wav.Close()
	switch c.Output {
	case "":
		if err := appliance.Play(ctx, wav); err != nil {
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
