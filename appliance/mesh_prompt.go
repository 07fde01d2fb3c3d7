package appliance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/cricket-home/cricket/mesh/weights"
)

// maxPrompt is the largest state of a prompt that is taken, in bytes: 4,096 tokens of a
// model of eight billion parameters have half of it.
const maxPrompt = 1 << 30

// meetTime is how long a box that has just started waits until it meets its siblings,
// before it reads its prompt itself.
const meetTime = 3 * time.Second

// promptKeeper is a language model that keeps what it has read of its prompt.
type promptKeeper interface {
	Prompt(key string) (sum string, size int64, ok bool)
	PromptFile(sum string) string
}

// promptShelf gives siblings what this box's language model has read.
type promptShelf struct{ promptKeeper }

// Prompt is the state of a prompt.
func (s promptShelf) Prompt(key string) (weights.Prompt, bool) {
	sum, size, ok := s.promptKeeper.Prompt(key)
	return weights.Prompt{SHA256: sum, Size: size}, ok
}

// Whole is where its file is, or "".
func (s promptShelf) Whole(sum string) string { return s.PromptFile(sum) }

// Begun is 0: a prompt is never waited for.
func (promptShelf) Begun(string) int64 { return 0 }

// warmSiblings are the boxes that may have read the same prompt as this one.
type warmSiblings struct{ *Box }

// Prompt takes the state of a prompt from a sibling.
func (s warmSiblings) Prompt(ctx context.Context, key, file string) error {
	node := s.meets(ctx)
	if node == nil {
		return errors.New("no sibling is there")
	}
	offers := node.FindPrompt(ctx, key)
	if len(offers) == 0 {
		return weights.ErrNowhere
	}
	var failed error
	for _, o := range offers {
		err := takePrompt(ctx, node, o, file)
		if err == nil {
			return nil
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// meets waits a little for siblings, where this box has any.
func (b *Box) meets(ctx context.Context) *weights.Node {
	if b.siblings.mesh == nil || !b.siblings.mesh.Members().Paired() {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, meetTime)
	defer stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if node := b.siblingWeights(); node != nil && node.Reaches() {
			return node
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// takePrompt takes one that is offered.
func takePrompt(ctx context.Context, node *weights.Node, o weights.Prompt, file string) (err error) {
	if o.Size > maxPrompt {
		return fmt.Errorf("take a prompt from siblings: it has %d bytes", o.Size)
	}
	body, _, err := node.Open(ctx, o.SHA256, o.Size, 0)
	if err != nil {
		return err
	}
	defer body.Close()
	f, err := os.CreateTemp(filepath.Dir(file), "taken.*")
	if err != nil {
		return fmt.Errorf("keep a sibling's prompt: %w", err)
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, h), body)
	if err = errors.Join(err, f.Close()); err == nil && hex.EncodeToString(h.Sum(nil)) != o.SHA256 {
		node.Wrong(o.SHA256)
		err = errors.New("a sibling's prompt has other bytes than it promised")
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("take a prompt from siblings: %w", err)
	}
	return nil
}
