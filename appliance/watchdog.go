package appliance

import (
	"context"
	"time"

	"github.com/cricket-home/cricket/internal/sdnotify"
)

// pulse is a sign of life of the part that listens.
type pulse struct {
	sound time.Duration // there was so far
	deaf  string        // why there is none now; "" where there should be
}

// alive: since the pulse before there was sound, or it is known why there was none.
func (p pulse) alive(before pulse) bool { return p.deaf != "" || p.sound > before.sound }

// pulse waits until the goroutine that listens gives a sign.
func (l *live) pulse(ctx context.Context) (pulse, error) {
	sign := make(chan pulse, 1)
	l.post(ctx, func() {
		p := pulse{sound: l.clock}
		if away := l.away.Load(); away != nil {
			p.deaf = *away
		} else if l.attention.muted {
			p.deaf = "muted"
		}
		sign <- p
	})
	select {
	case p := <-sign:
		return p, nil
	case <-ctx.Done():
		return pulse{}, ctx.Err()
	}
}

// feed gives systemd a sign of life, three times in the interval after which it would
// miss one, as long as the box hears, or says that it cannot. A box whose sound has
// stopped without a word is started again by systemd.
func (b *Box) feed(ctx context.Context, interval time.Duration, tell func(assignments ...string) error) error {
	tick := time.NewTicker(interval / 3)
	defer tick.Stop()
	before := pulse{sound: -1} // a microphone that is being opened has the first interval for it
	for {
		p := pulse{deaf: "no microphone"}
		if b.live != nil {
			var err error
			if p, err = b.live.pulse(ctx); err != nil {
				return nil // ctx has ended
			}
		}
		if p.alive(before) {
			status := "listening"
			if p.deaf != "" {
				status = "hears nobody: " + p.deaf
			}
			if err := tell("WATCHDOG=1", "STATUS="+status); err != nil {
				b.log.Error("systemd does not hear that the box is well, and will start it again", "err", err)
			}
		} else {
			b.log.Error("no sound came, and nothing says why", "for", interval/3)
		}
		before = p
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// startPatience is how long the start of a service may take. A box that then lacks a
// part, such as its broker, is started all the same: it does what it can without.
const startPatience = 90 * time.Second

// Tell tells systemd when the box is ready, and until ctx ends that it is alive. Without
// systemd it does nothing.
func (b *Box) Tell(ctx context.Context) error {
	soon, stop := context.WithTimeout(ctx, startPatience)
	err := b.Ready(soon)
	stop()
	if ctx.Err() != nil {
		return nil
	}
	ready := []string{"READY=1"}
	if err != nil {
		b.log.Error("not every part of the box runs", "err", err)
		ready = append(ready, "STATUS="+err.Error())
	}
	if err := sdnotify.Send(ready...); err != nil {
		return err
	}
	interval := sdnotify.Interval()
	if interval == 0 {
		return nil
	}
	return b.feed(ctx, interval, sdnotify.Send)
}
