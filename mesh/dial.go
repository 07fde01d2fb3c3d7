package mesh

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// dialEvery is how often siblings that are not reached are dialled.
const dialEvery = 5 * time.Second

// dialNow dials them without waiting.
func (m *Mesh) dialNow() {
	select {
	case m.dial <- struct{}{}:
	default:
	}
}

func (m *Mesh) keepDialling(ctx context.Context) {
	tick := time.NewTicker(dialEvery)
	defer tick.Stop()
	for {
		m.mutex.Lock()
		unfit := m.unfit
		m.mutex.Unlock()
		if unfit != nil {
			m.listen(m.host)
		}
		m.dialAll(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-m.dial:
		}
	}
}

// dialAll dials the siblings that are not reached, at hints, where they were before, and at
// what the owner typed.
func (m *Mesh) dialAll(ctx context.Context) {
	var group sync.WaitGroup
	missing := false
	for _, p := range m.members.Siblings() {
		if m.host.Network().Connectedness(p) == network.Connected || !m.admits(p) {
			continue
		}
		missing = true
		if addrs := m.addressesOf(p); len(addrs) > 0 {
			group.Go(func() { m.dialOne(ctx, p, addrs) })
		} else {
			m.failed(p, errNowhere)
		}
	}
	group.Wait()
	if missing {
		for _, address := range m.options.Peers {
			group.Go(func() { m.dialTyped(ctx, address) })
		}
	}
	group.Wait()
}

var errNowhere = fmt.Errorf("nobody knows where it is: it does not announce itself in this network, and was never reached")

// addressesOf is where a sibling may be.
func (m *Mesh) addressesOf(p peer.ID) []ma.Multiaddr {
	m.mutex.Lock()
	hint, far := m.hints[p], m.wide
	m.mutex.Unlock()
	known := append(m.addresses.of(p), hint.multiaddrs()...)
	if far == nil {
		// A box may have been reached across the internet before the owner turned that off,
		// and an announcement may name any address.
		return unique(slices.DeleteFunc(known, m.isFar))
	}
	return unique(append(known, far.Addresses(p)...))
}

// multiaddrs are the addresses of a hint, over TCP and QUIC.
func (h Hint) multiaddrs() []ma.Multiaddr {
	var out []ma.Multiaddr
	for _, a := range h.Addresses {
		if tcp, err := manet.FromNetAddr(net.TCPAddrFromAddrPort(a)); err == nil {
			out = append(out, tcp)
		}
		if udp, err := manet.FromNetAddr(net.UDPAddrFromAddrPort(a)); err == nil {
			out = append(out, udp.Encapsulate(ma.StringCast("/quic-v1")))
		}
	}
	return out
}

func (m *Mesh) dialOne(ctx context.Context, p peer.ID, addrs []ma.Multiaddr) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout+time.Second)
	defer cancel()
	// libp2p waits longer after each failure, up to minutes. How often is for us to say:
	// a box that was switched on again must be found soon.
	m.host.Network().(*swarm.Swarm).Backoff().Clear(p)
	m.host.Peerstore().ClearAddrs(p)
	m.host.Peerstore().AddAddrs(p, addrs, peerstore.TempAddrTTL)
	if _, err := m.host.Network().DialPeer(ctx, p); err != nil && ctx.Err() == nil {
		m.failed(p, fmt.Errorf("reach it: %w", err))
	}
}

// dialTyped asks who is at an address that the owner typed, and dials it if it is a sibling.
func (m *Mesh) dialTyped(ctx context.Context, address string) {
	s, err := m.look(ctx, withPort(address, Port))
	switch {
	case err != nil:
	case s.ID == m.id.ID:
	case !m.members.Has(s.ID):
		err = fmt.Errorf("a cricket answers at %s, and it is not paired with this one", address)
	case m.host.Network().Connectedness(s.ID) != network.Connected && m.admits(s.ID):
		m.dialOne(ctx, s.ID, []ma.Multiaddr{s.Address})
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.missed[address] = err
}

// withPort is an address with a port, where it has none.
func withPort(address string, port int) string {
	if _, _, err := net.SplitHostPort(address); err == nil {
		return address
	}
	return net.JoinHostPort(address, fmt.Sprint(port))
}

// found takes a hint. Whoever announces our own id is asked to prove it: an announcement can
// be anybody's.
func (m *Mesh) found(ctx context.Context, h Hint) {
	if h.ID == m.id.ID {
		for _, a := range h.Addresses {
			if int(a.Port()) != portOf(m.host) || !m.ownIP(a.Addr()) { // that would be us
				m.look(ctx, a.String())
			}
		}
		return
	}
	if !m.members.Has(h.ID) {
		return
	}
	m.mutex.Lock()
	// An address that somebody made up must not take the place of the right one.
	h.Addresses = slices.Concat(h.Addresses, m.hints[h.ID].Addresses)
	slices.SortFunc(h.Addresses, netip.AddrPort.Compare)
	h.Addresses = slices.Compact(h.Addresses)
	if len(h.Addresses) > maxHinted {
		h.Addresses = nil
	}
	m.hints[h.ID] = hinted{h, time.Now()}
	m.mutex.Unlock()
	if m.host.Network().Connectedness(h.ID) != network.Connected {
		m.dialNow()
	}
}

// maxHinted is how many announced addresses of one sibling are tried. Where there are more,
// somebody makes them up, and it begins anew with the next announcement.
const maxHinted = 32

// addrPort is an address of TCP in numbers.
func addrPort(a ma.Multiaddr) (netip.AddrPort, bool) {
	p, err := netip.ParseAddrPort(hostPort(a))
	return p, err == nil
}
