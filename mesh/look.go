package mesh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/multiformats/go-multistream"
)

const (
	lookTime = 3 * time.Second
	// judgeTime is how long the other side has to hang up on whom it does not know. It
	// does so at once; whoever is slower is believed to let us in.
	judgeTime = time.Second
)

// sight is who answers at an address: the Noise handshake proves the id, and what comes
// after it tells whether the other lets us in.
type sight struct {
	ID       peer.ID
	Address  ma.Multiaddr // with the numbers of a name
	LetsUsIn bool
}

// look asks who is at host:port, without being connected afterwards. It tells its own end of the
// connection first.
func look(ctx context.Context, self Identity, address string, dialled func(netip.AddrPort)) (sight, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return sight{}, unreachable(address, err)
	}
	defer c.Close()
	if local, err := netip.ParseAddrPort(c.LocalAddr().String()); err == nil {
		dialled(unzoned(local))
	}
	deadline, _ := ctx.Deadline()
	c.SetDeadline(deadline)
	if _, err := multistream.SelectOneOf([]protocol.ID{noise.ID}, io.ReadWriteCloser(c)); err != nil {
		return sight{}, fmt.Errorf("look at %s: what answers there is no cricket: %w", address, err)
	}
	t, err := noise.New(noise.ID, self.Key, []upgrader.StreamMuxer{{ID: yamux.ID, Muxer: yamux.DefaultTransport}})
	if err != nil {
		return sight{}, err
	}
	anybody, err := t.WithSessionOptions(noise.DisablePeerIDCheck())
	if err != nil {
		return sight{}, err
	}
	session, err := anybody.SecureOutbound(ctx, c, "")
	if err != nil {
		return sight{}, fmt.Errorf("look at %s: the handshake failed: %w", address, err)
	}
	remote, err := manet.FromNetAddr(c.RemoteAddr())
	if err != nil {
		return sight{}, fmt.Errorf("look at %s: %w", address, err)
	}
	session.SetReadDeadline(time.Now().Add(judgeTime))
	_, err = session.Read(make([]byte, 1))
	return sight{ID: session.RemotePeer(), Address: remote, LetsUsIn: errors.Is(err, os.ErrDeadlineExceeded) || err == nil}, nil
}

// unzoned is an address without the zone of IPv6, and IPv4 as such: both ends of a connection
// then say the same.
func unzoned(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// unreachable says in the owner's words why nothing answers.
func unreachable(address string, err error) error {
	timeout, ok := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("reach %s: the machine is there and the port is closed: cricket does not run there, or listens elsewhere: %w", address, err)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return fmt.Errorf("reach %s: there is no way to it in this network: %w", address, err)
	case ok && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("reach %s: nothing answers: the box is off, a firewall drops the port, or the access point keeps its clients apart: %w", address, err)
	}
	return fmt.Errorf("reach %s: %w", address, err)
}

// swallowed says that nothing came back from an address.
func swallowed(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout() || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, context.DeadlineExceeded)
}

// hostPort is an address of TCP as people write it, or "".
func hostPort(a ma.Multiaddr) string {
	if _, err := a.ValueForProtocol(ma.P_TCP); err != nil || behindRelay(a) {
		return ""
	}
	if network, address, err := manet.DialArgs(a); err == nil && strings.HasPrefix(network, "tcp") {
		return address
	}
	return ""
}
