package appliance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// ErrNoPlayer says that this machine has no program that plays sound.
var ErrNoPlayer = errors.New("neither pw-play, nor paplay, nor aplay is here")

// players play a WAV from standard input.
var players = [][]string{{"pw-play", "-"}, {"paplay"}, {"aplay", "-q"}}

// Play plays a WAV through the machine's loudspeaker and returns at its end, or
// when ctx ends.
func Play(ctx context.Context, wav io.Reader) error {
	for _, p := range players {
		path, err := exec.LookPath(p[0])
		if err != nil {
			continue
		}
		player := exec.CommandContext(ctx, path, p[1:]...)
		var said strings.Builder
		player.Stdin, player.Stderr = wav, &said
		if err := player.Run(); err != nil && ctx.Err() == nil {
			lines := strings.Split(strings.TrimSpace(said.String()), "\n")
			return fmt.Errorf("play sound with %s: %w: %s", p[0], err, lines[len(lines)-1])
		}
		return ctx.Err()
	}
	return fmt.Errorf("play sound: %w", ErrNoPlayer)
}
