package child

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"time"
)

// serverPoll is how often a program that starts is asked whether it serves.
const serverPoll = 50 * time.Millisecond

// Server is a program that is kept running and is talked to in a way of its own,
// such as HTTP on a socket. Its methods may be called from any goroutine.
type Server struct {
	o       Options
	before  func() error
	healthy func(context.Context) error
	launch  func(Options) (*process, error) // tests put processes of their own here

	mu      sync.Mutex
	state   State
	failed  bool          // the last start failed
	changed chan struct{} // closed and replaced when any of these change
}

// NewServer returns a server that Run starts; before runs before each start. It
// serves when healthy returns nil, and is killed and started again where healthy
// has an error later, or has not returned within pingWait. Options.Prepare is
// not used.
func NewServer(o Options, before func() error, healthy func(context.Context) error) *Server {
	o.Log = o.Log.With("part", o.Part)
	return &Server{o: o, before: before, healthy: healthy, launch: launch, changed: make(chan struct{})}
}

// Run keeps the server running until ctx ends, and returns ctx's error when the
// program is gone. It may be called once.
func (s *Server) Run(ctx context.Context) error {
	var b backoff
	for restarts := 0; ; restarts++ {
		up, err := s.live(ctx, restarts)
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		s.set(State{Restarts: restarts, Err: err}, up == 0 || ctx.Err() != nil)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait := b.next(up)
		s.o.Log.Warn("server died, it is started again", "err", err, "wait", wait)
		pause(ctx, wait)
	}
}

// Once is Run for a program that is not started again when it has ended; it returns why that
// was. It may be called once, and not beside Run.
func (s *Server) Once(ctx context.Context) error {
	_, err := s.live(ctx, 0)
	s.set(State{Err: err}, true)
	return err
}

// live is the life of one process. It returns how long that served, 0 where it
// never did, and why it ended.
func (s *Server) live(ctx context.Context, restarts int) (up time.Duration, err error) {
	if err := s.before(); err != nil {
		return 0, fmt.Errorf("start %s: %w", s.o.Program, err)
	}
	p, err := s.launch(s.o)
	if err != nil {
		return 0, fmt.Errorf("start %s: %w", s.o.Program, err)
	}
	p.in.Close() // there is no wire
	p.out.Close()
	exited := make(chan error, 1)
	go func() { exited <- p.wait() }()
	watching, stop := context.WithCancel(ctx)
	var since time.Time
	fault := make(chan error, 1)
	go func() {
		fault <- s.watch(watching, p, func() {
			since = time.Now()
			s.set(State{Running: true, PID: p.pid, Restarts: restarts}, false)
			s.o.Log.Info("server runs", "pid", p.pid, "restarts", restarts)
		})
	}()
	watched := false
	select {
	case err = <-exited:
		exited <- err
	case err = <-fault:
		watched = true
	case <-ctx.Done():
		err = ctx.Err()
	}
	stop()
	p.kill()
	<-exited
	if !watched {
		<-fault
	}
	if said := p.stderr.lastWords(); said != "" && errors.As(err, new(*exec.ExitError)) {
		err = fmt.Errorf("%w (it last said %q)", err, said)
	}
	if since.IsZero() {
		return 0, err
	}
	return max(1, time.Since(since)), err
}

// watch asks a process how it is until ctx ends, or until something is wrong.
// ready is called once, when it serves.
func (s *Server) watch(ctx context.Context, p *process, ready func()) error {
	began, serving := time.Now(), false
	tick := time.NewTimer(serverPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if n, err := p.resident(); s.o.MemoryLimit > 0 && err == nil && n > s.o.MemoryLimit {
			return fmt.Errorf("%w: %d MiB in use, %d MiB allowed", ErrMemory, n>>20, s.o.MemoryLimit>>20)
		}
		asked, stop := context.WithTimeout(ctx, pingWait)
		err := s.healthy(asked)
		stop()
		switch {
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil && serving:
			return fmt.Errorf("%w: %w", ErrHung, err)
		case err != nil && time.Since(began) > loadWait:
			return fmt.Errorf("%w: not loaded after %v: %w", ErrHung, loadWait, err)
		case err == nil && !serving:
			serving = true
			ready()
		}
		p.stderr.tick()
		if tick.Reset(serverPoll); serving {
			tick.Reset(pingEvery)
		}
	}
}

func (s *Server) set(state State, failed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.failed = state, failed
	close(s.changed)
	s.changed = make(chan struct{})
}

// State says how the server is now.
func (s *Server) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Serving waits until the server serves. Where it cannot be started the error
// wraps ErrDown.
func (s *Server) Serving(ctx context.Context) error {
	for {
		s.mu.Lock()
		state, failed, changed := s.state, s.failed, s.changed
		s.mu.Unlock()
		if state.Running {
			return nil
		}
		if failed {
			return fmt.Errorf("%s %w: %w", s.o.Part, ErrDown, state.Err)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", s.o.Part, ctx.Err())
		}
	}
}
