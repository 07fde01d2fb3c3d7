package state

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/cricket-home/cricket/internal/bucket"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

const (
	lifeProtocol = protocol.ID("/cricket/life/1")
	topicName    = "cricket/state/1"

	farewell    = 200 * time.Millisecond // for goodbyes
	writeWait   = 10 * time.Second
	sendQueue   = 64              // frames to one sibling; when it is full its stream starts again
	digestEvery = 20              // beats; what gossip lost comes then
	framesEach  = 50              // a second that are taken of a sibling; a home of 32 boxes sends some ten
	framesSaved = 1000            // at once: all records of a home, and what waited while the link was down
	againEvery  = 5 * time.Second // own record, written anew because an older life of this box was newer
)

// Node keeps a [Book] and a [Life] over a libp2p host. Its methods may be called from
// any goroutine.
type Node struct {
	host     host.Host
	siblings func() []peer.ID
	log      *slog.Logger
	start    time.Time // its monotonic reading is what Life counts from
	book     *Book
	topic    *pubsub.Topic
	again    chan struct{}

	mu      sync.Mutex
	life    *Life
	out     map[peer.ID]chan frame
	frames  map[peer.ID]*bucket.Bucket // that may still come
	changed chan struct{}              // closed and replaced when anybody's vital or record changes
}

// NewNode returns a node on a host; siblings are the paired boxes, asked each time.
func NewNode(h host.Host, siblings func() []peer.ID, log *slog.Logger) (*Node, error) {
	key := h.Peerstore().PrivKey(h.ID())
	if key == nil {
		return nil, errors.New("open state of siblings: the host has no key")
	}
	book, err := NewBook(key, siblings)
	if err != nil {
		return nil, err
	}
	return &Node{host: h, siblings: siblings, log: log, start: time.Now(), book: book, again: make(chan struct{}, 1),
		life: NewLife(), out: map[peer.ID]chan frame{}, frames: map[peer.ID]*bucket.Bucket{}, changed: make(chan struct{})}, nil
}

// Book has the records.
func (n *Node) Book() *Book { return n.book }

// Changed is closed when a sibling's record or vital is another than now.
func (n *Node) Changed() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.changed
}

// Vital says how a sibling is. A box of which only records are known was never heard.
func (n *Node) Vital(id peer.ID) Vital {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.life.Vital(id)
}

// ByOthers says that a sibling is alive by the word of others alone: nothing of it comes here.
func (n *Node) ByOthers(id peer.ID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.life.ByOthers(id, time.Since(n.start))
}

// Heard says that a byte came from a sibling on a stream of any protocol.
func (n *Node) Heard(id peer.ID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.report(n.life.Heard(id, time.Since(n.start)))
}

// Tell makes r this box's record and spreads it.
func (n *Node) Tell(ctx context.Context, r Record) error {
	data, err := n.book.Write(r)
	if err != nil {
		return err
	}
	n.mu.Lock()
	topic := n.topic
	n.mu.Unlock()
	if topic == nil {
		return nil // Run tells it to each sibling that it meets
	}
	if err := topic.Publish(ctx, data); err != nil {
		return fmt.Errorf("tell siblings the state: %w", err)
	}
	return nil
}

// Run listens to siblings and tells them that this box is there until ctx ends. It says
// goodbye before it returns ctx's error.
func (n *Node) Run(ctx context.Context) error {
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if err := n.subscribe(serving); err != nil {
		return fmt.Errorf("listen to the state of siblings: %w", err)
	}
	n.host.SetStreamHandler(lifeProtocol, n.listen)
	defer n.host.RemoveStreamHandler(lifeProtocol)
	var senders sync.WaitGroup
	tick := time.NewTicker(TickEvery)
	defer tick.Stop()
	var anew time.Duration
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			n.bye()
			senders.Wait()
			return ctx.Err()
		}
		paired, now := n.siblings(), time.Since(n.start)
		n.mu.Lock()
		n.life.Keep(paired)
		changes, probe := n.life.Tick(now)
		n.report(changes)
		for _, id := range probe {
			for _, out := range n.out {
				offer(out, frame{ask, []byte(id)})
			}
		}
		var meet []peer.ID
		for _, id := range paired {
			if n.out[id] == nil && n.host.Network().Connectedness(id) == network.Connected {
				n.out[id] = make(chan frame, sendQueue)
				meet = append(meet, id)
			}
		}
		n.mu.Unlock()
		for _, id := range meet {
			senders.Go(func() { n.send(ctx, id) })
		}
		if len(n.again) > 0 && now-anew > againEvery {
			<-n.again
			anew = now
			if err := n.Tell(serving, n.book.Own().Record); err != nil {
				n.log.Warn("own state was not told", "err", err)
			}
		}
	}
}

// report is called with the lock held.
func (n *Node) report(changes []Change) {
	for _, c := range changes {
		n.log.Info("sibling changed", "peer", c.ID.ShortString(), "was", c.Was, "now", c.Now)
	}
	if len(changes) > 0 {
		close(n.changed)
		n.changed = make(chan struct{})
	}
}

// subscribe spreads records by gossipsub among the paired.
func (n *Node) subscribe(ctx context.Context) error {
	ps, err := pubsub.NewGossipSub(ctx, n.host,
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), // records are signed themselves
		pubsub.WithMessageIdFn(func(m *pb.Message) string { s := sha256.Sum256(m.Data); return string(s[:]) }),
		pubsub.WithMaxMessageSize(MaxRecord+1024),
		pubsub.WithPeerFilter(func(p peer.ID, _ string) bool { return slices.Contains(n.siblings(), p) }))
	if err != nil {
		return err
	}
	if err := ps.RegisterTopicValidator(topicName, n.judge, pubsub.WithValidatorInline(true)); err != nil {
		return err
	}
	topic, err := ps.Join(topicName)
	if err != nil {
		return err
	}
	sub, err := topic.Subscribe()
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.topic = topic
	n.mu.Unlock()
	go func() { // the validator has taken it; what is subscribed to must be read
		for {
			if _, err := sub.Next(ctx); err != nil {
				return
			}
		}
	}()
	return nil
}

// judge says whether a record that came by gossip is passed on.
func (n *Node) judge(_ context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
	if from == n.host.ID() {
		return pubsub.ValidationAccept
	}
	if n.wait(from) > 0 {
		return pubsub.ValidationIgnore // the next list of versions brings what was meant
	}
	switch err := n.take(from, m.Data); {
	case err == nil:
		return pubsub.ValidationAccept
	case errors.Is(err, ErrOld):
		return pubsub.ValidationIgnore
	default:
		return pubsub.ValidationReject
	}
}

// take accepts a record that a sibling sent, of whomever.
func (n *Node) take(from peer.ID, data []byte) error {
	n.Heard(from)
	_, again, err := n.book.Accept(data)
	switch {
	case again:
		select {
		case n.again <- struct{}{}:
		default:
		}
	case err == nil:
		n.mu.Lock()
		close(n.changed)
		n.changed = make(chan struct{})
		n.mu.Unlock()
	case !errors.Is(err, ErrOld):
		n.log.Warn("record of a sibling is refused", "from", from.ShortString(), "err", err)
	}
	return err
}

// send is this box's one-way stream to a sibling: all records, then beats, until the
// connection ends.
func (n *Node) send(ctx context.Context, id peer.ID) {
	n.mu.Lock()
	out := n.out[id]
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		delete(n.out, id)
		n.mu.Unlock()
	}()
	opening, stop := context.WithTimeout(network.WithNoDial(context.WithoutCancel(ctx), "state"), writeWait)
	s, err := n.host.NewStream(opening, id, lifeProtocol)
	stop()
	if err != nil {
		select { // a sibling of another version has no such protocol; do not ask ten times a second
		case <-time.After(BeatEvery):
		case <-ctx.Done():
		}
		return
	}
	defer s.Reset()
	for _, data := range n.book.Newer(nil) {
		offer(out, frame{record, data})
	}
	every := time.NewTicker(BeatEvery)
	defer every.Stop()
	f := frame{kind: beat}
	for beats := 0; ; {
		wait := writeWait
		if f.kind == goodbye || ctx.Err() != nil {
			wait = farewell
		}
		s.SetWriteDeadline(time.Now().Add(wait))
		if err := writeFrame(s, f); err != nil {
			return
		}
		if f.kind == goodbye {
			s.CloseWrite()
			s.SetReadDeadline(time.Now().Add(farewell))
			s.Read(make([]byte, 1)) // until the other side has read it and closed
			return
		}
		select {
		case f = <-out:
		case <-every.C:
			f = frame{kind: beat}
			if beats++; beats%digestEvery == 2 {
				f = known(n.book.Versions())
			}
		}
	}
}

// bye asks all senders to say goodbye and to end.
func (n *Node) bye() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, out := range n.out {
		for len(out) > 0 {
			select {
			case <-out:
			default:
			}
		}
		offer(out, frame{kind: goodbye})
	}
}

// wait counts a frame that a sibling sends. Where it floods, it is not counted, and wait says
// for how long none is taken.
func (n *Node) wait(id peer.ID) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	b, now := n.frames[id], time.Now()
	if b == nil {
		b = bucket.New(framesSaved, framesEach, now)
		n.frames[id] = b
	}
	wait := b.Wait(now)
	if wait == 0 {
		b.Take(1, now)
	}
	return wait
}

// listen reads a sibling's one-way stream.
func (n *Node) listen(s network.Stream) {
	from := s.Conn().RemotePeer()
	if !slices.Contains(n.siblings(), from) {
		s.Reset()
		return
	}
	defer s.Close()
	r := bufio.NewReaderSize(s, 1024)
	for {
		for wait := n.wait(from); wait > 0; wait = n.wait(from) {
			time.Sleep(wait) // what is read slowly can be sent only slowly
		}
		f, err := readFrame(r)
		if err != nil {
			if errors.Is(err, errFrame) {
				n.log.Warn("sibling's state is not understood", "from", from.ShortString(), "err", err)
				s.Reset()
			}
			return
		}
		if !slices.Contains(n.siblings(), from) { // it was revoked meanwhile
			s.Reset()
			return
		}
		now := time.Since(n.start)
		switch f.kind {
		case goodbye:
			n.mu.Lock()
			n.report(n.life.Goodbye(from))
			n.mu.Unlock()
			return
		case record:
			n.take(from, f.data)
			continue
		}
		var newer [][]byte
		if f.kind == digest {
			versions, err := f.known()
			if err != nil {
				n.log.Warn("sibling's state is not understood", "from", from.ShortString(), "err", err)
				s.Reset()
				return
			}
			newer = n.book.Newer(versions)
		}
		n.mu.Lock()
		n.report(n.life.Heard(from, now))
		for _, data := range newer {
			if n.out[from] != nil {
				offer(n.out[from], frame{record, data})
			}
		}
		switch f.kind {
		case ask:
			about := peer.ID(f.data)
			if ago, ok := n.life.Silent(about, now); ok && ago < deadAt && about != from && n.out[from] != nil {
				offer(n.out[from], vouched(about, ago))
			}
		case vouch:
			id, ago := f.vouched()
			n.report(n.life.Vouch(id, ago, now))
		}
		n.mu.Unlock()
	}
}

// offer queues a frame unless the queue is full: a sibling that takes nothing is
// suspected soon, and gets all records with its next stream.
func offer(out chan frame, f frame) {
	select {
	case out <- f:
	default:
	}
}
