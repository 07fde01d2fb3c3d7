package sphinx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
)

// memoryLimit of the child: the model and a large home's phrases need 150 MiB.
const memoryLimit = 768 << 20

// ErrSuperseded is the error of a SetPhrases that a later one overtook.
var ErrSuperseded = errors.New("newer phrases came before these were loaded")

// ErrNoPhrases is the error of a Transcribe before any phrases were loaded.
var ErrNoPhrases = errors.New("no phrases are loaded")

// DroppedError says which words have no pronunciation. No phrase with one of
// them can be heard; all others can.
type DroppedError struct{ Words []string }

func (e *DroppedError) Error() string {
	return "phrases with these words cannot be heard, since nobody knows how they sound: " + strings.Join(e.Words, ", ")
}

// Options says which program and which words. Native and Log are needed.
type Options struct {
	Native     string // path of cricket-native
	Dictionary string // in CMU's format; the one of the packages where empty

	// Pronounce returns phones of the CMU dictionary for words that it lacks; a
	// word that is missing in the answer has none. Where it is nil, none has.
	Pronounce func(ctx context.Context, words []string) (map[string][]string, error)

	// Beginnings makes the beginnings of the phrases be heard like phrases: for somebody
	// who has not finished yet.
	Beginnings bool

	Log *slog.Logger
}

// Engine is a recogniser.
type Engine struct {
	o     Options
	child *child.Child
	turn  chan struct{} // held by the SetPhrases that runs

	mu       sync.Mutex
	newest   int            // how often SetPhrases was called
	phrases  *child.Request // in force
	prepared int            // how many children were given them
}

// New returns an engine that Run starts. It hears nothing before SetPhrases.
func New(o Options) *Engine {
	e := &Engine{o: o, turn: make(chan struct{}, 1)}
	args := []string{"sphinx"}
	if o.Dictionary != "" {
		args = append(args, "--dictionary", o.Dictionary)
	}
	e.child = child.New(child.Options{
		Part:        "speech recogniser (pocketsphinx)",
		Program:     o.Native,
		Args:        args,
		Env:         []string{"OMP_WAIT_POLICY=passive", "GGML_NO_BACKTRACE=1"},
		MemoryLimit: memoryLimit,
		Prepare:     e.prepare,
		Log:         o.Log,
	})
	return e
}

// Run keeps the child running until ctx ends.
func (e *Engine) Run(ctx context.Context) error { return e.child.Run(ctx) }

// State says how the child is.
func (e *Engine) State() child.State { return e.child.State() }

// prepare gives a new child the phrases that were in force on the one before.
func (e *Engine) prepare(ctx context.Context, do child.Do) error {
	e.mu.Lock()
	phrases := e.phrases
	e.prepared++
	e.mu.Unlock()
	if phrases == nil {
		return nil
	}
	_, err := do(ctx, *phrases)
	return err
}

// SetPhrases puts a grammar in force and returns when it is. words are those of
// the grammar. Where it fails, the phrases before stay in force; the exception
// is a *DroppedError: then the grammar is in force without the phrases that
// hold the words it names. It waits for the child to run, so Run must have been
// called or be about to be.
func (e *Engine) SetPhrases(ctx context.Context, jsgf string, words []string) error {
	e.mu.Lock()
	e.newest++
	mine := e.newest
	e.mu.Unlock()
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return fmt.Errorf("load phrases: %w", ctx.Err())
	}
	pronunciations, err := e.pronounce(ctx, words)
	if err != nil {
		return fmt.Errorf("load phrases: %w", err)
	}
	e.mu.Lock()
	overtaken := mine != e.newest
	e.mu.Unlock()
	if overtaken {
		return ErrSuperseded
	}
	head, err := json.Marshal(Phrases{Pronunciations: pronunciations, Beginnings: e.o.Beginnings})
	if err != nil {
		return fmt.Errorf("encode pronunciations: %w", err)
	}
	request := child.Request{Verb: "phrases", Head: head, Data: []byte(jsgf)}
	began := time.Now()
	var loaded Loaded
	for done := false; !done; {
		e.mu.Lock()
		before := e.prepared
		e.mu.Unlock()
		reply, err := e.child.Call(ctx, request)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(reply, &loaded); err != nil {
			return fmt.Errorf("read what was loaded: %w", err)
		}
		e.mu.Lock()
		e.phrases = &request
		done = e.prepared == before // or else a new child has the phrases from before
		e.mu.Unlock()
	}
	e.o.Log.Info("phrases loaded", "states", loaded.States, "arcs", loaded.Arcs, "dur", time.Since(began))
	if len(loaded.Dropped) > 0 {
		e.o.Log.Warn("phrases with words that nobody can pronounce are not heard", "words", loaded.Dropped)
		return &DroppedError{Words: loaded.Dropped}
	}
	return nil
}

// pronounce returns how the words sound that the dictionary lacks.
func (e *Engine) pronounce(ctx context.Context, words []string) (map[string][]string, error) {
	head, err := json.Marshal(Missing{Words: words})
	if err != nil {
		return nil, fmt.Errorf("encode words: %w", err)
	}
	reply, err := e.child.Call(ctx, child.Request{Verb: "missing", Data: nil, Head: head})
	if err != nil {
		return nil, err
	}
	var missing Missing
	if err := json.Unmarshal(reply, &missing); err != nil {
		return nil, fmt.Errorf("read missing words: %w", err)
	}
	if len(missing.Words) == 0 || e.o.Pronounce == nil {
		return nil, nil
	}
	return e.o.Pronounce(ctx, missing.Words)
}

// Transcribe says which phrase u is. The text is empty and NotCommand false
// where nothing was said; NotCommand is true where something was said that is
// none of the phrases, or that is longer than any command. Errors name the
// part, and wrap ErrNoPhrases, child.ErrDown, child.ErrDied or ctx's.
func (e *Engine) Transcribe(ctx context.Context, u voice.Utterance) (voice.Transcript, error) {
	if len(u.PCM) == 0 {
		return voice.Transcript{Language: language}, nil
	}
	e.mu.Lock()
	ready := e.phrases != nil
	e.mu.Unlock()
	if !ready {
		return voice.Transcript{}, fmt.Errorf("speech recogniser (pocketsphinx): %w", ErrNoPhrases)
	}
	reply, err := e.child.Call(ctx, child.Request{Verb: "transcribe", Data: child.PCM(u.PCM)})
	if err != nil {
		return voice.Transcript{}, err
	}
	var h Heard
	if err := json.Unmarshal(reply, &h); err != nil {
		return voice.Transcript{}, fmt.Errorf("read what was heard: %w", err)
	}
	return h.transcript(), nil
}
