package mesh

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/core/transport"
	basichost "github.com/libp2p/go-libp2p/p2p/host/basic"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/host/peerstore/pstoremem"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	relayed "github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/quicreuse"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/x/rate"
	ma "github.com/multiformats/go-multiaddr"
	quicgo "github.com/quic-go/quic-go"
)

const (
	userAgent     = "cricket"
	dialTimeout   = 5 * time.Second
	streamWindow  = 4 << 20 // bytes that may be on the way in one stream: 100 MB/s at 40 ms
	streamsOfPeer = 128
	memory        = 64 << 20 // bytes that all connections together may hold
)

// newHost makes a host of its parts, since libp2p.New links WebRTC, WebTransport
// and relays, which is 7 MB of binary and as much memory. It listens nowhere yet.
//
// Where the owner lists rendezvous peers it can be reached through their relays, and makes a
// direct connection of a relayed one where the routers let it. Otherwise it has no code for that.
func newHost(id Identity, gate *gater) (host.Host, error) {
	n, err := newNetwork(id, gate)
	if err != nil {
		return nil, err
	}
	h, err := basichost.NewHost(n.Swarm, &basichost.HostOpts{
		EventBus:        n.bus,
		UserAgent:       userAgent,
		ProtocolVersion: protocolVersion,
		// A signed record of our addresses has the time as its number, and a clock
		// that begins in 1970 would make it look stale.
		DisableSignedPeerRecord: true,
		EnableHolePunching:      len(gate.listed) > 0,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make host: %w", err), n.Close())
	}
	h.Start()
	out := &meshHost{h, n.quic, gate}
	if len(gate.listed) > 0 {
		if err := relayed.AddTransport(out, n.upgrade); err != nil {
			return nil, errors.Join(fmt.Errorf("make host: %w", err), out.Close())
		}
	}
	return out, nil
}

// protocolVersion is what siblings must have in common to talk at all.
const protocolVersion = "cricket/1"

// meshHost closes with the host what it was made of.
type meshHost struct {
	*basichost.BasicHost
	quic *quicreuse.ConnManager
	gate *gater
}

// errRendezvous says that a peer may not be asked that.
var errRendezvous = errors.New("it is a rendezvous peer, and no member of the home")

// SetStreamHandler lets only those in who may speak the protocol: a rendezvous peer is
// connected, and yet none of the home.
func (h *meshHost) SetStreamHandler(id protocol.ID, f network.StreamHandler) {
	h.BasicHost.SetStreamHandler(id, h.fence(f))
}

// SetStreamHandlerMatch does the same.
func (h *meshHost) SetStreamHandlerMatch(id protocol.ID, match func(protocol.ID) bool, f network.StreamHandler) {
	h.BasicHost.SetStreamHandlerMatch(id, match, h.fence(f))
}

func (h *meshHost) fence(f network.StreamHandler) network.StreamHandler {
	return func(s network.Stream) {
		if !h.gate.allows(s.Conn().RemotePeer(), s.Protocol()) {
			s.Reset()
			return
		}
		f(s)
	}
}

// NewStream tells a rendezvous peer nothing, either, but what it is for.
func (h *meshHost) NewStream(ctx context.Context, p peer.ID, ids ...protocol.ID) (network.Stream, error) {
	if h.gate.listed[p] && slices.ContainsFunc(ids, func(id protocol.ID) bool { return !h.gate.allows(p, id) }) {
		return nil, fmt.Errorf("open stream: %w", errRendezvous)
	}
	return h.BasicHost.NewStream(ctx, p, ids...)
}

func (h *meshHost) Close() error { return errors.Join(h.BasicHost.Close(), h.quic.Close()) }

// peers is the network of a host: who is connected, without protocols.
type peers struct {
	*swarm.Swarm
	bus     event.Bus
	quic    *quicreuse.ConnManager
	upgrade transport.Upgrader
}

func newNetwork(id Identity, gate connmgr.ConnectionGater) (*peers, error) {
	fail := func(err error) (*peers, error) { return nil, fmt.Errorf("make host: %w", err) }
	store, err := pstoremem.NewPeerstore()
	if err != nil {
		return fail(err)
	}
	if err := errors.Join(store.AddPrivKey(id.ID, id.Key), store.AddPubKey(id.ID, id.Key.GetPublic())); err != nil {
		return fail(err)
	}
	limits, err := newLimits()
	if err != nil {
		return fail(err)
	}
	bus := eventbus.NewBus()
	network, err := swarm.NewSwarm(id.ID, store, bus, swarm.WithConnectionGater(gate), swarm.WithResourceManager(limits),
		swarm.WithDialTimeout(dialTimeout), swarm.WithDialTimeoutLocal(dialTimeout), swarm.WithDialRanker(tcpFirst),
		// What was not reached is no reason to stop dialling a whole kind of address.
		swarm.WithUDPBlackHoleSuccessCounter(nil), swarm.WithIPv6BlackHoleSuccessCounter(nil))
	if err != nil {
		return fail(err)
	}
	window := *yamux.DefaultTransport
	window.MaxStreamWindowSize = streamWindow
	muxers := []upgrader.StreamMuxer{{ID: yamux.ID, Muxer: &window}}
	secure, err := noise.New(noise.ID, id.Key, muxers)
	if err != nil {
		return fail(err)
	}
	upgrade, err := upgrader.New([]sec.SecureTransport{secure}, muxers, nil, limits, gate)
	if err != nil {
		return fail(err)
	}
	overTCP, err := tcp.NewTCPTransport(upgrade, limits, nil, tcp.WithConnectionTimeout(dialTimeout), tcp.DisableReuseport())
	if err != nil {
		return fail(err)
	}
	overUDP, err := newQUIC(id)
	if err != nil {
		return fail(err)
	}
	overQUIC, err := quic.NewTransport(id.Key, overUDP, nil, gate, limits)
	if err != nil {
		return fail(err)
	}
	if err := errors.Join(network.AddTransport(overTCP), network.AddTransport(overQUIC)); err != nil {
		return fail(err)
	}
	return &peers{Swarm: network, bus: bus, quic: overUDP, upgrade: upgrade}, nil
}

// newQUIC makes what shares UDP sockets among QUIC connections. The keys are made
// from ours, so that a peer of a box that was restarted is told so at once.
func newQUIC(id Identity) (*quicreuse.ConnManager, error) {
	secret, err := id.Key.Raw()
	if err != nil {
		return nil, err
	}
	var reset quicgo.StatelessResetKey
	var token quicgo.TokenGeneratorKey
	for label, key := range map[string][]byte{"cricket quic reset": reset[:], "cricket quic token": token[:]} {
		derived, err := hkdf.Key(sha256.New, secret, nil, label, len(key))
		if err != nil {
			return nil, err
		}
		copy(key, derived)
	}
	return quicreuse.NewConnManager(reset, token)
}

// newLimits are those of a home with up to [MaxMembers] boxes. Strangers' handshakes
// are "transient": they get little, and cannot take what siblings need.
func newLimits() (network.ResourceManager, error) {
	limits := rcmgr.PartialLimitConfig{
		System: rcmgr.ResourceLimits{Streams: 1024, StreamsInbound: 512, StreamsOutbound: 1024,
			Conns: 4 * MaxMembers, ConnsInbound: 2 * MaxMembers, ConnsOutbound: 4 * MaxMembers, FD: 4 * MaxMembers, Memory: memory},
		Transient: rcmgr.ResourceLimits{Streams: 64, StreamsInbound: 32, StreamsOutbound: 64,
			Conns: 48, ConnsInbound: 16, ConnsOutbound: 32, FD: 48, Memory: memory / 8},
		PeerDefault: rcmgr.ResourceLimits{Streams: streamsOfPeer, StreamsInbound: streamsOfPeer, StreamsOutbound: streamsOfPeer,
			Conns: 6, ConnsInbound: 4, ConnsOutbound: 4, FD: 6, Memory: memory / 4},
	}.Build(rcmgr.DefaultLimits.Scale(memory, 4*MaxMembers))
	// By default the boxes of an IPv6 network, which share their first 64 bits, would
	// count as one.
	one := func(bits int) []rcmgr.ConnLimitPerSubnet {
		return []rcmgr.ConnLimitPerSubnet{{PrefixLength: bits, ConnCount: 8}}
	}
	slow := func(bits int) []rate.SubnetLimit {
		return []rate.SubnetLimit{{PrefixLength: bits, Limit: rate.Limit{RPS: 1, Burst: 32}}}
	}
	return rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limits), rcmgr.WithMetricsDisabled(),
		rcmgr.WithLimitPerSubnet(one(32), one(128)),
		rcmgr.WithConnRateLimiters(&rate.Limiter{
			NetworkPrefixLimits: []rate.PrefixLimit{{Prefix: netip.MustParsePrefix("127.0.0.0/8")}, {Prefix: netip.MustParsePrefix("::1/128")}},
			SubnetRateLimiter:   rate.SubnetLimiter{IPv4SubnetLimits: slow(32), IPv6SubnetLimits: slow(128), GracePeriod: time.Minute},
		}))
}

// tcpFirst dials TCP at once, and QUIC only where that did not help: QUIC costs
// four times the processor per byte, and fails where a clock is wrong.
func tcpFirst(addrs []ma.Multiaddr) []network.AddrDelay {
	ranked := make([]network.AddrDelay, len(addrs))
	for i, a := range addrs {
		ranked[i].Addr = a
		if _, err := a.ValueForProtocol(ma.P_QUIC_V1); err == nil {
			ranked[i].Delay = 500 * time.Millisecond
		}
		if _, err := a.ValueForProtocol(ma.P_CIRCUIT); err == nil { // where nothing direct helped
			ranked[i].Delay = 2 * time.Second
		}
	}
	return ranked
}

// listenOn are the addresses that a host listens at: TCP and QUIC, on the same port. An
// address without a host means all of IPv4 and IPv6.
func listenOn(address netip.AddrPort, all bool) []ma.Multiaddr {
	hosts := []string{"/ip4/" + address.Addr().String()}
	switch {
	case all:
		hosts = []string{"/ip4/0.0.0.0", "/ip6/::"}
	case address.Addr().Is6():
		hosts[0] = "/ip6/" + address.Addr().String()
	}
	var out []ma.Multiaddr
	for _, h := range hosts {
		out = append(out, ma.StringCast(fmt.Sprintf("%s/tcp/%d", h, address.Port())), ma.StringCast(fmt.Sprintf("%s/udp/%d/quic-v1", h, address.Port())))
	}
	return out
}
