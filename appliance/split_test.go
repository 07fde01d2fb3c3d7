package appliance

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mesh/split"
	"github.com/cricket-home/cricket/models/random"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// A model on two boxes answers before the one of this box, but not about private rooms. When
// the other box goes the house hears so, and this box's own answers again.
func TestASplitModelIsLost(t *testing.T) {
	engine, err := split.FindEngine(voicetest.Program(t, "llama-server"))
	if err != nil {
		t.Fatal(err)
	}
	var gguf bytes.Buffer
	if err := random.Llama(&gguf, random.LlamaShape{Ctx: 4096, State: 64, Head: 2, Layer: 3, Feed: 128}, 1); err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(t.TempDir(), "plain.gguf")
	if err := os.WriteFile(model, gguf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var hosts []host.Host
	var nodes []*split.Node
	for range 2 {
		h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.Transport(tcp.NewTCPTransport), libp2p.Security(noise.ID, noise.New), libp2p.DisableRelay())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { h.Close() })
		dir, err := os.MkdirTemp("", "cricket-") // a unix socket's path is short
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		hosts = append(hosts, h)
		nodes = append(nodes, split.NewNode(split.Options{Host: h, Siblings: func() []peer.ID { return []peer.ID{hosts[0].ID(), hosts[1].ID()} },
			Name: func(peer.ID) string { return "Attic" }, Engine: engine, Self: voicetest.Program(t, "cricket"), Dir: dir, Cache: filepath.Join(dir, "cache"), Free: freeMemory,
			Log: slog.New(slog.DiscardHandler)}))
	}
	kitchen, attic := hosts[0], hosts[1]
	if err := kitchen.Connect(t.Context(), peer.AddrInfo{ID: attic.ID(), Addrs: attic.Addrs()}); err != nil {
		t.Fatal(err)
	}
	nodes[1].Lend(1 << 30)
	r, err := nodes[0].Begin(t.Context(), split.Order{Model: model, Siblings: []peer.ID{attic.ID()}, Free: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Stop()

	c := free()
	c.Mesh.Private = []string{"bedroom"}
	b := newBox(t, oneLamp, c, true)
	p := &tape{more: make(chan struct{}, 100)}
	b.speech.speak, b.speech.out = p.speak, p
	run(t, func(ctx context.Context) error { return b.speech.Run(ctx) })
	b.splits.running.Store(r)
	if _, ok := b.askSplit(within(t), intent.Query{Text: "it is dark", Room: "bedroom"}); ok {
		t.Error("a sibling computed with what was said in a private room")
	}
	before := r.Sent()
	b.askSplit(within(t), intent.Query{Text: "it is dark", Room: "hall"}) // what this model says means nothing
	if r.Sent() == before {
		t.Error("the boxes together were not asked")
	}

	go b.watchSplit(r)
	attic.Close()
	if said := p.hears(t); !strings.HasPrefix(said, "Attic is gone, so the big language model does not answer any more") {
		t.Errorf("the house hears %q", said)
	}
	if _, ok := b.askSplit(within(t), intent.Query{Text: "it is dark", Room: "hall"}); ok {
		t.Error("a lost model answers")
	}
}
