package wyoming

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
)

// What a client may cost.
const (
	maxClients = 16
	maxIdle    = 5 * time.Minute  // without an event
	maxEvent   = 30 * time.Second // from an event's first byte to its last
	writeWait  = 10 * time.Second // for somebody who does not read
)

// port lets clients in, and serves each until serve has an error.
type port struct {
	most  int // clients at a time
	log   *slog.Logger
	serve func(ctx context.Context, c *client) error
}

// run serves the clients of l until ctx ends; it closes l.
func (p port) run(ctx context.Context, l net.Listener) error {
	var clients sync.WaitGroup
	defer clients.Wait()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	places := make(chan struct{}, p.most)
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("accept a Wyoming client: %w", err)
		}
		select {
		case places <- struct{}{}:
		default:
			newClient(conn).fail("busy", errors.New("too many clients"))
			conn.Close()
			continue
		}
		clients.Go(func() {
			defer func() { <-places }()
			p.one(ctx, conn)
		})
	}
}

// one serves one client until it goes.
func (p port) one(ctx context.Context, conn net.Conn) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	c := newClient(conn)
	err := p.serve(ctx, c)
	switch {
	case ctx.Err() != nil, errors.Is(err, io.EOF):
	case errors.Is(err, errTold):
	case errors.Is(err, errSilent):
		c.fail("idle", err)
	case errors.Is(err, ErrProtocol):
		c.fail("protocol", err)
	default:
		p.log.Debug("client goes", "err", err)
	}
}

// client is one connection to us.
type client struct {
	conn net.Conn
	r    *bufio.Reader

	writing sync.Mutex
	w       *bufio.Writer
}

func newClient(conn net.Conn) *client {
	return &client{conn: conn, r: bufio.NewReader(conn), w: bufio.NewWriter(conn)}
}

// errTold ends a connection whose client has been told what went wrong. Clients that wait for an
// answer, such as Home Assistant's of recognisers and voices, pass an error event over and go on
// waiting: the end of the connection is what they understand.
var errTold = errors.New("the client was told what went wrong")

// refuse answers a request with the protocol's error event, and ends the connection.
func (c *client) refuse(code string, err error) error {
	if err := c.fail(code, err); err != nil {
		return err
	}
	return errTold
}

// errSilent is when a client sends nothing for so long, or an event by the drop.
var errSilent = errors.New("nothing came for too long")

// next is the next event. One goroutine.
func (c *client) next() (Event, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(maxIdle)); err != nil {
		return Event{}, err
	}
	_, err := c.r.Peek(1)
	if err == nil {
		if err = c.conn.SetReadDeadline(time.Now().Add(maxEvent)); err == nil {
			var e Event
			if e, err = Read(c.r); err == nil {
				return e, nil
			}
		}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return Event{}, fmt.Errorf("%w: %w", errSilent, err)
	}
	return Event{}, err
}

// send writes an event. Any goroutine.
func (c *client) send(kind string, data any, payload []byte) error {
	e, err := NewEvent(kind, data, payload)
	if err != nil {
		return err
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.conn.SetWriteDeadline(time.Now().Add(writeWait)); err != nil {
		return err
	}
	if err := Write(c.w, e); err != nil {
		return err
	}
	return c.w.Flush()
}

// fail answers with the protocol's error event.
func (c *client) fail(code string, err error) error {
	return c.send("error", map[string]string{"text": err.Error(), "code": code}, nil)
}

// ping answers a ping.
func (c *client) ping(e Event) error {
	var ping struct {
		Text *string `json:"text,omitempty"`
	}
	if err := e.read(&ping); err != nil {
		return err
	}
	return c.send("pong", ping, nil)
}
