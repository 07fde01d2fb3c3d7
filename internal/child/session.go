package child

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

const (
	pingEvery   = 2 * time.Second
	pingWait    = 10 * time.Second       // without a frame, and the child is killed
	loadWait    = 2 * time.Minute        // from start to Ready
	cancelGrace = 250 * time.Millisecond // to give up a cancelled request, before it is killed
)

var (
	errAborted = errors.New("killed to end a cancelled request")
	errGone    = errors.New("the child is gone")
)

// session is the life of one process: from its start to its death.
type session struct {
	*process
	link    *link
	loaded  chan json.RawMessage // gets the payload of Ready
	unasked func(Type, []byte)   // takes Sound and Notice; nil: the child has none to send

	mu      sync.Mutex
	last    uint32                  // id of the newest request
	waiting map[uint32]chan outcome // requests in flight
	heard   time.Time               // when its last frame came
	pings   uint32
	ready   bool
	err     error // why it ended

	dead chan struct{}  // closed when it has ended
	done sync.WaitGroup // the goroutines below
}

type outcome struct {
	reply json.RawMessage
	err   error
}

// newSession greets the process and starts the goroutines that serve it.
func newSession(p *process, name string, unasked func(Type, []byte)) *session {
	s := &session{process: p, unasked: unasked, link: newLink(), loaded: make(chan json.RawMessage, 1),
		waiting: map[uint32]chan outcome{}, heard: time.Now(), dead: make(chan struct{})}
	s.link.control <- hello(name)
	s.done.Go(func() {
		if s.link.write(p.in) != nil {
			p.kill() // the reason is how it exits
		}
	})
	s.done.Go(func() {
		if err := s.read(bufio.NewReaderSize(p.out, 2*chunk)); err != nil {
			s.end(err)
		}
		p.kill()
	})
	s.done.Go(func() { s.end(p.wait()) })
	return s
}

// end ends the session; the first reason counts.
func (s *session) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	s.err = err
	s.kill()
	s.link.close()
	s.in.Close()
	s.out.Close()
	close(s.dead)
}

// reason is why the session ended; it may only be asked then.
func (s *session) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// read takes the child's frames until the wire ends, and returns what was wrong
// with them, or nil where it just ended.
func (s *session) read(r io.Reader) error {
	f, err := ReadFrame(r)
	if err == nil {
		if _, err := greeted(f); err != nil {
			return err
		}
	}
	for ; err == nil; f, err = ReadFrame(r) {
		s.mu.Lock()
		s.heard = time.Now()
		late, to := f.ID <= s.last, s.waiting[f.ID]
		pings, ready := s.pings, s.ready
		s.ready = s.ready || f.Type == Ready
		delete(s.waiting, f.ID)
		s.mu.Unlock()
		switch {
		case f.Type == Hello && !ready:
		case f.Type == Ready && !ready && json.Valid(f.Payload):
			s.loaded <- f.Payload
		case f.Type == Fault && f.ID == 0 && !ready:
			return errors.New(string(f.Payload))
		case f.Type == Pong && f.Seq <= pings:
		case (f.Type == Sound || f.Type == Notice && json.Valid(f.Payload)) && f.ID == 0 && ready && s.unasked != nil:
			s.unasked(f.Type, f.Payload)
		case f.Type == Reply && ready && late && json.Valid(f.Payload):
			if to != nil { // nobody waits for a late reply
				to <- outcome{reply: f.Payload}
			}
		case f.Type == Fault && ready && late && f.ID > 0:
			if to != nil {
				to <- outcome{err: errors.New(string(f.Payload))}
			}
		default:
			return fmt.Errorf("%w: %s %d out of place", ErrWire, f.Type, f.ID)
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

// watch pings the child and watches its memory until the session ends.
func (s *session) watch(limit int64) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	start := time.Now()
	for {
		select {
		case <-s.dead:
			return
		case <-tick.C:
		}
		s.stderr.tick()
		if limit > 0 {
			if n, err := s.resident(); err == nil && n > limit {
				s.end(fmt.Errorf("%w: %d MiB in use, %d MiB allowed", ErrMemory, n>>20, limit>>20))
				return
			}
		}
		s.mu.Lock()
		quiet, ready := time.Since(s.heard), s.ready
		s.pings++
		ping := Frame{Type: Ping, Seq: s.pings}
		s.mu.Unlock()
		switch {
		case quiet > pingWait:
			s.end(fmt.Errorf("%w for %v", ErrHung, quiet.Round(time.Second)))
			return
		case time.Since(start) > loadWait && !ready:
			s.end(fmt.Errorf("%w: not loaded after %v", ErrHung, loadWait))
			return
		}
		select {
		case s.link.control <- ping:
		default: // it reads nothing: soon it is quiet for too long
		}
	}
}

// call sends one request and waits for its answer. The error wraps errGone when
// the session ended first, and is ctx's when ctx did.
func (s *session) call(ctx context.Context, r Request) (json.RawMessage, error) {
	to := make(chan outcome, 1)
	s.mu.Lock()
	s.last++
	id := s.last
	s.waiting[id] = to
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.waiting, id)
		s.mu.Unlock()
	}()

	head, err := json.Marshal(begin{Verb: r.Verb, Head: r.Head})
	if err != nil {
		return nil, fmt.Errorf("encode request %q: %w", r.Verb, err)
	}
	err = s.link.send(ctx.Done(), Frame{Type: Begin, ID: id, Payload: head})
	if errors.Is(err, errStopped) {
		return nil, ctx.Err() // the child knows nothing of it
	}
	var seq uint32
	for data := r.Data; err == nil && len(data) > 0; {
		n := min(chunk, len(data))
		seq++
		err = s.link.send(ctx.Done(), Frame{Type: Data, ID: id, Seq: seq, Payload: data[:n]})
		data = data[n:]
	}
	if err == nil {
		err = s.link.send(ctx.Done(), Frame{Type: End, ID: id, Seq: seq + 1})
	}
	if err == nil {
		select {
		case a := <-to:
			return a.reply, a.err
		case <-s.dead:
		case <-ctx.Done():
		}
	}
	if ctx.Err() == nil {
		<-s.dead
		select {
		case a := <-to: // it answered and died
			return a.reply, a.err
		default:
			return nil, fmt.Errorf("%w: %w", errGone, s.reason())
		}
	}
	s.giveUp(id, to)
	return nil, ctx.Err()
}

// giveUp tells the child that request id is no longer wanted, and kills it
// where it does not stop soon.
func (s *session) giveUp(id uint32, to <-chan outcome) {
	grace := time.NewTimer(cancelGrace)
	defer grace.Stop()
	select {
	case s.link.control <- Frame{Type: Cancel, ID: id}:
	case <-s.dead:
		return
	case <-grace.C:
		s.end(errAborted)
		return
	}
	select {
	case <-to:
	case <-s.dead:
	case <-grace.C:
		s.end(errAborted)
	}
}
