package weights

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	maxJobs    = 4                // chunks that are sent at once
	perPeer    = 6                // streams of one sibling
	quietTime  = 5 * time.Minute  // without a question
	jobTime    = 5 * time.Second  // that a sibling waits for a place
	writeTime  = 10 * time.Second // for a piece
	waitEvery  = time.Second      // between two answers that a list comes
	piece      = 64 << 10         // bytes after which it is looked whether somebody talks to this box
	maxPlanted = 32               // trees that are kept
)

// planted is the tree of a file as it was then.
type planted struct {
	size    int64
	changed time.Time
	ready   chan struct{} // closed when the rest is set
	tree    Tree
	err     error
}

// answer answers a sibling's questions on one stream.
func (n *Node) answer(s network.Stream) {
	defer s.Reset()
	from := s.Conn().RemotePeer()
	if !n.enter(from) {
		return
	}
	defer n.leave(from)
	for {
		s.SetDeadline(time.Now().Add(quietTime))
		var q question
		if err := readFrame(s, &q); err != nil {
			if errors.Is(err, errFrame) {
				n.log.Warn("question of a sibling is not understood", "sibling", n.name(from), "err", err)
			}
			return
		}
		if q.check() != nil || !slices.Contains(n.siblings(), from) { // it may be revoked meanwhile
			return
		}
		var err error
		switch q.Ask {
		case askState:
			err = writeFrame(s, n.state(from, q))
		case askPrompt:
			err = writeFrame(s, n.prompt(q))
		case askList:
			err = n.giveList(s, q)
		case askChunk:
			err = n.giveChunk(s, q)
		}
		if err != nil {
			n.log.Debug("model is not given to a sibling", "sibling", n.name(from), "err", err)
			return
		}
	}
}

// enter counts the streams of a sibling.
func (n *Node) enter(from peer.ID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.served[from] == perPeer || !slices.Contains(n.siblings(), from) {
		return false
	}
	n.served[from]++
	return true
}

func (n *Node) leave(from peer.ID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.served[from]--; n.served[from] == 0 {
		delete(n.served, from)
	}
}

// job takes one of the places of chunks that are sent; nil: none became free, or
// somebody talks to this box.
func (n *Node) job() (end func()) {
	select {
	case <-n.paused():
	default:
		return nil
	}
	late := time.NewTimer(jobTime)
	defer late.Stop()
	select {
	case n.jobs <- struct{}{}: // in the order of asking: nobody starves
		return func() { <-n.jobs }
	case <-late.C:
		return nil
	}
}

// tree is that of a file, which is hashed in the background at the first question.
func (n *Node) tree(path, sum string) (*planted, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.trees[path]; p != nil && p.size == info.Size() && p.changed.Equal(info.ModTime()) {
		return p, nil
	}
	if len(n.trees) == maxPlanted {
		clear(n.trees)
	}
	p := &planted{size: info.Size(), changed: info.ModTime(), ready: make(chan struct{})}
	n.trees[path] = p
	go func() {
		defer close(p.ready)
		p.tree, p.err = readTree(path, sum, func() error { <-n.paused(); return nil })
		if errors.Is(p.err, errRotten) {
			n.log.Error("a model on this box is damaged, and is not given to siblings: cricket models verify", "file", path)
		}
	}()
	return p, nil
}

// giveList sends the leaves of a file.
func (n *Node) giveList(s network.Stream, q question) error {
	path := n.shelf.Whole(q.File)
	if path == "" {
		return writeFrame(s, answer{})
	}
	p, err := n.tree(path, q.File)
	if err != nil {
		return errors.Join(err, writeFrame(s, answer{}))
	}
	tick := time.NewTicker(waitEvery)
	defer tick.Stop()
	for hashed := false; !hashed; {
		select {
		case <-p.ready:
			hashed = true
		case <-tick.C:
			s.SetDeadline(time.Now().Add(writeTime))
			if err := writeFrame(s, answer{Wait: true}); err != nil {
				return err
			}
		}
	}
	if p.err != nil {
		return errors.Join(p.err, writeFrame(s, answer{}))
	}
	s.SetDeadline(time.Now().Add(writeTime))
	if err := writeFrame(s, answer{State: whole, Size: p.tree.Size, Bytes: len(p.tree.Leaves) * len(Sum{})}); err != nil {
		return err
	}
	var all []byte
	for _, l := range p.tree.Leaves {
		all = append(all, l[:]...)
	}
	_, err = s.Write(all)
	return err
}

// giveChunk sends one chunk, from the disk as it is: whoever asks checks it.
func (n *Node) giveChunk(s network.Stream, q question) error {
	path := n.shelf.Whole(q.File)
	if path == "" {
		return writeFrame(s, answer{})
	}
	end := n.job()
	if end == nil {
		return writeFrame(s, answer{Later: true})
	}
	defer end()
	f, err := os.Open(path)
	if err != nil {
		return errors.Join(err, writeFrame(s, answer{}))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, writeFrame(s, answer{}))
	}
	if q.Chunk >= chunks(info.Size()) {
		return writeFrame(s, answer{})
	}
	size := Tree{Size: info.Size()}.length(q.Chunk)
	if err := writeFrame(s, answer{State: whole, Bytes: size}); err != nil {
		return err
	}
	in := io.NewSectionReader(f, int64(q.Chunk)*Chunk, int64(size))
	for buf := make([]byte, piece); ; {
		<-n.paused()
		k, err := in.Read(buf)
		if k > 0 {
			s.SetWriteDeadline(time.Now().Add(writeTime))
			if _, err := s.Write(buf[:k]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// question asks a sibling for the state of a file.
func (n *Node) question(ctx context.Context, id peer.ID, q question) (a answer, err error) {
	ctx, stop := context.WithTimeout(ctx, n.timing.ask)
	defer stop()
	s, end, err := n.open(ctx, id)
	if err != nil {
		return a, err
	}
	defer end()
	if err := writeFrame(s, q); err != nil {
		return a, err
	}
	return a, readFrame(s, &a)
}
