package route

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

const askProtocol = protocol.ID("/cricket/ask/1")

const (
	requestWait = 5 * time.Second // for a request, once a stream is open
	frameWait   = 5 * time.Second // for a frame to be taken
)

// BrainOptions says with what siblings are answered.
type BrainOptions struct {
	Program     string // llama-server
	Model       string // GGUF file
	Dir         string // for the socket; its path is short
	Context     int    // tokens; 0: 4096
	MemoryLimit int64  // bytes; 0: none
	Tokens      int    // that a sibling gets a minute, as in [Quota]
	Alone       bool   // memory does not allow this model beside the box's own work: it is ended, not stopped
	Log         *slog.Logger
}

// Brain answers siblings with a llama-server of its own, one request at a time. Its
// methods may be called from any goroutine.
type Brain struct {
	o      BrainOptions
	socket string
	llama  *Llama
	quota  Quota

	mu        sync.Mutex
	server    *child.Server // nil while there is none
	end       func()        // of server
	paused    bool
	pauses    int
	changed   chan struct{} // closed and replaced when paused or server change
	tokenizer string
	speed     Speed
	warm      []string
}

// Speed is what was measured over the last answers, in tokens per second. 0: nothing yet.
type Speed struct{ Prompt, Answer float64 }

// NewBrain returns a brain that Run starts.
func NewBrain(o BrainOptions) *Brain {
	socket := filepath.Join(o.Dir, "brain.sock")
	return &Brain{o: o, socket: socket, llama: NewLlama(socket), changed: make(chan struct{}), quota: Quota{Tokens: o.Tokens}}
}

// Run keeps the model loaded until ctx ends.
func (b *Brain) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		b.mu.Lock()
		wait, changed := b.paused && b.o.Alone, b.changed
		if wait {
			b.mu.Unlock()
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		living, end := context.WithCancel(ctx)
		server := b.newServer()
		b.server, b.end = server, end
		b.tell()
		b.mu.Unlock()
		server.Run(living)
		end()
		b.mu.Lock()
		b.server, b.end = nil, nil
		b.tell()
		b.mu.Unlock()
	}
	return ctx.Err()
}

func (b *Brain) newServer() *child.Server {
	var server *child.Server
	// -ub bounds how long the server goes on reading a prompt that nobody waits for.
	server = child.NewServer(child.Options{Part: "brain for siblings", Program: b.o.Program, MemoryLimit: b.o.MemoryLimit, Log: b.o.Log,
		Args: []string{"--model", b.o.Model, "--host", b.socket, "--offline", "--no-webui", "-np", "1", "-c", strconv.Itoa(cmp.Or(b.o.Context, 4096)), "--cache-ram", "256",
			"-ub", "128", "-t", strconv.Itoa(max(1, runtime.NumCPU()-1)), "--log-verbosity", "1"},
		Env: []string{"OMP_WAIT_POLICY=passive", "GGML_NO_BACKTRACE=1"}}, func() error {
		if err := os.Remove(b.socket); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a server that was killed
			return err
		}
		return nil
	}, func(ctx context.Context) error { return b.healthy(ctx, server) })
	return server
}

// healthy asks the server how it is, unless it is stopped: then nothing can be said.
func (b *Brain) healthy(ctx context.Context, server *child.Server) error {
	s := server.State()
	b.mu.Lock()
	paused, pauses := b.paused, b.pauses
	if paused && s.Running {
		syscall.Kill(s.PID, syscall.SIGSTOP) // it came up during the pause
	}
	b.mu.Unlock()
	if paused && s.Running {
		return nil
	}
	asked, stop := context.WithTimeout(ctx, time.Second)
	err := b.llama.Healthy(asked)
	stop()
	for err != nil && s.Running && ctx.Err() == nil { // a second is short on a busy board
		b.mu.Lock()
		paused = b.paused || b.pauses != pauses
		b.mu.Unlock()
		if paused {
			return nil
		}
		asked, stop := context.WithTimeout(ctx, time.Second)
		err = b.llama.Healthy(asked)
		stop()
		if !errors.Is(err, context.DeadlineExceeded) {
			break
		}
	}
	return err
}

// tell is called with the lock held.
func (b *Brain) tell() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// Pause stops the work for siblings at once: the box's own household talks to it. Who
// waits is told.
func (b *Brain) Pause() { b.pause(true) }

// Continue goes on with the work for siblings.
func (b *Brain) Continue() { b.pause(false) }

func (b *Brain) pause(paused bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.paused == paused {
		return
	}
	b.paused = paused
	b.pauses++
	switch {
	case b.server == nil:
	case b.o.Alone && paused:
		b.end()
	default:
		if s := b.server.State(); s.Running {
			signal := syscall.SIGSTOP
			if !paused {
				signal = syscall.SIGCONT
			}
			if err := syscall.Kill(s.PID, signal); err != nil {
				b.o.Log.Warn("brain for siblings is not stopped", "err", err)
			}
		}
	}
	b.tell()
}

// State says how the child is.
func (b *Brain) State() child.State {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.server == nil {
		return child.State{}
	}
	return b.server.State()
}

// Busy says how many requests run or wait, whether they are paused, what was measured,
// and which prompts' beginnings were read.
func (b *Brain) Busy() (queue int, paused bool, speed Speed, warm []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.quota.Len(), b.paused, b.speed, slices.Clone(b.warm)
}

// Serve answers siblings on a host until ctx ends.
func (b *Brain) Serve(ctx context.Context, h host.Host, siblings func() []peer.ID) {
	h.SetStreamHandler(askProtocol, func(s network.Stream) {
		from := s.Conn().RemotePeer()
		if ctx.Err() != nil || !slices.Contains(siblings(), from) {
			s.Reset()
			return
		}
		b.answer(ctx, s, from)
	})
	context.AfterFunc(ctx, func() { h.RemoveStreamHandler(askProtocol) })
}

// wire writes frames; the pause and the pieces come from two goroutines.
type wire struct {
	mu     sync.Mutex
	stream network.Stream
}

func (w *wire) send(kind byte, data []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stream.SetWriteDeadline(time.Now().Add(frameWait))
	return writeFrame(w.stream, frame{kind, data})
}

func (w *wire) say(kind byte, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.send(kind, data)
}

// answer serves one stream.
func (b *Brain) answer(ctx context.Context, s network.Stream, from peer.ID) {
	defer s.Close()
	w := &wire{stream: s}
	fresh := make([]byte, challenge)
	rand.Read(fresh) // never fails
	s.SetDeadline(time.Now().Add(requestWait))
	if _, err := s.Write(fresh); err != nil {
		s.Reset()
		return
	}
	q, err := readRequest(s)
	if err == nil && !bytes.Equal(q.Challenge, fresh) {
		err = errors.New("request was recorded on another stream")
	}
	if err != nil {
		b.o.Log.Warn("request of a sibling is refused", "from", from.ShortString(), "err", err)
		w.send(frameFailed, []byte("the request is not understood"))
		return
	}
	s.SetReadDeadline(time.Time{})
	ctx, stop := context.WithTimeout(ctx, q.Lives)
	defer stop()
	go func() { // whoever closes the stream does not want the answer
		s.Read(make([]byte, 1))
		stop()
	}()
	turn, before, after := b.quota.Enter(from, time.Now())
	if turn == nil {
		w.send(frameBusy, binary.BigEndian.AppendUint32(nil, uint32(math.Ceil(after.Seconds()))))
		return
	}
	began := time.Time{}
	defer func() {
		took := time.Duration(0)
		if !began.IsZero() {
			took = time.Since(began)
		}
		turn.Leave(took)
	}()
	if before > 0 {
		w.send(frameWaiting, binary.BigEndian.AppendUint16(nil, uint16(before)))
	}
	var watching sync.WaitGroup
	watching.Go(func() { b.tellPauses(ctx, w) })
	defer watching.Wait()
	defer stop()
	select {
	case <-turn.Now:
	case <-ctx.Done():
		return
	}
	began = time.Now()
	guess, written := q.size(), 0
	turn.Spend(guess, began)
	done, err := b.run(ctx, w, q, func() { written++ })
	stop()
	if err == nil { // else what was read of the prompt is not known
		turn.Spend(done.Read+done.Written-guess, time.Now())
	} else {
		turn.Spend(written, time.Now())
	}
	watching.Wait() // no "paused" after the end
	switch {
	case errors.Is(err, errOther):
		w.send(frameOther, nil)
	case err != nil:
		b.o.Log.Info("request of a sibling ended", "from", from.ShortString(), "err", err)
		w.send(frameFailed, []byte(cut("the brain could not answer: "+err.Error())))
	default:
		b.learn(q, done)
		w.say(frameDone, done)
	}
}

func cut(s string) string { return strings.ToValidUTF8(s[:min(len(s), 500)], "") }

var errOther = errors.New("token ids are of another tokenizer")

// size is about how many tokens a model must read.
func (q request) size() int {
	n := len(q.Resume.Text)
	for _, m := range q.Messages {
		n += len(m.Content)
	}
	return n/4 + len(q.Resume.Tokens)
}

// run answers a request; each is called with each piece.
func (b *Brain) run(ctx context.Context, w *wire, q request, each func()) (Done, error) {
	if err := b.ready(ctx); err != nil {
		return Done{}, err
	}
	b.mu.Lock()
	tokenizer := b.tokenizer
	b.mu.Unlock()
	if tokenizer == "" {
		var err error
		if tokenizer, err = b.llama.Tokenizer(ctx); err != nil {
			return Done{}, err
		}
		b.mu.Lock()
		b.tokenizer = tokenizer
		b.mu.Unlock()
	}
	if len(q.Resume.Tokens) > 0 && q.Resume.Tokenizer != tokenizer {
		return Done{}, errOther
	}
	if err := w.say(frameAccepted, Accepted{filepath.Base(b.o.Model), tokenizer}); err != nil {
		return Done{}, err
	}
	return b.llama.Complete(ctx, q.Prompt, q.Resume, func(p Piece) error {
		each()
		if q.Sure && p.Sure > 0 {
			f := sureFrame(p.Sure)
			if err := w.send(f.kind, f.data); err != nil {
				return err
			}
		}
		f := pieceFrame(p)
		return w.send(f.kind, f.data)
	})
}

// ready waits until the brain is not paused and serves.
func (b *Brain) ready(ctx context.Context) error {
	for {
		b.mu.Lock()
		server, paused, changed := b.server, b.paused, b.changed
		b.mu.Unlock()
		if server != nil && !paused {
			return server.Serving(ctx)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tellPauses tells the asker of pauses until ctx ends.
func (b *Brain) tellPauses(ctx context.Context, w *wire) {
	told := false
	for {
		b.mu.Lock()
		paused, changed := b.paused, b.changed
		b.mu.Unlock()
		if paused != told {
			kind := byte(frameResumed)
			if paused {
				kind = framePaused
			}
			if w.send(kind, nil) != nil {
				return
			}
			told = paused
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// learn takes the speed of an answer, and that its prompt's beginning is warm.
func (b *Brain) learn(q request, d Done) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d.Read >= 16 && d.ReadMS > 0 {
		b.speed.Prompt = mean(b.speed.Prompt, 1000*float64(d.Read)/d.ReadMS)
	}
	if d.Written >= 4 && d.WriteMS > 0 {
		b.speed.Answer = mean(b.speed.Answer, 1000*float64(d.Written)/d.WriteMS)
	}
	b.warm = []string{WarmID(q.Prompt)} // one slot: the last prompt's
}

func mean(old, now float64) float64 {
	if old == 0 {
		return now
	}
	return (3*old + now) / 4
}

// WarmID is the id of a prompt's beginning: its first message.
func WarmID(p Prompt) string {
	if len(p.Messages) == 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(p.Messages[0].Role + "\x00" + p.Messages[0].Content))
	return hex.EncodeToString(sum[:8])
}
