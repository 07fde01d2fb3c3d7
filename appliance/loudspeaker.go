package appliance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/cricket-home/cricket/voice"
)

// ErrNoPlayer says that this machine has no program that plays sound.
var ErrNoPlayer = errors.New("neither pw-play, nor paplay, nor aplay is here")

// players play a WAV from standard input.
var players = [][]string{{"pw-play", "-"}, {"paplay"}, {"aplay", "-q"}}

// findPlayer is the command line of the first of the players that is here.
func findPlayer() ([]string, error) {
	for _, p := range players {
		if path, err := exec.LookPath(p[0]); err == nil {
			return append([]string{path}, p[1:]...), nil
		}
	}
	return nil, fmt.Errorf("play sound: %w", ErrNoPlayer)
}

// Play plays a WAV through the machine's loudspeaker and returns at its end, or
// when ctx ends.
func Play(ctx context.Context, wav io.Reader) error {
	p, err := findPlayer()
	if err != nil {
		return err
	}
	player := exec.CommandContext(ctx, p[0], p[1:]...)
	var said strings.Builder
	player.Stdin, player.Stderr = wav, &said
	player.WaitDelay = time.Second
	if err := player.Run(); err != nil && ctx.Err() == nil {
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		return fmt.Errorf("play sound with %s: %w: %s", p[0], err, lines[len(lines)-1])
	}
	return ctx.Err()
}

// programs plays sound through whatever program this machine has for it, one run
// for each sound. How much was heard is then known by the clock only.
type programs struct{}

func (programs) Play(ctx context.Context, s voice.Speech) (time.Duration, error) {
	var wav bytes.Buffer
	if err := voice.WriteWAV(&wav, s.Rate, s.PCM); err != nil {
		return 0, err
	}
	began := time.Now()
	err := Play(ctx, &wav)
	length := time.Duration(len(s.PCM)) * time.Second / time.Duration(s.Rate)
	switch {
	case err == nil:
		return length, nil
	case ctx.Err() != nil:
		return min(time.Since(began), length), err
	}
	return 0, err
}

// silence is the loudspeaker of a box that has none: a command's own, or a test's.
type silence struct{}

func (silence) Play(context.Context, voice.Speech) (time.Duration, error) { return 0, nil }
