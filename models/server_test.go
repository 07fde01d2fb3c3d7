package models

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// content is bytes that are all different from run to run of 256.
func content(n int, seed uint64) []byte {
	data := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	r.Read(data)
	return data
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

// model is a model of one file, m.bin, with what the catalogue knows of it.
func model(size int, hash string) Model {
	return Model{ID: "m", Purpose: STT, Files: []File{{Name: "m.bin", Size: int64(size), SHA256: hash}}, Source: "https://models.invalid/{file}"}
}

// mirror serves one file, and does with each request what its script says; the
// last word of the script holds for all further requests.
type mirror struct {
	mu     sync.Mutex
	data   []byte
	etag   string
	script []string
	asked  []string // Range of each request; "-": none
	sent   int      // bytes
	hold   func(r *http.Request)
}

func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	data, etag, word := m.data, m.etag, "good"
	if len(m.script) > 0 {
		word = m.script[min(len(m.asked), len(m.script)-1)]
	}
	m.asked = append(m.asked, cmp.Or(r.Header.Get("Range"), "-"))
	m.mu.Unlock()
	if etag != "" {
		w.Header().Set("ETag", etag)
	}
	out := &limited{ResponseWriter: w, m: m, left: 1 << 62}
	var n int
	command, _ := fmt.Sscanf(word, "cut %d", &n)
	switch {
	case command == 1: // the connection ends after n bytes
		out.left = n
	case word == "stall":
		out.left, out.stall = 1000, func() { m.hold(r) }
	case word == "silence":
		m.hold(r)
		return
	case word == "no range":
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		out.Write(data)
		return
	case word == "no range, cut":
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		out.left = 2000
		out.Write(data)
		return
	case word == "chunked":
		for len(data) > 0 {
			n := min(700, len(data))
			out.Write(data[:n])
			w.(http.Flusher).Flush()
			data = data[n:]
		}
		return
	case word == "no length":
		c, b, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(b, "HTTP/1.0 200 OK\r\n\r\n%s", data)
		b.Flush()
		c.Close()
		return
	case word == "longer": // than it says
		w.Header().Set("Content-Length", fmt.Sprint(len(data)+5000))
		out.Write(data)
		return
	case word == "wrong range":
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 1-%d/%d", len(data)-1, len(data)))
		w.WriteHeader(http.StatusPartialContent)
		out.Write(data[1:])
		return
	case strings.HasPrefix(word, "status "):
		fmt.Sscanf(word, "status %d", &n)
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(n)
		return
	}
	http.ServeContent(out, r, "m.bin", time.Time{}, bytes.NewReader(data))
}

// limited ends the connection after some bytes.
type limited struct {
	http.ResponseWriter
	m     *mirror
	left  int
	stall func()
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	written, err := l.ResponseWriter.Write(p[:n])
	l.left -= written
	l.m.mu.Lock()
	l.m.sent += written
	l.m.mu.Unlock()
	if err == nil && n < len(p) {
		http.NewResponseController(l.ResponseWriter).Flush()
		if l.stall != nil {
			l.stall()
		}
		panic(http.ErrAbortHandler)
	}
	return written, err
}

func (m *mirror) requests() (asked []string, sent int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.asked...), m.sent
}

// wire connects a client with a server in this process, without a socket, so
// that a synctest bubble can tell when everybody waits.
type wire struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newWire() *wire { return &wire{conns: make(chan net.Conn), done: make(chan struct{})} }

func (l *wire) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *wire) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *wire) Addr() net.Addr { return &net.UnixAddr{Name: "wire", Net: "unix"} }

func (l *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.done:
		return nil, &net.OpError{Op: "dial", Err: errors.New("nobody is there")}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve runs a handler on a wire until stop, and returns how to reach it.
func serve(h http.Handler) (transport *http.Transport, stop func()) {
	l := newWire()
	s := &http.Server{Handler: h}
	ended := make(chan struct{})
	go func() { defer close(ended); s.Serve(l) }()
	transport = &http.Transport{DialContext: l.dial, DisableCompression: true}
	return transport, func() {
		transport.CloseIdleConnections()
		s.Close()
		<-ended
	}
}

// heard collects what is said.
type heard struct{ lines []string }

func (h *heard) say(line string) { h.lines = append(h.lines, line) }
func (h *heard) String() string  { return strings.Join(h.lines, "\n") }

func onNetwork(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// whole fails the test unless the store has just the file, whole.
func whole(t *testing.T, s *Store, data []byte) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(s.Dir(), "m.bin"))
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("m.bin has %d bytes of %d that are right: %v, error %v", len(got), len(data), bytes.Equal(got, data), err)
	}
	for _, name := range []string{"m.bin.part", "m.bin.part.json", "m.bin.part.json.new", "manifest.json.new"} {
		if _, err := os.Stat(filepath.Join(s.Dir(), name)); err == nil {
			t.Errorf("%s is left", name)
		}
	}
}

// notThere fails the test if anything has the final name.
func notThere(t *testing.T, s *Store) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(s.Dir(), "m.bin")); err == nil {
		t.Error("m.bin is there")
	}
}

func partSize(t *testing.T, s *Store) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(s.Dir(), "m.bin.part"))
	if errors.Is(err, os.ErrNotExist) {
		return -1
	}
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
