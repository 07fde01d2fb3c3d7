package mqtt

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

// acceptPause is the wait after a connection could not be accepted, for
// example because this process has too many files open.
const acceptPause = 100 * time.Millisecond

// listener is the broker's TCP listener. mochi's own, when it is closed, asks
// the server for its clients; mochi 2.7.9 then takes a read lock twice, and
// stands still for ever when a client leaves in between. This one closes the
// connections itself and waits for their goroutines.
type listener struct {
	net.Listener
	id      string
	log     *slog.Logger
	serving sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool
}

func newListener(id string, l net.Listener, log *slog.Logger) *listener {
	return &listener{Listener: l, id: id, log: log, conns: map[net.Conn]struct{}{}}
}

func (l *listener) Init(*slog.Logger) error { return nil }
func (l *listener) ID() string              { return l.id }
func (l *listener) Protocol() string        { return "tcp" }
func (l *listener) Address() string         { return l.Addr().String() }

// Serve hands connections to the server until Close.
func (l *listener) Serve(establish listeners.EstablishFn) {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			l.log.Warn("connection not accepted", "err", err)
			time.Sleep(acceptPause)
			continue
		}
		if !l.add(c) {
			c.Close()
			return
		}
		go func() {
			defer l.remove(c)
			if err := establish(l.ID(), c); err != nil {
				l.log.Debug("client gone", "addr", c.RemoteAddr().String(), "err", err)
			}
		}()
	}
}

func (l *listener) add(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.conns[c] = struct{}{}
		l.serving.Add(1)
	}
	return !l.closed
}

func (l *listener) remove(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
	l.serving.Done()
}

// Close gives the port back, ends all connections, and returns when the server
// is through with them.
func (l *listener) Close(listeners.CloseFn) {
	l.Listener.Close()
	l.mu.Lock()
	l.closed = true
	for c := range l.conns {
		c.Close()
	}
	l.mu.Unlock()
	l.serving.Wait()
}
