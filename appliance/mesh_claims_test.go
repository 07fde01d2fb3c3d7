package appliance

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"

	"github.com/cricket-home/cricket/mesh/claim"
	"github.com/cricket-home/cricket/voice"
)

func siblingHost(t *testing.T) host.Host {
	t.Helper()
	h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.Transport(tcp.NewTCPTransport), libp2p.Security(noise.ID, noise.New), libp2p.DisableRelay())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// The box was called, and so was another that heard it far better and says that it answers:
// this one waits for no request.
func TestAnotherBoxAnswers(t *testing.T) {
	b := newBox(t, "[[area]]\nid = \"kitchen\"\nname = \"Kitchen\"\n", free(), false)
	own, other := siblingHost(t), siblingHost(t)
	log := slog.New(slog.DiscardHandler)
	node := claim.NewNode(own, func() []peer.ID { return []peer.ID{other.ID()} }, nearest, log)
	b.claims.Store(node)
	if err := other.Connect(t.Context(), peer.AddrInfo{ID: own.ID(), Addrs: own.Addrs()}); err != nil {
		t.Fatal(err)
	}
	// takes says that the other box answers; it has been heard when takes returns.
	takes := func() {
		text, err := json.Marshal(claim.Claim{Word: "hey cricket", Taken: true})
		if err != nil {
			t.Fatal(err)
		}
		s, err := other.NewStream(context.Background(), own.ID(), claim.Protocol)
		if err != nil {
			t.Fatal(err)
		}
		s.Write(text)
		s.CloseWrite()
		s.SetReadDeadline(time.Now().Add(time.Minute))
		for err == nil {
			_, err = s.Read(make([]byte, 1))
		}
	}
	// called is the box after it was told that another answers its call. On a machine that stands
	// still for a second it is not told in time, and answers; then it is called again.
	called := func(meanwhile func(*live)) Mode {
		for range 60 {
			takes()
			l := newLive(b, &voiceOver{}, nil)
			l.happen(t.Context(), Called)
			l.contend(t.Context(), voice.Wake{Word: "hey cricket", Score: 0.8, SNR: 10})
			meanwhile(l)
			select {
			case f := <-l.inbox:
				f()
				return l.attention.Mode()
			case <-time.After(2 * time.Second):
			}
		}
		t.Fatal("it never gives way")
		return ""
	}
	if m := called(func(*live) {}); m != Idle {
		t.Errorf("it is %s", m)
	}
	if m := called(func(l *live) { l.calls++ }); m != Woken {
		t.Errorf("a newer call was given up: %s", m)
	}
}
