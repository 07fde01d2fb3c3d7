package household

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// Protocol is how two boxes make their logs equal. Frames are four bytes of length,
// big-endian, and JSON. The caller sends the sum of what it has, the other answers with its
// own; where these differ the caller sends its marks, the other what it has otherwise and
// the keys that it wants, and the caller those. A list of records goes in parts, the last of
// which says that it is.
const Protocol = protocol.ID("/cricket/household/1")

const (
	syncTime  = 15 * time.Second // for all of it
	syncEvery = time.Minute      // what got lost comes then
	syncAgain = 3 * time.Second  // after a sibling that is reached was not to be compared with
	maxFrame  = 1 << 20
	inOnePart = 128 // records
	atOnce    = 4   // siblings that are answered; the others are asked to come again
)

// sum is the first frame each way.
type sum struct {
	Sum string `json:"sum"`
}

// want is the answer to marks.
type want struct {
	Keys []string `json:"keys"`
}

// part is some records.
type part struct {
	Records []Signed `json:"records"`
	Last    bool     `json:"last"`
}

// Node makes the log of this box and those of its siblings equal.
type Node struct {
	host     host.Host
	log      *Log
	siblings func() []peer.ID
	slog     *slog.Logger
	answers  chan struct{} // has an element for each sibling that is answered
	came     chan struct{} // has an element when a sibling was connected
}

// NewNode returns a node on a host; siblings are the paired boxes, asked each time.
func NewNode(h host.Host, l *Log, siblings func() []peer.ID, log *slog.Logger) *Node {
	return &Node{host: h, log: l, siblings: siblings, slog: log, answers: make(chan struct{}, atOnce), came: make(chan struct{}, 1)}
}

// Run keeps the logs equal until ctx ends: with each change, with each connection, and
// once a minute.
func (n *Node) Run(ctx context.Context) error {
	n.host.SetStreamHandler(Protocol, n.answer)
	defer n.host.RemoveStreamHandler(Protocol)
	came := &network.NotifyBundle{ConnectedF: func(network.Network, network.Conn) {
		select {
		case n.came <- struct{}{}:
		default:
		}
	}}
	n.host.Network().Notify(came)
	defer n.host.Network().StopNotify(came)
	for {
		changed, wait := n.log.Changed(), syncEvery
		for id, err := range n.Sync(ctx) {
			if err != nil && !errors.Is(err, errAway) && ctx.Err() == nil {
				n.slog.Debug("household is not compared", "peer", id.ShortString(), "err", err)
				wait = syncAgain
			}
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-n.came:
		case <-timer.C:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// errAway says that a sibling is not reached.
var errAway = errors.New("it is not reached, and will know when it is again")

// Sync makes the logs of this box and its siblings equal now, and says with whom that
// was not possible, and why.
func (n *Node) Sync(ctx context.Context) map[peer.ID]error {
	var mu sync.Mutex
	var group sync.WaitGroup
	out := map[peer.ID]error{}
	for _, id := range n.siblings() {
		group.Go(func() {
			err := errAway
			if n.host.Network().Connectedness(id) == network.Connected {
				err = n.compare(ctx, id)
			}
			mu.Lock()
			defer mu.Unlock()
			out[id] = err
		})
	}
	group.Wait()
	return out
}

// compare calls one sibling.
func (n *Node) compare(ctx context.Context, id peer.ID) error {
	ctx, stop := context.WithTimeout(network.WithNoDial(ctx, "household"), syncTime)
	defer stop()
	s, err := n.host.NewStream(ctx, id, Protocol)
	if err != nil {
		return fmt.Errorf("compare household: %w", err)
	}
	defer context.AfterFunc(ctx, func() { s.Reset() })()
	if err := n.call(s); err != nil {
		s.Reset()
		return fmt.Errorf("compare household: %w", err)
	}
	return s.Close()
}

func (n *Node) call(s network.Stream) error {
	s.SetDeadline(time.Now().Add(syncTime))
	var theirs sum
	if err := errors.Join(writeFrame(s, sum{n.log.Sum()}), readFrame(s, &theirs)); err != nil || theirs.Sum == n.log.Sum() {
		return err
	}
	var w want
	if err := writeFrame(s, n.log.Marks()); err != nil {
		return err
	}
	if err := readFrame(s, &w); err != nil {
		return err
	}
	if err := n.take(s, s.Conn().RemotePeer()); err != nil {
		return err
	}
	return give(s, n.log.Of(w.Keys[:min(len(w.Keys), MaxRecords)]))
}

// answer is the other side of call.
func (n *Node) answer(s network.Stream) {
	from := s.Conn().RemotePeer()
	if !slices.Contains(n.siblings(), from) {
		s.Reset()
		return
	}
	select {
	case n.answers <- struct{}{}:
		defer func() { <-n.answers }()
	default:
		s.Reset() // it comes again
		return
	}
	if err := n.reply(s, from); err != nil {
		n.slog.Debug("household is not compared", "peer", from.ShortString(), "err", err)
		s.Reset()
		return
	}
	s.Close()
}

func (n *Node) reply(s network.Stream, from peer.ID) error {
	s.SetDeadline(time.Now().Add(syncTime))
	var theirs sum
	if err := readFrame(s, &theirs); err != nil {
		return err
	}
	own := n.log.Sum()
	if err := writeFrame(s, sum{own}); err != nil || own == theirs.Sum {
		return err
	}
	var marks map[string]string
	if err := readFrame(s, &marks); err != nil {
		return err
	}
	ours, keys := n.log.Differ(marks)
	if err := errors.Join(writeFrame(s, want{keys}), give(s, ours)); err != nil {
		return err
	}
	return n.take(s, from)
}

// give sends records.
func give(s network.Stream, all []Signed) error {
	for {
		k := min(len(all), inOnePart)
		if err := writeFrame(s, part{all[:k], k == len(all)}); err != nil {
			return err
		}
		if all = all[k:]; len(all) == 0 {
			return nil
		}
	}
}

// take receives records from a sibling that is still one. What is refused is left out: it may
// be of a box of whose revocation the other has not heard.
func (n *Node) take(s network.Stream, from peer.ID) error {
	for taken := 0; taken <= MaxRecords; {
		var p part
		if err := readFrame(s, &p); err != nil {
			return err
		}
		if !slices.Contains(n.siblings(), from) {
			return errStranger
		}
		if _, err := n.log.Accept(p.Records); err != nil {
			n.slog.Debug("records of a sibling are refused", "peer", from.ShortString(), "err", err)
		}
		if p.Last {
			return nil
		}
		taken += max(1, len(p.Records))
	}
	return errors.New("it sends no end of records")
}

func writeFrame(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...))
	return err
}

func readFrame(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return fmt.Errorf("read frame: it has %d bytes", n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}
