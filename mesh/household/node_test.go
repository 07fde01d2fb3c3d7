package household

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

// host gives a box a host on the loopback.
func (b *box) host() host.Host {
	b.tb.Helper()
	h, err := libp2p.New(libp2p.Identity(b.o.Key), libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.Transport(tcp.NewTCPTransport), libp2p.Security(noise.ID, noise.New), libp2p.DisableRelay())
	if err != nil {
		b.tb.Fatal(err)
	}
	b.tb.Cleanup(func() { h.Close() })
	return h
}

// online gives a box a host and runs its node on it.
func (b *box) online(siblings func() []peer.ID) (host.Host, *Node) {
	b.tb.Helper()
	h := b.host()
	n := NewNode(h, b.log, siblings, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); n.Run(ctx) }()
	b.tb.Cleanup(func() { stop(); <-ended })
	return h, n
}

// until waits for two logs to be as they must become.
func until(t *testing.T, a, b *box, what string, is func() bool) {
	t.Helper()
	late := time.After(time.Minute)
	for {
		first, second := a.log.Changed(), b.log.Changed()
		if is() {
			return
		}
		select {
		case <-first:
		case <-second:
		case <-late:
			t.Fatalf("never: %s", what)
		}
	}
}

func TestLogsBecomeEqual(t *testing.T) {
	kitchen, attic := newBox(t, "k", nil), newBox(t, "a", nil)
	for _, thing := range []string{"milk=open", "eggs=open", "-eggs"} {
		kitchen.says(thing)
	}
	attic.says("soap=open")
	both := func() []peer.ID { return []peer.ID{kitchen.id, attic.id} }
	without := func(id peer.ID) func() []peer.ID {
		return func() []peer.ID { return slices.DeleteFunc(both(), func(p peer.ID) bool { return p == id }) }
	}
	a, _ := kitchen.online(without(kitchen.id))
	b, node := attic.online(without(attic.id))
	if err := a.Connect(t.Context(), peer.AddrInfo{ID: b.ID(), Addrs: b.Addrs()}); err != nil {
		t.Fatal(err)
	}
	equal := func() bool { return kitchen.log.Sum() == attic.log.Sum() }
	until(t, kitchen, attic, "they agree on connecting", equal)
	kitchen.reconcile()
	kitchen.says("-soap")
	until(t, kitchen, attic, "a change is told", equal)
	if len(attic.log.Records()) != 1 {
		t.Errorf("%v", attic.log.Records())
	}
	if err := node.Sync(t.Context())[a.ID()]; err != nil {
		t.Error(err)
	}
	a.Close()
	if err := node.Sync(t.Context())[a.ID()]; err == nil {
		t.Error("a box that is away was reached")
	}
}

// Who is not paired, or sends what is no frame, gets nothing and changes nothing.
func TestStrangerIsToldNothing(t *testing.T) {
	kitchen, stranger, vandal := newBox(t, "k", nil), newBox(t, "s", nil), newBox(t, "v", nil)
	kitchen.says("milk=open")
	a, _ := kitchen.online(func() []peer.ID { return []peer.ID{vandal.id} })
	b, node := stranger.online(func() []peer.ID { return []peer.ID{kitchen.id} })
	stranger.says("bleach=open")
	if err := b.Connect(t.Context(), peer.AddrInfo{ID: a.ID(), Addrs: a.Addrs()}); err != nil {
		t.Fatal(err)
	}
	if err := node.Sync(t.Context())[a.ID()]; err == nil || len(stranger.log.Records()) != 1 || len(kitchen.log.Records()) != 1 {
		t.Errorf("%v; the stranger has %v, the kitchen %v", err, stranger.log.Records(), kitchen.log.Records())
	}
	v := vandal.host()
	if err := v.Connect(t.Context(), peer.AddrInfo{ID: a.ID(), Addrs: a.Addrs()}); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"\xff\xff\xff\xff", "\x00\x00\x00\x02{]", "\x00\x00\x00\x02{}\x00\x00\x00\x09{\"x\":null", "\x00\x00\x00\x0b{\"sum\":\"x\"}\x00\x00\x00\x04null\x00\x00\x00\x04null"} {
		s, err := v.NewStream(network.WithNoDial(t.Context(), "test"), a.ID(), Protocol)
		if err != nil {
			t.Fatal(err)
		}
		s.Write([]byte(bad))
		s.CloseWrite()
		s.SetReadDeadline(time.Now().Add(time.Minute))
		for err == nil {
			_, err = s.Read(make([]byte, 4096))
		}
	}
	if len(kitchen.log.Records()) != 1 {
		t.Errorf("%v", kitchen.log.Records())
	}
}
