package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/home"
)

type say struct {
	Text   []string `arg:"" help:"What to say."`
	Output string   `short:"o" help:"Write a WAV file (- for standard output) instead of speaking aloud." placeholder:"F.wav"`
}

// players play a WAV file from standard input.
var players = [][]string{{"pw-play", "-"}, {"paplay"}, {"aplay", "-q"}}

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
		return play(ctx, wav)
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

func play(ctx context.Context, wav io.Reader) error {
	hint := "cricket say -o speech.wav TEXT"
	for _, p := range players {
		path, err := exec.LookPath(p[0])
		if err != nil {
			continue
		}
		player := exec.CommandContext(ctx, path, p[1:]...)
		var said strings.Builder
		player.Stdin, player.Stderr = wav, &said
		if err := player.Run(); err != nil {
			lines := strings.Split(strings.TrimSpace(said.String()), "\n")
			return &fault{fmt.Errorf("play speech with %s: %w: %s", p[0], err, lines[len(lines)-1]), hint, exitMissing}
		}
		return nil
	}
	return &fault{errors.New("play speech: neither pw-play, nor paplay, nor aplay is here"), hint, exitMissing}
}
