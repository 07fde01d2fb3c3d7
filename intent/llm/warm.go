package llm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/cricket-home/cricket/intent"
)

// settings are the options of llama-server that the state of a prompt depends on; keys and
// values have the default type.
var settings = []string{"-np", "1", "-c", "4096"}

// Siblings have read the same prompt, perhaps.
type Siblings interface {
	// Prompt writes the state of the prompt with this key to a file, before ctx ends. An
	// error says why it could not be had.
	Prompt(ctx context.Context, key, file string) error
}

const (
	buildTime = 10 * time.Second // for llama-server to say which it is
	firstWait = 5 * time.Second  // for siblings, where it is not known how long reading takes here
	leastWait = 300 * time.Millisecond
)

// savedPrompt is the prompt that was read here last.
type savedPrompt struct {
	key, sum string
	file     string
	size     int64
	useless  bool    // what siblings saved does not help with this model
	rate     float64 // characters read per second; 0: not known
}

// buildOf asks llama-server which it is.
func buildOf(program string) string {
	ctx, stop := context.WithTimeout(context.Background(), buildTime)
	defer stop()
	said, err := exec.CommandContext(ctx, program, "--version").CombinedOutput()
	if err != nil {
		return ""
	}
	return string(said)
}

// key is a SHA-256 of all that the state of a prompt depends on; shared says whether it is
// the same key on another box.
func (e *Engine) key(prompt []Message) (key string, shared bool) {
	model, build := e.o.Hash, e.build()
	shared = model != "" && build != ""
	if model == "" {
		model = e.o.Model
		if info, err := os.Stat(model); err == nil {
			model += fmt.Sprint("\x00", info.Size(), info.ModTime().UnixNano())
		}
	}
	h := sha256.New()
	for _, part := range []string{"1", model, build, strings.Join(settings, " "), fmt.Sprintf("%q", prompt)} {
		sum := sha256.Sum256([]byte(part)) // so that no two lists of parts run together
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)), shared
}

// warm has the server read the prefix: from the file of an earlier run, or of a sibling,
// where there is one that it can use. What is saved was read before anything was said.
func (e *Engine) warm(ctx context.Context) error {
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	v := e.vocabulary()
	ask := v.chat(intent.Query{}, v.candidates(intent.Query{}))
	key, shared := e.key(ask)
	own, theirs := "prompt-"+key+".slot", "sibling-"+key+".slot"
	restored := ""
	for _, file := range []string{own, theirs} {
		if restored == "" && e.restore(ctx, file) {
			restored = file
		}
	}
	if restored == "" && shared && e.ask(ctx, key, theirs, size(ask)) && e.restore(ctx, theirs) {
		restored = theirs
	}
	c, err := e.client.complete(ctx, ask, "root ::= \" \"", 1, nil)
	if err != nil && !errors.Is(err, errCut) {
		if restored != "" && ctx.Err() == nil { // it may be what the server died of
			e.discard(restored)
		}
		return err
	}
	e.o.Log.Info("prompt of the language model is warm", "restored", restored != "", "sibling", restored == theirs, "cached", c.stats.Cached, "read", c.stats.Read, "ms", int(c.stats.ReadMS))
	switch used := c.stats.Cached > c.stats.Read; {
	case used && restored == own:
		return e.keep(key, own, shared)
	case used && restored == theirs:
		return nil
	case restored == theirs:
		e.discard(theirs)
	}
	if c.stats.ReadMS > 0 && c.stats.Cached == 0 {
		e.mu.Lock()
		e.saved.rate = float64(size(ask)) / c.stats.ReadMS * 1000
		e.mu.Unlock()
	}
	for _, pattern := range []string{"prompt-*.slot", "sibling-*.slot"} {
		old, _ := filepath.Glob(filepath.Join(e.o.Dir, pattern))
		for _, o := range old {
			os.Remove(o)
		}
	}
	if err := e.client.slot(ctx, "save", own); err != nil {
		return err
	}
	return e.keep(key, own, shared)
}

// size is that of a prompt, in characters.
func size(prompt []Message) (n int) {
	for _, m := range prompt {
		n += len(m.Content)
	}
	return n
}

// restore has the server take a file for what it has read. A file that it does not take is
// removed.
func (e *Engine) restore(ctx context.Context, file string) bool {
	if _, err := os.Stat(filepath.Join(e.o.Dir, file)); err != nil {
		return false
	}
	err := e.client.slot(ctx, "restore", file)
	if err != nil && ctx.Err() == nil {
		e.o.Log.Warn("saved prompt of the language model is not used", "file", file, "err", err)
		e.discard(file)
	}
	return err == nil
}

// discard removes a file that is no good. If it came from a sibling, siblings are not asked
// again: with some models restoring never helps.
func (e *Engine) discard(file string) {
	os.Remove(filepath.Join(e.o.Dir, file))
	if strings.HasPrefix(file, "sibling-") {
		e.mu.Lock()
		e.saved.useless = true
		e.mu.Unlock()
	}
}

// ask takes the state of a prompt from siblings, if that does not take longer than to read
// the prompt here.
func (e *Engine) ask(ctx context.Context, key, file string, characters int) bool {
	e.mu.Lock()
	useless, rate := e.saved.useless, e.saved.rate
	e.mu.Unlock()
	wait := firstWait
	if rate > 0 {
		wait = time.Duration(float64(characters) / rate * float64(time.Second))
	}
	if e.o.Siblings == nil || useless || wait < leastWait {
		return false
	}
	ctx, stop := context.WithTimeout(ctx, wait)
	defer stop()
	err := e.o.Siblings.Prompt(ctx, key, filepath.Join(e.o.Dir, file))
	if err != nil {
		e.o.Log.Debug("no sibling's prompt", "err", err)
	}
	return err == nil
}

// keep says what siblings may have of what was read here.
func (e *Engine) keep(key, file string, shared bool) error {
	path := filepath.Join(e.o.Dir, file)
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("save warm prompt: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return fmt.Errorf("save warm prompt: %w", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.saved.key, e.saved.sum, e.saved.file, e.saved.size = key, hex.EncodeToString(h.Sum(nil)), path, n
	if !shared {
		e.saved.key = ""
	}
	return nil
}

// Prompt is the SHA-256 and the size of the file with the state of a prompt, if it is the
// one that was read here.
func (e *Engine) Prompt(key string) (sum string, size int64, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.saved.sum, e.saved.size, key != "" && key == e.saved.key
}

// PromptFile is where the file with this SHA-256 is, or "".
func (e *Engine) PromptFile(sum string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.saved.key == "" || sum != e.saved.sum {
		return ""
	}
	return e.saved.file
}
