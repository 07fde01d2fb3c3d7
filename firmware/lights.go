package firmware

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// frameTime is the time between two frames of what moves.
	frameTime = 40 * time.Millisecond

	// stillTime is the time after which what does not move is looked at again: it may have
	// become night.
	stillTime = time.Minute
)

// Lights are the LEDs of a board. Their methods may be called from any goroutine.
type Lights struct {
	strip strip
	night func() bool
	log   *slog.Logger

	mu    sync.Mutex
	look  Look      // without Since and Night
	since time.Time // of the state
	fault error     // of the last frame
	news  chan struct{}
}

func newLights(s strip, log *slog.Logger) *Lights {
	return &Lights{strip: s, night: func() bool { return false }, log: log, look: Look{State: Idle, Brightness: 1}, news: make(chan struct{}, 1)}
}

// Dim tells how the lights know that it is night. It is called before Run.
func (l *Lights) Dim(night func() bool) { l.night = night }

// Show shows a state. It does not wait.
func (l *Lights) Show(s State) {
	l.change(func() {
		if s != l.look.State {
			l.look.State, l.since = s, time.Now()
		}
	})
}

// Set switches the lights, and says how bright they are, 0 to 1.
func (l *Lights) Set(on bool, brightness float64) {
	l.change(func() { l.look.Off, l.look.Brightness = !on, brightness })
}

func (l *Lights) change(f func()) {
	l.mu.Lock()
	f()
	l.mu.Unlock()
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// Fault is why the last frame is not shown, or nil.
func (l *Lights) Fault() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fault
}

// now is what the lights are to show at this moment.
func (l *Lights) now() Look {
	dark := l.night()
	l.mu.Lock()
	defer l.mu.Unlock()
	look := l.look
	look.Since, look.Night = time.Since(l.since), dark
	return look
}

// Run shows frames until ctx ends, and then none.
func (l *Lights) Run(ctx context.Context) error {
	var shown []byte
	for {
		look := l.now()
		next := l.strip.encode(look)
		if !bytes.Equal(next, shown) {
			shown = l.send(next)
		}
		wait := frameTime
		if look.State.Still() {
			wait = stillTime
		}
		select {
		case <-ctx.Done():
			return l.strip.send(l.strip.encode(Look{State: Idle}))
		case <-l.news:
		case <-time.After(wait):
		}
	}
}

// send shows a frame, and returns what is shown then: nil where nobody knows.
func (l *Lights) send(frame []byte) []byte {
	err := l.strip.send(frame)
	l.mu.Lock()
	before := l.fault
	l.fault = err
	l.mu.Unlock()
	switch {
	case err == nil && before != nil:
		l.log.Info("the lights work again")
	case err != nil && (before == nil || before.Error() != err.Error()):
		l.log.Error("the lights do not show what the box does", "err", err)
	}
	if err != nil {
		return nil
	}
	return frame
}
