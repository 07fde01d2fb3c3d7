package appliance

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/mesh"
	"github.com/cricket-home/cricket/mesh/state"
)

// Of two boxes that are kept apart doctor names the reason as long as a third one hears both; of one
// that nobody hears it says what it knows.
func TestDoctorNamesClientIsolation(t *testing.T) {
	hosts := []host.Host{siblingHost(t), siblingHost(t), siblingHost(t)}
	var nodes []*state.Node
	var ends []context.CancelFunc
	for _, h := range hosts {
		node, err := state.NewNode(h, func() (others []peer.ID) {
			for _, o := range hosts {
				if o.ID() != h.ID() {
					others = append(others, o.ID())
				}
			}
			return others
		}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, end := context.WithCancel(t.Context())
		run(t, func(all context.Context) error {
			defer context.AfterFunc(all, end)()
			if err := node.Run(ctx); !errors.Is(err, context.Canceled) {
				return err
			}
			return nil
		})
		nodes, ends = append(nodes, node), append(ends, end)
	}
	for _, two := range [][2]int{{0, 1}, {0, 2}, {1, 2}} {
		to := hosts[two[1]]
		if err := hosts[two[0]].Connect(t.Context(), peer.AddrInfo{ID: to.ID(), Addrs: to.Addrs()}); err != nil {
			t.Fatal(err)
		}
	}
	b := newBox(t, oneLamp, free(), false)
	here, attic := nodes[0], hosts[1].ID()
	b.heavy.node.Store(here)
	waits := func(so func() bool) {
		t.Helper()
		late := time.After(time.Minute)
		for !so() {
			select {
			case <-time.After(time.Millisecond):
			case <-late:
				t.Fatalf("the attic is %v, by others: %v", here.Vital(attic), here.ByOthers(attic))
			}
		}
	}
	waits(func() bool {
		return here.Vital(attic) == state.Alive && nodes[2].Vital(attic) == state.Alive && here.Vital(hosts[2].ID()) == state.Alive
	})
	fault := mesh.Fault{Part: "Attic", Text: "not reached: i/o timeout", Hint: "is it switched on?", Unreached: attic}
	if f := b.meshFinding(fault); f.Text != fault.Text || f.Hint != fault.Hint {
		t.Errorf("it was heard just now: %+v", f)
	}
	if err := hosts[0].Network().ClosePeer(attic); err != nil {
		t.Fatal(err)
	}
	waits(func() bool { return here.ByOthers(attic) })
	if f := b.meshFinding(fault); !strings.Contains(f.Text, "client isolation") || !strings.Contains(f.Hint, "access point") || f.Part != "sibling Attic" {
		t.Errorf("others hear it: %+v", f)
	}
	other := fault
	other.Unreached = ""
	if f := b.meshFinding(other); f.Text != fault.Text || f.Hint != fault.Hint {
		t.Errorf("another fault: %+v", f)
	}
	ends[1]()
	waits(func() bool { return here.Vital(attic) == state.Dead })
	if f := b.meshFinding(fault); f.Text != fault.Text || f.Hint != fault.Hint {
		t.Errorf("nobody hears it: %+v", f)
	}
}
