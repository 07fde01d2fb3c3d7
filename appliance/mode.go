package appliance

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cricket-home/cricket/internal/durable"
)

// Mode is what the box is doing now; "" before it listens.
func (b *Box) Mode() Mode {
	if m := b.mode.Load(); m != nil {
		return *m
	}
	return ""
}

// show tells the board what the box is doing, and leaves it for the broker.
func (b *Box) show(m Mode) {
	b.mode.Store(&m)
	b.events.put("mode", modeEvent{Mode: m})
	if b.options.Board != nil {
		b.options.Board.Show(m)
	}
	if b.self != nil {
		signal(b.self.changed)
	}
}

// Mute switches the microphone off, or on again, and returns when it is. A box that is
// switched on again is as muted as it was.
func (b *Box) Mute(ctx context.Context, on bool) error {
	if b.live == nil {
		return errDeaf
	}
	done := make(chan error, 1)
	b.live.post(ctx, func() { done <- b.live.mute(ctx, b.options.Microphone, on) })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// mutedFile says by being there that the microphone was switched off.
func (b *Box) mutedFile() string { return filepath.Join(b.options.StateDir, "muted") }

// wasMuted: who cannot tell listens to nobody.
func (b *Box) wasMuted() bool {
	_, err := os.Stat(b.mutedFile())
	return b.options.Keep && !errors.Is(err, fs.ErrNotExist)
}

// rememberMuted returns when a power cut does not change it any more.
func (b *Box) rememberMuted(on bool) error {
	if !b.options.Keep {
		return nil
	}
	var err error
	if on {
		err = os.WriteFile(b.mutedFile(), nil, 0o600)
	} else if err = os.Remove(b.mutedFile()); errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return err
	}
	return durable.SyncFolder(b.options.StateDir)
}
