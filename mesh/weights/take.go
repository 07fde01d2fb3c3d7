package weights

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	sources    = 3 // siblings from which a file is taken at once
	window     = 8 // chunks in memory
	faultsEach = 3 // in a row; then a sibling is not asked for the file any more
)

var (
	// ErrNowhere says that no sibling that can be asked has a file.
	ErrNowhere = errors.New("no sibling has it")
	errLater   = errors.New("it has no time for it")
	errCorrupt = errors.New("it sends other bytes than it promised")
	errIdle    = errors.New("nothing came from any sibling")
)

// holder is a sibling that has a file, by its word.
type holder struct {
	id   peer.ID
	tree Tree
}

// Open takes a file from siblings: its bytes in order from byte from on, and the bytes that it
// has in all. What is read is what the siblings promised, and not yet known to have the SHA-256.
func (n *Node) Open(ctx context.Context, sha string, size, from int64) (body io.ReadCloser, total int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	lists := n.lists(ctx, sha, size)
	first, err := n.gather(ctx, lists)
	if err == nil && (from < 0 || from > first[0].tree.Size) {
		err = fmt.Errorf("it has %d bytes, and %d are here", first[0].tree.Size, from)
	}
	if err != nil {
		cancel()
		return nil, 0, fmt.Errorf("take a model from siblings: %w", err)
	}
	tree := first[0].tree
	r, w := io.Pipe()
	t := &taking{n: n, file: sha, tree: tree, root: tree.Root(), next: int(from / Chunk), written: int(from / Chunk),
		parts: map[int][]byte{}, under: map[int][]peer.ID{}, news: make(chan struct{})}
	n.mu.Lock()
	if len(n.chosen) >= maxPlanted {
		clear(n.chosen)
	}
	n.chosen[sha] = map[peer.ID]bool{}
	n.mu.Unlock()
	for _, h := range first {
		t.join(ctx, h)
	}
	go func() { // others may come with the same list
		for h := range lists {
			t.join(ctx, h)
		}
	}()
	go func() {
		err := t.write(ctx, w, int(from%Chunk))
		if err != nil {
			err = fmt.Errorf("take a model from siblings: %w", err)
		}
		w.CloseWithError(err) // nil is the end
		cancel()
	}()
	return &reader{r, cancel}, tree.Size, nil
}

type reader struct {
	*io.PipeReader
	cancel func()
}

func (r *reader) Close() error {
	r.cancel()
	return r.PipeReader.Close()
}

// lists asks all siblings for their list of a file. The channel is closed when all have
// answered.
func (n *Node) lists(ctx context.Context, file string, size int64) <-chan holder {
	asked := n.connected(file)
	out := make(chan holder, len(asked))
	var group sync.WaitGroup
	for _, id := range asked {
		group.Go(func() {
			tree, err := n.list(ctx, id, file)
			switch {
			case err == nil && size > 0 && tree.Size != size:
				n.log.Warn("a sibling has a model of another size", "sibling", n.name(id), "bytes", tree.Size, "wanted", size)
				n.spoil(id, file)
			case err == nil:
				out <- holder{id, tree}
			case !errors.Is(err, ErrNowhere) && ctx.Err() == nil:
				n.log.Info("a sibling does not say what it has of a model", "sibling", n.name(id), "err", err)
				n.spoil(id, file)
			}
		})
	}
	go func() {
		group.Wait()
		close(out)
	}()
	return out
}

// list asks a sibling for its list.
func (n *Node) list(ctx context.Context, id peer.ID, file string) (Tree, error) {
	ctx, stop := context.WithTimeout(ctx, n.timing.list)
	defer stop()
	s, end, err := n.open(ctx, id)
	if err != nil {
		return Tree{}, err
	}
	defer end()
	if err := writeFrame(s, question{Ask: askList, File: file}); err != nil {
		return Tree{}, err
	}
	var a answer
	a.Wait = true
	for waits := time.Duration(0); a.Wait; waits++ {
		if waits*waitEvery > 2*n.timing.list {
			return Tree{}, fmt.Errorf("%w: it floods", errFrame)
		}
		a = answer{}
		s.SetReadDeadline(time.Now().Add(n.timing.stall))
		if err := readFrame(s, &a); err != nil {
			return Tree{}, err
		}
	}
	if a.State != whole {
		return Tree{}, ErrNowhere
	}
	t := Tree{Size: a.Size}
	if a.Size < 1 || a.Size > maxSize || a.Bytes != chunks(a.Size)*sha256.Size {
		return Tree{}, fmt.Errorf("%w: %d bytes of a list for %d of a file", errFrame, a.Bytes, a.Size)
	}
	t.Leaves = make([]Sum, chunks(a.Size))
	for i := range t.Leaves {
		s.SetReadDeadline(time.Now().Add(n.timing.stall))
		if _, err := io.ReadFull(s, t.Leaves[i][:]); err != nil {
			return Tree{}, err
		}
	}
	return t, t.check()
}

// gather waits for the first list and a moment longer, and returns those with the list that
// most siblings have.
func (n *Node) gather(ctx context.Context, lists <-chan holder) ([]holder, error) {
	var late <-chan time.Time
	same := map[Sum][]holder{}
	var most []holder
	for {
		select {
		case h, ok := <-lists:
			if !ok {
				if most == nil {
					return nil, ErrNowhere
				}
				return most, nil
			}
			root := h.tree.Root()
			if same[root] = append(same[root], h); len(same[root]) > len(most) {
				most = same[root]
			}
			if late == nil {
				late = time.After(n.timing.gather)
			}
		case <-late:
			return most, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// taking is a file on its way here.
type taking struct {
	n    *Node
	file string
	tree Tree
	root Sum

	mu      sync.Mutex
	holders []peer.ID
	reserve []holder          // that take the place of who gives up
	live    int               // workers that have not given up
	next    int               // the first chunk that nobody was asked for
	written int               // chunks that are given on
	parts   map[int][]byte    // that are there and not given on
	under   map[int][]peer.ID // who was asked for a chunk that is not there
	last    error             // of a worker that gave up
	news    chan struct{}     // closed and replaced when anything of this is another
}

func (t *taking) changed() { // with the lock held
	close(t.news)
	t.news = make(chan struct{})
}

// join takes the file from one more sibling, where it has the same list. Each is asked for two
// chunks at a time, so that it has something to do while the first is on its way.
func (t *taking) join(ctx context.Context, h holder) {
	if h.tree.Root() != t.root {
		t.n.log.Warn("siblings have different models under one name", "sibling", t.n.name(h.id), "sha256", t.file)
		return
	}
	t.n.mu.Lock()
	if c := t.n.chosen[t.file]; c != nil {
		c[h.id] = true
	}
	t.n.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.holders) == sources {
		t.reserve = append(t.reserve, h)
		return
	}
	t.start(ctx, h.id)
}

func (t *taking) start(ctx context.Context, id peer.ID) { // with the lock held
	t.holders = append(t.holders, id)
	for range 2 {
		t.live++
		go t.work(ctx, id)
	}
	t.changed()
}

// work takes chunks from one sibling until all are there or it fails too often.
func (t *taking) work(ctx context.Context, id peer.ID) {
	n, faults := t.n, 0
	var s network.Stream
	end := func() {}
	defer func() { end() }()
	var err error
	for faults < faultsEach && n.trusted(id, t.file) {
		i := t.pick(ctx, id)
		if i < 0 {
			return
		}
		err = nil
		if s == nil {
			s, end, err = n.open(ctx, id)
		}
		var data []byte
		if err == nil {
			data, err = t.chunk(s, i)
		} else {
			s, end = nil, func() {}
		}
		t.put(i, id, data, err)
		switch {
		case err == nil:
			faults = 0
			continue
		case ctx.Err() != nil && !errors.Is(err, errCorrupt):
			return
		case !errors.Is(err, errLater): // after which the stream is as good as before
			faults++
			end()
			s, end = nil, func() {}
		}
		if errors.Is(err, errCorrupt) || errors.Is(err, ErrNowhere) {
			break
		}
		n.log.Debug("chunk of a model did not come", "sibling", n.name(id), "err", err)
		timer := time.NewTimer(n.timing.again)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
	if err == nil {
		err = ErrNowhere // its other stream found it out
	}
	switch {
	case errors.Is(err, errCorrupt):
		n.log.Warn("a sibling is asked for no model any more", "sibling", n.name(id), "err", err)
		n.spoil(id, "")
	case ctx.Err() == nil:
		n.log.Info("a sibling is not asked for this model any more", "sibling", n.name(id), "err", err)
		n.spoil(id, t.file)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if k := slices.Index(t.holders, id); k >= 0 {
		t.holders = slices.Delete(t.holders, k, k+1)
		if len(t.reserve) > 0 && ctx.Err() == nil {
			t.start(ctx, t.reserve[0].id)
			t.reserve = t.reserve[1:]
		}
	}
	t.live--
	t.last = fmt.Errorf("%s: %w", n.name(id), err)
	t.changed()
}

// pick waits for a chunk that is to be asked for, and returns -1 when there is none any more.
// Where all others are under way, it is the one that everybody waits for: a slow sibling holds
// nobody up.
func (t *taking) pick(ctx context.Context, id peer.ID) int {
	for {
		t.mu.Lock()
		i, news := t.choose(id), t.news
		if i >= 0 {
			t.under[i] = append(t.under[i], id)
		}
		over := t.written == len(t.tree.Leaves)
		t.mu.Unlock()
		if i >= 0 || over {
			return i
		}
		select {
		case <-news:
		case <-ctx.Done():
			return -1
		}
	}
}

// choose is a chunk that a sibling should be asked for now, or -1; with the lock held.
func (t *taking) choose(id peer.ID) int {
	for i := t.written; i < t.next; i++ { // given back by a sibling that failed
		if t.parts[i] == nil && len(t.under[i]) == 0 {
			return i
		}
	}
	if t.next < len(t.tree.Leaves) && t.next < t.written+window {
		t.next++
		return t.next - 1
	}
	for i := t.written; i < t.next && len(t.parts) >= t.next-t.written-2; i++ { // all but two are there: what one sibling has under way
		if t.parts[i] == nil && len(t.under[i]) == 1 && t.under[i][0] != id {
			return i
		}
	}
	return -1
}

// put takes what came of a chunk.
func (t *taking) put(i int, id peer.ID, data []byte, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if k := slices.Index(t.under[i], id); k >= 0 {
		t.under[i] = slices.Delete(t.under[i], k, k+1)
	}
	if len(t.under[i]) == 0 {
		delete(t.under, i)
	}
	if err == nil && i >= t.written && t.parts[i] == nil {
		t.parts[i] = data
	}
	t.changed()
}

// chunk asks for one chunk, and checks it against the list.
func (t *taking) chunk(s network.Stream, i int) ([]byte, error) {
	s.SetDeadline(time.Now().Add(t.n.timing.stall))
	if err := writeFrame(s, question{Ask: askChunk, File: t.file, Chunk: i}); err != nil {
		return nil, err
	}
	var a answer
	if err := readFrame(s, &a); err != nil {
		return nil, err
	}
	if a.Later {
		return nil, errLater
	}
	if a.State != whole {
		return nil, ErrNowhere
	}
	if a.Bytes != t.tree.length(i) {
		return nil, errCorrupt
	}
	data := make([]byte, a.Bytes)
	for got := 0; got < len(data); {
		s.SetReadDeadline(time.Now().Add(t.n.timing.stall))
		k, err := s.Read(data[got:])
		if got += k; err != nil && got < len(data) {
			return nil, err
		}
	}
	if leaf(data) != t.tree.Leaves[i] {
		return nil, errCorrupt
	}
	return data, nil
}

// write gives the chunks on in order, the first of them without its first skip bytes.
func (t *taking) write(ctx context.Context, w io.Writer, skip int) error {
	idle := time.NewTimer(t.n.timing.idle)
	defer idle.Stop()
	for {
		t.mu.Lock()
		i, news, live, last := t.written, t.news, t.live, t.last
		data := t.parts[i]
		var from []string
		for _, id := range t.holders {
			from = append(from, t.n.name(id))
		}
		t.mu.Unlock()
		switch {
		case i == len(t.tree.Leaves):
			t.n.log.Info("a model came from siblings", "siblings", strings.Join(from, ", "), "bytes", t.tree.Size)
			return nil
		case data != nil:
			if _, err := w.Write(data[skip:]); err != nil {
				return err
			}
			skip = 0
			idle.Reset(t.n.timing.idle)
			t.mu.Lock()
			delete(t.parts, i)
			t.written++
			t.changed()
			t.mu.Unlock()
			continue
		case live == 0:
			return last
		}
		select {
		case <-news:
		case <-idle.C:
			return errIdle
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
