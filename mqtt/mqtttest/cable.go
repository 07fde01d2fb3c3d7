package mqtttest

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Cable is a TCP relay between clients and a broker that can be made slow, held and
// cut. It ends with the test.
type Cable struct {
	Addr string // clients connect here

	tb testing.TB
	to string
	l  net.Listener

	mu    sync.Mutex
	moved *sync.Cond // when what follows changes
	ends  []net.Conn
	held  bool          // nothing moves; connections stay, and new ones are made
	cut   bool          // there is no way through: connections end, and new ones too
	delay time.Duration // of each piece, in each direction
}

// NewCable lays a cable to host:port.
func NewCable(tb testing.TB, to string) *Cable {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	c := &Cable{Addr: l.Addr().String(), tb: tb, to: to, l: l}
	c.moved = sync.NewCond(&c.mu)
	go c.accept()
	tb.Cleanup(func() {
		l.Close()
		c.Cut()
	})
	return c
}

// URL is the address of the cable's near end.
func (c *Cable) URL() string { return "tcp://" + c.Addr }

func (c *Cable) accept() {
	for {
		near, err := c.l.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", c.to)
		c.mu.Lock()
		if err != nil || c.cut {
			near.Close()
			if far != nil {
				far.Close()
			}
			c.mu.Unlock()
			continue
		}
		c.ends = append(c.ends, near, far)
		c.mu.Unlock()
		go c.relay(near, far)
		go c.relay(far, near)
	}
}

// relay moves bytes one way until one end is closed.
func (c *Cable) relay(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	piece := make([]byte, 16<<10)
	for {
		n, err := from.Read(piece)
		if err != nil {
			return
		}
		c.mu.Lock()
		for c.held && !c.cut {
			c.moved.Wait()
		}
		cut, delay := c.cut, c.delay
		c.mu.Unlock()
		if cut {
			return // what was on its way is lost
		}
		time.Sleep(delay)
		if _, err := to.Write(piece[:n]); err != nil {
			return
		}
	}
}

// Hold lets nothing through, or again; nobody is told that nothing arrives.
func (c *Cable) Hold(on bool) { c.set(func() { c.held = on }) }

// Slow makes the cable slow: each piece takes so long, one way.
func (c *Cable) Slow(delay time.Duration) { c.set(func() { c.delay = delay }) }

// Cut ends all connections, and every new one, until Mend. What is on its way is lost.
func (c *Cable) Cut() {
	c.set(func() {
		c.cut = true
		for _, end := range c.ends {
			end.Close()
		}
		c.ends = nil
	})
}

// Mend lets new connections through, and what is held.
func (c *Cable) Mend() { c.set(func() { c.cut, c.held = false, false }) }

func (c *Cable) set(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	c.moved.Broadcast()
}
