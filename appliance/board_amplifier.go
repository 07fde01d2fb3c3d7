package appliance

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cricket-home/cricket/firmware"
	"github.com/cricket-home/cricket/voice"
)

// amplifierStays is how long the amplifier stays on after a sound, so that it does not
// click between two sentences.
const amplifierStays = 3 * time.Second

// amplified is a loudspeaker behind an amplifier that is off while nothing sounds.
type amplified struct {
	player
	line *firmware.Line

	mu      sync.Mutex
	playing int
	off     *time.Timer
}

// Play plays with the amplifier on. Without it nobody would hear anything.
func (a *amplified) Play(ctx context.Context, s voice.Speech) (time.Duration, error) {
	if err := a.begin(); err != nil {
		return 0, fmt.Errorf("switch amplifier on: %w", err)
	}
	defer a.end()
	return a.player.Play(ctx, s)
}

func (a *amplified) begin() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.line.Set(true); err != nil {
		return err
	}
	a.playing++
	return nil
}

func (a *amplified) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.off != nil {
		a.off.Stop()
	}
	a.playing--
	a.off = time.AfterFunc(amplifierStays, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.playing == 0 {
			a.line.Set(false) // with an error it stays on, which is heard as a hiss at most
		}
	})
}
