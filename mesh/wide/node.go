package wide

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	ma "github.com/multiformats/go-multiaddr"
)

const (
	meetEvery    = time.Minute
	meetTime     = 30 * time.Second // for all of one meeting
	reserveEarly = 10 * time.Minute // before a place at a relay ends
	maxProviders = 64               // that are listened to under one key
	maxFound     = 16               // addresses of one box
)

// Options says what a Node is made of.
type Options struct {
	Host       host.Host
	Rendezvous []peer.AddrInfo                 // the owner's
	Secret     func() (secret []byte, ok bool) // of the home and its epoch
	Member     func(peer.ID) bool              // asked each time
	Now        func() time.Time
	Met        func() // something was found
	Log        *slog.Logger
}

// Node meets the other boxes of the home at the rendezvous peers.
type Node struct {
	o   Options
	dht *dht.IpfsDHT

	mutex  sync.Mutex
	found  map[peer.ID][]ma.Multiaddr
	places map[peer.ID]time.Time // at a relay, and when each ends
	faults map[peer.ID]error
}

// NewNode returns a node that only asks: nobody can ask its DHT.
func NewNode(ctx context.Context, o Options) (*Node, error) {
	d, err := dht.New(ctx, o.Host, dht.ProtocolPrefix(Prefix), dht.Mode(dht.ModeClient), dht.DisableValues(),
		dht.BootstrapPeers(o.Rendezvous...), dht.DisableAutoRefresh(),
		// Only what the owner listed is asked, whoever else a rendezvous peer speaks of.
		dht.QueryFilter(func(_ any, p peer.AddrInfo) bool { return o.lists(p.ID) }),
		dht.RoutingTableFilter(func(_ any, p peer.ID) bool { return o.lists(p) }))
	if err != nil {
		return nil, fmt.Errorf("make distributed table: %w", err)
	}
	return &Node{o: o, dht: d, found: map[peer.ID][]ma.Multiaddr{}, places: map[peer.ID]time.Time{}, faults: map[peer.ID]error{}}, nil
}

func (o Options) lists(p peer.ID) bool {
	return slices.ContainsFunc(o.Rendezvous, func(r peer.AddrInfo) bool { return r.ID == p })
}

// Run meets once a minute until ctx ends.
func (n *Node) Run(ctx context.Context) error {
	defer n.dht.Close()
	tick := time.NewTicker(meetEvery)
	defer tick.Stop()
	for {
		if err := n.Meet(ctx); err != nil && ctx.Err() == nil {
			n.o.Log.Debug("the home is not met across the internet", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Meet says once where this box is, and looks where the others are.
func (n *Node) Meet(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, meetTime)
	defer stop()
	var group sync.WaitGroup
	for _, r := range n.o.Rendezvous {
		group.Go(func() {
			err := n.reach(ctx, r)
			n.mutex.Lock()
			defer n.mutex.Unlock()
			n.faults[r.ID] = err
		})
	}
	group.Wait()
	secret, ok := n.o.Secret()
	if !ok {
		return errors.New("the home's secret is another since a revocation, and no sibling has told it yet")
	}
	keys, err := Keys(secret, n.o.Now())
	if err != nil {
		return err
	}
	found, errs := map[peer.ID][]ma.Multiaddr{}, []error(nil)
	for _, key := range keys {
		if err := n.dht.Provide(ctx, key, true); err != nil {
			errs = append(errs, fmt.Errorf("say where this box is: %w", err))
		}
		for p := range n.dht.FindProvidersAsync(ctx, key, maxProviders) {
			if p.ID == n.o.Host.ID() || !n.o.Member(p.ID) {
				continue
			}
			for _, a := range p.Addrs {
				if all := found[p.ID]; len(all) < maxFound && !slices.ContainsFunc(all, a.Equal) {
					found[p.ID] = append(all, a)
				}
			}
		}
	}
	n.mutex.Lock()
	n.found = found
	n.mutex.Unlock()
	n.o.Met()
	return errors.Join(errs...)
}

// reach connects a rendezvous peer, and keeps a place at its relay.
func (n *Node) reach(ctx context.Context, r peer.AddrInfo) error {
	before := n.o.Host.Network().Connectedness(r.ID) == network.Connected
	if err := n.o.Host.Connect(ctx, r); err != nil {
		return fmt.Errorf("reach rendezvous peer: %w", err)
	}
	if _, err := n.dht.RoutingTable().TryAddPeer(r.ID, true, false); err != nil {
		return fmt.Errorf("use rendezvous peer: %w", err)
	}
	n.mutex.Lock()
	until := n.places[r.ID]
	n.mutex.Unlock()
	if before && time.Until(until) > reserveEarly {
		return nil
	}
	place, err := client.Reserve(ctx, n.o.Host, r)
	if err != nil {
		return fmt.Errorf("get a place at the relay: %w", err)
	}
	n.mutex.Lock()
	n.places[r.ID] = place.Expiration
	n.mutex.Unlock()
	return nil
}

// Addresses are where a member may be: where it said, and behind each relay.
func (n *Node) Addresses(p peer.ID) []ma.Multiaddr {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	out := slices.Clone(n.found[p])
	for _, r := range n.o.Rendezvous {
		if n.faults[r.ID] != nil || n.places[r.ID].IsZero() {
			continue
		}
		for _, a := range r.Addrs {
			out = append(out, a.Encapsulate(ma.StringCast("/p2p/"+r.ID.String()+"/p2p-circuit")))
		}
	}
	return out
}

// Fault is what is wrong with a rendezvous peer, or nil.
func (n *Node) Fault(p peer.ID) error {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return n.faults[p]
}
