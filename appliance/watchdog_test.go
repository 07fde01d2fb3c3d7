package appliance

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Systemd gets signs of life as long as there is sound, or a reason why there is none.
func TestWatchdogIsFedBySound(t *testing.T) {
	away := "the USB microphone was pulled out"
	for _, test := range []struct {
		name   string
		live   bool // there is a microphone
		sound  func(l *live)
		stuck  bool // its goroutine does nothing
		signs  int  // in 95 s, of 10
		status string
	}{
		{"sound comes", true, func(l *live) { l.clock += 10 * time.Second }, false, 10, "listening"},
		{"sound has stopped without a word", true, func(*live) {}, false, 1, "listening"},
		{"the microphone is away, and says so", true, func(l *live) { l.away.Store(&away) }, false, 10, "hears nobody: the USB microphone was pulled out"},
		{"muted", true, func(l *live) { l.attention.muted = true }, false, 10, "hears nobody: muted"},
		{"who listens is stuck", true, nil, true, 0, ""},
		{"there is no microphone", false, nil, false, 10, "hears nobody: no microphone"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				b := &Box{log: slog.New(slog.DiscardHandler)}
				if test.live {
					l := &live{inbox: make(chan func(), 64)}
					b.live = l
					if !test.stuck {
						go func() {
							tick := time.NewTicker(10 * time.Second)
							defer tick.Stop()
							test.sound(l)
							for {
								select {
								case f := <-l.inbox:
									f()
								case <-tick.C:
									test.sound(l)
								case <-ctx.Done():
									return
								}
							}
						}()
						synctest.Wait()
					}
				}
				var told []string
				over := make(chan error, 1)
				go func() {
					over <- b.feed(ctx, 30*time.Second, func(assignments ...string) error {
						told = append(told, strings.Join(assignments, " "))
						return nil
					})
				}()
				time.Sleep(95 * time.Second)
				stop()
				if err := <-over; err != nil {
					t.Error(err)
				}
				// Sound of the very instant of a look may count for the next one.
				if n := len(told); n != test.signs && !(test.signs == 10 && n == 9) {
					t.Errorf("%d signs of life: %q", n, told)
				}
				if n := len(told); n > 0 && !slices.Contains(told, "WATCHDOG=1 STATUS="+test.status) {
					t.Errorf("it says %q", told[n-1])
				}
			})
		})
	}
}
