package llm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mesh/weights"
	"github.com/cricket-home/cricket/models/random"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// given is a sibling in a test: what it writes for a prompt.
type given func(ctx context.Context, key, file string) error

func (g given) Prompt(ctx context.Context, key, file string) error { return g(ctx, key, file) }

// logged is what a log has said so far.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// box is an engine whose prompt is warmed when the test says so.
func box(tb testing.TB, model string, siblings Siblings) (*Engine, *logged) {
	tb.Helper()
	log := new(logged)
	e := NewEngine(Options{Program: voicetest.Program(tb, "llama-server"), Model: model, Dir: shortDir(tb), Hash: "the same model", Siblings: siblings,
		Log: slog.New(slog.NewTextHandler(log, nil))})
	e.SetHome(cottage())
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.server.Run(ctx) }()
	tb.Cleanup(func() { stop(); <-ended })
	return e, log
}

// from copies what another engine has.
func from(tb testing.TB, other *Engine) given {
	return func(_ context.Context, key, file string) error {
		sum, size, ok := other.Prompt(key)
		if !ok {
			return errors.New("it has another")
		}
		data, err := os.ReadFile(other.PromptFile(sum))
		if err != nil || int64(len(data)) != size {
			tb.Errorf("%d bytes, %v", len(data), err)
		}
		return os.WriteFile(file, data, 0o600)
	}
}

// slots are the files with prompts that an engine has.
func slots(e *Engine) (names []string) {
	files, _ := filepath.Glob(filepath.Join(e.o.Dir, "*.slot"))
	for _, f := range files {
		name, _, _ := strings.Cut(filepath.Base(f), "-")
		names = append(names, name)
	}
	return names
}

// The attic begins with what the kitchen has read, and answers as if it had read it itself.
// It does not pass it on. With its own file it asks nobody.
func TestASiblingsPromptIsUsed(t *testing.T) {
	model := randomModel(t, shortDir(t))
	kitchen, _ := box(t, model, nil)
	serving(t, kitchen)
	asks := 0
	attic, log := box(t, model, given(func(ctx context.Context, key, file string) error { asks++; return from(t, kitchen)(ctx, key, file) }))
	serving(t, attic)
	if got := slots(attic); len(got) != 1 || got[0] != "sibling" || !strings.Contains(log.String(), "sibling=true") {
		t.Errorf("%v; the log:\n%s", got, log)
	}
	key, _ := attic.key(attic.vocabulary().chat(intent.Query{}, attic.vocabulary().candidates(intent.Query{})))
	if _, _, ok := attic.Prompt(key); ok {
		t.Error("what came from the kitchen is passed on")
	}
	alone, _ := box(t, model, nil)
	serving(t, alone)
	for _, text := range []string{"it is dark in here", "I cannot see a thing", "what is the time in Lima"} {
		a, s, err := asked(t, attic, text)
		b, _, other := asked(t, alone, text)
		if s.Cached <= s.Read {
			t.Errorf("%d tokens were warm, and %d read", s.Cached, s.Read)
		}
		if a.Say != b.Say || a.Ask != b.Ask || a.No != b.No || len(a.Do) != len(b.Do) || (err == nil) != (other == nil) {
			t.Errorf("%s: %+v, %v; alone: %+v, %v", text, a, err, b, other)
		}
	}
	serving(t, kitchen)
	killed(t, attic)
	serving(t, attic)
	if asks != 1 {
		t.Errorf("siblings were asked %d times", asks)
	}
}

// What siblings send is no good, or does not come: the box reads the prompt itself, keeps
// nothing of theirs, and does not ask again before the next start where it was no good.
func TestASiblingsPromptIsNoGood(t *testing.T) {
	model := randomModel(t, shortDir(t))
	kitchen, _ := box(t, model, nil)
	other := cottage()
	other.Entities = append(other.Entities, intent.Entity{ID: "light.other", Name: "Another home's lamp", Area: "hall"})
	kitchen.SetHome(other)
	serving(t, kitchen)
	elsewhere, _ := os.ReadFile(kitchen.PromptFile(kitchen.saved.sum))
	kitchen.SetHome(cottage())
	serving(t, kitchen)
	good, err := os.ReadFile(kitchen.PromptFile(kitchen.saved.sum))
	if err != nil || len(elsewhere) == 0 {
		t.Fatal(err)
	}
	flipped := func(at int) []byte {
		data := bytes.Clone(good)
		data[at] ^= 0xff
		return data
	}
	ask := []Message{{"system", "something else altogether"}, {"user", "and nothing of this house"}}
	if _, err := kitchen.client.complete(t.Context(), ask, `root ::= " "`, 1, nil); err != nil && !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	if err := kitchen.client.slot(t.Context(), "save", "else.slot"); err != nil {
		t.Fatal(err)
	}
	nothing, err := os.ReadFile(filepath.Join(kitchen.o.Dir, "else.slot"))
	if err != nil {
		t.Fatal(err)
	}
	wider := random.SmallLlama()
	wider.State *= 2
	wide, _ := box(t, randomOf(t, shortDir(t), wider), nil)
	serving(t, wide)
	foreign, err := os.ReadFile(wide.PromptFile(wide.saved.sum))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"empty": {}, "text": []byte("no prompt"), "cut off": good[:len(good)/2], "its kind changed": flipped(0), "its version changed": flipped(4),
		"its length changed": flipped(11), "zeros": make([]byte, len(good)), "of another model": foreign, "of another prompt": nothing,
	} {
		t.Run(name, func(t *testing.T) {
			asks := 0
			e, log := box(t, model, given(func(_ context.Context, _, file string) error { asks++; return os.WriteFile(file, data, 0o600) }))
			ctx, stop := context.WithTimeout(context.Background(), time.Minute)
			defer stop()
			for tries := 0; ; tries++ { // the server may die of it, and is then started again
				if err := e.server.Serving(ctx); err != nil {
					t.Fatal(err)
				}
				if e.warm(ctx) == nil {
					break
				}
				if tries == 3 || ctx.Err() != nil {
					t.Fatalf("it never gets warm; the log:\n%s", log)
				}
			}
			if got := slots(e); len(got) != 1 || got[0] != "prompt" || asks != 1 {
				t.Errorf("%v, asked %d times; the log:\n%s", got, asks, log)
			}
			if _, s, err := asked(t, e, "it is dark"); err != nil && !errors.Is(err, errCut) || s.Cached <= s.Read {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
	for name, sibling := range map[string]given{
		"nobody has it": func(context.Context, string, string) error { return errors.New("no sibling has it") },
		"it never comes": func(ctx context.Context, _, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := box(t, model, sibling)
			e.saved.rate = 3000 // a prompt of a thousand characters is waited for as long as it would take here
			serving(t, e)
			if got := slots(e); len(got) != 1 || got[0] != "prompt" {
				t.Errorf("%v", got)
			}
		})
	}
	t.Run("the prompt of another home", func(t *testing.T) { // begins as this one's does, and helps so far
		e, _ := box(t, model, given(func(_ context.Context, _, file string) error { return os.WriteFile(file, elsewhere, 0o600) }))
		serving(t, e)
		if _, s, err := asked(t, e, "it is dark"); err != nil && !errors.Is(err, errCut) || s.Cached <= s.Read {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

// The key of a prompt is another where anything is that its state depends on; without the
// model's hash nobody else can know it.
func TestKeysOfPrompts(t *testing.T) {
	model := randomModel(t, shortDir(t))
	chat := func(e *Engine) []Message {
		v := e.vocabulary()
		return v.chat(intent.Query{}, v.candidates(intent.Query{}))
	}
	engine := func(change func(*Options)) *Engine {
		o := Options{Program: voicetest.Program(t, "llama-server"), Model: model, Dir: "/nowhere", Hash: "a", Log: slog.New(slog.DiscardHandler)}
		change(&o)
		e := NewEngine(o)
		e.SetHome(cottage())
		return e
	}
	same := engine(func(*Options) {})
	key, shared := same.key(chat(same))
	if again, _ := same.key(chat(same)); again != key || !shared {
		t.Errorf("%s, then %s; shared: %t", key, again, shared)
	}
	for name, tt := range map[string]struct {
		change func(*Options)
		shared bool
	}{
		"another model":                {func(o *Options) { o.Hash = "b" }, true},
		"a model of unknown hash":      {func(o *Options) { o.Hash = "" }, false},
		"another engine":               {func(o *Options) { o.Program = "/bin/echo" }, true},
		"an engine that does not tell": {func(o *Options) { o.Program = "/bin/false" }, false},
	} {
		e := engine(tt.change)
		if k, shared := e.key(chat(e)); k == key || shared != tt.shared {
			t.Errorf("%s: the same key %t, shared %t", name, k == key, shared)
		}
	}
	n := cottage()
	n.Entities[0].Name += "s"
	same.SetHome(n)
	if k, _ := same.key(chat(same)); k == key {
		t.Error("another home has the same key")
	}
}

// BenchmarkSiblingsPrompt reports how long a box that has just started takes until its
// prompt is warm with a sibling's, against reading it, in the same run. Both are on this
// machine, and the file goes through the mesh. The shape is that of a model of half a
// billion parameters, but for its words; its tokens are single characters.
func BenchmarkSiblingsPrompt(b *testing.B) {
	model := randomOf(b, shortDir(b), random.LlamaShape{State: 896, Head: 14, Layer: 24, Feed: 4864})
	kitchen, _ := box(b, model, nil)
	serving(b, kitchen)
	hosts := [2]host.Host{}
	for i := range hosts {
		h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.Transport(tcp.NewTCPTransport), libp2p.Security(noise.ID, noise.New), libp2p.DisableRelay())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { h.Close() })
		hosts[i] = h
	}
	if err := hosts[1].Connect(b.Context(), peer.AddrInfo{ID: hosts[0].ID(), Addrs: hosts[0].Addrs()}); err != nil {
		b.Fatal(err)
	}
	weights.NewNode(hosts[0], hosts[0].Network().Peers, peer.ID.ShortString, onShelf{kitchen}, slog.New(slog.DiscardHandler))
	node := weights.NewNode(hosts[1], hosts[1].Network().Peers, peer.ID.ShortString, onShelf{kitchen}, slog.New(slog.DiscardHandler))
	taken := int64(0)
	take := given(func(ctx context.Context, key, file string) error {
		offers := node.FindPrompt(ctx, key)
		if len(offers) != 1 {
			return fmt.Errorf("%d offers", len(offers))
		}
		body, _, err := node.Open(ctx, offers[0].SHA256, 0, 0)
		if err != nil {
			return err
		}
		defer body.Close()
		f, err := os.Create(file)
		if err != nil {
			return err
		}
		taken, err = io.Copy(f, body)
		return errors.Join(err, f.Close())
	})
	var took [2]time.Duration
	for range b.N {
		for i, siblings := range []Siblings{nil, take} {
			e, log := box(b, model, siblings)
			if err := e.server.Serving(b.Context()); err != nil {
				b.Fatal(err)
			}
			begin := time.Now()
			if err := e.warm(b.Context()); err != nil {
				b.Fatal(err)
			}
			took[i] += time.Since(begin)
			if strings.Contains(log.String(), "sibling=true") != (i == 1) {
				b.Fatalf("the log:\n%s", log)
			}
		}
	}
	b.ReportMetric(float64(taken)/1e6, "MB")
	b.ReportMetric(100*took[1].Seconds()/took[0].Seconds(), "%sibling/cold")
}

// onShelf gives a prompt to siblings.
type onShelf struct{ *Engine }

func (s onShelf) Prompt(key string) (weights.Prompt, bool) {
	sum, size, ok := s.Engine.Prompt(key)
	return weights.Prompt{SHA256: sum, Size: size}, ok
}
func (s onShelf) Whole(sum string) string { return s.PromptFile(sum) }
func (onShelf) Begun(string) int64        { return 0 }
