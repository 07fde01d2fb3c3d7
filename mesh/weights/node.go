package weights

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Shelf is the models of this box.
type Shelf interface {
	// Whole is where a file is that was verified to have this SHA-256, or "".
	Whole(sha256 string) (path string)
	// Begun is how many bytes of a file are there while it is fetched.
	Begun(sha256 string) (bytes int64)
}

// timing is how long a node waits for what. Tests have less patience.
type timing struct {
	ask    time.Duration // for a state
	list   time.Duration // for a list, however often it is said that it comes
	stall  time.Duration // without a byte of a chunk
	gather time.Duration // for other lists after the first
	again  time.Duration // before a source that failed, or said later, is asked again
	idle   time.Duration // without a chunk from anybody
	poll   time.Duration // between two questions whether a sibling has fetched it
	slow   time.Duration // in which a sibling that is waited for must get on
	bad    time.Duration // that a source is not asked again
}

var usual = timing{ask: 3 * time.Second, list: 10 * time.Minute, stall: 10 * time.Second, gather: time.Second, again: 2 * time.Second,
	idle: time.Minute, poll: 2 * time.Second, slow: 2 * time.Minute, bad: time.Hour}

// Node gives files to siblings and takes them from them.
type Node struct {
	host     host.Host
	siblings func() []peer.ID
	name     func(peer.ID) string
	shelf    Shelf
	log      *slog.Logger
	timing   timing
	jobs     chan struct{} // has an element for each chunk that is on its way

	mu     sync.Mutex
	voice  chan struct{}               // not closed while this box's own household talks to it
	wants  map[string]*want            // by SHA-256: what this box is about to fetch
	trees  map[string]*planted         // by path
	served map[peer.ID]int             // streams of a sibling
	bad    map[fault]time.Time         // until when it is not asked
	chosen map[string]map[peer.ID]bool // by SHA-256: those whose list was gone by last
}

// fault is a sibling that is not asked for a file; for none at all where File is "".
type fault struct {
	ID   peer.ID
	File string
}

// NewNode returns a node on a host, which answers siblings until the host closes; siblings
// are the paired boxes, asked each time, and name is what the household calls one.
func NewNode(h host.Host, siblings func() []peer.ID, name func(peer.ID) string, s Shelf, log *slog.Logger) *Node {
	open := make(chan struct{})
	close(open)
	n := &Node{host: h, siblings: siblings, name: name, shelf: s, log: log, timing: usual, jobs: make(chan struct{}, maxJobs), voice: open,
		wants: map[string]*want{}, trees: map[string]*planted{}, served: map[peer.ID]int{}, bad: map[fault]time.Time{}, chosen: map[string]map[peer.ID]bool{}}
	h.SetStreamHandler(Protocol, n.answer)
	return n
}

// Pause stops all sending at once: somebody talks to this box.
func (n *Node) Pause() {
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case <-n.voice:
		n.voice = make(chan struct{})
	default:
	}
}

// Continue ends a pause.
func (n *Node) Continue() {
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case <-n.voice:
	default:
		close(n.voice)
	}
}

// paused is open while nothing is to be sent.
func (n *Node) paused() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.voice
}

// spoil does not ask a sibling for a file any more, for a while. file "": for none.
func (n *Node) spoil(id peer.ID, file string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	for f, until := range n.bad {
		if now.After(until) {
			delete(n.bad, f)
		}
	}
	n.bad[fault{id, file}] = now.Add(n.timing.bad)
}

// trusted says whether a sibling is asked for a file.
func (n *Node) trusted(id peer.ID, file string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	return now.After(n.bad[fault{id, ""}]) && now.After(n.bad[fault{id, file}])
}

// Wrong says that a file that was taken from siblings has not its SHA-256: those by whose
// list it was put together are not asked for it again.
func (n *Node) Wrong(sha256 string) {
	n.mu.Lock()
	chosen := n.chosen[sha256]
	delete(n.chosen, sha256)
	n.mu.Unlock()
	for id := range chosen {
		n.log.Warn("a sibling has a model whose bytes are not what they should be", "sibling", n.name(id), "sha256", sha256)
		n.spoil(id, sha256)
	}
}

// connected are the siblings that can be asked for a file just now.
func (n *Node) connected(file string) (out []peer.ID) {
	for _, id := range n.siblings() {
		if n.host.Network().Connectedness(id) == network.Connected && n.trusted(id, file) {
			out = append(out, id)
		}
	}
	return out
}

// Reaches says whether there is any sibling that can be asked just now.
func (n *Node) Reaches() bool { return len(n.connected("")) > 0 }

// open opens a stream, which ends with ctx.
func (n *Node) open(ctx context.Context, id peer.ID) (network.Stream, func(), error) {
	opening, opened := context.WithTimeout(network.WithNoDial(ctx, "weights"), n.timing.ask)
	defer opened()
	s, err := n.host.NewStream(opening, id, Protocol)
	if err != nil {
		return nil, nil, err
	}
	end := context.AfterFunc(ctx, func() { s.Reset() })
	return s, func() { end(); s.Reset() }, nil
}
