package route

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// source answers prompts: a [Sibling], or the model here.
type source interface {
	Complete(ctx context.Context, p Prompt, from Resume, each func(Piece) error) (Done, error)
}

// Here is the model of this box as a source.
type Here struct{ Llama *Llama }

// Complete asks the model here.
func (h Here) Complete(ctx context.Context, p Prompt, from Resume, each func(Piece) error) (Done, error) {
	tokenizer, err := h.Llama.Tokenizer(ctx)
	if err != nil {
		return Done{}, err
	}
	if len(from.Tokens) > 0 && from.Tokenizer != tokenizer {
		return Done{}, errOther
	}
	return h.Llama.Complete(ctx, p, from, func(piece Piece) error {
		piece.tokenizer = tokenizer
		return each(piece)
	})
}

// ErrNobody says that no box answered; what each said is with it.
var ErrNobody = errors.New("no box could answer")

// Answer is how a prompt was answered.
type Answer struct {
	Text   string // what was heard, whole
	Tokens []int  // its ids; none where they are not known
	By     peer.ID
	Done   Done
	Failed []string // which boxes were asked before, and what became of that
	First  time.Duration
}

const (
	hedgeGuess = 3 * time.Second // until there are enough first tokens to learn from
	hedgeLearn = 20
	hedgeOver  = 100
)

// Asker asks boxes one after the other. Its methods may be called from any goroutine.
type Asker struct {
	source func(Choice) source

	mu     sync.Mutex
	hedge  Hedge
	firsts []time.Duration // to the first token, of the last requests
}

// NewAsker returns an asker; source gives the box of a choice.
func NewAsker[S source](from func(Choice) S) *Asker {
	return &Asker{source: func(c Choice) source { return from(c) }}
}

// event is what comes of an attempt: a piece, or its end.
type event struct {
	attempt int
	piece   Piece
	end     bool
	done    Done
	err     error
}

// attempt is one box that is asked.
type attempt struct {
	choice    Choice
	stop      func()
	held      []Piece // of an atomic answer, or one that is not Spoken yet
	restarted bool    // it has said before that the ids are of another tokenizer
}

// answering is one request on its way.
type answering struct {
	a        *Asker
	ctx      context.Context
	prompt   Prompt
	each     func(Piece) error
	events   chan event
	running  map[int]*attempt
	attempts int

	answer    Answer
	known     bool // Tokens are the ids of all of Text
	tokenizer string
}

// Ask has the boxes of order answer, the first that can, and calls each with every piece
// as it comes. each is never called from two goroutines at once; its error ends the
// request.
func (a *Asker) Ask(ctx context.Context, p Prompt, order []Choice, each func(Piece) error) (Answer, error) {
	if err := p.check(); err != nil {
		return Answer{}, err
	}
	p.Sure = p.Spoken != nil
	ctx, stop := context.WithCancel(ctx)
	defer stop() // cancels whoever still answers
	r := &answering{a: a, ctx: ctx, prompt: p, each: each, events: make(chan event), running: map[int]*attempt{}, known: true}
	began, next, winner, hedged := time.Now(), 0, -1, false
	a.mu.Lock()
	a.hedge.Asked()
	late := time.NewTimer(a.late())
	a.mu.Unlock()
	defer late.Stop()
	for {
		if len(r.running) == 0 {
			if next == len(order) {
				return r.answer, fmt.Errorf("%w: %s", ErrNobody, strings.Join(r.answer.Failed, "; "))
			}
			winner = -1
			if err := r.start(order[next], false); err != nil {
				return r.answer, err
			}
			next++
		}
		select {
		case <-ctx.Done():
			return r.answer, ctx.Err()
		case <-late.C:
			if winner < 0 && !hedged && r.answer.Text == "" && next < len(order) && a.second() {
				hedged = true
				if err := r.start(order[next], false); err != nil {
					return r.answer, err
				}
				next++
			}
		case e := <-r.events:
			t := r.running[e.attempt]
			if t == nil {
				continue // it lost, or was given up
			}
			switch {
			case !e.end:
				if winner < 0 {
					winner = e.attempt
					for n, other := range r.running {
						if n != winner {
							other.stop()
							delete(r.running, n)
						}
					}
					if r.answer.First == 0 {
						r.answer.First = time.Since(began)
						a.learn(r.answer.First)
					}
				}
				if err := r.hear(t, e.piece); err != nil {
					return r.answer, err
				}
			case e.err == nil:
				if err := r.release(t); err != nil {
					return r.answer, err
				}
				r.answer.By, r.answer.Done = t.choice.ID, e.done
				if !r.known {
					r.answer.Tokens = nil
				}
				return r.answer, nil
			case errors.Is(e.err, errOther) && !t.restarted:
				t.stop()
				delete(r.running, e.attempt)
				winner = -1
				if err := r.restart(); err != nil {
					return r.answer, err
				}
				if err := r.start(t.choice, true); err != nil {
					return r.answer, err
				}
			default:
				t.stop()
				delete(r.running, e.attempt)
				r.answer.Failed = append(r.answer.Failed, fmt.Sprintf("%s: %v", t.choice.name(), e.err))
				if e.attempt == winner {
					winner = -1
				}
			}
		}
	}
}

func (c Choice) name() string {
	name, _, _ := strings.Cut(c.Why, ":")
	if name == "" {
		name = c.ID.ShortString()
	}
	return name
}

// start asks a box to begin, or to go on after what was heard.
func (r *answering) start(c Choice, restarted bool) error {
	if r.answer.Text != "" && !r.known && !restarted {
		if err := r.restart(); err != nil {
			return err
		}
	}
	var from Resume
	switch {
	case r.answer.Text == "":
		r.known, r.tokenizer, r.answer.Tokens = true, "", nil
	case r.known:
		from = Resume{Tokens: slices.Clone(r.answer.Tokens), Tokenizer: r.tokenizer}
	default:
		from = Resume{Text: r.answer.Text}
	}
	prompt := r.prompt
	if r.answer.Text != "" {
		prompt.Grammar = "" // which is that of a whole answer
	}
	ctx, stop := context.WithCancel(r.ctx)
	n := r.attempts
	r.attempts++
	r.running[n] = &attempt{choice: c, stop: stop, restarted: restarted}
	box := r.a.source(c)
	go func() {
		tell := func(e event) error {
			select {
			case r.events <- e:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		done, err := box.Complete(ctx, prompt, from, func(p Piece) error { return tell(event{attempt: n, piece: p}) })
		tell(event{attempt: n, end: true, done: done, err: err})
	}()
	return nil
}

// hear takes a piece of the box that answers.
func (r *answering) hear(t *attempt, p Piece) error {
	if r.prompt.Grammar == "" || r.answer.Text != "" {
		return r.deliver(p)
	}
	t.held = append(t.held, p)
	if r.prompt.Spoken == nil {
		return nil
	}
	var text strings.Builder
	for _, p := range t.held {
		text.WriteString(p.Text)
	}
	if !r.prompt.Spoken(text.String(), p.Sure) {
		return nil
	}
	return r.release(t)
}

// release delivers what was held of an answer.
func (r *answering) release(t *attempt) error {
	for _, p := range t.held {
		if err := r.deliver(p); err != nil {
			return err
		}
	}
	t.held = nil
	return nil
}

func (r *answering) deliver(p Piece) error {
	if p.Text != "" && len(p.Tokens) == 0 || r.tokenizer != "" && p.tokenizer != r.tokenizer {
		r.known = false
	}
	r.tokenizer = p.tokenizer
	r.answer.Text += p.Text
	r.answer.Tokens = append(r.answer.Tokens, p.Tokens...)
	return r.each(p)
}

// restart takes back what was heard after the last sentence, and says so.
func (r *answering) restart() error {
	keep := lastSentence(r.answer.Text)
	r.known, r.answer.Tokens = false, nil
	r.answer.Text = r.answer.Text[:keep]
	return r.each(Piece{Restart: true, Keep: keep})
}

// lastSentence is where the last whole sentence ends, with the space behind it.
func lastSentence(text string) int {
	end := 0
	for i := range len(text) - 1 {
		if strings.IndexByte(".!?", text[i]) >= 0 && (text[i+1] == ' ' || text[i+1] == '\n') {
			end = i + 1
		}
	}
	return end
}

// late is when a first token is late: the 95th percentile of the last ones.
func (a *Asker) late() time.Duration {
	if len(a.firsts) < hedgeLearn {
		return hedgeGuess
	}
	sorted := slices.Sorted(slices.Values(a.firsts))
	return sorted[len(sorted)*95/100]
}

func (a *Asker) learn(first time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.firsts = append(a.firsts, first); len(a.firsts) > hedgeOver {
		a.firsts = a.firsts[1:]
	}
}

func (a *Asker) second() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.hedge.Second()
}
