package weights

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

// Prompt is the saved state of a prompt that a model has read: a file that can be taken
// like a model.
type Prompt struct {
	SHA256 string
	Size   int64 // bytes
}

// Prompts is a shelf that has prompts, too.
type Prompts interface {
	// Prompt is the one with this key: a SHA-256, in lower-case hex, of all that it depends on.
	Prompt(key string) (Prompt, bool)
}

// prompt answers a sibling that asks for a prompt.
func (n *Node) prompt(q question) answer {
	shelf, ok := n.shelf.(Prompts)
	if !ok {
		return answer{}
	}
	p, ok := shelf.Prompt(q.File)
	if !ok {
		return answer{}
	}
	return answer{State: whole, Sum: p.SHA256, Size: p.Size}
}

// FindPrompt asks siblings for a prompt, and says what they offer, the smallest first: two
// boxes that computed the same prompt have files that differ a little. What comes is their
// word: see [Node.Open] for the bytes, and whether they are what the key says only the
// model shows.
func (n *Node) FindPrompt(ctx context.Context, key string) []Prompt {
	var mu sync.Mutex
	var group sync.WaitGroup
	var out []Prompt
	for _, id := range n.connected(key) {
		group.Go(func() {
			a, err := n.question(ctx, id, question{Ask: askPrompt, File: key})
			if err != nil || a.State != whole {
				return
			}
			if (question{Ask: askState, File: a.Sum}).check() != nil || a.Size <= 0 {
				n.log.Warn("a sibling offers a prompt that cannot be", "sibling", n.name(id))
				return
			}
			mu.Lock()
			defer mu.Unlock()
			p := Prompt{a.Sum, a.Size}
			if !slices.Contains(out, p) {
				out = append(out, p)
			}
		})
	}
	group.Wait()
	slices.SortFunc(out, func(a, b Prompt) int { return cmp.Compare(a.Size, b.Size) })
	return out
}
