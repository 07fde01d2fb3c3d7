package openai

import (
	"context"
	"sync"
)

// mostWaiting is how many requests may wait for the one that is answered.
const mostWaiting = 4

// line lets one request through at a time.
type line struct {
	turn chan struct{} // held by the request that is answered

	mu      sync.Mutex
	waiting int
}

func newLine() *line { return &line{turn: make(chan struct{}, 1)} }

// enter waits for the turn; leave ends it. full: too many wait already.
func (l *line) enter(ctx context.Context) (leave func(), full bool, err error) {
	l.mu.Lock()
	if l.waiting > mostWaiting {
		l.mu.Unlock()
		return nil, true, nil
	}
	l.waiting++
	l.mu.Unlock()
	gone := func() {
		l.mu.Lock()
		l.waiting--
		l.mu.Unlock()
	}
	select {
	case l.turn <- struct{}{}:
		return func() { <-l.turn; gone() }, false, nil
	case <-ctx.Done():
		gone()
		return nil, false, ctx.Err()
	}
}

// len is how many are answered or wait.
func (l *line) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting
}
