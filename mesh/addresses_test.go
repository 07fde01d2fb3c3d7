package mesh

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

func TestAddressesAreRememberedTheNewestFirst(t *testing.T) {
	dir, box, other := t.TempDir(), newBox(t).ID(), newBox(t).ID()
	a, err := openAddresses(dir)
	if err != nil {
		t.Fatal(err)
	}
	at := func(n int) ma.Multiaddr { return ma.StringCast(fmt.Sprintf("/ip4/192.168.1.%d/tcp/7420", n)) }
	// The clock goes back in between, as it does in a box without a battery for it.
	for n, now := range []time.Time{time.Unix(1e9, 0), time.Unix(7, 0), time.Unix(8, 0)} {
		if err := a.reached(box, at(n), now); err != nil {
			t.Fatal(err)
		}
	}
	a.reached(box, at(0), time.Unix(9, 0))
	a.reached(other, at(9), time.Unix(9, 0))
	again, err := openAddresses(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint([]ma.Multiaddr{at(0), at(2), at(1)})
	if got := fmt.Sprint(again.of(box)); got != want {
		t.Errorf("after a restart %s, want %s", got, want)
	}
	if last, ok := again.last(box); !ok || last.Success.Unix() != 9 {
		t.Errorf("it was last reached at %v", last)
	}
	for n := range 100 {
		a.reached(box, at(n), time.Unix(10, 0))
	}
	if n := len(a.of(box)); n != maxAddresses {
		t.Errorf("%d addresses are remembered", n)
	}
	if err := a.keepOnly([]peer.ID{other}); err != nil || len(a.of(box)) != 0 || len(a.of(other)) != 1 {
		t.Errorf("%v; of a box that is gone: %v", err, a.of(box))
	}
}

// What is remembered is a help only: a damaged file costs the addresses, not the mesh.
func TestDamagedAddressesAreBegunAnew(t *testing.T) {
	for _, text := range []string{"", "null", "{", `{"x":[]}`, `{"":[{"address":"/ip4"}]}`} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, addressFile), []byte(text))
		a, err := openAddresses(dir)
		if err == nil && text != "null" {
			t.Errorf("%q is not noticed", text)
		}
		if err := a.reached(newBox(t).ID(), ma.StringCast("/ip4/192.168.1.7/tcp/1"), time.Unix(1, 0)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The card is not written each time that a sibling is reached where it always is.
func TestTheFileIsWrittenForNewsOnly(t *testing.T) {
	a, err := openAddresses(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	box, at := newBox(t).ID(), ma.StringCast("/ip4/192.168.1.7/tcp/7420")
	if err := a.reached(box, at, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	os.Remove(a.file)
	if err := a.reached(box, at, time.Unix(2, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(a.file); err == nil {
		t.Error("it was written again")
	}
}
