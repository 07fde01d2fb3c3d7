package openai

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

const (
	mostBody        = 256 << 10        // bytes of a request
	bodyWait        = 10 * time.Second // for a request's body
	pieceWait       = 30 * time.Second // for a piece of an answer to be taken
	requestTime     = 10 * time.Minute // for all of a request
	mostConnections = 64
)

// Options says what a Server is made of.
type Options struct {
	Listen string           // host:port
	Key    string           // "": none is wanted; only on the loopback
	TLS    *tls.Certificate // nil: HTTP
	Chat   *Model
	Embed  *Model // nil: there are no embeddings
	Log    *slog.Logger
}

// Server is the endpoint.
type Server struct {
	o        Options
	listener net.Listener
	local    bool // only this machine reaches it
	line     *line
	open     atomic.Int64 // connections
}

// New opens the port.
func New(o Options) (*Server, error) {
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("open endpoint of the language model: %w", err)
	}
	s := &Server{o: o, listener: l, local: l.Addr().(*net.TCPAddr).IP.IsLoopback(), line: newLine()}
	if !s.local && o.Key == "" {
		l.Close()
		return nil, errors.New("open endpoint of the language model: on a network it needs a key")
	}
	return s, nil
}

// Close closes the port of a server that was never run.
func (s *Server) Close() error { return s.listener.Close() }

// Address is where it listens.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Waiting is how many requests are answered or wait.
func (s *Server) Waiting() int { return s.line.len() }

// Run answers until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog:    slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnState:   s.count}
	end := context.AfterFunc(ctx, func() { server.Close() })
	defer end()
	l := s.listener
	if s.o.TLS != nil {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*s.o.TLS}, MinVersion: tls.VersionTLS12})
	}
	err := server.Serve(l)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("serve endpoint of the language model: %w", err)
}

// count closes connections that are too many.
func (s *Server) count(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if s.open.Add(1) > mostConnections {
			c.Close()
		}
	case http.StateClosed:
		s.open.Add(-1)
	}
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, map[string]any{"object": "list", "data": s.models()})
	})
	mux.HandleFunc("GET /v1/models/{id}", func(w http.ResponseWriter, r *http.Request) {
		for _, m := range s.models() {
			if m.ID == r.PathValue("id") {
				writeJSON(w, m)
				return
			}
		}
		refuse(w, noModel(r.PathValue("id")))
	})
	mux.HandleFunc("POST /v1/chat/completions", s.chat)
	mux.HandleFunc("POST /v1/embeddings", s.embeddings)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, &fault{http.StatusNotFound, "invalid_request_error", "unknown_url", "there is no " + r.Method + " " + r.URL.Path + " here"})
	})
	// A page in a browser sends what it likes to the loopback; this refuses what is not
	// of the same origin.
	foreign := http.NewCrossOriginProtection()
	foreign.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse(w, &fault{http.StatusForbidden, "invalid_request_error", "", "this is not for pages in a browser"})
	}))
	return s.admit(foreign.Handler(mux))
}

// admit lets in who has the key, and on the loopback, where there may be none, who calls
// this machine by a name of its own: another name is that of a page in a browser whose
// address was changed meanwhile.
func (s *Server) admit(next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(s.o.Key))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.o.Key != "" {
			scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
			got := sha256.Sum256([]byte(strings.TrimSpace(key)))
			if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
				refuse(w, &fault{http.StatusUnauthorized, "authentication_error", "invalid_api_key", "the key is missing or wrong"})
				return
			}
		} else if !ownName(r.Host) {
			refuse(w, &fault{http.StatusForbidden, "invalid_request_error", "", "call it by localhost or 127.0.0.1, or give it a key"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func ownName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// modelCard is a model in the list.
type modelCard struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	Owner   string `json:"owned_by"`
}

func (s *Server) models() []modelCard {
	out := []modelCard{{s.o.Chat.ID(), "model", 0, "cricket"}}
	if s.o.Embed != nil {
		out = append(out, modelCard{s.o.Embed.ID(), "model", 0, "cricket"})
	}
	return out
}

func noModel(id string) *fault {
	return &fault{http.StatusNotFound, "invalid_request_error", "model_not_found", fmt.Sprintf("the model %q is not here; GET /v1/models tells which are", id)}
}

// read reads a request's body into v.
func read(w http.ResponseWriter, r *http.Request, v any) *fault {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &fault{http.StatusUnsupportedMediaType, "invalid_request_error", "", "the Content-Type must be application/json"}
	}
	c := http.NewResponseController(w)
	c.SetReadDeadline(time.Now().Add(bodyWait))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	c.SetReadDeadline(time.Time{}) // whoever hangs up is noticed by a read
	if _, big := errors.AsType[*http.MaxBytesError](err); big {
		return &fault{http.StatusRequestEntityTooLarge, "invalid_request_error", "", fmt.Sprintf("a request has at most %d bytes", mostBody)}
	}
	if err != nil {
		return bad("the body did not come: %v", err)
	}
	return decode(body, v)
}

// turn waits until a request is next, and its model is there.
func (s *Server) turn(ctx context.Context, m *Model) (leave func(), f *fault) {
	next, full, err := s.line.enter(ctx)
	if full {
		return nil, &fault{http.StatusTooManyRequests, "rate_limit_error", "", "too many requests wait already"}
	}
	if err != nil {
		return nil, faultOf(err)
	}
	release, err := m.use(ctx)
	if err != nil {
		next()
		return nil, faultOf(err)
	}
	return func() { release(); next() }, nil
}

func (s *Server) chat(w http.ResponseWriter, r *http.Request) {
	var q chat
	f := read(w, r, &q)
	if f == nil {
		f = q.check()
	}
	if f == nil && q.Model != "" && q.Model != s.o.Chat.ID() {
		f = noModel(q.Model)
	}
	if f != nil {
		refuse(w, f)
		return
	}
	ctx, stop := context.WithTimeout(r.Context(), requestTime)
	defer stop()
	leave, f := s.turn(ctx, s.o.Chat)
	if f != nil {
		refuse(w, f)
		return
	}
	defer leave()
	began := time.Now()
	a := newAnswer(w, s.o.Chat.ID(), q)
	out, err := s.o.Chat.complete(ctx, q.ask(), a.begin, a.add)
	if err == nil {
		err = a.end(out)
	} else {
		a.fail(err)
	}
	s.o.Log.Info("answered at the endpoint", "from", r.RemoteAddr, "prompt", out.usage.Prompt, "written", out.usage.Completion, "dur", time.Since(began).Round(time.Millisecond), "err", err)
}

func (s *Server) embeddings(w http.ResponseWriter, r *http.Request) {
	var q embedding
	f := read(w, r, &q)
	m := s.o.Embed
	switch {
	case f != nil:
	case m == nil:
		f = &fault{http.StatusNotImplemented, "invalid_request_error", "unsupported", "the language model here makes no embeddings: the owner can name one that does"}
	case q.Model != "" && q.Model != m.ID():
		f = noModel(q.Model)
	default:
		f = q.check()
	}
	if f != nil {
		refuse(w, f)
		return
	}
	ctx, stop := context.WithTimeout(r.Context(), requestTime)
	defer stop()
	leave, f := s.turn(ctx, m)
	if f != nil {
		refuse(w, f)
		return
	}
	defer leave()
	out, err := m.embed(ctx, q)
	if err != nil {
		refuse(w, faultOf(err))
		return
	}
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(pieceWait))
	writeJSON(w, out)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v) // whoever went away is not told
}
