package mesh

import (
	"slices"
	"sync"

	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	circuit "github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/proto"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/cricket-home/cricket/mesh/wide"
)

// maxRefused is how many of those that were turned away are remembered.
const maxRefused = 16

// gater admits paired peers only. Inbound it judges after the handshake, which is
// when it first knows who calls, and before any stream; and once more when the
// connection is handed over, since a peer may be revoked in between.
type gater struct {
	self   peer.ID
	member func(peer.ID) bool
	listed map[peer.ID]bool   // the owner's rendezvous peers, who get a connection and hardly a protocol
	twin   func(ma.Multiaddr) // somebody who holds our own key called from here

	mutex   sync.Mutex
	refused []Refused // the newest last
}

// Refused is a peer that was turned away, and from where it called.
type Refused struct {
	ID      peer.ID
	Address ma.Multiaddr
	Times   int
}

func (g *gater) InterceptPeerDial(p peer.ID) bool                 { return g.admits(p) }
func (g *gater) InterceptAddrDial(p peer.ID, _ ma.Multiaddr) bool { return g.admits(p) }
func (g *gater) InterceptAccept(network.ConnMultiaddrs) bool      { return true }

func (g *gater) InterceptSecured(d network.Direction, p peer.ID, c network.ConnMultiaddrs) bool {
	if g.admits(p) {
		return true
	}
	if d == network.DirInbound && p == g.self {
		g.twin(c.RemoteMultiaddr())
	} else if d == network.DirInbound {
		g.refuse(p, c.RemoteMultiaddr())
	}
	return false
}

func (g *gater) InterceptUpgraded(c network.Conn) (bool, control.DisconnectReason) {
	return g.admits(c.RemotePeer()), 0
}

// admits tells who may be connected at all.
func (g *gater) admits(p peer.ID) bool { return g.listed[p] || g.member(p) }

// forRendezvous is all that a rendezvous peer may open here or be asked: to identify, the
// DHT, and a relay's two sides.
var forRendezvous = []protocol.ID{identify.ID, identify.IDPush, wide.Prefix + "/kad/1.0.0", circuit.ProtoIDv2Hop, circuit.ProtoIDv2Stop}

// allows tells whether a peer and this box may speak a protocol.
func (g *gater) allows(p peer.ID, id protocol.ID) bool {
	return g.member(p) || g.listed[p] && slices.Contains(forRendezvous, id)
}

func (g *gater) refuse(p peer.ID, from ma.Multiaddr) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	r := Refused{ID: p, Address: from, Times: 1}
	if i := slices.IndexFunc(g.refused, func(old Refused) bool { return old.ID == p }); i >= 0 {
		r.Times += g.refused[i].Times
		g.refused = slices.Delete(g.refused, i, i+1)
	}
	if len(g.refused) == maxRefused {
		g.refused = slices.Delete(g.refused, 0, 1)
	}
	g.refused = append(g.refused, r)
}

// turnedAway are those that were refused, the newest last.
func (g *gater) turnedAway() []Refused {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return slices.Clone(g.refused)
}

// Strangers is how often the last boxes that are not paired with this one called.
func (m *Mesh) Strangers() (calls int) {
	for _, r := range m.gate.turnedAway() {
		calls += r.Times
	}
	return calls
}
