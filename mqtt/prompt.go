package mqtt

import (
	"net"
	"syscall"
)

// prompt is a TCP connection that acknowledges at once whatever comes. Mosquitto, as it
// is configured by default, writes small packets only when the ones before them were
// acknowledged (Nagle), and a kernel puts acknowledgements off by up to 40 ms: each
// SUBSCRIBE of a large home, and each PUBACK behind a state, would wait for that.
type prompt struct {
	*net.TCPConn
	raw syscall.RawConn
}

// promptly is c, acknowledging at once where the system can.
func promptly(c net.Conn) net.Conn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return c // it works, only later
	}
	return &prompt{tcp, raw}
}

// NetConn is the connection itself.
func (p *prompt) NetConn() net.Conn { return p.TCPConn }

// Read asks for it each time: the kernel forgets it with what is sent.
func (p *prompt) Read(b []byte) (int, error) {
	_ = p.raw.Control(acknowledge) // of a closed connection, Read tells
	return p.TCPConn.Read(b)
}
