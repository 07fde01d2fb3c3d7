package split

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"

	"github.com/cricket-home/cricket/internal/cell"
	"github.com/cricket-home/cricket/mesh/route"
	"github.com/cricket-home/cricket/models/random"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// The test is the program that becomes a cell, too.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == cell.Verb {
		code, err := cell.Main(os.Args[2])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 3
		}
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// plainModel writes a GGUF with random weights that speaks printable characters only, each a
// token.
func plainModel(tb testing.TB) string {
	tb.Helper()
	shape := random.LlamaShape{Ctx: 2048, State: 256, Head: 4, Layer: 4, Feed: 512}
	var b bytes.Buffer
	if err := random.Llama(&b, shape, 1); err != nil {
		tb.Fatal(err)
	}
	const special, vocabulary = 259, 354 // control tokens and bytes come first
	output := b.Bytes()[b.Len()-vocabulary*shape.State*2:]
	clear(output[:special*shape.State*2]) // rows of the last matrix: they are never the likeliest
	file := filepath.Join(tb.TempDir(), "plain.gguf")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

func engine(tb testing.TB) Engine {
	tb.Helper()
	e, err := FindEngine(voicetest.Program(tb, "llama-server"))
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// box is a box in a test, and its siblings are all others.
type box struct {
	*Node
	host host.Host
}

// home starts boxes that are connected with the first one, which has not much patience.
func home(tb testing.TB, names ...string) []box {
	tb.Helper()
	e := engine(tb)
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	called := map[peer.ID]string{}
	var out []box
	for _, name := range names {
		h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.Transport(tcp.NewTCPTransport), libp2p.Security(noise.ID, noise.New), libp2p.DisableRelay())
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { h.Close() })
		called[h.ID()] = name
		dir, err := os.MkdirTemp("", "cricket-split-") // a unix socket's path is short
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { os.RemoveAll(dir) })
		siblings := func() (ids []peer.ID) {
			for id := range called {
				ids = append(ids, id)
			}
			return ids
		}
		log := slog.New(slog.DiscardHandler)
		if testing.Verbose() {
			log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With("box", name)
		}
		out = append(out, box{NewNode(Options{Host: h, Siblings: siblings, Name: func(id peer.ID) string { return called[id] }, Engine: e, Self: self,
			Dir: dir, Cache: filepath.Join(dir, "cache"), Free: func() int64 { return 0 }, Log: log}), h})
	}
	for _, other := range out[1:] {
		if err := out[0].host.Connect(tb.Context(), peer.AddrInfo{ID: other.host.ID(), Addrs: other.host.Addrs()}); err != nil {
			tb.Fatal(err)
		}
	}
	return out
}

func say(tb testing.TB, socket string) string {
	tb.Helper()
	ctx, stop := context.WithTimeout(tb.Context(), time.Minute)
	defer stop()
	var said strings.Builder
	p := route.Prompt{Messages: []route.Message{{Role: "user", Content: "Is the back door closed?"}}, Tokens: 24}
	if _, err := route.NewLlama(socket).Complete(ctx, p, route.Resume{}, func(p route.Piece) error { said.WriteString(p.Text); return nil }); err != nil {
		tb.Fatal(err)
	}
	return said.String()
}

// The kitchen has no room for the model; with the attic and the cellar it has.
func TestAModelOnThreeBoxesSaysWhatItSaysAlone(t *testing.T) {
	model := plainModel(t)
	boxes := home(t, "Kitchen", "Attic", "Cellar")
	kitchen, attic, cellar := boxes[0], boxes[1], boxes[2]
	attic.Lend(reserve + 3<<20)
	cellar.Lend(reserve + 3<<20)

	alone, err := kitchen.run(t.Context(), Order{Model: model}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := say(t, alone.Socket)
	alone.Stop()

	r, err := kitchen.Begin(t.Context(), Order{Model: model, Siblings: []peer.ID{attic.host.ID(), cellar.host.ID()}, Free: reserve + 2<<20, Tell: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	if got := say(t, r.Socket); got != want || len(want) < 20 {
		t.Errorf("the three say %q, one alone %q", got, want)
	}
	var lent int64
	for _, s := range r.Shares {
		if s.Layers == 0 {
			t.Errorf("%s holds nothing", s.Name)
		}
		lent += s.Bytes
	}
	if r.Sent() < lent {
		t.Errorf("%d bytes went through the tunnels, and the layers have %d", r.Sent(), lent)
	}
	t.Logf("%d bytes of layers, %d sent, %d received, %.0f tokens/s", lent, r.Sent(), r.Received(), r.Speed)
	r.Stop()
	if err := r.Err(); err != nil {
		t.Errorf("it was stopped, and says %v", err)
	}
}

func refused(tb testing.TB, err error, because string) {
	tb.Helper()
	if r, ok := errors.AsType[*Refusal](err); !ok || !strings.Contains(r.Why, because) {
		tb.Errorf("it says %v, not that %s", err, because)
	}
}

// A sibling that is known to write a million tokens a second needs no help.
func TestASplitThatIsSlowerThanOneBoxIsRefused(t *testing.T) {
	boxes := home(t, "Kitchen", "Attic")
	kitchen, attic := boxes[0], boxes[1]
	attic.Lend(reserve + 8<<20)
	order := Order{Model: plainModel(t), Siblings: []peer.ID{attic.host.ID()}, Free: reserve + 2<<20, Alone: []Speed{{"Cellar", 1e6}}}
	_, err := kitchen.Begin(t.Context(), order)
	refused(t, err, "Cellar alone writes 1000000.0 tokens a second, and the boxes together ")

	order.Alone = nil // and the memory was given back
	r, err := kitchen.Begin(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	r.Stop()
}

// What the box measures of itself counts as well: a model that fits is measured alone.
func TestAModelThatFitsIsMeasuredAloneFirst(t *testing.T) {
	boxes := home(t, "Kitchen", "Attic")
	kitchen, attic := boxes[0], boxes[1]
	attic.Lend(1 << 30)
	var told []string
	r, err := kitchen.Begin(t.Context(), Order{Model: plainModel(t), Siblings: []peer.ID{attic.host.ID()}, Free: 1 << 30, Tell: func(line string) { told = append(told, line) }})
	if err == nil { // which of the two is faster is this machine's affair
		r.Stop()
	} else {
		refused(t, err, "this box alone writes ")
	}
	if text := strings.Join(told, "\n"); !strings.Contains(text, "measured alone first") {
		t.Errorf("it says\n%s", text)
	}
}

func TestWhatASplitIsRefusedFor(t *testing.T) {
	const mib = 1 << 20
	offer := func(change func(*Offer)) []Offer {
		o := Offer{ID: "attic", Name: "Attic", Build: "b1", Lends: reserve + 60*mib, RoundTrip: time.Millisecond}
		change(&o)
		return []Offer{o}
	}
	layers := []int64{20 * mib, 20 * mib, 20 * mib, 30 * mib}
	for _, test := range []struct {
		name, because string
		free          int64
		offers        []Offer
	}{
		{"far away", "the way to Attic and back takes 5.1 ms, and 5 ms is the most", reserve + 60*mib, offer(func(o *Offer) { o.RoundTrip = 5100 * time.Microsecond })},
		{"another build", "another build of the engine", reserve + 60*mib, offer(func(o *Offer) { o.Build = "b2" })},
		{"lends too little", "lends 256 MiB", reserve + 60*mib, offer(func(o *Offer) { o.Lends = reserve })},
		{"too big for all", "need 90 MiB, and the boxes have 80 MiB", reserve + 20*mib, offer(func(*Offer) {})},
		{"nobody", "no sibling was named", reserve + 90*mib, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Divide(layers, test.free, "b1", test.offers)
			refused(t, err, test.because)
		})
	}
	shares, err := Divide(layers, reserve+45*mib, "b1", offer(func(*Offer) {}))
	if err != nil || shares[0].Layers != 2 || shares[0].Bytes != 50*mib {
		t.Errorf("Divide = %+v, %v; Attic is to hold the last two layers", shares, err)
	}
	if err := worth(9, []Speed{{"this box", 8}, {"Cellar", 9}}); err != nil {
		t.Errorf("as fast as the best box: %v", err)
	}
}

// A round trip is measured on the connection itself: a sibling whose answers take longer is
// refused before any engine starts.
func TestASiblingFarAwayIsRefused(t *testing.T) {
	boxes := home(t, "Kitchen", "Attic")
	kitchen, attic := boxes[0], boxes[1]
	attic.Lend(1 << 30)
	attic.host.SetStreamHandler(Protocol, func(s network.Stream) {
		attic.answer(slow{s})
	})
	_, err := kitchen.Begin(t.Context(), Order{Model: plainModel(t), Siblings: []peer.ID{attic.host.ID()}, Free: reserve + 2<<20})
	refused(t, err, "5 ms is the most that a split model stands")
	if b := attic.Borrower(); b != "" {
		t.Errorf("Attic's memory is lent to %s", b)
	}
}

// slow is a stream on a long way.
type slow struct{ network.Stream }

func (s slow) Write(b []byte) (int, error) {
	time.Sleep(8 * time.Millisecond)
	return s.Stream.Write(b)
}

// What a box lends is for paired boxes that ask rightly, and for one at a time.
func TestMemoryIsNotLentToJustAnybody(t *testing.T) {
	boxes := home(t, "Kitchen", "Attic", "Cellar")
	kitchen, attic, cellar := boxes[0], boxes[1], boxes[2]
	open := func(from box) network.Stream {
		t.Helper()
		from.host.Connect(t.Context(), peer.AddrInfo{ID: attic.host.ID(), Addrs: attic.host.Addrs()})
		s, err := from.host.NewStream(t.Context(), attic.host.ID(), Protocol)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Reset() })
		return s
	}
	borrow := question{Ask: askBorrow, Build: attic.o.Engine.Build, Bytes: 1 << 28}
	_, err := ask(open(kitchen), borrow)
	refused(t, err, "it lends no memory")
	_, err = ask(open(kitchen), question{Ask: askLook})
	refused(t, err, "it lends no memory")
	attic.Lend(1 << 28)
	_, err = ask(open(kitchen), question{Ask: askBorrow, Build: "0000", Bytes: 1})
	refused(t, err, "another build")
	_, err = ask(open(kitchen), question{Ask: askBorrow, Build: borrow.Build, Bytes: 1 << 29})
	refused(t, err, "it lends 256 MiB, and 512 are asked for")
	_, err = ask(open(kitchen), question{Ask: askTunnel})
	refused(t, err, "borrowed nothing")

	if _, err := ask(open(kitchen), borrow); err != nil {
		t.Fatal(err)
	}
	_, err = ask(open(cellar), borrow)
	refused(t, err, "another box has borrowed its memory")
	_, err = ask(open(cellar), question{Ask: askTunnel})
	refused(t, err, "borrowed nothing")
}

// The engine's port is in no network but its own, and the socket's folder is ours alone.
func TestNobodyElseReachesTheEngines(t *testing.T) {
	boxes := home(t, "Kitchen", "Attic")
	kitchen, attic := boxes[0], boxes[1]
	attic.Lend(reserve + 8<<20)
	r, err := kitchen.Begin(t.Context(), Order{Model: plainModel(t), Siblings: []peer.ID{attic.host.ID()}, Free: reserve + 2<<20})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Stop()
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), fmt.Sprintf(":%04X ", rpcPort)) {
			t.Errorf("%s has port %d", file, rpcPort)
		}
	}
	for _, b := range boxes {
		if info, err := os.Stat(b.o.Dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("folder of the sockets: %v, %v", info.Mode(), err)
		}
	}
	say(t, r.Socket) // it does run
}

// A box that dies takes its layers with it. The others learn it at once, and the memory is
// free again for a second try.
func TestABoxThatIsLostEndsTheSplit(t *testing.T) {
	model := plainModel(t)
	for _, test := range []struct {
		name string
		lose func(attic box)
	}{
		{"its connection breaks", func(attic box) { attic.host.Network().ClosePeer(attic.Borrower()) }},
		{"its engine dies", func(attic box) { syscall.Kill(attic.lease.server.State().PID, syscall.SIGKILL) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			boxes := home(t, "Kitchen", "Attic")
			kitchen, attic := boxes[0], boxes[1]
			attic.Lend(reserve + 8<<20)
			r, err := kitchen.Begin(t.Context(), Order{Model: model, Siblings: []peer.ID{attic.host.ID()}, Free: reserve + 2<<20})
			if err != nil {
				t.Fatal(err)
			}
			test.lose(attic)
			<-r.Ended()
			if lost, ok := errors.AsType[*LostError](r.Err()); !ok || lost.Name != "Attic" {
				t.Errorf("it ended since %v; Attic was lost", r.Err())
			}
			if _, err := os.Stat(r.Socket); err == nil {
				if err := route.NewLlama(r.Socket).Healthy(t.Context()); err == nil {
					t.Error("the model answers still")
				}
			}
		})
	}
}

// Layers that a box has received before are in its cache: the second time only their hashes go.
// A cache that has more than is lent is emptied.
func TestLayersTravelOnce(t *testing.T) {
	model := filepath.Join(t.TempDir(), "wide.gguf")
	f, err := os.Create(model)
	if err != nil {
		t.Fatal(err)
	}
	// The engine caches tensors above 10 MiB: three of 12 in each layer.
	if err := random.Llama(f, random.LlamaShape{Ctx: 512, State: 1024, Head: 8, Layer: 2, Feed: 6144}, 1); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	boxes := home(t, "Kitchen", "Attic")
	kitchen, attic := boxes[0], boxes[1]
	attic.Lend(reserve + 60<<20)
	var sent []int64
	for range 2 {
		r, err := kitchen.Begin(t.Context(), Order{Model: model, Siblings: []peer.ID{attic.host.ID()}, Free: reserve + 60<<20})
		if err != nil {
			t.Fatal(err)
		}
		if r.Sent() < r.Shares[0].Bytes && len(sent) == 0 {
			t.Errorf("%d bytes were sent, and the layers have %d", r.Sent(), r.Shares[0].Bytes)
		}
		sent = append(sent, r.Sent())
		r.Stop()
	}
	t.Logf("%d bytes were sent, and then %d", sent[0], sent[1])
	if sent[1] > sent[0]-3*12<<20 {
		t.Errorf("%d bytes were sent, and then %d: the layers went twice", sent[0], sent[1])
	}
	if err := tidy(attic.o.Cache, 1<<20); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(attic.o.Cache); err != nil || len(left) != 0 {
		t.Errorf("a cache that is too big has %v, %v", left, err)
	}
}

// A sibling that borrows out its memory and then does not carry what the engine says is lost, and
// so is one that goes while the layers travel; nothing answers then.
func TestASiblingThatDiesInTheMiddleIsLost(t *testing.T) {
	model := plainModel(t)
	for name, tunnel := range map[string]func(s network.Stream){
		"it opens no tunnel": func(s network.Stream) { s.Reset() },
		"it sends rubbish": func(s network.Stream) {
			writeFrame(s, answer{})
			s.Write(bytes.Repeat([]byte("rubbish "), 100))
			s.Close()
		},
		"it goes at the start": func(s network.Stream) { s.Conn().Close() },
	} {
		t.Run(name, func(t *testing.T) {
			boxes := home(t, "Kitchen", "Attic")
			kitchen, attic := boxes[0], boxes[1]
			attic.Lend(reserve + 8<<20)
			attic.host.SetStreamHandler(Protocol, func(s network.Stream) {
				defer s.Reset()
				for {
					var q question
					if readFrame(s, &q) != nil {
						return
					}
					if q.Ask == askTunnel {
						tunnel(s)
						return
					}
					if writeFrame(s, answer{Build: attic.o.Engine.Build, Lends: 1 << 30}) != nil {
						return
					}
				}
			})
			if r, err := kitchen.Begin(t.Context(), Order{Model: model, Siblings: []peer.ID{attic.host.ID()}, Free: reserve + 2<<20}); err == nil {
				r.Stop()
				t.Error("it is split with a box that carries nothing")
			} else {
				t.Log(err)
			}
		})
	}
}
