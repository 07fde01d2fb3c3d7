package mesh

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/multiformats/go-multistream"
)

// box is a host in a test, and whom it takes for a member.
type box struct {
	host.Host
	id   Identity
	gate *gater

	mutex   sync.Mutex
	members []peer.ID
	twins   []ma.Multiaddr
}

func newBox(t *testing.T) *box {
	t.Helper()
	id, err := OpenIdentity(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return newBoxWith(t, id)
}

func newBoxWith(t *testing.T, id Identity) *box {
	t.Helper()
	b := &box{id: id}
	b.gate = &gater{self: id.ID,
		member: func(p peer.ID) bool {
			b.mutex.Lock()
			defer b.mutex.Unlock()
			return slices.Contains(b.members, p)
		},
		twin: func(a ma.Multiaddr) {
			b.mutex.Lock()
			defer b.mutex.Unlock()
			b.twins = append(b.twins, a)
		}}
	var err error
	if b.Host, err = newHost(id, b.gate); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	if err := b.Network().Listen(listenOn(netip.MustParseAddrPort("127.0.0.1:0"), false)...); err != nil {
		t.Fatal(err)
	}
	return b
}

// admit makes the box take another for a member.
func (b *box) admit(other *box) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.members = append(b.members, other.ID())
}

// over are the addresses of a host that have a protocol.
func over(h host.Host, protocol int) []ma.Multiaddr {
	return slices.DeleteFunc(slices.Clone(h.Addrs()), func(a ma.Multiaddr) bool {
		_, err := a.ValueForProtocol(protocol)
		return err != nil
	})
}

func TestPairedBoxesTalkOverTCPAndQUIC(t *testing.T) {
	for name, p := range map[string]int{"TCP": ma.P_TCP, "QUIC": ma.P_QUIC_V1} {
		t.Run(name, func(t *testing.T) {
			a, b := newBox(t), newBox(t)
			a.admit(b)
			b.admit(a)
			b.SetStreamHandler("/test", func(s network.Stream) {
				io.Copy(s, s)
				s.Close()
			})
			if err := a.Connect(t.Context(), peer.AddrInfo{ID: b.ID(), Addrs: over(b, p)}); err != nil {
				t.Fatal(err)
			}
			s, err := a.NewStream(t.Context(), b.ID(), "/test")
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(s, "hello")
			s.CloseWrite()
			if got, err := io.ReadAll(s); err != nil || string(got) != "hello" {
				t.Errorf("the other said %q, %v", got, err)
			}
			if security := s.Conn().ConnState().Security; name == "TCP" && security != noise.ID {
				t.Errorf("TCP is protected by %q, want Noise", security)
			}
		})
	}
}

// Where both kinds of address are known, the one that is cheaper is used.
func TestTCPIsUsedWhereBothAreThere(t *testing.T) {
	a, b := newBox(t), newBox(t)
	a.admit(b)
	b.admit(a)
	if err := a.Connect(t.Context(), peer.AddrInfo{ID: b.ID(), Addrs: b.Addrs()}); err != nil {
		t.Fatal(err)
	}
	if c := a.Network().ConnsToPeer(b.ID()); len(c) != 1 || c[0].ConnState().Transport != "tcp" {
		t.Errorf("connections: %v", c)
	}
}

// What a stranger reads after the handshake is nothing: no list of protocols, no
// identify, not one byte.
func TestAStrangerGetsAClosedConnectionAndNotOneByte(t *testing.T) {
	b, stranger := newBox(t), newBox(t)
	b.SetStreamHandler("/secret", func(s network.Stream) { t.Error("a stranger has a stream") })
	network, address, err := manet.DialArgs(over(b, ma.P_TCP)[0])
	if err != nil {
		t.Fatal(err)
	}
	raw, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	var received bytes.Buffer
	c := &recorder{raw, &received}
	if _, err := multistream.SelectOneOf([]protocol.ID{noise.ID}, io.ReadWriteCloser(c)); err != nil {
		t.Fatal(err)
	}
	secure, err := noise.New(noise.ID, stranger.id.Key, []upgrader.StreamMuxer{{ID: yamux.ID, Muxer: yamux.DefaultTransport}})
	if err != nil {
		t.Fatal(err)
	}
	session, err := secure.SecureOutbound(t.Context(), c, b.ID())
	if err != nil {
		t.Fatal(err)
	}
	handshake := received.Len()
	session.Write([]byte("\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00")) // yamux: open a stream
	got, err := io.ReadAll(session)
	if len(got) > 0 || received.Len() > handshake {
		t.Errorf("after the handshake the stranger got %d bytes, %q", received.Len()-handshake, got)
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the connection ended with %v", err)
	}
	if n := received.Len(); n > 1024 {
		t.Errorf("the handshake has %d bytes", n)
	}
	if r := b.gate.turnedAway(); len(r) != 1 || r[0].ID != stranger.ID() || r[0].Times != 1 {
		t.Errorf("turned away: %v", r)
	}
}

// recorder keeps what is read.
type recorder struct {
	net.Conn
	read *bytes.Buffer
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	r.read.Write(p[:n])
	return n, err
}

// A whole libp2p host of a stranger's learns no more, over both transports.
func TestAStrangersHostLearnsNoProtocol(t *testing.T) {
	for name, p := range map[string]int{"TCP": ma.P_TCP, "QUIC": ma.P_QUIC_V1} {
		t.Run(name, func(t *testing.T) {
			b, stranger := newBox(t), newBox(t)
			stranger.admit(b) // it would talk to us
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			err := stranger.Connect(ctx, peer.AddrInfo{ID: b.ID(), Addrs: over(b, p)})
			if err == nil { // QUIC has said that it is connected before it hears of the refusal
				_, err = stranger.NewStream(ctx, b.ID(), "/secret")
			}
			if err == nil {
				t.Fatal("a stranger has a stream")
			}
			if known, _ := stranger.Peerstore().GetProtocols(b.ID()); len(known) > 0 {
				t.Errorf("the stranger knows our protocols: %v", known)
			}
			if agent, err := stranger.Peerstore().Get(b.ID(), "AgentVersion"); err == nil {
				t.Errorf("the stranger knows our version: %v", agent)
			}
			if n := len(b.Network().Conns()); n != 0 {
				t.Errorf("%d connections are open", n)
			}
		})
	}
}

func TestABoxDoesNotDialStrangers(t *testing.T) {
	a, b := newBox(t), newBox(t)
	b.admit(a)
	if err := a.Connect(t.Context(), peer.AddrInfo{ID: b.ID(), Addrs: b.Addrs()}); err == nil {
		t.Error("it connected")
	}
}

// Whoever proves that it holds our key is a copy of this box, or a thief.
func TestACopyOfTheKeyIsNoticedWhenItCalls(t *testing.T) {
	b, caller := newBox(t), newBox(t)
	network, address, err := manet.DialArgs(over(b, ma.P_TCP)[0])
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range []Identity{caller.id, b.id} {
		raw, err := net.Dial(network, address)
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		if _, err := multistream.SelectOneOf([]protocol.ID{noise.ID}, io.ReadWriteCloser(raw)); err != nil {
			t.Fatal(err)
		}
		secure, err := noise.New(noise.ID, key.Key, nil)
		if err != nil {
			t.Fatal(err)
		}
		session, err := secure.SecureOutbound(t.Context(), raw, b.ID())
		if err != nil {
			t.Fatal(err)
		}
		io.ReadAll(session) // returns when the gater has judged
		b.mutex.Lock()
		if len(b.twins) != i {
			t.Errorf("call %d: %d copies noticed", i, len(b.twins))
		}
		b.mutex.Unlock()
	}
}

func TestRefusalsAreRememberedWithinABound(t *testing.T) {
	g := &gater{}
	from := ma.StringCast("/ip4/192.168.1.7/tcp/7420")
	for i := range 1000 {
		g.refuse(peer.ID(rune('a'+i%40)), from)
	}
	r := g.turnedAway()
	if len(r) != maxRefused || r[maxRefused-1].ID != peer.ID(rune('a'+999%40)) || r[maxRefused-1].Times < 1 {
		t.Errorf("%d are remembered, the newest %v", len(r), r[len(r)-1])
	}
}
