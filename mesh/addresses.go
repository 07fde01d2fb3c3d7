package mesh

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/cricket-home/cricket/internal/durable"
)

// maxAddresses is how many addresses of a box are remembered.
const maxAddresses = 8

// remembered is an address at which a box was reached.
type remembered struct {
	Address string    `json:"address"`
	Success time.Time `json:"success"` // by this box's clock, which may be wrong; the order tells which is newest
}

// addresses are where siblings were reached, the newest first, so that they are found
// again where multicast is blocked. It is a help: a file that is damaged is begun anew.
type addresses struct {
	file string

	mutex sync.Mutex
	known map[peer.ID][]remembered
}

func openAddresses(dir string) (*addresses, error) {
	a := &addresses{file: filepath.Join(dir, addressFile), known: map[peer.ID][]remembered{}}
	data, err := os.ReadFile(a.file)
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	written := map[string][]remembered{} // encoding/json would write a peer.ID that is a key as raw bytes
	if err == nil {
		err = json.Unmarshal(data, &written)
	}
	for text, r := range written {
		id, badID := peer.Decode(text)
		err = errors.Join(err, badID)
		a.known[id] = r[:min(len(r), maxAddresses)]
	}
	if err != nil {
		a.known = map[peer.ID][]remembered{}
		return a, fmt.Errorf("read addresses %s: %w", a.file, err)
	}
	return a, nil
}

// of are the addresses of a box, the one that was reached last first.
func (a *addresses) of(p peer.ID) []ma.Multiaddr {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	var out []ma.Multiaddr
	for _, r := range a.known[p] {
		if m, err := ma.NewMultiaddr(r.Address); err == nil {
			out = append(out, m)
		}
	}
	return out
}

// last is when a box was last reached, and where.
func (a *addresses) last(p peer.ID) (remembered, bool) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if len(a.known[p]) == 0 {
		return remembered{}, false
	}
	return a.known[p][0], true
}

// reached puts an address first. The file is written when the order is another, not
// each time, to spare the card.
func (a *addresses) reached(p peer.ID, address ma.Multiaddr, now time.Time) error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	old := a.known[p]
	same := len(old) > 0 && old[0].Address == address.String()
	rest := slices.DeleteFunc(slices.Clone(old), func(r remembered) bool { return r.Address == address.String() })
	rest = slices.Insert(rest, 0, remembered{address.String(), now.UTC().Truncate(time.Second)})
	a.known[p] = rest[:min(len(rest), maxAddresses)]
	if same {
		return nil
	}
	return a.write()
}

// keepOnly forgets the addresses of everybody else.
func (a *addresses) keepOnly(siblings []peer.ID) error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	before := len(a.known)
	for p := range a.known {
		if !slices.Contains(siblings, p) {
			delete(a.known, p)
		}
	}
	if len(a.known) == before {
		return nil
	}
	return a.write()
}

func (a *addresses) write() error {
	written := map[string][]remembered{}
	for id, r := range a.known {
		written[id.String()] = r
	}
	text, err := json.MarshalIndent(written, "", "\t")
	if err == nil {
		err = durable.Replace(a.file, text)
	}
	if err != nil {
		return fmt.Errorf("write addresses: %w", err)
	}
	return nil
}

// unique drops addresses that came before.
func unique(all []ma.Multiaddr) []ma.Multiaddr {
	slices.SortStableFunc(all, func(a, b ma.Multiaddr) int { return cmp.Compare(a.String(), b.String()) })
	return slices.CompactFunc(all, func(a, b ma.Multiaddr) bool { return a.Equal(b) })
}
