package whisper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
)

// memoryLimit of the child: medium models need 2 GiB, nothing here more.
const memoryLimit = 3 << 30

// Options says which program and which model.
type Options struct {
	Native   string // path of cricket-native
	Model    string // file in whisper.cpp's ggml format
	Language string // BCP 47; "en" where empty
	Log      *slog.Logger

	// Says, where it is set, tells of a text in lower case whether a sentence that
	// people say here begins like it, and whether it is a whole one. Then such
	// sentences are looked for, and anything else must be heard very surely.
	Says func(ctx context.Context, text string) (begins, whole bool)

	// Prompt, where set, is asked at each utterance for a text that is likely to come
	// before it: with the names of the home in it the model spells them so. Models that
	// hear less than 30 s do without.
	Prompt func() string
}

// Engine is a recogniser.
type Engine struct {
	o     Options
	child *child.Child
	turn  chan struct{} // held by the utterance that is heard: the child keeps one
}

// Ask goes with "transcribe". Steps above 0 is for measuring: the encoder's
// whole window, and so many tokens at most. Prompt is Options.Prompt's.
type Ask struct {
	Steps  int    `json:"steps,omitempty"`
	Prompt string `json:"prompt,omitempty"`
}

// Heard is the reply of `cricket-native stt` to "transcribe".
type Heard struct {
	Text     string       `json:"text"`
	NoSpeech float64      `json:"no_speech"` // probability, the highest of its windows
	Tokens   []HeardToken `json:"tokens"`
	Windows  int          `json:"windows"` // in how many the utterance was heard; 0: it is silent

	Sentences []Sentence `json:"-"` // that Options.Says allows, the likeliest first
}

// HeardToken is one sub-word; times are milliseconds from the first sample.
type HeardToken struct {
	Text  string  `json:"text"`
	P     float64 `json:"p"`
	Start int     `json:"start"`
	End   int     `json:"end"`
}

// New returns an engine that Run starts.
func New(o Options) *Engine {
	if o.Language == "" {
		o.Language = "en"
	}
	return &Engine{o: o, turn: make(chan struct{}, 1), child: child.New(child.Options{
		Part:    "speech recogniser (whisper)",
		Program: o.Native,
		Args:    []string{"stt", "--model", o.Model, "--language", o.Language},
		// Threads of libgomp that spin while they wait starve everything else,
		// and an abort of ggml would start a debugger.
		Env:         []string{"OMP_WAIT_POLICY=passive", "GGML_NO_BACKTRACE=1"},
		MemoryLimit: memoryLimit,
		Log:         o.Log,
	})}
}

// Run keeps the child running until ctx ends. It returns at once, with an error
// that wraps ErrModel, where the file is no Whisper model.
func (e *Engine) Run(ctx context.Context) error {
	if err := e.check(); err != nil {
		return err
	}
	return e.child.Run(ctx)
}

func (e *Engine) check() error {
	f, err := os.Open(e.o.Model)
	if err != nil {
		return fmt.Errorf("open model: %w", err)
	}
	defer f.Close()
	if _, err := ReadHeader(f); err != nil {
		return fmt.Errorf("open model %q: %w", e.o.Model, err)
	}
	return nil
}

// State says how the child is.
func (e *Engine) State() child.State { return e.child.State() }

// Transcribe says what is heard in u; the text is empty where there is no
// speech. NotCommand is true where Options.Says is set and something was said
// that is none of its sentences. Errors name the part, and wrap child.ErrDown,
// child.ErrDied or ctx's.
func (e *Engine) Transcribe(ctx context.Context, u voice.Utterance) (voice.Transcript, error) {
	if len(u.PCM) == 0 {
		return voice.Transcript{Language: e.o.Language}, nil
	}
	h, err := e.Hear(ctx, u)
	if err != nil {
		return voice.Transcript{}, err
	}
	t := h.transcript(e.o.Language)
	if e.o.Says != nil {
		t = h.held(t)
	}
	return t, nil
}

// Hear returns what Transcribe makes its transcript of.
func (e *Engine) Hear(ctx context.Context, u voice.Utterance) (Heard, error) {
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return Heard{}, fmt.Errorf("hear: %w", ctx.Err())
	}
	h, err := e.hear(ctx, u)
	if err != nil && ctx.Err() == nil && !errors.Is(err, child.ErrDown) && !errors.Is(err, child.ErrDied) {
		// A child that dies in the search is replaced by one that heard nothing yet.
		h, err = e.hear(ctx, u)
	}
	return h, err
}

func (e *Engine) hear(ctx context.Context, u voice.Utterance) (Heard, error) {
	var ask Ask
	if e.o.Prompt != nil {
		ask.Prompt = e.o.Prompt()
	}
	head, err := json.Marshal(ask)
	if err != nil {
		return Heard{}, fmt.Errorf("encode the prompt: %w", err)
	}
	reply, err := e.child.Call(ctx, child.Request{Verb: "transcribe", Head: head, Data: child.PCM(u.PCM)})
	if err != nil {
		return Heard{}, err
	}
	var h Heard
	if err := json.Unmarshal(reply, &h); err != nil {
		return Heard{}, fmt.Errorf("read what was heard: %w", err)
	}
	// Where nothing was heard freely there is no speech, whatever could be made of
	// it; and what is longer than a window is no command.
	if e.o.Says != nil && h.Windows == 1 && h.Text != "" {
		h.Sentences, err = search(func(tokens []int) ([]Choice, error) { return e.next(ctx, tokens) },
			func(text string) (bool, bool) { return e.o.Says(ctx, text) })
	}
	return h, err
}

// transcript applies Whisper's own rule for silence, and takes the geometric
// mean of the tokens' probabilities for the confidence.
func (h Heard) transcript(language string) voice.Transcript {
	t := voice.Transcript{Text: h.Text, Language: language}
	mean := 0.0
	for _, token := range h.Tokens {
		mean += math.Log(max(token.P, 1e-9)) / float64(len(h.Tokens))
		t.Tokens = append(t.Tokens, voice.Token{Text: token.Text, Probability: min(1, max(0, token.P)),
			Start: time.Duration(token.Start) * time.Millisecond, End: time.Duration(token.End) * time.Millisecond})
	}
	const noSpeech, unsure = 0.6, -1 // as in Whisper's own transcribe
	if len(h.Tokens) == 0 || t.Text == "" || h.NoSpeech > noSpeech && mean < unsure {
		return voice.Transcript{Language: language}
	}
	t.Confidence = min(1, math.Exp(mean))
	return t
}
