package split

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/internal/cell"
	"github.com/cricket-home/cricket/internal/child"
)

const (
	beatEvery = time.Second
	deadAfter = 6 * time.Second  // without a beat
	rpcPort   = 50052            // in the cell, where it is nobody else's
	reserve   = 256 << 20        // bytes that an engine takes on each box beside the layers
	startWait = 15 * time.Second // for an engine that holds nothing yet
)

// Options says what a [Node] is made of.
type Options struct {
	Host     host.Host
	Siblings func() []peer.ID // the paired boxes, asked each time
	Name     func(peer.ID) string
	Engine   Engine
	Self     string       // a program that becomes a cell where its first argument is cell.Verb
	Dir      string       // for sockets; its path is short, and only this user may enter it
	Cache    string       // folder for the layers that were received, so that they come once; it is emptied when it has more than is lent
	Free     func() int64 // bytes of memory that programs can still take here; 0: not known
	Log      *slog.Logger
}

// Node lends memory to siblings, and borrows theirs.
type Node struct {
	o Options

	mu    sync.Mutex
	lends int64 // bytes; 0: nothing is lent
	lease *lease
	voice chan struct{} // not closed while this box's own household talks to it
}

// lease is the memory that a sibling has borrowed.
type lease struct {
	by     peer.ID
	socket string // of its engine
	server *child.Server
}

// NewNode returns a node that lends nothing yet.
func NewNode(o Options) *Node {
	open := make(chan struct{})
	close(open)
	n := &Node{o: o, voice: open}
	o.Host.SetStreamHandler(Protocol, n.answer)
	return n
}

// Lend lends siblings that many bytes of memory, until the host closes.
func (n *Node) Lend(bytes int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lends = bytes
}

// Borrower is the sibling that has the memory just now; "": none.
func (n *Node) Borrower() peer.ID {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.lease == nil {
		return ""
	}
	return n.lease.by
}

// Pause stops all work for siblings before its next step: somebody talks to this box.
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

func (n *Node) paused() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.voice
}

// answer answers a sibling's questions on one stream.
func (n *Node) answer(s network.Stream) {
	defer s.Reset()
	from := s.Conn().RemotePeer()
	for {
		s.SetDeadline(time.Now().Add(deadAfter))
		var q question
		if err := readFrame(s, &q); err != nil || !slices.Contains(n.o.Siblings(), from) { // it may be revoked meanwhile
			return
		}
		var a answer
		switch q.Ask {
		case askLook:
			if a.Build, a.Lends = n.o.Engine.Build, n.lending(); a.Lends == 0 {
				a.No = "it lends no memory (mesh.lend in its config.toml)"
			}
		case askBeat:
		case askBorrow:
			l := &lease{by: from, socket: filepath.Join(n.o.Dir, "lent.sock")}
			if a.No = n.take(l, q); a.No == "" {
				if err := n.lend(s, l, q); err != nil {
					n.o.Log.Warn("memory is not lent any more", "sibling", n.o.Name(from), "err", err)
				}
				return
			}
		case askTunnel:
			var c net.Conn
			if c, a.No = n.engineOf(from); a.No == "" {
				tunnel(s, patient{s, n}, c)
				return
			}
		default:
			return
		}
		if err := writeFrame(s, a); err != nil {
			return
		}
	}
}

func (n *Node) lending() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.spared()
}

// spared is what can be lent now: no more than is free. n.mu is held.
func (n *Node) spared() int64 {
	if free := n.o.Free(); free > 0 {
		return min(n.lends, free)
	}
	return n.lends
}

// take gives a sibling the lease; no is why not, or "".
func (n *Node) take(l *lease, q question) (no string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	spared := n.spared()
	switch {
	case spared == 0:
		return "it lends no memory (mesh.lend in its config.toml)"
	case q.Build != n.o.Engine.Build:
		return "its engine is another build: update both boxes"
	case q.Bytes <= 0 || q.Bytes > spared:
		return fmt.Sprintf("it lends %d MiB, and %d are asked for", spared>>20, q.Bytes>>20)
	case n.lease != nil:
		return "another box has borrowed its memory"
	}
	n.lease = l
	return ""
}

// lend runs an engine for the sibling that has the lease, for as long as its stream beats.
func (n *Node) lend(s network.Stream, l *lease, q question) error {
	from := l.by
	defer func() {
		n.mu.Lock()
		n.lease = nil
		n.mu.Unlock()
	}()
	rpc := cell.Cell{Program: n.o.Engine.RPC[0], Memory: q.Bytes, In: []cell.Door{{Socket: l.socket, Port: rpcPort}},
		Args: append(slices.Clone(n.o.Engine.RPC[1:]), "--host", "127.0.0.1", "--port", strconv.Itoa(rpcPort), "-c", "-t", strconv.Itoa(max(1, runtime.NumCPU()-1)))}
	server := child.NewServer(child.Options{Part: "engine for " + n.o.Name(from), Program: n.o.Self, Args: rpc.Arguments(), Cell: true, Log: n.o.Log,
		Env: []string{"OMP_WAIT_POLICY=passive", "GGML_NO_BACKTRACE=1", "LLAMA_CACHE=" + n.o.Cache + "/"}},
		func() error { return errors.Join(tidy(n.o.Cache, n.lending()), removed(l.socket)) },
		func(context.Context) error { _, err := os.Stat(l.socket); return err })
	n.mu.Lock()
	l.server = server
	n.mu.Unlock()
	ctx, stop := context.WithCancelCause(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); stop(server.Once(ctx)) }()
	defer func() { stop(nil); <-ended }()
	starting, started := context.WithTimeout(ctx, startWait)
	defer started()
	if err := server.Serving(starting); err != nil {
		writeFrame(s, answer{No: "its engine does not start"})
		return err
	}
	n.o.Log.Info("memory is lent", "sibling", n.o.Name(from), "mib", q.Bytes>>20)
	defer context.AfterFunc(ctx, func() { s.Reset() })()
	for q.Ask == askBorrow || q.Ask == askBeat {
		s.SetDeadline(time.Now().Add(deadAfter))
		if err := writeFrame(s, answer{}); err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		if err := readFrame(s, &q); err != nil || !slices.Contains(n.o.Siblings(), from) {
			if errors.Is(err, io.EOF) { // it has given the memory back
				err = nil
			}
			return errors.Join(err, context.Cause(ctx))
		}
	}
	return errFrame
}

// tidy makes a folder of layers, an empty one where it has more than most bytes: whose they were
// is not known.
func tidy(dir string, most int64) error {
	var has int64
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			has += info.Size()
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if has > most {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return os.MkdirAll(dir, 0o700)
}

// removed removes a socket, where there is one.
func removed(socket string) error {
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// engineOf connects to the engine of a sibling; no is why not, or "".
func (n *Node) engineOf(from peer.ID) (c net.Conn, no string) {
	n.mu.Lock()
	l := n.lease
	n.mu.Unlock()
	if l == nil || l.by != from {
		return nil, "it has borrowed nothing"
	}
	c, err := net.Dial("unix", l.socket)
	if err != nil {
		return nil, "its engine does not answer"
	}
	return c, ""
}

// tunnel connects a sibling with its engine.
func tunnel(s network.Stream, in io.ReadWriteCloser, c net.Conn) {
	if err := writeFrame(s, answer{}); err != nil {
		c.Close()
		return
	}
	s.SetDeadline(time.Time{})
	cell.Join(in, c)
}

// patient is a stream that is not read while somebody talks to this box.
type patient struct {
	network.Stream
	n *Node
}

func (p patient) Read(b []byte) (int, error) {
	<-p.n.paused()
	return p.Stream.Read(b)
}

func (p patient) Close() error { return p.Stream.Reset() }
