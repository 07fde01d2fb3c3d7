package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cricket-home/cricket/internal/child"
)

// idleTime is how long a model stays loaded that nobody asks.
const idleTime = 10 * time.Minute

// ModelOptions says which model answers.
type ModelOptions struct {
	Program    string // llama-server
	File       string // GGUF
	Socket     string // its path is short and ends with ".sock", by which llama-server knows it
	Embeddings bool   // it makes embeddings, and writes nothing
	Log        *slog.Logger

	// Room says why there is no room for the model in memory, nil: there is. It is asked
	// before each start.
	Room func() error
}

// Model is a llama-server that is there while it is asked. Its methods may be called from
// any goroutine.
type Model struct {
	o    ModelOptions
	http *http.Client

	mu      sync.Mutex
	users   int
	used    time.Time     // when the last user went
	server  *child.Server // nil while there is none
	refused error         // why there is none, though it is wanted
	paused  bool
	pauses  int
	changed chan struct{} // closed and replaced when any of these change
}

// NewModel returns a model that Run starts when it is asked.
func NewModel(o ModelOptions) *Model {
	var d net.Dialer
	return &Model{o: o, changed: make(chan struct{}), http: &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, // the server closes a connection when a stream has ended
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", o.Socket) },
	}}}
}

// ID is the model's name in the API: its file's, without the ending.
func (m *Model) ID() string { return strings.TrimSuffix(filepath.Base(m.o.File), ".gguf") }

// ModelState says how a model is.
type ModelState struct {
	ID     string `json:"id"`
	Loaded bool   `json:"loaded"`
	Paused bool   `json:"paused"` // somebody talks to the box
	Fault  string `json:"fault,omitempty"`
}

// State says how the model is.
func (m *Model) State() ModelState {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := ModelState{ID: m.ID(), Paused: m.paused}
	if m.server != nil {
		c := m.server.State()
		s.Loaded = c.Running
		if c.Err != nil {
			s.Fault = c.Err.Error()
		}
	}
	if m.refused != nil {
		s.Fault = m.refused.Error()
	}
	return s
}

// tell is called with the lock held.
func (m *Model) tell() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// Run keeps the model loaded while it is asked, until ctx ends.
func (m *Model) Run(ctx context.Context) error {
	for {
		m.mu.Lock()
		wanted, changed := m.users > 0 && !m.paused && m.refused == nil, m.changed
		m.mu.Unlock()
		if !wanted {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		err := m.o.Room()
		m.mu.Lock()
		if err != nil {
			m.refused = err
			m.tell()
			m.mu.Unlock()
			continue
		}
		living, end := context.WithCancel(ctx)
		server := m.newServer()
		m.server = server
		m.tell()
		m.mu.Unlock()
		ended := make(chan struct{})
		go func() { defer close(ended); server.Run(living) }()
		m.whileUsed(ctx)
		end()
		<-ended
		m.mu.Lock()
		m.server = nil
		m.tell()
		m.mu.Unlock()
	}
}

// whileUsed returns when nobody asked for a while, or ctx ended.
func (m *Model) whileUsed(ctx context.Context) {
	for {
		m.mu.Lock()
		users, used, changed := m.users, m.used, m.changed
		m.mu.Unlock()
		rest := idleTime
		if users == 0 {
			if rest -= time.Since(used); rest <= 0 {
				return
			}
		}
		timer := time.NewTimer(rest)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

func (m *Model) newServer() *child.Server {
	var server *child.Server
	// -ub bounds how long the server goes on reading a prompt that nobody waits for.
	args := []string{"--model", m.o.File, "--host", m.o.Socket, "--offline", "--no-webui", "-np", "1", "-c", strconv.Itoa(contextSize), "--cache-ram", "256",
		"-ub", "128", "-t", strconv.Itoa(max(1, runtime.NumCPU()-1)), "--log-verbosity", "1"}
	if m.o.Embeddings { // a text is embedded in one batch
		args = []string{"--model", m.o.File, "--host", m.o.Socket, "--offline", "--no-webui", "-np", "1", "-c", strconv.Itoa(embeddingSize), "-b", strconv.Itoa(embeddingSize), "-ub", strconv.Itoa(embeddingSize),
			"--embeddings", "-t", strconv.Itoa(max(1, runtime.NumCPU()-1)), "--log-verbosity", "1"}
	}
	server = child.NewServer(child.Options{Part: "model of the endpoint", Program: m.o.Program, Log: m.o.Log, Args: args,
		Env: []string{"OMP_WAIT_POLICY=passive", "GGML_NO_BACKTRACE=1"}}, func() error {
		if err := os.Remove(m.o.Socket); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a server that was killed
			return err
		}
		return nil
	}, func(ctx context.Context) error { return m.healthy(ctx, server) })
	return server
}

// healthy asks the server how it is, unless it stands still: then nothing can be said.
func (m *Model) healthy(ctx context.Context, server *child.Server) error {
	s := server.State()
	m.mu.Lock()
	paused, pauses := m.paused && s.Running, m.pauses
	if paused {
		syscall.Kill(s.PID, syscall.SIGSTOP) // it came up during the pause
	}
	m.mu.Unlock()
	if paused {
		return nil
	}
	body, err := m.call(ctx, http.MethodGet, "/health", nil)
	if err == nil {
		return body.Close()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.Running && pauses != m.pauses {
		return nil
	}
	return err
}

// Pause has the model stand still at once: somebody talks to the box.
func (m *Model) Pause() { m.pause(true) }

// Continue goes on.
func (m *Model) Continue() { m.pause(false) }

func (m *Model) pause(paused bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.paused == paused {
		return
	}
	m.paused = paused
	m.pauses++
	if m.server != nil {
		if s := m.server.State(); s.Running {
			signal := syscall.SIGSTOP
			if !paused {
				signal = syscall.SIGCONT
			}
			if err := syscall.Kill(s.PID, signal); err != nil {
				m.o.Log.Warn("model of the endpoint does not stand still", "err", err)
			}
		}
	}
	m.tell()
}

// use waits until the model serves; release lets it go.
func (m *Model) use(ctx context.Context) (release func(), err error) {
	m.mu.Lock()
	m.users++
	m.refused = nil
	m.tell()
	m.mu.Unlock()
	release = func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.users--
		m.used = time.Now()
		m.tell()
	}
	for {
		m.mu.Lock()
		server, refused, changed := m.server, m.refused, m.changed
		m.mu.Unlock()
		switch {
		case refused != nil:
			err = refused
		case server != nil:
			err = server.Serving(ctx)
		default:
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		if err != nil {
			release()
			return nil, err
		}
		return release, nil
	}
}

// upstreamError is an error that the server told.
type upstreamError struct {
	status  int
	message string
}

func (e *upstreamError) Error() string {
	return fmt.Sprintf("the language model: %d: %s", e.status, e.message)
}

// call makes one request; its body is closed by the caller.
func (m *Model) call(ctx context.Context, method, path string, ask any) (io.ReadCloser, error) {
	var data []byte
	if ask != nil {
		var err error
		if data, err = json.Marshal(ask); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://llama"+path, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	reply, err := m.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask the language model: %w", err)
	}
	if reply.StatusCode == http.StatusOK {
		return reply.Body, nil
	}
	defer reply.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(reply.Body, 4<<10))
	var e struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(said, &e) != nil || e.Error.Message == "" {
		e.Error.Message = reply.Status
	}
	return nil, &upstreamError{reply.StatusCode, e.Error.Message}
}
