package appliance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"

	"github.com/cricket-home/cricket/mesh/weights"
	"github.com/cricket-home/cricket/models"
)

// updated is a box with two slots that has siblings.
type updated struct {
	*Updates
	card *card
	host host.Host
}

// home is some boxes that are paired, all with the same index; nothing runs yet.
func updatedHome(t *testing.T, n int, index string, systems map[string]software) []updated {
	t.Helper()
	boxes := make([]updated, n)
	for i := range boxes {
		h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.Transport(tcp.NewTCPTransport), libp2p.Security(noise.ID, noise.New), libp2p.DisableRelay())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { h.Close() })
		boxes[i].host, boxes[i].card = h, newCard(t)
		boxes[i].card.restart, boxes[i].card.signed = make(chan struct{}, 16), systems
	}
	for i := range boxes {
		var others []peer.ID
		for k := range boxes {
			if k != i {
				others = append(others, boxes[k].host.ID())
				if err := boxes[i].host.Connect(within(t), peer.AddrInfo{ID: boxes[k].host.ID(), Addrs: boxes[k].host.Addrs()}); err != nil {
					t.Fatal(err)
				}
			}
		}
		b := &boxes[i]
		var node *weights.Node
		b.Updates = OpenUpdates(System{Slots: b.card, Version: "1.0.0", Boot: "1", Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler), Index: index,
			Up: func() time.Duration { return 0 }, Told: func() {}, Health: func(context.Context) []Finding { return nil },
			Restart: func() error { b.card.restart <- struct{}{}; return nil }, Siblings: func() models.Siblings { return node }})
		node = weights.NewNode(b.host, func() []peer.ID { return others }, peer.ID.ShortString, shelves{b.Updates}, slog.New(slog.DiscardHandler))
	}
	return boxes
}

// update has a box look for the new version and install it.
func (b updated) update(t *testing.T) {
	t.Helper()
	if latest, err := b.Check(within(t)); err != nil || latest != "2.0.0" {
		t.Errorf("found %q, %v", latest, err)
	}
	if err := b.Install("", "", false); err != nil {
		t.Error(err)
	}
}

func (b updated) installed(t *testing.T) {
	t.Helper()
	select {
	case <-b.card.restart:
	case <-within(t).Done():
		t.Fatalf("not installed: %+v", b.Now())
	}
	if v := b.card.slots["B"].version; v != "2.0.0" {
		t.Errorf("slot B has %q", v)
	}
}

// index serves an index and a bundle, and counts how often the bundle is asked for.
func index(t *testing.T, bundle, sum string) (address string, fetched *atomic.Int32) {
	fetched = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/two.raucb" {
			fetched.Add(1)
			fmt.Fprint(w, bundle)
			return
		}
		fmt.Fprintf(w, `{"version":"2.0.0","bundle":"two.raucb","sha256":%q}`, sum)
	}))
	t.Cleanup(server.Close)
	return server.URL, fetched
}

func sumOfText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

var twoBundle = strings.Repeat("the second system ", 1<<19) // three chunks

// Three boxes are updated, and the home fetches the bundle once. The last asks when the
// first two have installed theirs.
func TestAHomeFetchesAnUpdateOnce(t *testing.T) {
	address, fetched := index(t, twoBundle, sumOfText(twoBundle))
	boxes := updatedHome(t, 3, address, map[string]software{twoBundle: {version: "2.0.0"}})
	for _, b := range boxes {
		run(t, b.Run)
	}
	boxes[0].update(t)
	boxes[1].update(t)
	boxes[0].installed(t)
	boxes[1].installed(t)
	boxes[2].update(t)
	boxes[2].installed(t)
	if n := fetched.Load(); n != 1 {
		t.Errorf("fetched %d times from outside", n)
	}
}

// A sibling has something else under the name of the bundle: it is fetched from outside.
func TestASiblingsUpdateIsNotWhatTheIndexNames(t *testing.T) {
	sum := sumOfText(twoBundle)
	address, fetched := index(t, twoBundle, sum)
	boxes := updatedHome(t, 2, address, map[string]software{twoBundle: {version: "2.0.0"}})
	wrong := strings.Replace(twoBundle, "second", "rotten", 1)
	if err := os.WriteFile(boxes[1].shelfFile(sum), []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, boxes[0].Run)
	boxes[0].update(t)
	boxes[0].installed(t)
	if fetched.Load() != 1 {
		t.Errorf("fetched %d times from outside", fetched.Load())
	}
}

// What comes from the address is not what the index names: nothing is installed, and
// nothing is left over.
func TestAnUpdateIsNotWhatTheIndexNames(t *testing.T) {
	address, _ := index(t, "another system", sumOfText(twoBundle))
	box := updatedHome(t, 1, address, map[string]software{"another system": {version: "2.0.0"}})[0]
	if err := func() error { _, err := box.Check(within(t)); return err }(); err != nil {
		t.Fatal(err)
	}
	_, err := box.bring(within(t), box.offer)
	if err == nil || !strings.Contains(err.Error(), "its SHA-256 is another than the index says") {
		t.Errorf("%v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(box.Dir, "bundle*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

// Bundles of a power cut, and the one before, make room for the one that is installed.
func TestOneBundleIsKept(t *testing.T) {
	box := updatedHome(t, 1, "", nil)[0]
	for _, name := range []string{"bundle.123", "bundle-" + sumOfText("old"), "bundle.new"} {
		if err := os.WriteFile(filepath.Join(box.Dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := box.shelve(filepath.Join(box.Dir, "bundle.new"), "")
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(box.Dir, "bundle*")); len(left) != 1 || left[0] != kept || box.Whole(sumOfText("bundle.new")) != kept {
		t.Errorf("left %v, kept %s", left, kept)
	}
	for _, name := range []string{"", "../update.json", strings.ToUpper(sumOfText("bundle.new"))} {
		if file := box.Whole(name); file != "" {
			t.Errorf("a sibling that asks for %q gets %s", name, file)
		}
	}
}
