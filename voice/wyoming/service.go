package wyoming

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"
)

const dialTime = 3 * time.Second

// Address is the host:port of a Wyoming service that is written as tcp://host:port.
func Address(uri string) (string, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "tcp" || u.Hostname() == "" || u.Port() == "" || u.Path != "" || u.User != nil {
		return "", fmt.Errorf("a Wyoming service is written as tcp://host:port, not %q", uri)
	}
	return u.Host, nil
}

// brokenError is when a service could not be reached, or went away before it had answered: the
// request may be sent again.
type brokenError struct{ error }

func (e brokenError) Unwrap() error { return e.error }

// ServiceError is what a service says is wrong.
type ServiceError struct{ Text, Code string }

func (e *ServiceError) Error() string { return "it says: " + e.Text }

// talkTo has a talk of one request with a service: send sends it, and take takes each event of
// the answer until it has it all. Nothing that the service does or leaves makes it last longer
// than idle between two events.
func talkTo(ctx context.Context, address string, idle time.Duration, send func(c *client) error, take func(e Event) (all bool, err error)) error {
	d := net.Dialer{Timeout: dialTime}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return brokenError{err}
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	c := newClient(conn)
	sent := make(chan error, 1)
	go func() { sent <- send(c) }() // a service may answer, or refuse, before it has heard it all
	defer func() {
		conn.Close()
		<-sent
	}()
	for {
		if err := conn.SetReadDeadline(time.Now().Add(idle)); err != nil {
			return brokenError{err}
		}
		e, err := Read(c.r)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, os.ErrDeadlineExceeded):
			return fmt.Errorf("it said nothing for %v", idle)
		case errors.Is(err, ErrProtocol):
			return err
		case err != nil:
			return brokenError{fmt.Errorf("it went away: %w", err)}
		}
		if e.Type == "error" {
			var fault ServiceError
			if err := e.read(&fault); err != nil {
				return err
			}
			return &fault
		}
		if all, err := take(e); all || err != nil {
			return err
		}
	}
}
