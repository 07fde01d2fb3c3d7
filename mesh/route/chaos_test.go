package route

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cricket-home/cricket/mesh/state"
	"github.com/cricket-home/cricket/voice/voicetest"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

const chaosBox = "CRICKET_CHAOS_BOX" // model file and the asker's id, with a blank between

// TestChaosBox is a box of its own process, which TestChaos starts, stops, freezes and kills.
func TestChaosBox(t *testing.T) {
	model, asker, ok := strings.Cut(os.Getenv(chaosBox), " ")
	if !ok {
		return
	}
	id, err := peer.Decode(asker)
	if err != nil {
		t.Fatal(err)
	}
	siblings := func() []peer.ID { return []peer.ID{id} }
	h := box(t)
	dir, err := os.MkdirTemp("", "cricket-chaos-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	log := slog.New(slog.DiscardHandler)
	n, err := state.NewNode(h, siblings, log)
	if err != nil {
		t.Fatal(err)
	}
	b := NewBrain(BrainOptions{Program: voicetest.Program(t, "llama-server"), Model: model, Dir: dir, Context: 2048, Tokens: 1 << 20, Log: log})
	ctx, stop := context.WithCancel(t.Context())
	b.Serve(ctx, h, siblings)
	go n.Run(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); b.Run(ctx) }()
	(&brain{Brain: b}).serving(t)
	fmt.Println("box", h.ID(), h.Addrs()[0])
	io.Copy(io.Discard, os.Stdin) // until the parent is gone
	stop()
	<-ended
}

// link is the only way between the asker and a box: it can be cut, and made slow.
type link struct {
	listener net.Listener
	to       string
	cut      atomic.Bool
	rate     atomic.Int64 // bytes a second each way; 0: all that goes
	delay    atomic.Int64 // of each portion, ns
}

func newLink(t *testing.T, to string) *link {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	k := &link{listener: l, to: to}
	go func() {
		for {
			a, err := l.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("tcp", to)
			if err != nil {
				a.Close()
				continue
			}
			go k.carry(a, b)
			go k.carry(b, a)
		}
	}()
	return k
}

// carry is one direction. What comes while the link is cut comes when it is whole again, as
// TCP sends it once more.
func (k *link) carry(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	portion := make([]byte, 8<<10)
	for {
		n, err := from.Read(portion)
		time.Sleep(time.Duration(k.delay.Load()))
		if rate := k.rate.Load(); rate > 0 {
			time.Sleep(time.Duration(int64(n) * int64(time.Second) / rate))
		}
		for k.cut.Load() {
			time.Sleep(5 * time.Millisecond)
		}
		if _, failed := to.Write(portion[:n]); err != nil || failed != nil {
			return
		}
	}
}

// faraway is a box in a process of its own, behind a link.
type faraway struct {
	id      peer.ID
	at      ma.Multiaddr // this end of the link
	process *exec.Cmd
	link    *link
}

func startFaraway(t *testing.T, asker host.Host, model string) *faraway {
	t.Helper()
	f := &faraway{process: exec.Command(os.Args[0], "-test.run=^TestChaosBox$", "-test.timeout=30m")}
	f.process.Env = append(os.Environ(), chaosBox+"="+model+" "+asker.ID().String())
	f.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	_, err := f.process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := f.process.StdoutPipe()
	if err == nil {
		err = f.process.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.kill)
	var id, at string
	for lines := bufio.NewScanner(out); at == "" && lines.Scan(); {
		fmt.Sscanf(lines.Text(), "box %s %s", &id, &at)
	}
	if f.id, err = peer.Decode(id); err != nil {
		t.Fatalf("a box of its own process does not start: %v", err)
	}
	address, err := ma.NewMultiaddr(at)
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := manet.ToNetAddr(address)
	if err != nil {
		t.Fatal(err)
	}
	f.link = newLink(t, tcp.String())
	if f.at, err = manet.FromNetAddr(f.link.listener.Addr()); err != nil {
		t.Fatal(err)
	}
	if err := asker.Connect(t.Context(), peer.AddrInfo{ID: f.id, Addrs: []ma.Multiaddr{f.at}}); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *faraway) kill()                   { f.process.Process.Kill(); f.process.Wait() }
func (f *faraway) signal(s syscall.Signal) { f.process.Process.Signal(s) }

// Boxes in processes of their own, each with a llama-server: in the middle of an answer one is
// killed, frozen, cut off, or its link becomes slow. What was heard stays and comes once, the
// other box goes on, and whoever comes back is a sibling again. CRICKET_KILLS is how often each;
// make mesh-chaos does more. Nothing is decided by the time: the gaps are reported.
func TestChaos(t *testing.T) {
	rounds, _ := strconv.Atoi(os.Getenv("CRICKET_KILLS"))
	rounds = max(1, rounds/10)
	voicetest.Program(t, "llama-server")
	model, asker := plainModel(t), box(t)
	var paired []peer.ID
	var known atomic.Pointer[[]peer.ID]
	known.Store(&paired)
	node, err := state.NewNode(asker, func() []peer.ID { return *known.Load() }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); node.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	begin := func() *faraway {
		f := startFaraway(t, asker, model)
		all := append(slices.Clone(*known.Load()), f.id)
		known.Store(&all)
		return f
	}
	becomes := func(f *faraway, is func(state.Vital) bool) {
		t.Helper()
		late := time.After(time.Minute)
		for {
			changed := node.Changed()
			if is(node.Vital(f.id)) {
				return
			}
			select {
			case <-changed:
			case <-time.After(time.Second): // a connection that was silent for long may be gone; the mesh dials again
				if asker.Network().Connectedness(f.id) != network.Connected {
					asker.Connect(t.Context(), peer.AddrInfo{ID: f.id, Addrs: []ma.Multiaddr{f.at}})
				}
			case <-late:
				t.Fatalf("the box stays %s", node.Vital(f.id))
			}
		}
	}
	alive := func(v state.Vital) bool { return v == state.Alive }
	first, second := begin(), begin()
	for _, c := range []struct {
		name     string
		do, undo func()
		survives bool // the box goes on with the answer itself
	}{
		{"killed", func() { first.kill() }, func() { first = begin() }, false},
		{"frozen", func() { first.signal(syscall.SIGSTOP) }, func() { first.signal(syscall.SIGCONT) }, false},
		{"cut off", func() { first.link.cut.Store(true) }, func() { first.link.cut.Store(false) }, false},
		{"on a link of 10 Mbit/s and 100 ms", func() { first.link.rate.Store(10e6 / 8); first.link.delay.Store(int64(100 * time.Millisecond)) },
			func() { first.link.rate.Store(0); first.link.delay.Store(0) }, true},
	} {
		var gaps []time.Duration
		for round := 0; len(gaps) < rounds; round++ {
			if round > 5*rounds+20 {
				t.Fatalf("%s: only %d of %d times in the middle of an answer", c.name, len(gaps), round)
			}
			becomes(first, alive)
			becomes(second, alive)
			sent := map[peer.ID]*[]int{first.id: {}, second.id: {}}
			a := NewAsker(func(c Choice) counted { return counted{&Sibling{Host: asker, ID: c.ID, Node: node}, sent[c.ID]} })
			at, heard, text := 1+rand.IntN(20), 0, ""
			var since, gap time.Duration
			began := time.Now()
			p := story(round)
			p.Tokens = 400
			limit, end := context.WithTimeout(t.Context(), time.Minute)
			answer, err := a.Ask(limit, p, []Choice{{ID: first.id}, {ID: second.id}}, func(p Piece) error {
				if p.Restart {
					return errors.New("what was heard is taken back")
				}
				now := time.Since(began)
				if heard++; heard > at {
					gap = max(gap, now-since)
				}
				if since, text = now, text+p.Text; heard == at {
					c.do()
				}
				return nil
			})
			end()
			if errors.Is(err, ErrNobody) { // on a loaded machine the other box was not heard for so long, too
				t.Logf("%s at %d: %v", c.name, at, err)
				c.undo()
				continue
			}
			if err != nil {
				t.Fatalf("%s at %d: %v", c.name, at, err)
			}
			if text != answer.Text || len(answer.Tokens) != 400 || !slices.Equal(answer.Tokens, append(slices.Clone(*sent[first.id]), *sent[second.id]...)) {
				t.Fatalf("%s at %d: heard %q, which is not %q", c.name, at, text, answer.Text)
			}
			c.undo()
			if by := answer.By; (by == first.id) == c.survives {
				gaps = append(gaps, gap)
			}
		}
		slices.Sort(gaps)
		t.Logf("%s: %d times; the longest silence: median %v, 95th percentile %v, longest %v", c.name, len(gaps), gaps[len(gaps)/2], gaps[len(gaps)*95/100], gaps[len(gaps)-1])
	}
	becomes(first, alive)
}
