package page

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// maxConnections is how many there may be at once; one more is closed at once.
const maxConnections = 256

// door accepts connections from the home's own networks, and closes all others before
// a byte was read of them.
type door struct {
	net.Listener
	networks func() []netip.Prefix // of the box's own interfaces
	known    func(host string) bool
	open     atomic.Int32
}

// Accept waits for the next connection from the home.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from, err := netip.ParseAddrPort(c.RemoteAddr().String())
		if err != nil || !fromHome(from.Addr(), d.networks()) {
			c.Close()
			continue
		}
		if d.open.Add(1) > maxConnections {
			d.open.Add(-1)
			c.Close()
			continue
		}
		return &visitor{Conn: c, door: d}, nil
	}
}

// fromHome says whether an address is in the home. Private addresses are, whichever of
// the home's networks they are in; public ones (every device has one with IPv6) and
// those of overlay networks (100.64.0.0/10) only where the box is in that network, too.
func fromHome(a netip.Addr, own []netip.Prefix) bool {
	a = a.Unmap().WithZone("")
	if a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() {
		return true
	}
	overlay := netip.MustParsePrefix("100.64.0.0/10").Contains(a)
	for _, p := range own {
		if (a.Is6() || overlay) && p.Contains(a) && p.Bits() > 0 {
			return true
		}
	}
	return false
}

// ownNetworks are those that the box has an address in.
func ownNetworks() []netip.Prefix {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil // private addresses are answered all the same
	}
	var out []netip.Prefix
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// visitor is a connection. Whoever begins it in plain HTTP, because only the name was
// typed, is sent to the same address by HTTPS.
type visitor struct {
	net.Conn
	door   *door
	spoken bool // it has sent something
	closed sync.Once
}

// errPlain ends a connection that began in plain HTTP.
var errPlain = errors.New("plain HTTP")

func (v *visitor) Read(p []byte) (int, error) {
	n, err := v.Conn.Read(p)
	const handshake = 0x16 // the first byte of TLS [RFC 8446, 5.1]
	if v.spoken || n == 0 || p[0] == handshake {
		v.spoken = v.spoken || n > 0
		return n, err
	}
	v.spoken = true
	v.redirect(p[:n])
	return 0, errPlain
}

func (v *visitor) Close() error {
	v.closed.Do(func() { v.door.open.Add(-1) })
	return v.Conn.Close()
}

// redirect answers a request that begins with these bytes.
func (v *visitor) redirect(begin []byte) {
	v.Conn.SetDeadline(time.Now().Add(5 * time.Second))
	in := bufio.NewReader(io.LimitReader(io.MultiReader(bytes.NewReader(bytes.Clone(begin)), v.Conn), 8<<10))
	r, err := http.ReadRequest(in)
	if err != nil || !v.door.known(r.Host) {
		return
	}
	fmt.Fprintf(v.Conn, "HTTP/1.1 307 Temporary Redirect\r\nLocation: https://%s/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", r.Host)
}
