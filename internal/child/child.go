package child

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"sync"
	"time"
)

var (
	// ErrDied is wrapped by the error of a call whose request was in flight on
	// two children in a row when they died.
	ErrDied = errors.New("died twice during one request")
	// ErrDown is wrapped by the error of a call that found no child to run on.
	ErrDown = errors.New("is not running")
	// ErrHung says that a child was killed because it answered no ping, or did
	// not finish loading.
	ErrHung = errors.New("gave no sign of life")
	// ErrMemory says that a child was killed because it used too much memory.
	ErrMemory = errors.New("too much memory")
)

// Options says what to run. Part, Program and Log are needed.
type Options struct {
	Part        string // what people call it, in errors and logs: "speech recogniser"
	Program     string
	Args        []string
	Env         []string // added to this process's environment
	MemoryLimit int64    // resident bytes; 0: no limit
	Cell        bool     // it is a cell (internal/cell): in user, network and process namespaces of its own
	Log         *slog.Logger

	// Prepare, where set, runs on every new child before it serves calls; do
	// sends a request to it. Where it fails the child has failed to start.
	Prepare func(ctx context.Context, do Do) error

	// Heard, where set, gets every Sound and Notice that the child sends unasked,
	// in order. It must not wait: until it returns nothing else is read.
	Heard func(t Type, payload []byte)
}

// Do sends a request and returns the reply.
type Do func(ctx context.Context, r Request) (json.RawMessage, error)

// Request is what a verb is to be done with.
type Request struct {
	Verb string
	Head json.RawMessage // what the verb needs to know; nil: nothing
	Data []byte          // at most MaxData
}

// State is how a child is.
type State struct {
	Running  bool
	PID      int             // 0 when it is not running
	Restarts int             // starts after the first
	Loaded   json.RawMessage // what it said about itself when it was ready
	Err      error           // why it is not running
}

// Child is a program that is kept running. Its methods may be called from any
// goroutine.
type Child struct {
	o      Options
	launch func(Options) (*process, error) // tests put processes of their own here
	turn   chan struct{}                   // held by the call that is served

	mu      sync.Mutex
	state   State
	session *session      // nil while none serves calls
	failed  bool          // the last start failed: calls need not wait for the next
	changed chan struct{} // closed and replaced when any of these change
}

// New returns a child that Run starts.
func New(o Options) *Child {
	o.Log = o.Log.With("part", o.Part)
	return &Child{o: o, launch: launch, turn: make(chan struct{}, 1), changed: make(chan struct{})}
}

// Run keeps the child running until ctx ends, and returns ctx's error when the
// child is gone. It may be called once.
func (c *Child) Run(ctx context.Context) error {
	var b backoff
	for starts := 0; ; starts++ {
		up, err := c.live(ctx, max(0, starts))
		if ctx.Err() != nil {
			c.set(func() {
				c.state = State{Restarts: c.state.Restarts, Err: ctx.Err()}
				c.session, c.failed = nil, true
			})
			return ctx.Err()
		}
		wait := time.Duration(0)
		if !errors.Is(err, errAborted) {
			wait = b.next(up)
			c.o.Log.Warn("child died, it is started again", "err", err, "wait", wait)
		}
		c.set(func() {
			c.state = State{Restarts: c.state.Restarts, Err: err}
			c.session, c.failed = nil, up == 0
		})
		pause(ctx, wait)
	}
}

// live is the life of one process. It returns how long that served calls, 0
// where it never did, and why it ended.
func (c *Child) live(ctx context.Context, restarts int) (up time.Duration, err error) {
	p, err := c.launch(c.o)
	if err != nil {
		return 0, fmt.Errorf("start %s: %w", c.o.Program, err)
	}
	s := newSession(p, "daemon", c.o.Heard)
	s.done.Go(func() { s.watch(c.o.MemoryLimit) })
	unhook := context.AfterFunc(ctx, func() { s.end(ctx.Err()) })
	defer func() {
		unhook()
		s.done.Wait()
		if said := p.stderr.lastWords(); said != "" && errors.As(err, new(*exec.ExitError)) {
			err = fmt.Errorf("%w (it last said %q)", err, said)
		}
	}()

	var loaded json.RawMessage
	select {
	case loaded = <-s.loaded:
	case <-s.dead:
		return 0, s.reason()
	}
	if c.o.Prepare != nil {
		soon, stop := context.WithTimeout(ctx, loadWait)
		err := c.o.Prepare(soon, s.call)
		stop()
		if err != nil {
			s.end(fmt.Errorf("prepare it: %w", err))
			return 0, s.reason()
		}
	}
	since := time.Now()
	c.set(func() {
		c.state = State{Running: true, PID: p.pid, Restarts: restarts, Loaded: loaded}
		c.session, c.failed = s, false
	})
	c.o.Log.Info("child runs", "pid", p.pid, "restarts", restarts)
	<-s.dead
	return max(1, time.Since(since)), s.reason()
}

func (c *Child) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	close(c.changed)
	c.changed = make(chan struct{})
}

// State says how the child is now.
func (c *Child) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Call sends a request and returns the reply. While the child is started, or
// started again after a death, the call waits; when it cannot be started the
// error wraps ErrDown. When the child dies with the request in flight, the
// request is sent once more; the second time the error wraps ErrDied. When ctx
// ends the error is ctx's, and the request is given up in less than a second,
// if need be by killing the child. All errors name the part.
func (c *Child) Call(ctx context.Context, r Request) (json.RawMessage, error) {
	if len(r.Data) > MaxData || len(r.Head) > MaxPayload/2 {
		return nil, fmt.Errorf("%s: request %q of %d and %d bytes is too long", c.o.Part, r.Verb, len(r.Head), len(r.Data))
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: %w", c.o.Part, ctx.Err())
	}
	var died error
	for range 2 {
		s, err := c.serving(ctx)
		if err != nil {
			if errors.Is(err, ErrDown) {
				return nil, fmt.Errorf("%s %w", c.o.Part, err)
			}
			return nil, fmt.Errorf("%s: %w", c.o.Part, err)
		}
		reply, err := s.call(ctx, r)
		if err == nil {
			return reply, nil
		}
		if !errors.Is(err, errGone) {
			return nil, fmt.Errorf("%s: %w", c.o.Part, err)
		}
		died = err
	}
	return nil, fmt.Errorf("%s %w: %w", c.o.Part, ErrDied, died)
}

// serving waits for a session that serves calls.
func (c *Child) serving(ctx context.Context) (*session, error) {
	for {
		c.mu.Lock()
		s, failed, err, changed := c.session, c.failed, c.state.Err, c.changed
		c.mu.Unlock()
		if s != nil {
			select {
			case <-s.dead: // Run has yet to see it
			default:
				return s, nil
			}
		}
		if failed {
			return nil, fmt.Errorf("%w: %w", ErrDown, err)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// pause waits, at most until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

const (
	backoffMin   = 100 * time.Millisecond
	backoffMax   = 10 * time.Second
	healthyAfter = 30 * time.Second // of serving, and the next death is the first
)

// backoff is how long to wait before the next start: twice as long each time.
type backoff struct{ wait time.Duration }

// next returns the wait after a life that served calls for up.
func (b *backoff) next(up time.Duration) time.Duration {
	if up >= healthyAfter {
		b.wait = 0
	}
	b.wait = min(max(2*b.wait, backoffMin), backoffMax)
	return b.wait
}
