package wyoming

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
)

const (
	// hearTime is how long a service may say nothing about a request, beside the time that
	// the request lasted.
	hearTime = 10 * time.Second
	// returnTime is how long a service that has gone away is waited for.
	returnTime = 5 * time.Second
	// lookEvery and lookAgain are how often it is asked whether it is there: while it is, and
	// while it is not.
	lookEvery = 30 * time.Second
	lookAgain = time.Second

	// taken is how sure a transcript is taken to be: the protocol does not tell.
	taken = 0.8
)

// Recogniser is a recogniser elsewhere.
type Recogniser struct {
	address  string
	language string
	log      *slog.Logger
	returns  time.Duration // how long the service is waited for that has gone away

	mu      sync.Mutex
	state   child.State
	met     bool          // it has answered before
	changed chan struct{} // closed and replaced when state changes
}

// NewRecogniser returns the recogniser at host:port; Run must be called.
func NewRecogniser(address, language string, log *slog.Logger) *Recogniser {
	return &Recogniser{address: address, language: language, log: log.With("part", "wyoming recogniser"), returns: returnTime, changed: make(chan struct{})}
}

// Name names the service in logs and errors.
func (r *Recogniser) Name() string { return "the Wyoming recogniser at " + r.address }

// State says whether the service answers, and why not.
func (r *Recogniser) State() child.State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

func (r *Recogniser) set(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.state
	r.state.Running, r.state.Err = err == nil, err
	if err == nil && !before.Running {
		if r.met {
			r.state.Restarts++
		}
		r.met = true
	}
	switch {
	case err != nil && (before.Running || before.Err == nil || before.Err.Error() != err.Error()):
		r.log.Warn("the recogniser elsewhere cannot be used", "address", r.address, "err", err)
	case err == nil && !before.Running:
		r.log.Info("the recogniser elsewhere answers", "address", r.address)
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

// Run looks after the service until ctx ends.
func (r *Recogniser) Run(ctx context.Context) error {
	for {
		err := r.look(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.set(err)
		wait := lookEvery
		if err != nil {
			wait = lookAgain
		}
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-changed: // a request has found it gone
			select {
			case <-ctx.Done():
			case <-time.After(lookAgain / 4):
			}
		}
		timer.Stop()
	}
}

// look asks what the service is.
func (r *Recogniser) look(ctx context.Context) error {
	var info Info
	err := talkTo(ctx, r.address, dialTime, func(c *client) error { return c.send("describe", nil, nil) },
		func(e Event) (bool, error) { return e.Type == "info", e.read(&info) })
	if err == nil && len(info.ASR) == 0 {
		err = errors.New("it has no recogniser")
	}
	return err
}

// Transcribe has an utterance recognised. When the service goes away meanwhile and comes back,
// it is asked once more; the second time the error wraps child.ErrDied.
func (r *Recogniser) Transcribe(ctx context.Context, u voice.Utterance) (voice.Transcript, error) {
	if len(u.PCM) == 0 {
		return voice.Transcript{Language: r.language}, nil
	}
	broke := 0
	for {
		t, err := r.once(ctx, u)
		_, broken := errors.AsType[brokenError](err)
		switch {
		case err == nil:
			return t, nil
		case ctx.Err() != nil:
			return t, ctx.Err()
		case !broken:
			r.set(err)
			return t, fmt.Errorf("hear with %s: %w", r.Name(), err)
		}
		if broke++; broke == 2 {
			r.set(err)
			return t, fmt.Errorf("hear with %s: it %w: %w", r.Name(), child.ErrDied, err)
		}
		r.set(err)
		if err := r.back(ctx); err != nil {
			return t, err
		}
	}
}

// back waits for the service to come back.
func (r *Recogniser) back(ctx context.Context) error {
	soon, stop := context.WithTimeout(ctx, r.returns)
	defer stop()
	for {
		r.mu.Lock()
		state, changed := r.state, r.changed
		r.mu.Unlock()
		if state.Running {
			return nil
		}
		select {
		case <-changed:
		case <-soon.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("hear with %s: it is not there: %w", r.Name(), state.Err)
		}
	}
}

// once sends an utterance and waits for what was heard.
func (r *Recogniser) once(ctx context.Context, u voice.Utterance) (voice.Transcript, error) {
	t := voice.Transcript{Language: r.language}
	err := talkTo(ctx, r.address, hearTime+u.Duration(), func(c *client) error {
		if err := c.send("transcribe", map[string]string{"language": r.language}, nil); err != nil {
			return err
		}
		if err := c.send("audio-start", mono(voice.SampleRate), nil); err != nil {
			return err
		}
		if err := c.sendSound(voice.Speech{Rate: voice.SampleRate, PCM: u.PCM}, 0); err != nil {
			return err
		}
		return c.send("audio-stop", map[string]int64{"timestamp": u.Duration().Milliseconds()}, nil)
	}, func(e Event) (bool, error) {
		if e.Type != "transcript" { // its parts come before the whole
			return false, nil
		}
		var heard struct {
			Text     string `json:"text"`
			Language string `json:"language"`
		}
		if err := e.read(&heard); err != nil {
			return false, err
		}
		if len(heard.Text) > maxText {
			return false, fmt.Errorf("%w: a transcript of more than %d bytes", ErrProtocol, maxText)
		}
		if t.Text = strings.TrimSpace(heard.Text); t.Text != "" {
			t.Confidence = taken
		}
		if heard.Language != "" {
			t.Language = heard.Language
		}
		return true, nil
	})
	return t, err
}
