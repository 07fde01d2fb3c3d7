package mesh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/host/observedaddrs"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/cricket-home/cricket/mesh/wide"
)

// libp2p believes what address a router gives a box when four strangers say the same. Those
// who can say it here are the owner's few: one that lies hides the box, and no more.
func init() { observedaddrs.ActivationThresh = 1 }

// ReadRendezvous reads what the owner lists: /ip4/192.0.2.1/tcp/7420/p2p/ID. A peer may be
// there with several addresses.
func ReadRendezvous(listed []string) ([]peer.AddrInfo, error) {
	var all []ma.Multiaddr
	for _, text := range listed {
		a, err := ma.NewMultiaddr(text)
		if err == nil {
			_, err = peer.AddrInfoFromP2pAddr(a)
		}
		if err == nil && (behindRelay(a) || len(a) < 2) {
			err = errors.New("it says not where it is")
		}
		if err != nil {
			return nil, fmt.Errorf("read rendezvous peer %q: %w", text, err)
		}
		all = append(all, a)
	}
	return peer.AddrInfosFromP2pAddrs(all...)
}

// newWide is nil where the owner lists no rendezvous peer.
func (m *Mesh) newWide(ctx context.Context, h host.Host) (*wide.Node, error) {
	if len(m.meeting) == 0 {
		return nil, nil
	}
	return wide.NewNode(ctx, wide.Options{Host: h, Rendezvous: m.meeting, Member: m.members.Has, Now: m.now, Met: m.dialNow, Log: m.log,
		Secret: func() ([]byte, bool) { return m.members.Secret("rendezvous") }})
}

func behindRelay(a ma.Multiaddr) bool {
	_, err := a.ValueForProtocol(ma.P_CIRCUIT)
	return err == nil
}

// isFar tells whether an address is outside the networks that this machine is in, or behind
// a relay.
func (m *Mesh) isFar(a ma.Multiaddr) bool {
	ip, err := manet.ToIP(a)
	if err != nil || behindRelay(a) {
		return true
	}
	if ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return false
	}
	address, _ := netip.AddrFromSlice(ip)
	own, err := net.InterfaceAddrs()
	return err != nil || !slices.ContainsFunc(own, func(o net.Addr) bool { // IPv6 at home has addresses of the internet
		p, err := netip.ParsePrefix(o.String())
		return err == nil && p.Contains(address.Unmap())
	})
}

// isNear tells whether a sibling is connected within the local network.
func (m *Mesh) isNear(p peer.ID) bool {
	return slices.ContainsFunc(m.Host().Network().ConnsToPeer(p), func(c network.Conn) bool { return !m.isFar(c.RemoteMultiaddr()) })
}

// RendezvousStatus is a rendezvous peer of the owner's.
type RendezvousStatus struct {
	ID        string `json:"id"`
	Connected bool   `json:"connected"`
	Fault     string `json:"fault,omitempty"`
}

func (m *Mesh) rendezvousStatus() (out []RendezvousStatus) {
	m.mutex.Lock()
	h, far := m.host, m.wide
	m.mutex.Unlock()
	for _, r := range m.meeting {
		s := RendezvousStatus{ID: r.ID.String()}
		if far != nil {
			s.Connected = h.Network().Connectedness(r.ID) == network.Connected
			if err := far.Fault(r.ID); err != nil {
				s.Fault = err.Error()
			}
		}
		out = append(out, s)
	}
	return out
}

// rendezvousFaults are those of rendezvous peers that do not serve this box.
func (m *Mesh) rendezvousFaults() (out []Fault) {
	for _, r := range m.rendezvousStatus() {
		if r.Fault != "" {
			out = append(out, fault("mesh", "rendezvous peer "+r.ID+": "+r.Fault,
				"there: cricket mesh rendezvous --box "+m.id.ID.String()+" ; here: mesh.rendezvous in config.toml"))
		}
	}
	return out
}
