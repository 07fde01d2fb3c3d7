package llm

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/internal/child"
)

// Speed is what a model costs on this machine with the prompt of this home.
type Speed struct {
	Prompt   int     `json:"prompt"`      // tokens of the prompt
	ColdMS   float64 `json:"cold_ms"`     // to the first token, nothing of the prompt read before
	WarmMS   float64 `json:"warm_ms"`     // the same, the home's part of it read before
	Restored int     `json:"restored"`    // tokens that a new process had from the saved prompt; 0: this architecture reads them again
	FileMS   float64 `json:"restored_ms"` // to the first token of the new process
	Read     float64 `json:"read"`        // tokens a second of a prompt
	Written  float64 `json:"written"`     // tokens a second of an answer
	Memory   int64   `json:"memory"`      // resident bytes of llama-server
}

// speedTokens is how many tokens are written to see how fast that goes.
const speedTokens = 48

// Measure measures the model that Run runs, alone: what is asked meanwhile is
// told that it is busy. The server is killed once, to see how it comes back.
func (e *Engine) Measure(ctx context.Context) (Speed, error) {
	s, pid, err := e.measure(ctx)
	if err != nil {
		return s, err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return s, fmt.Errorf("end llama-server: %w", err)
	}
	if err := e.again(ctx, pid); err != nil {
		return s, err
	}
	c, err := e.one(ctx, "", "is it on")
	s.Restored, s.FileMS = c.stats.Cached, c.stats.ReadMS
	if c.stats.Cached < c.stats.Read {
		s.Restored = 0
	}
	return s, err
}

// measure is what needs no restart; pid is the process that was measured.
func (e *Engine) measure(ctx context.Context) (s Speed, pid int, err error) {
	if err := e.server.Serving(ctx); err != nil {
		return s, 0, err
	}
	if err := e.warm(ctx); err != nil { // so that the prompt is saved
		return s, 0, err
	}
	c, err := e.one(ctx, "1 ", "is it on") // another prompt from its first character
	if err != nil {
		return s, 0, err
	}
	s.Prompt, s.ColdMS = c.stats.Cached+c.stats.Read, c.stats.ReadMS
	s.Read = rate(c.stats.Read, c.stats.ReadMS)
	if _, err = e.one(ctx, "", "is it off"); err != nil {
		return s, 0, err
	}
	if c, err = e.one(ctx, "", "is it on"); err != nil {
		return s, 0, err
	}
	s.WarmMS, s.Written = c.stats.ReadMS, rate(c.stats.Written, c.stats.WriteMS)
	pid = e.State().PID
	s.Memory, err = child.Resident(pid)
	return s, pid, err
}

// one asks about a sentence, behind a prompt that begins with before.
func (e *Engine) one(ctx context.Context, before, text string) (completion, error) {
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return completion{}, ctx.Err()
	}
	v, q := e.vocabulary(), intent.Query{Text: text}
	chat := v.chat(q, v.candidates(q))
	chat[0].Content = before + chat[0].Content
	c, err := e.client.complete(ctx, chat, `root ::= [a-z ]+`, speedTokens, nil)
	if errors.Is(err, errCut) {
		err = nil
	}
	return c, err
}

// again waits until another process than pid serves, with its prompt warm.
func (e *Engine) again(ctx context.Context, pid int) error {
	for {
		if s := e.State(); s.Running && s.PID != pid {
			return e.warm(ctx)
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("start llama-server again: %w", ctx.Err())
		}
	}
}

// rate is tokens a second.
func rate(tokens int, ms float64) float64 {
	if ms <= 0 {
		return 0
	}
	return float64(tokens) * 1000 / ms
}
