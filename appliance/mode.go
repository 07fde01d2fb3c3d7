package appliance

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cricket-home/cricket/mqtt"
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
	if b.options.Board != nil {
		b.options.Board.Show(m)
	}
	select {
	case b.shown <- struct{}{}:
	default: // the newest is told in any case
	}
}

// Mute switches the microphone off, or on again, and returns when it is. A box that is
// switched on again is as muted as it was.
func (b *Box) Mute(ctx context.Context, on bool) error {
	if b.live == nil {
		return errDeaf
	}
	done := make(chan struct{})
	b.live.post(ctx, func() {
		b.live.mute(ctx, b.options.Microphone, on)
		close(done)
	})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// mutedFile says by being there that the microphone was switched off.
func (b *Box) mutedFile() string { return filepath.Join(b.options.StateDir, "muted") }

func (b *Box) wasMuted() bool {
	_, err := os.Stat(b.mutedFile())
	return b.options.Keep && err == nil
}

func (b *Box) rememberMuted(on bool) error {
	if !b.options.Keep {
		return nil
	}
	if on {
		return os.WriteFile(b.mutedFile(), nil, 0o600)
	}
	if err := os.Remove(b.mutedFile()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// tellMode publishes what the box is doing, retained, whenever that changes. What
// changes while the broker is away is told when it is back: the newest only.
func (b *Box) tellMode(ctx context.Context) error {
	told := Mode("")
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.shown:
		}
		for m := b.Mode(); m != told; m = b.Mode() {
			err := b.publish(ctx, mqtt.Message{Topic: "cricket/" + node() + "/state", Payload: []byte(m), QoS: 1, Retain: true})
			if errors.Is(err, mqtt.ErrOffline) {
				if b.client.Connected(ctx) != nil {
					return nil // ctx has ended
				}
				continue
			}
			if err != nil && ctx.Err() == nil {
				b.log.Warn("state not published", "err", err)
			}
			told = m
		}
	}
}
