package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/mesh/weights"
	"github.com/cricket-home/cricket/models"
)

// outside is the server that a model comes from. It counts the bytes that it sends.
type outside struct {
	data []byte
	sent atomic.Int64
}

func (o *outside) RoundTrip(r *http.Request) (*http.Response, error) {
	var from int
	fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
	head, code := http.Header{}, http.StatusOK
	if from > 0 {
		head.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(o.data)-1, len(o.data)))
		code = http.StatusPartialContent
	}
	var body io.Reader = bytes.NewReader(o.data[from:])
	return &http.Response{StatusCode: code, Status: http.StatusText(code), ProtoMajor: 2, Header: head, ContentLength: int64(len(o.data) - from), Body: io.NopCloser(o.count(body)), Request: r}, nil
}

func (o *outside) count(in io.Reader) io.Reader {
	return readFunc(func(p []byte) (int, error) {
		n, err := in.Read(p[:min(len(p), 1<<16)])
		o.sent.Add(int64(n))
		return n, err
	})
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// sharing is a box: a store, a host, and the socket that the command line asks.
type sharing struct {
	host     host.Host
	store    *models.Store
	siblings siblings
}

// share starts boxes that are paired with each other.
func share(t *testing.T, n int, c models.Catalogue) []sharing {
	t.Helper()
	var all []sharing
	for range n {
		h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.Transport(tcp.NewTCPTransport), libp2p.Security(noise.ID, noise.New), libp2p.DisableRelay())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { h.Close() })
		for _, other := range all {
			if err := h.Connect(t.Context(), peer.AddrInfo{ID: other.host.ID(), Addrs: other.host.Addrs()}); err != nil {
				t.Fatal(err)
			}
		}
		dir, err := os.MkdirTemp("", "cricket-") // a socket's path must be short
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		l, err := net.Listen("unix", appliance.Socket(dir))
		if err != nil {
			t.Fatal(err)
		}
		store := models.NewStore(filepath.Join(dir, "models"))
		node := weights.NewNode(h, h.Network().Peers, peer.ID.ShortString, models.NewShelf(store, c), slog.New(slog.DiscardHandler))
		mux := http.NewServeMux()
		appliance.ServeWeights(mux, func() *weights.Node { return node }, slog.New(slog.DiscardHandler))
		server := &http.Server{Handler: mux}
		go server.Serve(l)
		t.Cleanup(func() { server.Close() })
		all = append(all, sharing{h, store, siblings{dial(dir, func() {})}})
	}
	return all
}

// Five boxes pull a model at once, and then a sixth: the home has it from outside once. One
// whose file rotted gives nothing, and gets it from the others.
func TestHomeDownloadsOnce(t *testing.T) {
	data := bytes.Repeat([]byte("weights and biases "), 600_000) // 11 MB, three chunks
	sum := sha256.Sum256(data)
	m := models.Model{ID: "tiny", Source: "https://models.invalid/{file}", Files: []models.File{{Name: "tiny.gguf", Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}}}
	boxes := share(t, 6, models.Catalogue{Models: []models.Model{m}})
	out := &outside{data: data}
	pull := func(b sharing) (said string) {
		var mu sync.Mutex
		err := b.store.Pull(t.Context(), m, models.PullOptions{Siblings: b.siblings, Transport: out, Say: func(line string) {
			mu.Lock()
			defer mu.Unlock()
			said += line + "\n"
		}})
		if err != nil {
			t.Errorf("%v\n%s", err, said)
		}
		got, err := os.ReadFile(filepath.Join(b.store.Dir(), "tiny.gguf"))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		return said
	}
	var group sync.WaitGroup
	for _, b := range boxes[:5] {
		group.Go(func() { pull(b) })
	}
	group.Wait()
	pull(boxes[5])
	if n := out.sent.Load(); n != int64(len(data)) {
		t.Errorf("%d bytes came from outside, and the model has %d", n, len(data))
	}

	rotten := filepath.Join(boxes[0].store.Dir(), "tiny.gguf")
	if err := os.WriteFile(rotten, append([]byte("X"), data[1:]...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := boxes[0].store.Verify(t.Context(), m, nil); err == nil {
		t.Error("it is not damaged")
	}
	if said := pull(boxes[0]); !strings.Contains(said, "SHA-256 verified") || out.sent.Load() != int64(len(data)) {
		t.Errorf("%d bytes came from outside\n%s", out.sent.Load(), said)
	}
	for _, b := range boxes { // a turn that somebody kept would hold up the next model
		other := strings.Repeat("0", 64)
		has, done, err := b.siblings.Turn(context.Background(), other, 1, func(string) {})
		if err != nil || has {
			t.Errorf("%v %v", has, err)
			continue
		}
		done()
	}
}
