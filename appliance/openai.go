package appliance

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/cricket-home/cricket/intent/llm/openai"
)

// OpenAI says where programs of the household ask the language model by OpenAI's API.
type OpenAI struct {
	Listen          string `toml:"listen"`
	KeyFile         string `toml:"key_file"`
	CertFile        string `toml:"cert_file"`
	CertKeyFile     string `toml:"cert_key_file"`
	EmbeddingsModel string `toml:"embeddings_model"`
}

const (
	// openAICredential is the name of systemd's credential for the key.
	openAICredential = "openai-key"
	// shortestKey is how many characters a key has: nobody guesses 20 random ones.
	shortestKey = 20
)

// key is what programs must know; "": nothing.
func (c OpenAI) key() (string, error) {
	file := secret(c.KeyFile, openAICredential)
	if file == "" {
		return "", nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read 'openai.key_file': %w", err)
	}
	key := strings.TrimSpace(string(data))
	if len(key) < shortestKey || strings.ContainsAny(key, " \t\r\n") {
		return "", fmt.Errorf("'openai.key_file' %s must hold a key of %d characters or more", file, shortestKey)
	}
	return key, nil
}

// certificate is nil where there is none.
func (c OpenAI) certificate() (*tls.Certificate, error) {
	if c.CertFile == "" && c.CertKeyFile == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.CertFile, c.CertKeyFile)
	if err != nil {
		return nil, fmt.Errorf("read 'openai.cert_file' and 'openai.cert_key_file': %w", err)
	}
	return &pair, nil
}

func (c OpenAI) validate(fault func(string, ...any)) {
	if c.Listen == "" {
		return
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		fault("'openai.listen' must be host:port or empty, not %q", c.Listen)
	}
	key, keyFault := c.key()
	if keyFault != nil {
		fault("%w", keyFault)
	}
	if err == nil && !loopback(host) && key == "" && keyFault == nil {
		fault("'openai.listen' is open to the network, which needs 'openai.key_file'")
	}
	if _, err := c.certificate(); err != nil {
		fault("%w", err)
	}
}

// ownEndpoint is the box's part of its endpoint.
type ownEndpoint struct {
	server *openai.Server // nil: it is off, or cannot be
	models []*openai.Model
	fault  error // why it cannot be
	keyed  bool
	secure bool // it speaks TLS
}

// openOpenAI opens the endpoint where there is a language model. One that cannot be opened is
// told by the doctor, and is no reason not to switch lights.
func (b *Box) openOpenAI() error {
	c := b.config.OpenAI
	if !b.options.Keep || c.Listen == "" || b.model == nil {
		return nil
	}
	if b.openai.fault = b.openai.open(b, c); b.openai.fault != nil {
		b.log.Error("the endpoint of the language model is closed", "err", b.openai.fault)
	}
	return nil
}

func (e *ownEndpoint) open(b *Box, c OpenAI) error {
	program, err := Program(b.options.Bin, "llama-server")
	if err != nil {
		return err
	}
	key, err := c.key()
	if err != nil {
		return err
	}
	certificate, err := c.certificate()
	if err != nil {
		return err
	}
	log := b.log.With("part", "endpoint")
	model := func(file, socket string, embeddings bool) *openai.Model {
		m := openai.NewModel(openai.ModelOptions{Program: program, File: file, Socket: filepath.Join(b.options.RuntimeDir, socket), Embeddings: embeddings, Log: log,
			Room: func() error { return roomFor(file, freeMemory()) }})
		e.models = append(e.models, m)
		return m
	}
	o := openai.Options{Listen: c.Listen, Key: key, TLS: certificate, Chat: model(b.model.Model(), "openai.sock", false), Log: log}
	if c.EmbeddingsModel != "" {
		o.Embed = model(c.EmbeddingsModel, "embed.sock", true)
	}
	e.keyed, e.secure = key != "", certificate != nil
	e.server, err = openai.New(o)
	return err
}

// roomFor says why a model cannot be loaded once more, with what the box needs besides; nil:
// it can. free is in bytes, 0 where it is not known.
func roomFor(file string, free int64) error {
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("load model: %w", err)
	}
	if need := info.Size() + 512<<20; free > 0 && free < need {
		return fmt.Errorf("load model: %d MB of memory are free, %d MB are needed for one that voices do not wait for", free/1e6, need/1e6)
	}
	return nil
}

// runOpenAI does not end the box where the endpoint ends.
func (b *Box) runOpenAI(ctx context.Context) error {
	ended := make(chan struct{}, len(b.openai.models))
	for _, m := range b.openai.models {
		go func() { m.Run(ctx); ended <- struct{}{} }()
	}
	if err := b.openai.server.Run(ctx); err != nil && ctx.Err() == nil {
		b.log.Error("the endpoint of the language model is closed", "err", err)
	}
	for range b.openai.models {
		<-ended
	}
	return nil
}

func (e *ownEndpoint) pause() {
	for _, m := range e.models {
		m.Pause()
	}
}

func (e *ownEndpoint) goOn() {
	for _, m := range e.models {
		m.Continue()
	}
}

// OpenAIState is what `cricket openai` prints.
type OpenAIState struct {
	URL     string              `json:"url"`
	Key     bool                `json:"key"` // one is wanted
	Models  []openai.ModelState `json:"models"`
	Waiting int                 `json:"waiting"` // requests that are answered or wait
}

func (e *ownEndpoint) state() OpenAIState {
	scheme := "http://"
	if e.secure {
		scheme = "https://"
	}
	s := OpenAIState{URL: scheme + reachable(e.server.Address()) + "/v1", Key: e.keyed, Waiting: e.server.Waiting()}
	for _, m := range e.models {
		s.Models = append(s.Models, m.State())
	}
	return s
}

// reachable is an address as others can call it, where it is all of this machine's.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsUnspecified() {
		return address
	}
	name, err := os.Hostname()
	if err != nil {
		return address
	}
	return net.JoinHostPort(name, port)
}

// serveOpenAI answers what the command line asks about the endpoint.
func (b *Box) serveOpenAI(mux *http.ServeMux) {
	mux.HandleFunc("GET /openai", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case b.openai.fault != nil:
			http.Error(w, b.openai.fault.Error(), http.StatusServiceUnavailable)
		case b.openai.server == nil && b.model == nil:
			http.Error(w, "there is no endpoint, since no language model is chosen", http.StatusServiceUnavailable)
		case b.openai.server == nil:
			http.Error(w, "the endpoint is off: openai.listen in config.toml", http.StatusServiceUnavailable)
		default:
			writeJSON(w, b.openai.state())
		}
	})
}

// checkOpenAI is what doctor says of the endpoint.
func (b *Box) checkOpenAI() Finding {
	f := Finding{Part: "endpoint", OK: true, Text: "closed; no other program asks the language model"}
	switch {
	case b.openai.fault != nil:
		f.OK, f.Text, f.Hint = false, b.openai.fault.Error(), "choose another port in 'openai.listen' of config.toml, or make its files readable"
	case b.openai.server != nil:
		s := b.openai.state()
		f.Text = "programs ask the language model at " + s.URL
		if !s.Key {
			f.Text += ", without a key"
		} else if !b.openai.secure {
			f.Text += "; the key and what is asked travel unencrypted"
		}
		for _, m := range s.Models {
			if m.Fault != "" {
				f.OK, f.Text, f.Hint = false, m.ID+": "+m.Fault, "cricket models verify"
			}
		}
	}
	return f
}
