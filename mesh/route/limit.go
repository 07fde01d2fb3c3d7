package route

import (
	"cmp"
	"sync"
	"time"

	"github.com/cricket-home/cricket/internal/bucket"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Hedge allows second copies of requests that are late: one for each twenty requests, and
// never more than one saved up. It is not safe for several goroutines.
type Hedge struct{ asked int }

const hedgeOf = 20 // 5 %

// Asked counts a request.
func (h *Hedge) Asked() { h.asked = min(h.asked+1, hedgeOf) }

// Second says whether a second copy may be asked for now, and counts it.
func (h *Hedge) Second() bool {
	if h.asked < hedgeOf {
		return false
	}
	h.asked = 0
	return true
}

// What one sibling may have in a brain: one running, two that wait.
const (
	perPeer    = 3
	retryGuess = 10 * time.Second // for a request, before any was measured
	perMinute  = 6000             // tokens, read and written: a household's questions need less
	saved      = 5                // minutes' worth of tokens that a sibling can use up at once
)

// Quota says whom a brain takes requests from. Requests are answered one after the other,
// and siblings take turns: whoever was answered longest ago is next. Who has used up its
// tokens is refused until there are new ones. Its methods may be called from any goroutine.
type Quota struct {
	Tokens int // that a sibling gets a minute; 0: 6000

	mu     sync.Mutex
	spent  map[peer.ID]*bucket.Bucket // of those that have not all of their tokens
	queue  []*Turn                    // running first
	served map[peer.ID]int
	count  int
	took   time.Duration // for a request, lately
}

// Turn is a request's place in the queue.
type Turn struct {
	q    *Quota
	from peer.ID
	Now  chan struct{} // closed when it is this request's turn
}

// Enter takes a request into the queue. Where the sibling has too many, or no tokens left,
// turn is nil and after says when it may ask again.
func (q *Quota) Enter(from peer.ID, now time.Time) (turn *Turn, before int, after time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.served == nil {
		q.served, q.took = map[peer.ID]int{}, retryGuess
	}
	if b := q.spent[from]; b != nil {
		if after := b.Wait(now); after > 0 {
			return nil, len(q.queue), max(time.Second, after)
		}
	}
	own := 0
	for _, t := range q.queue {
		if t.from == from {
			own++
		}
	}
	if own >= perPeer {
		return nil, len(q.queue), max(time.Second, q.took)
	}
	t := &Turn{q, from, make(chan struct{})}
	q.queue = append(q.queue, t)
	if len(q.queue) == 1 {
		q.start(0)
	}
	return t, len(q.queue) - 1, 0
}

// Spend takes tokens from what the sibling has; what was taken too much is given back by a
// negative number.
func (t *Turn) Spend(tokens int, now time.Time) {
	q := t.q
	q.mu.Lock()
	defer q.mu.Unlock()
	for id, b := range q.spent {
		if b.Full(now) {
			delete(q.spent, id)
		}
	}
	b := q.spent[t.from]
	if b == nil {
		if q.spent == nil {
			q.spent = map[peer.ID]*bucket.Bucket{}
		}
		each := float64(cmp.Or(q.Tokens, perMinute))
		b = bucket.New(saved*each, each/60, now)
		q.spent[t.from] = b
	}
	b.Take(float64(tokens), now)
}

// start lets the request at i run, with the lock held.
func (q *Quota) start(i int) {
	t := q.queue[i]
	copy(q.queue[1:i+1], q.queue[:i])
	q.queue[0] = t
	q.count++
	q.served[t.from] = q.count
	close(t.Now)
}

// Leave ends a request that ran, for took, or that gave up waiting (took is 0).
func (t *Turn) Leave(took time.Duration) {
	q := t.q
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, other := range q.queue {
		if other != t {
			continue
		}
		q.queue = append(q.queue[:i], q.queue[i+1:]...)
		if took > 0 {
			q.took = (3*q.took + took) / 4
		}
		if i == 0 && len(q.queue) > 0 {
			next := 0
			for j, w := range q.queue {
				if q.served[w.from] < q.served[q.queue[next].from] {
					next = j
				}
			}
			q.start(next)
		}
		return
	}
}

// Len is how many requests run and wait.
func (q *Quota) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.queue)
}
