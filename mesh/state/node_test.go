package state

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

// box is a host on the loopback, TCP and Noise.
func box(tb testing.TB) host.Host {
	tb.Helper()
	h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.Transport(tcp.NewTCPTransport), libp2p.Security(noise.ID, noise.New), libp2p.DisableRelay())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { h.Close() })
	return h
}

func meet(tb testing.TB, a, b host.Host) {
	tb.Helper()
	if err := a.Connect(context.Background(), peer.AddrInfo{ID: b.ID(), Addrs: b.Addrs()}); err != nil {
		tb.Fatal(err)
	}
}

// node runs a node until the test ends, or until stop is called and has returned.
func node(tb testing.TB, h host.Host, siblings ...host.Host) (n *Node, stop func()) {
	tb.Helper()
	var ids []peer.ID
	for _, s := range siblings {
		ids = append(ids, s.ID())
	}
	n, err := NewNode(h, func() []peer.ID { return ids }, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); n.Run(ctx) }()
	stop = func() { cancel(); <-ended }
	tb.Cleanup(stop)
	return n, stop
}

func waitFor(tb testing.TB, n *Node, what string, is func() bool) {
	tb.Helper()
	late := time.After(time.Minute)
	for {
		changed := n.Changed()
		if is() {
			return
		}
		select {
		case <-changed:
		case <-late:
			tb.Fatalf("never: %s", what)
		}
	}
}

func knows(n *Node, id peer.ID, room string) func() bool {
	return func() bool {
		return slices.ContainsFunc(n.Book().Siblings(), func(e Entry) bool { return e.ID == id && e.Room == room })
	}
}

func TestRecordsSpreadAndAreCaughtUpWith(t *testing.T) {
	a, b, c := box(t), box(t), box(t)
	na, _ := node(t, a, b, c)
	nb, _ := node(t, b, a, c)
	nc, stopC := node(t, c, a, b)
	meet(t, a, b)
	if err := na.Tell(t.Context(), Record{Room: "attic"}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, nb, "b knows a", knows(nb, a.ID(), "attic"))
	// c meets b only, and knows a by b; that makes no life of a.
	meet(t, c, b)
	waitFor(t, nc, "c knows a by b", knows(nc, a.ID(), "attic"))
	if v := nc.Vital(a.ID()); v != Unknown {
		t.Errorf("c never heard a, which is %v", v)
	}
	if err := na.Tell(t.Context(), Record{Room: "cellar"}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, nc, "news of a reach c", knows(nc, a.ID(), "cellar"))
	waitFor(t, nb, "c is alive", func() bool { return nb.Vital(c.ID()) == Alive })
	stopC()
	waitFor(t, nb, "c is gone", func() bool { return nb.Vital(c.ID()) == Gone })
}

func TestBoxThatWasStartedAgainIsHeard(t *testing.T) {
	a, b := box(t), box(t)
	na, _ := node(t, a, b)
	old := a.Peerstore().PrivKey(a.ID())
	nb, _ := node(t, b, a)
	if _, _, err := nb.Book().Accept(signedBy(t, old, Record{Version: 5000, Room: "before"})); err != nil {
		t.Fatal(err)
	}
	if err := na.Tell(t.Context(), Record{Room: "after"}); err != nil {
		t.Fatal(err)
	}
	meet(t, a, b)
	waitFor(t, nb, "a is heard after its start", knows(nb, a.ID(), "after"))
}

func TestStrangerHearsNothingAndIsNotHeard(t *testing.T) {
	a, b := box(t), box(t)
	na, _ := node(t, a) // has no siblings
	nb, _ := node(t, b, a)
	if err := na.Tell(t.Context(), Record{Room: "attic"}); err != nil {
		t.Fatal(err)
	}
	if err := nb.Tell(t.Context(), Record{Room: "spy"}); err != nil {
		t.Fatal(err)
	}
	meet(t, b, a)
	s, err := b.NewStream(t.Context(), a.ID(), lifeProtocol)
	if err == nil {
		s.Write([]byte{beat, 0, 0})
		if n, _ := s.Read(make([]byte, 1)); n > 0 {
			t.Error("the stranger is answered")
		}
	}
	if na.Vital(b.ID()) != Unknown || len(na.Book().Siblings()) > 0 || len(nb.Book().Siblings()) > 0 {
		t.Error("a stranger is heard")
	}
}

// written is a stream of a sibling with all that it sends.
type written struct {
	network.Stream
	conn caller
	io.Reader
}

type caller struct {
	network.Conn
	id peer.ID
}

func (c caller) RemotePeer() peer.ID          { return c.id }
func (w *written) Conn() network.Conn         { return w.conn }
func (w *written) Read(p []byte) (int, error) { return w.Reader.Read(p) }
func (w *written) Close() error               { return nil }

// Whoever sends without end is read at fifty frames a second, over however many streams; nobody
// else is, and what a home sends is read at once.
func TestFloodIsReadSlowly(t *testing.T) {
	h, bad, good := box(t), box(t), box(t)
	synctest.Test(t, func(t *testing.T) {
		n, err := NewNode(h, func() []peer.ID { return []peer.ID{bad.ID(), good.ID()} }, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		took := func(from peer.ID, frames, streams int) time.Duration {
			began := time.Now()
			var all sync.WaitGroup
			for range streams {
				all.Go(func() {
					n.listen(&written{conn: caller{id: from}, Reader: bytes.NewReader(bytes.Repeat([]byte{beat, 0, 0}, frames))})
				})
			}
			all.Wait()
			return time.Since(began).Round(time.Second)
		}
		if d := took(bad.ID(), 2500, 4); d != 180*time.Second {
			t.Errorf("10,000 frames are read in %v, want 3 minutes", d)
		}
		if d := took(good.ID(), 900, 1); d != 0 {
			t.Errorf("another sibling's 900 frames take %v", d)
		}
		key, judged := bad.Peerstore().PrivKey(bad.ID()), map[pubsub.ValidationResult]int{}
		for v := range uint64(2 * framesSaved) {
			m := &pubsub.Message{Message: &pb.Message{Data: signedBy(t, key, Record{Version: v + 1})}}
			judged[n.judge(t.Context(), good.ID(), m)]++
		}
		if judged[pubsub.ValidationAccept] != framesSaved-901 || len(judged) != 2 || judged[pubsub.ValidationIgnore] == 0 {
			t.Errorf("of a flood of records by gossip these were passed on: %v", judged)
		}
	})
}

// What is read is of a known kind and length, and is written the same.
func FuzzFrame(f *testing.F) {
	f.Add([]byte{beat, 0, 0})
	f.Add([]byte{record, 0, 2, 'x', 'y'})
	f.Add([]byte{vouch, 0, 5, 0, 0, 0, 9, 'p'})
	f.Add([]byte{ask, 255, 255})
	f.Add([]byte{digest, 0, 10, 0, 0, 0, 0, 0, 0, 0, 9, 1, 'p'})
	f.Add([]byte{digest, 0, 10, 0, 0, 0, 0, 0, 0, 0, 9, 2, 'p'})
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := readFrame(bufio.NewReader(bytes.NewReader(data)))
		if err != nil {
			return
		}
		if got.kind == vouch {
			if id, ago := got.vouched(); id == "" || !bytes.Equal(vouched(id, ago).data, got.data) {
				t.Fatalf("vouched %q %v", id, ago)
			}
		}
		if got.kind == digest {
			if versions, err := got.known(); err == nil {
				if again, err := known(versions).known(); err != nil || !maps.Equal(again, versions) {
					t.Fatalf("%v is read as %v", versions, again)
				}
			}
		}
		var out bytes.Buffer
		if err := writeFrame(&out, got); err != nil || !bytes.HasPrefix(data, out.Bytes()) {
			t.Fatalf("%v: %x", err, out.Bytes())
		}
	})
}
