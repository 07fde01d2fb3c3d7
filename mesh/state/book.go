package state

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Entry is the newest record of a box.
type Entry struct {
	ID peer.ID
	Record
}

// Book has the newest record of each sibling and of this box. Its methods may be
// called from any goroutine.
type Book struct {
	key      crypto.PrivKey
	self     peer.ID
	siblings func() []peer.ID

	mu    sync.Mutex
	pages map[peer.ID]page
}

type page struct {
	record Record
	data   []byte // as it was signed
}

// NewBook returns an empty book of the box with this key. siblings are the paired boxes,
// asked each time: what is not among them is refused, and not told any more.
func NewBook(key crypto.PrivKey, siblings func() []peer.ID) (*Book, error) {
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("open book of records: %w", err)
	}
	return &Book{key: key, self: id, siblings: siblings, pages: map[peer.ID]page{}}, nil
}

// Write makes r this box's record, with the version after its last, and returns it
// signed.
func (b *Book) Write(r Record) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r.Version = b.pages[b.self].record.Version + 1
	data, err := Sign(r, b.key)
	if err != nil {
		return nil, err
	}
	b.pages[b.self] = page{r, data}
	return data, nil
}

// Accept takes a signed record that came from anybody. Its error wraps [ErrOld],
// [ErrStranger] or [ErrForged] where it is that. again: it was this box's own, from before
// it was started again, and the box must write its record anew to be heard.
func (b *Book) Accept(data []byte) (id peer.ID, again bool, err error) {
	id, r, err := Open(data)
	if err != nil {
		return "", false, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if id != b.self && !slices.Contains(b.siblings(), id) {
		return id, false, fmt.Errorf("take record: %w", ErrStranger)
	}
	if r.Version <= b.pages[id].record.Version {
		return id, false, fmt.Errorf("take record: %w", ErrOld)
	}
	if id == b.self {
		own := b.pages[id].record
		own.Version = r.Version
		b.pages[id] = page{record: own}
		return id, true, nil
	}
	b.pages[id] = page{r, slices.Clone(data)}
	return id, false, nil
}

// Own is this box's record.
func (b *Book) Own() Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Entry{b.self, b.pages[b.self].record}
}

// Siblings are the records of the paired boxes, sorted by id.
func (b *Book) Siblings() []Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.prune()
	var all []Entry
	for id, p := range b.pages {
		if id != b.self {
			all = append(all, Entry{id, p.record})
		}
	}
	slices.SortFunc(all, func(x, y Entry) int { return cmp.Compare(x.ID, y.ID) })
	return all
}

// Versions are the versions of all records, this box's among them.
func (b *Book) Versions() map[peer.ID]uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.prune()
	all := map[peer.ID]uint64{}
	for id, p := range b.pages {
		all[id] = p.record.Version
	}
	return all
}

// Newer are the records, as they were signed, that are newer than the versions that
// somebody knows.
func (b *Book) Newer(than map[peer.ID]uint64) [][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.prune()
	var all [][]byte
	for id, p := range b.pages {
		if p.data != nil && p.record.Version > than[id] {
			all = append(all, p.data)
		}
	}
	return all
}

// prune forgets who is not paired any more.
func (b *Book) prune() {
	paired := b.siblings()
	for id := range b.pages {
		if id != b.self && !slices.Contains(paired, id) {
			delete(b.pages, id)
		}
	}
}
