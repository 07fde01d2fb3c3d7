package child

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// Handler answers one verb. head is JSON, data the request's bytes; the reply
// is made into JSON, at most MaxPayload of it. It must return soon after ctx
// ends: a child that does not is killed.
type Handler func(ctx context.Context, head json.RawMessage, data []byte) (reply any, err error)

// Handlers are the verbs of a child.
type Handlers map[string]Handler

// Pipes returns the descriptors that the supervisor gave this process. The
// error says that the program was started by hand.
func Pipes() (io.ReadCloser, io.WriteCloser, error) {
	r, w := os.NewFile(3, "requests"), os.NewFile(4, "replies")
	for _, f := range []*os.File{r, w} {
		if f == nil {
			return nil, nil, errors.New("open descriptors 3 and 4: not there; cricket starts this program by itself")
		}
		if info, err := f.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
			return nil, nil, errors.New("open descriptors 3 and 4: not pipes; cricket starts this program by itself")
		}
	}
	return r, w, nil
}

// begin is the payload of a Begin frame.
type begin struct {
	Verb string          `json:"verb"`
	Head json.RawMessage `json:"head,omitempty"`
}

type request struct {
	begin
	id   uint32
	seq  uint32
	data []byte
	full bool // its End has come
	ctx  context.Context
	stop context.CancelFunc
}

// Serve is the child's end of the wire. It greets, calls load while it already
// answers pings, says Ready with what load returned, and then answers requests
// one after another until r ends, which is how the daemon says goodbye; Serve
// then returns nil without waiting for a handler. Where load fails, the daemon
// is told why and Serve returns that error.
func Serve(r io.Reader, w io.Writer, name string, load func() (Handlers, any, error)) error {
	return ServeLive(r, w, name, func(Emit) (Handlers, any, error) { return load() })
}

// Emit sends the daemon a Sound or a Notice that it did not ask for. It waits
// while the pipe is full, and fails when the wire has ended. It may be called as
// soon as load has it; what comes before Ready waits for that.
type Emit func(t Type, payload []byte) error

// ServeLive is Serve for a child that also sends what it hears.
func ServeLive(r io.Reader, w io.Writer, name string, load func(Emit) (Handlers, any, error)) error {
	l := newLink()
	defer l.close()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()

	failed := make(chan error, 3)
	written := make(chan struct{})
	go func() { failed <- l.write(w); close(written) }()
	if err := l.send(nil, hello(name)); err != nil {
		return err
	}
	requests := make(chan *request, 16)
	go func() { failed <- receive(ctx, bufio.NewReaderSize(r, 2*chunk), l, requests) }()
	ready := make(chan struct{})
	var seq atomic.Uint32
	emit := func(t Type, payload []byte) error {
		select {
		case <-ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		return l.send(ctx.Done(), Frame{Type: t, Seq: seq.Add(1), Payload: payload})
	}
	go func() { failed <- answer(ctx, l, requests, func() (Handlers, any, error) { return load(emit) }, ready) }()
	err := <-failed
	if errors.Is(err, io.EOF) {
		return nil
	}
	if errors.As(err, &loadError{}) { // the daemon hears why before this process ends
		l.close()
		<-written
	}
	return err
}

// loadError is why a child cannot start.
type loadError struct{ error }

func (e loadError) Unwrap() error { return e.error }

// receive puts requests together. It never waits for a handler, so that pings
// and cancels are read at once: when requests is full, that is a fault.
func receive(ctx context.Context, r io.Reader, l *link, requests chan<- *request) error {
	f, err := ReadFrame(r)
	if err != nil {
		return err
	}
	if _, err := greeted(f); err != nil {
		return fmt.Errorf("greet the daemon: %w", err)
	}
	open := map[uint32]*request{} // sent in part or not yet answered, by id
	var last uint32
	for {
		f, err := ReadFrame(r)
		if err != nil {
			return err
		}
		q := open[f.ID]
		switch f.Type {
		case Ping:
			err = l.send(nil, Frame{Type: Pong, Seq: f.Seq})
		case Cancel:
			if q != nil {
				q.stop()
				delete(open, f.ID)
				if !q.full {
					err = fault(l, f.ID, context.Canceled)
				}
			}
		case Begin:
			if f.ID <= last || f.Seq != 0 {
				return fmt.Errorf("%w: request %d after %d", ErrWire, f.ID, last)
			}
			last = f.ID
			for id, q := range open { // forget what is answered
				if q.ctx.Err() != nil {
					delete(open, id)
				}
			}
			if len(open) == cap(requests) {
				return fmt.Errorf("%w: %d requests wait", ErrWire, len(open))
			}
			q = &request{id: f.ID}
			if err := json.Unmarshal(f.Payload, &q.begin); err != nil {
				return fmt.Errorf("%w: request %d: %w", ErrWire, f.ID, err)
			}
			q.ctx, q.stop = context.WithCancel(ctx)
			open[f.ID] = q
		case Data, End:
			if q == nil || q.full {
				return fmt.Errorf("%w: %s of request %d, which is not open", ErrWire, f.Type, f.ID)
			}
			if q.seq++; f.Seq != q.seq {
				return fmt.Errorf("%w: frame %d of request %d came as %d", ErrWire, q.seq, f.ID, f.Seq)
			}
			if len(q.data)+len(f.Payload) > MaxData {
				return fmt.Errorf("%w: request %d is over %d bytes", ErrWire, f.ID, MaxData)
			}
			q.data = append(q.data, f.Payload...)
			if f.Type == End {
				q.full = true
				select {
				case requests <- q:
				default:
					return fmt.Errorf("%w: %d requests wait", ErrWire, cap(requests))
				}
			}
		default:
			return fmt.Errorf("%w: a daemon sends no %s", ErrWire, f.Type)
		}
		if err != nil {
			return err
		}
	}
}

// answer loads and then runs the handlers, one at a time.
func answer(ctx context.Context, l *link, requests <-chan *request, load func() (Handlers, any, error), ready chan<- struct{}) error {
	handlers, what, err := load()
	if err != nil {
		if sent := fault(l, 0, err); sent != nil {
			return sent
		}
		return loadError{err}
	}
	loaded, err := json.Marshal(what)
	if err != nil || len(loaded) > MaxPayload {
		return fmt.Errorf("encode what was loaded (%d bytes): %w", len(loaded), err)
	}
	if err := l.send(nil, Frame{Type: Ready, Payload: loaded}); err != nil {
		return err
	}
	close(ready)
	for {
		var q *request
		select {
		case q = <-requests:
		case <-ctx.Done():
			return ctx.Err()
		}
		reply, err := handle(q, handlers)
		q.stop()
		if err != nil {
			err = fault(l, q.id, err)
		} else {
			err = l.send(nil, Frame{Type: Reply, ID: q.id, Payload: reply})
		}
		if err != nil {
			return err
		}
	}
}

func handle(q *request, handlers Handlers) ([]byte, error) {
	h := handlers[q.Verb]
	if h == nil {
		return nil, fmt.Errorf("answer %q: no such verb", q.Verb)
	}
	if err := q.ctx.Err(); err != nil {
		return nil, err
	}
	reply, err := h(q.ctx, q.Head, q.data)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(reply)
	if err != nil {
		return nil, fmt.Errorf("encode the reply to %q: %w", q.Verb, err)
	}
	if len(b) > MaxPayload {
		return nil, fmt.Errorf("answer %q: the reply has %d bytes, more than %d", q.Verb, len(b), MaxPayload)
	}
	return b, nil
}

func fault(l *link, id uint32, err error) error {
	text := err.Error()
	if len(text) > 4096 {
		text = text[:4096]
	}
	return l.send(nil, Frame{Type: Fault, ID: id, Payload: []byte(text)})
}
