package weights

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	bidTime   = 10 * time.Second // that a sibling's bid is thought of
	leastMore = 1 << 20          // bytes by which a box that is waited for must get on
)

// ErrFetching says that this box is about to fetch that file already.
var ErrFetching = errors.New("this box fetches that file just now")

// want is a file that this box wants from outside if nobody has it.
type want struct {
	committed bool                  // it is this box's turn
	bids      map[peer.ID]time.Time // of siblings that want it too, and when
}

// state answers a sibling. Where both want the file, neither can miss the other: a bid is
// taken down before it is told, and who has decided says so.
func (n *Node) state(from peer.ID, q question) answer {
	if n.shelf.Whole(q.File) != "" {
		return answer{State: whole}
	}
	begun := n.shelf.Begun(q.File)
	n.mu.Lock()
	defer n.mu.Unlock()
	w := n.wants[q.File]
	switch {
	case w == nil:
		return answer{State: none}
	case w.committed:
		return answer{State: fetching, Done: begun}
	}
	if q.Bid {
		w.bids[from] = time.Now()
	}
	return answer{State: wanting}
}

// getting is what was seen of a sibling that is waited for.
type getting struct {
	state string
	done  int64
	since time.Time // that it got on
}

// Turn waits until a sibling has a file (has), or until it is this box's turn to fetch it
// from outside: it keeps the turn until it calls done, and siblings wait for it. A sibling
// that does not get on is not waited for. say is told for whom it waits. size is that of
// the file in bytes, 0 where it is not known.
func (n *Node) Turn(ctx context.Context, sha256 string, size int64, say func(string)) (has bool, done func(), err error) {
	if err := (question{Ask: askState, File: sha256}).check(); err != nil {
		return false, nil, fmt.Errorf("ask siblings for a model: %q is no SHA-256", sha256)
	}
	n.mu.Lock()
	if n.wants[sha256] != nil {
		n.mu.Unlock()
		return false, nil, ErrFetching
	}
	w := &want{bids: map[peer.ID]time.Time{}}
	n.wants[sha256] = w
	n.mu.Unlock()
	release := sync.OnceFunc(func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.wants, sha256)
	})
	seen, said := map[peer.ID]getting{}, ""
	for {
		answers := n.askAll(ctx, sha256)
		if ctx.Err() != nil {
			release()
			return false, nil, ctx.Err()
		}
		var before []peer.ID
		for _, id := range slices.Sorted(maps.Keys(answers)) {
			a := answers[id]
			if a.State == whole {
				release()
				return true, func() {}, nil
			}
			if n.waitFor(id, a, size, seen) {
				before = append(before, id)
			}
		}
		n.mu.Lock()
		for id, at := range w.bids { // of those that asked after they were asked
			g := seen[id]
			if id < n.host.ID() && time.Since(at) < bidTime && !slices.Contains(before, id) && answers[id].State != fetching && time.Since(g.since) < n.timing.slow {
				if g.since.IsZero() {
					seen[id] = getting{state: wanting, since: time.Now()}
				}
				before = append(before, id)
			}
		}
		clear(w.bids)
		if len(before) == 0 {
			w.committed = true
			n.mu.Unlock()
			return false, release, nil
		}
		n.mu.Unlock()
		if line := n.waiting(before[0], answers[before[0]], size); line != said {
			said = line
			say(line)
		}
		timer := time.NewTimer(n.timing.poll)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// waitFor says whether a sibling goes before this box.
func (n *Node) waitFor(id peer.ID, a answer, size int64, seen map[peer.ID]getting) bool {
	if a.State != fetching && (a.State != wanting || id > n.host.ID()) || size > 0 && a.Done > size {
		return false
	}
	now := time.Now()
	g, known := seen[id]
	if !known || a.State == fetching && (g.state != fetching || a.Done >= g.done+leastMore) {
		seen[id] = getting{a.State, a.Done, now}
		return true
	}
	return now.Sub(g.since) < n.timing.slow
}

func (n *Node) waiting(id peer.ID, a answer, size int64) string {
	if size > 0 && a.State == fetching {
		return fmt.Sprintf("%s fetches it for the home: %d %% is there", n.name(id), a.Done*100/size)
	}
	return n.name(id) + " fetches it for the home"
}

// askAll asks all siblings for the state of a file, and bids for it.
func (n *Node) askAll(ctx context.Context, file string) map[peer.ID]answer {
	var mu sync.Mutex
	var group sync.WaitGroup
	out := map[peer.ID]answer{}
	for _, id := range n.connected(file) {
		group.Go(func() {
			a, err := n.question(ctx, id, question{Ask: askState, File: file, Bid: true})
			if err != nil {
				n.log.Debug("a sibling does not say whether it has a model", "sibling", n.name(id), "err", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			out[id] = a
		})
	}
	group.Wait()
	return out
}
