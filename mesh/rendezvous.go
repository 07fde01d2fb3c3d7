package mesh

import (
	"context"
	"errors"
	"fmt"
	"slices"

	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/cricket-home/cricket/mesh/wide"
)

// Rendezvous is a plain machine of the owner's with a public address, where the boxes of a
// home find each other. It belongs to no home and knows none: it sees peer ids, addresses
// and what it relays, which is encrypted from box to box.
type Rendezvous struct {
	host  host.Host
	dht   *dht.IpfsDHT
	relay *relay.Relay
}

// listed are the boxes that a rendezvous peer serves.
type listed []peer.ID

func (l listed) AllowReserve(p peer.ID, _ ma.Multiaddr) bool { return slices.Contains(l, p) }
func (l listed) AllowConnect(from peer.ID, _ ma.Multiaddr, to peer.ID) bool {
	return slices.Contains(l, from) && slices.Contains(l, to)
}

// OpenRendezvous listens for the boxes, and for nobody else. The relay has no limit: the
// boxes and the machine are one owner's.
func OpenRendezvous(ctx context.Context, id Identity, listen string, boxes []peer.ID) (*Rendezvous, error) {
	address, all, err := splitListen(listen)
	if err != nil {
		return nil, err
	}
	serves := map[peer.ID]bool{}
	for _, b := range boxes {
		serves[b] = true
	}
	// No box is a member here, and so none may speak more than the fence allows.
	gate := &gater{self: id.ID, member: func(peer.ID) bool { return false }, listed: serves, twin: func(ma.Multiaddr) {}}
	h, err := newHost(id, gate)
	if err != nil {
		return nil, err
	}
	r := &Rendezvous{host: h}
	fail := func(err error) (*Rendezvous, error) {
		return nil, errors.Join(fmt.Errorf("open rendezvous: %w", err), r.Close())
	}
	if err := h.Network().Listen(listenOn(address, all)...); err != nil {
		return fail(err)
	}
	if r.dht, err = dht.New(ctx, h, dht.ProtocolPrefix(wide.Prefix), dht.Mode(dht.ModeServer), dht.DisableValues(), dht.DisableAutoRefresh()); err != nil {
		return fail(err)
	}
	if r.relay, err = relay.New(h, relay.WithACL(listed(boxes)), relay.WithInfiniteLimits()); err != nil {
		return fail(err)
	}
	return r, nil
}

// Addresses are what the owner writes as mesh.rendezvous, one of which boxes can reach.
func (r *Rendezvous) Addresses() (out []string) {
	own, err := r.host.Network().InterfaceListenAddresses()
	if err != nil {
		return nil
	}
	for _, a := range own {
		if !behindRelay(a) {
			out = append(out, a.String()+"/p2p/"+r.host.ID().String())
		}
	}
	return out
}

// Reached are the boxes that are connected.
func (r *Rendezvous) Reached() (out []peer.ID) {
	for _, p := range r.host.Network().Peers() {
		if r.host.Network().Connectedness(p) == network.Connected {
			out = append(out, p)
		}
	}
	return out
}

// Close hangs up.
func (r *Rendezvous) Close() error {
	var errs []error
	if r.relay != nil {
		errs = append(errs, r.relay.Close())
	}
	if r.dht != nil {
		errs = append(errs, r.dht.Close())
	}
	return errors.Join(append(errs, r.host.Close())...)
}
