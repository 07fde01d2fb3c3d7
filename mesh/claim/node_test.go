package claim

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

func newHost(t *testing.T) host.Host {
	t.Helper()
	h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.Transport(tcp.NewTCPTransport), libp2p.Security(noise.ID, noise.New), libp2p.DisableRelay())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// Of two boxes that hear one call the nearer answers; it alone, where the other is not paired
// any more or does not hear. However late things come on a loaded machine, somebody answers.
func TestOneAnswers(t *testing.T) {
	a, b := newHost(t), newHost(t)
	log := slog.New(slog.DiscardHandler)
	kitchen := NewNode(a, func() []peer.ID { return []peer.ID{b.ID()} }, loudest, log)
	attic := NewNode(b, func() []peer.ID { return []peer.ID{a.ID()} }, loudest, log)
	if !kitchen.Call(t.Context(), Claim{Word: "hey cricket"}) {
		t.Error("a box that reaches nobody does not answer")
	}
	if err := a.Connect(t.Context(), peer.AddrInfo{ID: b.ID(), Addrs: b.Addrs()}); err != nil {
		t.Fatal(err)
	}
	if !attic.Call(t.Context(), Claim{Word: "computer", SNR: 10}) {
		t.Error("without a claim of another, the box does not answer")
	}
	both := 0
	for range 5 {
		var group sync.WaitGroup
		var near, far bool
		group.Go(func() { near = kitchen.Call(t.Context(), Claim{Word: "hey cricket", Score: 0.9, SNR: 25}) })
		group.Go(func() { far = attic.Call(t.Context(), Claim{Word: "hey cricket", Score: 0.9, SNR: 10}) })
		group.Wait()
		if !near && !far {
			t.Fatal("nobody answers")
		}
		if near && far {
			both++ // a machine that stood still for 150 ms
		}
		for _, n := range []*Node{kitchen, attic} { // the next call is another one
			n.mu.Lock()
			clear(n.contest.bids)
			clear(n.contest.taken)
			n.mu.Unlock()
		}
	}
	t.Logf("both answered in %d of 5", both)
}

func TestWhatIsNoClaimIsLeftOut(t *testing.T) {
	a, b := newHost(t), newHost(t)
	var mu sync.Mutex
	paired := []peer.ID{b.ID()}
	kitchen := NewNode(a, func() []peer.ID { mu.Lock(); defer mu.Unlock(); return paired }, loudest, slog.New(slog.DiscardHandler))
	if err := b.Connect(t.Context(), peer.AddrInfo{ID: a.ID(), Addrs: a.Addrs()}); err != nil {
		t.Fatal(err)
	}
	send := func(text string) {
		t.Helper()
		s, err := b.NewStream(network.WithNoDial(context.Background(), "test"), a.ID(), Protocol)
		if err != nil {
			t.Fatal(err)
		}
		s.Write([]byte(text))
		s.CloseWrite()
		s.SetReadDeadline(time.Now().Add(time.Minute))
		for err == nil { // until it was read
			_, err = s.Read(make([]byte, 1))
		}
	}
	has := func() int {
		kitchen.mu.Lock()
		defer kitchen.mu.Unlock()
		return len(kitchen.contest.bids) + len(kitchen.contest.taken)
	}
	for _, text := range []string{"", "{", `{"score":1}`, `{"word":"hey cricket","score":1e308}`, `{"word":"hey cricket","snr":1e9}`, `{"word":"` + string(make([]byte, 600)) + `"}`} {
		if send(text); has() != 0 {
			t.Errorf("%.40q was taken for a claim", text)
		}
	}
	mu.Lock()
	paired = nil
	mu.Unlock()
	good := `{"word":"hey cricket","score":0.9,"snr":20,"room":"attic"}`
	if send(good); has() != 0 {
		t.Error("a stranger claims")
	}
	mu.Lock()
	paired = []peer.ID{b.ID()}
	mu.Unlock()
	if send(good); has() != 1 {
		t.Error("a good claim is left out")
	}
}
