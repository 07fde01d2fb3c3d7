package claim

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// Protocol carries one claim, as JSON, from the box that opens the stream.
const Protocol = protocol.ID("/cricket/claim/1")

const (
	maxClaim = 512 // bytes
	sendTime = time.Second
)

// Node settles calls with the siblings that are connected. Its methods may be called from
// any goroutine.
type Node struct {
	host     host.Host
	siblings func() []peer.ID
	log      *slog.Logger
	start    time.Time

	mu      sync.Mutex
	contest *Contest
	news    chan struct{} // closed and replaced when a claim came
}

// NewNode returns a node on a host, which answers siblings until the host closes; winner is as
// for [NewContest].
func NewNode(h host.Host, siblings func() []peer.ID, winner func([]Bid) peer.ID, log *slog.Logger) *Node {
	n := &Node{host: h, siblings: siblings, log: log, start: time.Now(), contest: NewContest(h.ID(), winner), news: make(chan struct{})}
	h.SetStreamHandler(Protocol, n.receive)
	return n
}

func (n *Node) now() time.Duration { return time.Since(n.start) }

// receive takes a sibling's claim.
func (n *Node) receive(s network.Stream) {
	defer s.Reset()
	from := s.Conn().RemotePeer()
	if !slices.Contains(n.siblings(), from) {
		return
	}
	s.SetReadDeadline(time.Now().Add(sendTime))
	text, err := io.ReadAll(io.LimitReader(s, maxClaim+1))
	now := n.now() // as soon as it is whole
	var c Claim
	if err != nil || len(text) > maxClaim || json.Unmarshal(text, &c) != nil || !c.sound() {
		n.log.Debug("claim of a sibling is not understood", "from", from.ShortString())
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.contest.Receive(from, c, now)
	close(n.news)
	n.news = make(chan struct{})
}

// sound says whether a claim can be compared with others.
func (c Claim) sound() bool {
	return c.Word != "" && c.Score >= 0 && c.Score <= 1 && math.Abs(c.SNR) <= 200
}

// Call says whether this box answers a call that it just heard. It takes 150 ms where it has
// siblings, and 100 ms more where it lost and the winner is not heard of.
func (n *Node) Call(ctx context.Context, own Claim) bool {
	at := n.now()
	if n.tell(ctx, own) == 0 {
		return true
	}
	n.mu.Lock()
	first := n.contest.First(own, at)
	n.mu.Unlock()
	if !sleep(ctx, first+Wait-n.now()) {
		return true
	}
	n.mu.Lock()
	wins := n.contest.Wins(own, at)
	n.mu.Unlock()
	if !wins && n.taken(ctx, own, at) {
		return false
	}
	own.Taken = true
	n.tell(ctx, own)
	return true
}

// taken waits for the winner to say that it answers.
func (n *Node) taken(ctx context.Context, own Claim, at time.Duration) bool {
	late := time.NewTimer(Grace)
	defer late.Stop()
	for {
		n.mu.Lock()
		taken, news := n.contest.Taken(own, at), n.news
		n.mu.Unlock()
		if taken {
			return true
		}
		select {
		case <-news:
		case <-late.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// sleep is false where ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// tell sends a claim to the siblings that are connected, waits for none of them, and says how
// many there are.
func (n *Node) tell(ctx context.Context, c Claim) int {
	text, err := json.Marshal(c)
	if err != nil || len(text) > maxClaim {
		n.log.Error("siblings are not told of a call", "err", err)
		return 0
	}
	told := 0
	for _, id := range n.siblings() {
		if n.host.Network().Connectedness(id) != network.Connected {
			continue
		}
		told++
		go func() {
			ctx, stop := context.WithTimeout(network.WithNoDial(context.WithoutCancel(ctx), "claim"), sendTime)
			defer stop()
			s, err := n.host.NewStream(ctx, id, Protocol)
			if err == nil {
				s.SetDeadline(time.Now().Add(sendTime))
				if _, err = s.Write(text); err == nil {
					err = s.CloseWrite()
				}
				if err == nil { // until it was read; a reset before would take it back
					io.Copy(io.Discard, io.LimitReader(s, 1))
				}
				s.Reset()
			}
			if err != nil {
				n.log.Debug("a sibling is not told of a call", "peer", id.ShortString(), "err", err)
			}
		}()
	}
	return told
}
