package route

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/mesh/state"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
)

// inHome is a box with its node and its home.
func inHome(t *testing.T, h host.Host, sibling peer.ID, brain *Brain, self state.Record) *Home {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	n, err := state.NewNode(h, func() []peer.ID { return []peer.ID{sibling} }, log)
	if err != nil {
		t.Fatal(err)
	}
	home := NewHome(HomeOptions{Host: h, Node: n, Brain: brain, Self: func() state.Record { return self }, Name: func(peer.ID) string { return "attic" }, Log: log})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{}, 2)
	go func() { n.Run(ctx); ended <- struct{}{} }()
	go func() { home.Run(ctx); ended <- struct{}{} }()
	t.Cleanup(func() { stop(); <-ended; <-ended })
	return home
}

// A box without a model borrows the brain of another, until that one goes.
func TestBorrowedBrain(t *testing.T) {
	asker := box(t)
	b := startBrain(t, plainModel(t), asker, false)
	small := inHome(t, asker, b.host.ID(), nil, state.Record{Room: "kitchen"})
	inHome(t, b.host, asker.ID(), b.Brain, state.Record{Room: "attic", Models: []state.Model{{Name: "plain", Millions: 3, Context: 2048}}})
	late := time.After(time.Minute)
	for {
		changed := small.o.Node.Changed()
		if can, _ := small.Rank(Need{Prompt: 100, Answer: 60}); len(can) == 1 {
			if !strings.HasPrefix(can[0].Why, "attic: plain, about ") {
				t.Errorf("why: %q", can[0].Why)
			}
			break
		}
		select {
		case <-changed:
		case <-late:
			t.Fatal("the attic never offers itself")
		}
	}
	answer, err := small.Ask(t.Context(), Need{Prompt: 100, Answer: 60}, story(1), func(Piece) error { return nil })
	if err != nil || answer.By != b.host.ID() || len(answer.Tokens) != 60 {
		t.Fatalf("%+v, %v", answer, err)
	}
	if c, n := small.Counts(), small.Answered(b.host.ID()); c.Asked != 1 || c.Failed != 0 || c.Boxes != 0 || n != 1 {
		t.Errorf("%+v; the attic answered %d", c, n)
	}
	if _, err := small.Ask(t.Context(), Need{Stays: "bedroom never leaves this box"}, story(2), func(Piece) error { return errors.New("it left") }); !errors.Is(err, ErrNobody) || !strings.Contains(err.Error(), "attic: bedroom never leaves this box") {
		t.Errorf("a private prompt: %v", err)
	}
}
