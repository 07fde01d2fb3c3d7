package weights

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

func newHost(tb testing.TB) host.Host {
	tb.Helper()
	h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.Transport(tcp.NewTCPTransport), libp2p.Security(noise.ID, noise.New), libp2p.DisableRelay())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { h.Close() })
	return h
}

// shelf is the models of a box in a test.
type shelf struct {
	dir string

	mu    sync.Mutex
	whole map[string]string
	begun map[string]int64

	prompts map[string]Prompt // does not change while boxes talk
}

func (s *shelf) Prompt(key string) (Prompt, bool) {
	p, ok := s.prompts[key]
	return p, ok
}

func (s *shelf) Whole(sum string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.whole[sum]
}

func (s *shelf) Begun(sum string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun[sum]
}

// put makes a file part of the shelf, under its hash.
func (s *shelf) put(tb testing.TB, data []byte) {
	tb.Helper()
	path := filepath.Join(s.dir, "model.gguf")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whole[sumOf(data)] = path
}

func sumOf(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

func content(size int) []byte {
	data := make([]byte, size)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(data)
	return data
}

// box is a box in a test.
type box struct {
	*Node
	shelf *shelf
}

// paired starts boxes all of which know each other. They have little patience.
func paired(tb testing.TB, n int) []box {
	tb.Helper()
	var hosts []host.Host
	for range n {
		hosts = append(hosts, newHost(tb))
	}
	slices.SortFunc(hosts, func(a, b host.Host) int { return bytes.Compare([]byte(a.ID()), []byte(b.ID())) })
	var out []box
	for i, h := range hosts {
		siblings := func() (ids []peer.ID) {
			for k, other := range hosts {
				if k != i {
					ids = append(ids, other.ID())
				}
			}
			return ids
		}
		s := &shelf{dir: tb.TempDir(), whole: map[string]string{}, begun: map[string]int64{}}
		node := NewNode(h, siblings, peer.ID.ShortString, s, slog.New(slog.DiscardHandler))
		node.timing = timing{ask: 5 * time.Second, list: 20 * time.Second, stall: 2 * time.Second, gather: 300 * time.Millisecond, again: 10 * time.Millisecond,
			idle: 5 * time.Second, poll: 10 * time.Millisecond, slow: 2 * time.Second, bad: time.Hour}
		out = append(out, box{node, s})
		for _, other := range hosts[:i] {
			if err := h.Connect(tb.Context(), peer.AddrInfo{ID: other.ID(), Addrs: other.Addrs()}); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return out
}

// take reads a file from siblings.
func (b box) take(ctx context.Context, sum string, size, from int64) ([]byte, error) {
	body, total, err := b.Open(ctx, sum, size, from)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err == nil && from+int64(len(data)) != total {
		err = errors.New("it ends too early")
	}
	return data, err
}

// liar has another file than it says, or none, and does not keep to what was agreed.
type liar struct {
	data []byte
	list []byte // of which the list is made; nil: data
	how  string

	mu    sync.Mutex
	given int // chunks
}

func (l *liar) on(h host.Host) {
	h.SetStreamHandler(Protocol, func(s network.Stream) {
		defer s.Reset()
		for {
			var q question
			if readFrame(s, &q) != nil {
				return
			}
			switch q.Ask {
			case askState:
				writeFrame(s, answer{State: whole})
			case askList:
				t := tree(slices.Concat(l.list, l.data[len(l.list):]))
				switch l.how {
				case "its list never comes":
					for writeFrame(s, answer{Wait: true}) == nil {
					}
					return
				case "its list is silence":
					io.Copy(io.Discard, s)
					return
				case "its list is of another size":
					t.Size -= Chunk
					t.Leaves = t.Leaves[1:]
				case "its list is too long":
					writeFrame(s, answer{State: whole, Size: 1 << 60, Bytes: 1 << 50})
					return
				}
				writeFrame(s, answer{State: whole, Size: t.Size, Bytes: 32 * len(t.Leaves)})
				for _, x := range t.Leaves {
					s.Write(x[:])
				}
			case askChunk:
				l.mu.Lock()
				l.given++
				given := l.given
				l.mu.Unlock()
				size := Tree{Size: int64(len(l.data))}.length(q.Chunk)
				data := l.data[q.Chunk*Chunk:][:size]
				switch {
				case l.how == "it has no time":
					writeFrame(s, answer{Later: true})
					continue
				case l.how == "it has none after all":
					writeFrame(s, answer{})
					continue
				case l.how == "it stalls" && given > 1:
					writeFrame(s, answer{State: whole, Bytes: size})
					s.Write(data[:size/2])
					io.Copy(io.Discard, s)
					return
				case l.how == "it dies" && given > 1:
					writeFrame(s, answer{State: whole, Bytes: size})
					s.Write(data[:size/2])
					go s.Conn().Close()
					return
				case l.how == "it sends more than was asked for":
					writeFrame(s, answer{State: whole, Bytes: 1 << 30})
				default:
					writeFrame(s, answer{State: whole, Bytes: size})
				}
				s.Write(data)
			}
		}
	})
}

func tree(data []byte) (t Tree) {
	t.Size = int64(len(data))
	for c := range slices.Chunk(data, Chunk) {
		t.Leaves = append(t.Leaves, leaf(c))
	}
	return t
}

// A file comes whole from any siblings of which one is honest, whatever the others do; and
// who sent other bytes than it promised is not asked again.
func TestFileComesWhateverOthersDo(t *testing.T) {
	data := content(5*Chunk + 12345)
	spoilt := slices.Clone(data)
	for i := 0; i < len(spoilt); i += Chunk {
		spoilt[i] ^= 1
	}
	for _, c := range []struct {
		how    string
		data   []byte
		list   []byte
		barred bool // from this file at least
	}{
		{how: "it is honest", data: data},
		{how: "it stalls", data: data},
		{how: "it dies", data: data},
		{how: "it has no time", data: data},
		{how: "it has none after all", data: data, barred: true},
		{how: "it sends other bytes than its list says", data: spoilt, list: data, barred: true},
		{how: "it sends more than was asked for", data: data, barred: true},
		{how: "its list never comes", data: data, barred: true},
		{how: "its list is silence", data: data},
		{how: "its list is of another size", data: data, barred: true},
		{how: "its list is too long", data: data, barred: true},
	} {
		t.Run(c.how, func(t *testing.T) {
			boxes := paired(t, 3)
			asker, honest, other := boxes[0], boxes[1], boxes[2]
			honest.shelf.put(t, data)
			(&liar{data: c.data, list: c.list, how: c.how}).on(other.host)
			got, err := asker.take(t.Context(), sumOf(data), int64(len(data)), 0)
			if err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%d bytes of %d, %v", len(got), len(data), err)
			}
			if c.barred && asker.trusted(other.host.ID(), sumOf(data)) {
				t.Error("it would be asked again")
			}
			if !asker.trusted(honest.host.ID(), sumOf(data)) {
				t.Error("the honest one is not asked any more")
			}
		})
	}
}

// A list that agrees with its bytes and not with the file is found out by the hash of the
// whole; its sibling is not asked for that file again, and another one is.
func TestConsistentLie(t *testing.T) {
	data, lie := content(2*Chunk), content(2*Chunk)
	lie[Chunk] ^= 1
	boxes := paired(t, 3)
	asker, honest, other := boxes[0], boxes[1], boxes[2]
	(&liar{data: lie}).on(other.host)
	sum := sumOf(data)
	got, err := asker.take(t.Context(), sum, 0, 0)
	if err != nil || !bytes.Equal(got, lie) {
		t.Fatalf("it is the only one that says it has it: %v", err)
	}
	asker.Wrong(sum)
	if _, err := asker.take(t.Context(), sum, 0, 0); !errors.Is(err, ErrNowhere) {
		t.Errorf("%v, and nobody has it that is believed", err)
	}
	honest.shelf.put(t, data)
	if got, err := asker.take(t.Context(), sum, 0, 0); err != nil || !bytes.Equal(got, data) {
		t.Error(err)
	}
}

// What is there is not asked for again, at whatever byte a pull was killed.
func TestGoesOnAtAnyByte(t *testing.T) {
	data := content(2*Chunk + 5)
	boxes := paired(t, 2)
	boxes[1].shelf.put(t, data)
	for _, from := range []int{0, 1, Chunk - 1, Chunk, Chunk + 1, 2 * Chunk, 2*Chunk + 4, len(data)} {
		got, err := boxes[0].take(t.Context(), sumOf(data), int64(len(data)), int64(from))
		if err != nil || !bytes.Equal(got, data[from:]) {
			t.Errorf("from %d: %d bytes, %v", from, len(got), err)
		}
	}
}

// A file that rotted on the disk is not given away, though it was verified once.
func TestRottenFileIsNotGiven(t *testing.T) {
	data := content(Chunk)
	boxes := paired(t, 2)
	boxes[1].shelf.put(t, data)
	if err := os.WriteFile(boxes[1].shelf.Whole(sumOf(data)), content(Chunk-1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := boxes[0].take(t.Context(), sumOf(data), 0, 0); !errors.Is(err, ErrNowhere) {
		t.Errorf("%v", err)
	}
}

// Nobody but a paired box is told anything.
func TestStrangerIsToldNothing(t *testing.T) {
	data := content(10)
	boxes := paired(t, 2)
	boxes[1].shelf.put(t, data)
	stranger := newHost(t)
	if err := stranger.Connect(t.Context(), peer.AddrInfo{ID: boxes[1].host.ID(), Addrs: boxes[1].host.Addrs()}); err != nil {
		t.Fatal(err)
	}
	asker := NewNode(stranger, func() []peer.ID { return []peer.ID{boxes[1].host.ID()} }, peer.ID.ShortString, &shelf{}, slog.New(slog.DiscardHandler))
	if a, err := asker.question(t.Context(), boxes[1].host.ID(), question{Ask: askState, File: sumOf(data)}); err == nil {
		t.Errorf("it is told %+v", a)
	}
}

// While a household talks to its box, that box sends no chunk.
func TestVoiceComesFirst(t *testing.T) {
	data := content(2 * Chunk)
	boxes := paired(t, 2)
	boxes[1].shelf.put(t, data)
	if _, err := boxes[0].take(t.Context(), sumOf(data), 0, 0); err != nil { // its list is made
		t.Fatal(err)
	}
	boxes[1].Pause()
	if got, err := boxes[0].take(t.Context(), sumOf(data), 0, 0); !errors.Is(err, errIdle) || len(got) > 0 {
		t.Errorf("%d bytes came, %v", len(got), err)
	}
	boxes[1].Continue()
	if got, err := boxes[0].take(t.Context(), sumOf(data), 0, 0); err != nil || !bytes.Equal(got, data) {
		t.Error(err)
	}
}

// Four boxes want a file at once that nobody has: one fetches it from outside, and when it is
// killed at that another one. The rest is told that it is there.
func TestOneOfTheHomeFetches(t *testing.T) {
	data := content(100)
	boxes := paired(t, 4)
	type turn struct {
		box
		has  bool
		done func()
	}
	turns := make(chan turn)
	for _, b := range boxes {
		go func() {
			has, done, err := b.Turn(t.Context(), sumOf(data), int64(len(data)), func(string) {})
			if err != nil {
				t.Error(err)
			}
			turns <- turn{b, has, done}
		}()
	}
	first := <-turns
	if first.has {
		t.Fatal("nobody has it")
	}
	if _, _, err := first.Turn(t.Context(), sumOf(data), 0, nil); !errors.Is(err, ErrFetching) {
		t.Errorf("a second pull on one box: %v", err)
	}
	first.done() // it was killed
	second := <-turns
	if second.has {
		t.Fatal("nobody has it")
	}
	second.shelf.put(t, data)
	second.done()
	for range 2 {
		if third := <-turns; !third.has {
			t.Error("a box fetches what a sibling has")
		}
	}
}

// A sibling that says that it fetches a file, and does not get on, is not waited for.
func TestWhoDoesNotGetOnIsNotWaitedFor(t *testing.T) {
	for _, a := range []answer{{State: fetching}, {State: fetching, Done: 1 << 40}, {State: wanting}, {State: "nonsense"}} {
		boxes := paired(t, 2)
		boxes[0].host.SetStreamHandler(Protocol, func(s network.Stream) {
			defer s.Reset()
			var q question
			if readFrame(s, &q) == nil {
				writeFrame(s, a)
				io.Copy(io.Discard, s)
			}
		})
		boxes[1].timing.slow = 100 * time.Millisecond
		has, done, err := boxes[1].Turn(t.Context(), sumOf(nil), 1<<30, func(string) {})
		if err != nil || has {
			t.Errorf("%+v: %v %v", a, has, err)
			continue
		}
		done()
	}
}

// MB/s on this machine, both ends and the disk included, beside a plain copy over TCP.
func BenchmarkTake(b *testing.B) {
	data := content(64 * Chunk)
	for _, siblings := range []int{1, 2} {
		b.Run(map[int]string{1: "one source", 2: "two sources"}[siblings], func(b *testing.B) {
			boxes := paired(b, siblings+1)
			for _, s := range boxes[1:] {
				s.shelf.put(b, data)
			}
			boxes[0].timing = usual
			if _, err := boxes[0].take(b.Context(), sumOf(data), 0, 0); err != nil { // lists are made once
				b.Fatal(err)
			}
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				body, _, err := boxes[0].Open(b.Context(), sumOf(data), 0, 0)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("plain TCP", func(b *testing.B) { copyTCP(b, data) })
}
