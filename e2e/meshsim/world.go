package main

import (
	"bytes"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/mesh/state"
)

const (
	viewOf     = 300                   // boxes that a box knows where views are partial
	degree     = 6                     // of gossipsub's mesh: its default
	changeMean = 20 * time.Second      // between two changes of a box that its work does not cause
	digestTime = 10 * time.Second      // as mesh/state: every twentieth beat
	beatBytes  = 3                     // a frame of mesh/state without data
	entryBytes = 8 + 1 + 38            // of a list of versions: version, length, an Ed25519 peer id
	gossipMore = 24                    // bytes of gossipsub around a record: topic, lengths
	wrap       = 12 + 18 + 52          // bytes of yamux, Noise and TCP/IPv4 around each frame
	lost       = 0.01                  // of the records that are sent: a full queue, a stream that begins anew
	quickest   = time.Millisecond      // one way
	slowest    = 20 * time.Millisecond // Wi-Fi
	tellEvery  = 2 * time.Second       // as mesh/route
	warmUp     = 20 * time.Second      // before anything is counted
	reach      = 0.99                  // of those that are to have a record
	realBooks  = 20                    // boxes up to which each has a state.Book of its own, too
)

// told is a record as it was signed, once for all that have it.
type told struct {
	of      int32
	version uint32
	at      time.Duration
	size    int
	data    []byte
	record  state.Record

	got int // boxes that have it
}

// known is what a box knows of another.
type known struct{ record *told }

// box is one of the home, or of the village.
type box struct {
	key     crypto.PrivKey
	id      peer.ID
	truth   state.Record
	version uint32
	last    *told
	since   time.Duration // that what was told last is not true any more
	phase   time.Duration // of its two seconds

	view  []int32 // whom it knows; nil: all
	known []known // by place in view
	mesh  []int32 // whom it passes records on to
	book  *state.Book

	sent int64 // bytes that are counted
}

// place is where a box is in the view of another.
type place struct{ box, at int32 }

// world is boxes, what is on its way between them, and the time.
type world struct {
	partial   bool
	lots      bool // a box is drawn among those that are about as good as the best
	boxes     []box
	followers [][]place // by box: who knows it
	random    *rand.Rand
	now, end  time.Duration
	queue     events
	count     int64 // of events, so that two at one time keep their order

	result result
	fault  error // between the model and the real records
}

// event is something that happens.
type event struct {
	at    time.Duration
	order int64
	do    func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, k int) bool {
	return e[i].at < e[k].at || e[i].at == e[k].at && e[i].order < e[k].order
}
func (e events) Swap(i, k int) { e[i], e[k] = e[k], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	x := old[len(old)-1]
	old[len(old)-1] = event{}
	*e = old[:len(old)-1]
	return x
}

func (w *world) after(d time.Duration, do func()) {
	w.count++
	heap.Push(&w.queue, event{w.now + d, w.count, do})
}

// soon is a time drawn so that something happens once a mean on average.
func (w *world) soon(mean time.Duration) time.Duration {
	return time.Duration(w.random.ExpFloat64() * float64(mean))
}

func (w *world) trip() time.Duration {
	return quickest + time.Duration(w.random.Float64()*float64(slowest-quickest))
}

// newWorld makes n boxes, each with its own key and its own idea of the others.
func newWorld(s scenario, seed uint64, length time.Duration) (*world, error) {
	n, partial := s.boxes, s.partial
	w := &world{partial: partial, lots: s.lots, boxes: make([]box, n), followers: make([][]place, n), random: rand.New(rand.NewPCG(seed, uint64(n))), end: warmUp + length}
	w.result = result{Boxes: n, Partial: partial, Lots: s.lots}
	for i := range w.boxes {
		b := &w.boxes[i]
		var key [32]byte
		for k := range key {
			key[k] = byte(w.random.Uint32())
		}
		var err error
		if b.key, _, err = crypto.GenerateEd25519Key(bytes.NewReader(key[:])); err != nil {
			return nil, fmt.Errorf("make key: %w", err)
		}
		if b.id, err = peer.IDFromPrivateKey(b.key); err != nil {
			return nil, fmt.Errorf("make key: %w", err)
		}
		b.truth = w.invent(i)
	}
	if partial {
		w.meet()
	} else {
		w.all()
	}
	if n <= realBooks {
		var ids []peer.ID
		for i := range w.boxes {
			ids = append(ids, w.boxes[i].id)
		}
		for i := range w.boxes {
			var err error
			if w.boxes[i].book, err = state.NewBook(w.boxes[i].key, func() []peer.ID { return ids }); err != nil {
				return nil, err
			}
		}
	}
	return w, nil
}

// all lets everybody know everybody, and pass on to gossipsub's few.
func (w *world) all() {
	n := len(w.boxes)
	for i := range w.boxes {
		w.boxes[i].known = make([]known, n)
		w.result.View = n - 1
		for range degree / 2 { // each link has two ends
			if k := w.random.IntN(n); k != i && !slices.Contains(w.boxes[i].mesh, int32(k)) {
				w.boxes[i].mesh = append(w.boxes[i].mesh, int32(k))
				w.boxes[k].mesh = append(w.boxes[k].mesh, int32(i))
			}
		}
		next := (i + 1) % n // so that it hangs together
		if !slices.Contains(w.boxes[i].mesh, int32(next)) && next != i {
			w.boxes[i].mesh = append(w.boxes[i].mesh, int32(next))
			w.boxes[next].mesh = append(w.boxes[next].mesh, int32(i))
		}
	}
}

// meet lets each box know about viewOf others, drawn by lot, and these it.
func (w *world) meet() {
	n := len(w.boxes)
	for i := range w.boxes {
		for drawn := 0; drawn < viewOf/2; {
			k := w.random.IntN(n)
			if k == i || slices.Contains(w.boxes[i].view, int32(k)) {
				continue
			}
			w.boxes[i].view = append(w.boxes[i].view, int32(k))
			w.boxes[k].view = append(w.boxes[k].view, int32(i))
			drawn++
		}
	}
	total := 0
	for i := range w.boxes {
		b := &w.boxes[i]
		b.known = make([]known, len(b.view))
		for at, k := range b.view {
			w.followers[k] = append(w.followers[k], place{int32(i), int32(at)})
		}
		total += len(b.view)
	}
	w.result.View = total / n
}

// touch is told that a box is otherwise. As in mesh/route, it looks every two seconds whether
// there is something to tell.
func (w *world) touch(i int) {
	b := &w.boxes[i]
	b.version++
	if b.last == nil || b.last.version == b.version-1 { // else it is about to tell anyway
		b.since = w.now
		w.after(tellEvery-(w.now+b.phase)%tellEvery, func() { w.spread(i) })
	}
}

// spread signs what is true of a box now and sends it.
func (w *world) spread(i int) {
	b := &w.boxes[i]
	b.truth.Version = uint64(b.version)
	data, err := state.Sign(b.truth, b.key)
	if err != nil {
		w.fault = err
		return
	}
	id, r, err := state.Open(data) // once, for all that get it
	if err != nil || id != b.id {
		w.fault = fmt.Errorf("record of box %d: %w", i, err)
		return
	}
	t := &told{of: int32(i), version: b.version, at: w.now, size: len(data), data: data, record: r}
	b.last = t
	w.result.records++
	if w.partial {
		for _, p := range w.followers[i] {
			w.pay(i, t.size+3+wrap)
			if w.random.Float64() >= lost {
				w.after(w.trip(), func() { w.take(p, t) })
			}
		}
		return
	}
	w.pass(i, -1, t)
}

// pass sends a record on to those with whom a box keeps gossipsub's mesh.
func (w *world) pass(i int, from int32, t *told) {
	for _, k := range w.boxes[i].mesh {
		if k == from || k == t.of {
			continue
		}
		w.pay(i, t.size+gossipMore+wrap)
		if w.random.Float64() >= lost {
			w.after(w.trip(), func() {
				if w.take(place{k, t.of}, t) {
					w.pass(int(k), int32(i), t)
				}
			})
		}
	}
}

// take is what state.Book does with a record: it keeps the newest. news: it was that.
func (w *world) take(p place, t *told) (news bool) {
	b := &w.boxes[p.box]
	if b.book != nil {
		_, _, err := b.book.Accept(t.data)
		defer func() {
			if news != (err == nil) {
				w.fault = fmt.Errorf("box %d, record %d of %d: the model took it: %v; the real book: %v", p.box, t.version, t.of, news, err)
			}
		}()
	}
	k := &b.known[p.at]
	if k.record != nil && k.record.version >= t.version {
		return false
	}
	k.record = t
	t.got++
	if needed := w.needed(t.of); t.got == needed && t.at >= warmUp {
		w.result.spread = append(w.result.spread, w.now-t.at)
	}
	return true
}

// needed is how many boxes are to have a record before it counts as known.
func (w *world) needed(of int32) int {
	n := len(w.boxes) - 1
	if w.partial {
		n = len(w.followers[of])
	}
	return max(1, int(reach*float64(n)))
}

// compare is the list of versions that a box sends to all whom it knows, and what it gets for
// it: the records that it had lost. Where views are partial it asks each for its own alone.
func (w *world) compare(i int) {
	b := &w.boxes[i]
	entries, peers := len(w.boxes), len(w.boxes)-1
	if w.partial {
		entries, peers = 1, len(b.view)
	}
	w.pay(i, peers*(3+entries*entryBytes+wrap))
	for at := range b.known {
		of := int32(at)
		if w.partial {
			of = b.view[at]
		}
		t := w.boxes[of].last
		if int(of) == i || t == nil || w.now-t.at < time.Second { // it may be on its way
			continue
		}
		if k := b.known[at].record; k == nil || k.version < t.version {
			w.pay(int(of), t.size+3+wrap)
			w.result.repaired++
			w.after(2*w.trip(), func() { w.take(place{int32(i), int32(at)}, t) })
		}
	}
	w.after(digestTime, func() { w.compare(i) })
}

// pay counts bytes that a box sends.
func (w *world) pay(i, n int) {
	if w.now >= warmUp {
		w.boxes[i].sent += int64(n)
	}
}

// run lets the time pass.
func (w *world) run() (result, error) {
	for i := range w.boxes {
		w.boxes[i].phase = time.Duration(w.random.Float64() * float64(tellEvery))
		w.touch(i)
		w.after(w.soon(changeMean), func() { w.change(i) })
		w.after(w.soon(askMean), func() { w.ask(i) })
		w.after(time.Duration(w.random.Float64()*float64(digestTime)), func() { w.compare(i) })
	}
	w.after(warmUp, w.look)
	for len(w.queue) > 0 && w.queue[0].at <= w.end && w.fault == nil {
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		e.do()
	}
	w.result.sum(w)
	return w.result, w.fault
}
