package whisper

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/internal/child"
)

// MostChoices is how many tokens the reply to "next" names at most.
const MostChoices = 24

// After goes with "next": the tokens so far, in the utterance that was
// transcribed last.
type After struct {
	Tokens []int `json:"tokens"`
}

// Next is the reply: what may follow, the likeliest first.
type Next struct {
	Choices []Choice `json:"choices"`
}

// Choice is a sub-word, or the end of the utterance.
type Choice struct {
	ID   int     `json:"id"`
	Text string  `json:"text,omitempty"`
	Log  float64 `json:"log"` // natural logarithm of its probability after those before it
	End  bool    `json:"end,omitempty"`
}

// Sentence is one that people say here, and what the sound makes of it.
type Sentence struct {
	Text   string
	Log    float64 // natural logarithm of its probability, its end included
	Tokens int     // its end included
}

const (
	maxSteps   = 60 // of the decoder for one utterance; ten times that finds a tenth more
	maxBreadth = 8  // beginnings with the same number of tokens that are followed
	// leastStep: what is less likely than this after what was said before is not
	// looked at. Nothing can be made of speech that needs it.
	leastStep = -9.0
	// perToken is what a beginning is given for each token, so that long ones are
	// not put off for the sake of short ones: about half of what a token costs in noise.
	perToken = 0.5
	// behind: sentences that are less likely than the best by this much are not
	// looked for; nearer ones say how sure the best is.
	behind = 3.0
)

// beginning is a sentence as far as it was followed.
type beginning struct {
	tokens []int
	text   string
	log    float64
	ended  bool
}

func (b *beginning) promise() float64 { return b.log + perToken*float64(len(b.tokens)) }

// beginnings is a heap, the most promising on top.
type beginnings []*beginning

func (b beginnings) Len() int           { return len(b) }
func (b beginnings) Less(i, j int) bool { return b[i].promise() > b[j].promise() }
func (b beginnings) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }
func (b *beginnings) Push(x any)        { *b = append(*b, x.(*beginning)) }
func (b *beginnings) Pop() any {
	last := (*b)[len(*b)-1]
	*b = (*b)[:len(*b)-1]
	return last
}

// search finds the likeliest of the sentences that says allows, best first. It
// follows the most promising beginning, token by token. Probabilities are those
// among all tokens, not only the allowed ones: a sentence is not made likely by
// there being no other.
func search(next func(tokens []int) ([]Choice, error), says func(text string) (begins, whole bool)) ([]Sentence, error) {
	var found []Sentence
	seen := map[string]bool{} // texts can be put together from tokens in several ways
	breadth := map[int]int{}
	open := &beginnings{{}}
	for steps := 0; open.Len() > 0 && steps < maxSteps; {
		b := heap.Pop(open).(*beginning)
		if len(found) > 0 && b.log < found[0].Log-behind {
			continue
		}
		text := strings.TrimSpace(b.text)
		begins, whole := says(text)
		if b.ended {
			if whole && text != "" && !slices.ContainsFunc(found, func(s Sentence) bool { return s.Text == text }) {
				found = append(found, Sentence{Text: text, Log: b.log, Tokens: len(b.tokens) + 1})
				slices.SortStableFunc(found, func(a, b Sentence) int { return cmp.Compare(b.Log, a.Log) })
			}
			continue
		}
		if !begins || seen[b.text] || breadth[len(b.tokens)] == maxBreadth {
			continue
		}
		seen[b.text] = true
		breadth[len(b.tokens)]++
		steps++
		choices, err := next(b.tokens)
		if err != nil {
			return nil, err
		}
		for _, c := range choices {
			if c.Log < leastStep {
				break
			}
			longer := &beginning{tokens: b.tokens, text: b.text, log: b.log + c.Log, ended: c.End}
			if !c.End {
				longer.tokens = append(slices.Clip(b.tokens), c.ID)
				longer.text += c.Text
			}
			heap.Push(open, longer)
		}
	}
	return found, nil
}

// next asks the child what may follow tokens in the utterance it heard last.
func (e *Engine) next(ctx context.Context, tokens []int) ([]Choice, error) {
	head, err := json.Marshal(After{Tokens: append([]int{}, tokens...)})
	if err != nil {
		return nil, fmt.Errorf("encode tokens: %w", err)
	}
	reply, err := e.child.Call(ctx, child.Request{Verb: "next", Head: head})
	if err != nil {
		return nil, err
	}
	var n Next
	if err := json.Unmarshal(reply, &n); err != nil {
		return nil, fmt.Errorf("read what may follow: %w", err)
	}
	return n.Choices, nil
}
