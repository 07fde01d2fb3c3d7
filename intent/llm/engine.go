package llm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/internal/child"
)

// Deadline is how long somebody who spoke waits for an action, or for the first sentence of
// an answer.
const Deadline = 3 * time.Second

// ErrBusy says that another sentence is being answered.
var ErrBusy = errors.New("the language model is busy")

// Options says which model answers.
type Options struct {
	Program     string // llama-server
	Model       string // GGUF file
	Dir         string // for the socket and the warm prompts; its path is short
	MemoryLimit int64  // bytes; 0: none
	Hash        string // SHA-256 of the model's file; "": not known, and siblings cannot know that theirs is the same
	Siblings    Siblings
	Log         *slog.Logger
}

// Engine is a model that answers about one home. Its methods may be called from
// any goroutine.
type Engine struct {
	o      Options
	server *child.Server
	client *client
	build  func() string // what says which engine it is; "": not known
	brief  bool          // the model was trained on the prompts of Vocabulary.Brief
	turn   chan struct{} // held by the sentence that is answered, or by the warming

	mu      sync.Mutex
	v       *Vocabulary
	saved   savedPrompt
	changed chan struct{} // has a value when the prefix is to be warmed
}

// NewEngine returns an engine that Run starts.
func NewEngine(o Options) *Engine {
	socket := filepath.Join(o.Dir, "llama.sock")
	e := &Engine{o: o, client: newClient(socket), build: sync.OnceValue(func() string { return buildOf(o.Program) }), brief: wantsBrief(o.Model), turn: make(chan struct{}, 1), v: NewVocabulary(intent.Names{}), changed: make(chan struct{}, 1)}
	e.server = child.NewServer(child.Options{Part: "language model", Program: o.Program, MemoryLimit: o.MemoryLimit, Log: o.Log,
		Args: append([]string{"--model", o.Model, "--host", socket, "--offline", "--no-webui", "--cache-ram", "256",
			"-t", strconv.Itoa(max(1, runtime.NumCPU()-1)), "--slot-save-path", o.Dir, "--log-verbosity", "1"}, settings...),
		Env: []string{"OMP_WAIT_POLICY=passive", "GGML_NO_BACKTRACE=1"}}, func() error {
		if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a server that was killed
			return err
		}
		return nil
	}, e.client.healthy)
	return e
}

// Run keeps the model loaded and its prompt warm until ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- e.server.Run(ctx) }()
	var warm int // PID that has read the prefix
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		changed := false
		select {
		case err := <-ended:
			return err
		case <-e.changed:
			changed = true
		case <-tick.C:
		}
		if s := e.server.State(); s.Running && (changed || s.PID != warm) {
			if err := e.warm(ctx); err != nil && ctx.Err() == nil {
				e.o.Log.Warn("prompt of the language model is not warm: the next answer is slower", "err", err)
			}
			warm = s.PID
		} else if changed {
			warm = 0
		}
	}
}

// SetHome gives the engine the names of a home.
func (e *Engine) SetHome(n intent.Names) {
	v := NewVocabulary(n)
	if e.brief {
		v = v.Brief()
	}
	e.mu.Lock()
	e.v = v
	e.mu.Unlock()
	select {
	case e.changed <- struct{}{}:
	default:
	}
}

func (e *Engine) vocabulary() *Vocabulary {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.v
}

// Model is the file of the model.
func (e *Engine) Model() string { return e.o.Model }

// Serving waits until the model is loaded; the error wraps child.ErrDown where it
// cannot be.
func (e *Engine) Serving(ctx context.Context) error { return e.server.Serving(ctx) }

// State says how the child is.
func (e *Engine) State() child.State { return e.server.State() }

// Answer asks the model about a sentence. The error wraps ctx's where that ended
// first (Deadline is what a listener waits), ErrBusy where another sentence is being answered, and
// child.ErrDown where there is no model; nothing was done then. begun is told the first
// sentence of an answer of several, while the rest is still written, where the model is
// sure of it; the answer then begins with it.
func (e *Engine) Answer(ctx context.Context, q intent.Query, begun func(sentence string)) (Answer, Stats, error) {
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	default:
		return Answer{}, Stats{}, ErrBusy
	}
	return e.answer(ctx, q, begun)
}

// AnswerInTurn is Answer for those who can wait until others are answered.
func (e *Engine) AnswerInTurn(ctx context.Context, q intent.Query) (Answer, Stats, error) {
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return Answer{}, Stats{}, fmt.Errorf("ask the language model: %w", ctx.Err())
	}
	return e.answer(ctx, q, nil)
}

// answer is called by who has the turn.
func (e *Engine) answer(ctx context.Context, q intent.Query, begun func(sentence string)) (Answer, Stats, error) {
	if err := e.server.Serving(ctx); err != nil {
		return Answer{}, Stats{}, err
	}
	v := e.vocabulary()
	candidates := v.candidates(q)
	c, err := e.client.complete(ctx, v.chat(q, candidates), grammar(candidates), maxTokens, telling(begun))
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("ask the language model: %w", ctx.Err())
		}
		return Answer{}, c.stats, err
	}
	a, err := read([]byte(c.text), candidates)
	a.Confidence = c.confidence
	for i := range a.Do {
		a.Do[i].Confidence = c.confidence
	}
	return a, c.stats, err
}
