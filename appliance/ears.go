package appliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wyoming"
)

// candidate is a recogniser that the ears may use.
type candidate struct {
	recognizer
	name   string // "whisper.cpp with whisper-base.en-q5_1"
	why    string
	closed bool                        // it hears only the phrases of the home
	teach  func(context.Context) error // runs beside it; nil: it needs no phrases
}

func (c candidate) String() string {
	if c.why == "" {
		return c.name
	}
	return c.name + ", " + c.why
}

// ears is a recogniser: of its candidates, in order, the first whose model loads.
type ears struct {
	candidates []candidate // one at least
	note       string      // what else there is to say about the choice
	log        *slog.Logger
	elsewhere  *wyoming.Recogniser // goes before the candidates while it answers; nil: there is none
	settled    chan struct{}       // closed when a candidate is kept

	mu     sync.Mutex
	at     int      // the candidate that is tried, or kept
	failed []string // candidates before it, and why
	last   string   // who heard the last request; "": nobody has

	pace pace // of the candidate that is kept: seconds of speech
}

func newEars(candidates []candidate, note string, log *slog.Logger) *ears {
	return &ears{candidates: candidates, note: note, log: log, settled: make(chan struct{})}
}

// current is the candidate that is tried or kept.
func (e *ears) current() candidate {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.candidates[e.at]
}

// fallen says which candidates could not be used, and why.
func (e *ears) fallen() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.failed, "; ")
}

// Run tries the candidates until one is ready, and runs that one until ctx ends.
// The last is kept whatever happens: it is restarted by its supervisor.
func (e *ears) Run(ctx context.Context) error {
	if e.note != "" {
		e.log.Info("models", "note", e.note)
	}
	for i, c := range e.candidates {
		e.log.Info("recogniser", "model", c.name, "why", c.why)
		err := e.run(ctx, c, i == len(e.candidates)-1)
		if ctx.Err() != nil || i == len(e.candidates)-1 {
			return err
		}
		next := e.candidates[i+1]
		e.log.Error("recogniser cannot be used, the next is tried", "model", c.name, "err", err, "next", next.name)
		e.mu.Lock()
		e.at, e.failed = i+1, append(e.failed, fmt.Sprintf("%s could not be used: %v", c.name, err))
		e.mu.Unlock()
	}
	panic("no candidates")
}

// run runs a candidate. Unless it is the last it comes back with an error when
// the candidate does not get ready.
func (e *ears) run(ctx context.Context, c candidate, last bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	parts := []func(context.Context) error{c.Run}
	if c.teach != nil {
		parts = append(parts, c.teach)
	}
	ended := make(chan error, len(parts))
	for _, part := range parts {
		go func() { ended <- part(ctx) }()
	}
	over := func(err error, running int) error {
		cancel(nil)
		for range running {
			<-ended
		}
		return err
	}
	if last {
		close(e.settled)
		return over(<-ended, len(parts)-1)
	}
	ready := make(chan error, 1)
	go func() {
		// One sample of silence waits until the model is loaded, and costs nothing.
		_, err := c.Transcribe(ctx, voice.Utterance{PCM: make([]int16, 1)})
		ready <- err
	}()
	select {
	case err := <-ended:
		return over(errors.Join(err, errEnded(err)), len(parts)-1)
	case err := <-ready:
		if err != nil {
			return over(err, len(parts))
		}
	}
	close(e.settled)
	return over(<-ended, len(parts)-1)
}

// errEnded is for a part that ends without an error before it is ready.
func errEnded(err error) error {
	if err == nil {
		return errors.New("it ended before it was ready")
	}
	return nil
}

// Ready returns when a candidate is kept.
func (e *ears) Ready(ctx context.Context) error {
	select {
	case <-e.settled:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s is not loaded: %w", e.current().name, ctx.Err())
	}
}

// Transcribe hears with the recogniser elsewhere, where there is one, or else waits until a
// candidate is kept and hears with that.
func (e *ears) Transcribe(ctx context.Context, u voice.Utterance) (voice.Transcript, error) {
	if t, ok := e.hearElsewhere(ctx, u); ok {
		return t, nil
	}
	if err := e.Ready(ctx); err != nil {
		return voice.Transcript{}, err
	}
	c := e.current()
	e.by(c.name)
	begin := time.Now()
	t, err := c.Transcribe(ctx, u)
	if err == nil {
		e.pace.add(u.Duration().Seconds(), time.Since(begin).Seconds())
	}
	return t, err
}

// State says how the candidate is that is tried or kept.
func (e *ears) State() child.State { return e.current().State() }
