package route

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// scripted answers with a text, one byte a token, as any model would that goes on from what
// was heard.
type scripted struct {
	text      string
	tokenizer string
	first     time.Duration // until the first token
	dies      int           // after that many tokens; 0: never
	err       error         // at once

	asked, stopped time.Duration // since the bubble began
	began          time.Time
	prompt         Prompt // it was asked last
}

func (s *scripted) Complete(ctx context.Context, p Prompt, from Resume, each func(Piece) error) (Done, error) {
	s.asked, s.prompt = time.Since(s.began), p
	if s.err != nil {
		return Done{}, s.err
	}
	if len(from.Tokens) > 0 && from.Tokenizer != s.tokenizer {
		return Done{}, errOther
	}
	select {
	case <-time.After(s.first):
	case <-ctx.Done():
		s.stopped = time.Since(s.began)
		return Done{}, ctx.Err()
	}
	at := len(from.Tokens) + len(from.Text)
	for i, c := range []byte(s.text[at:]) {
		if s.dies > 0 && i == s.dies {
			return Done{}, errors.New("died")
		}
		time.Sleep(10 * time.Millisecond)
		if err := each(Piece{Tokens: []int{int(c)}, Text: string(c), tokenizer: s.tokenizer}); err != nil {
			s.stopped = time.Since(s.began)
			return Done{}, err
		}
	}
	return Done{Written: len(s.text) - at}, nil
}

const tale = "The lamp is on. The door is shut. All is well."

// ask has boxes a, b, c... answer in this order.
func ask(t *testing.T, a *Asker, p Prompt, boxes ...*scripted) (Answer, []Piece, error) {
	t.Helper()
	var order []Choice
	for i, b := range boxes {
		b.began = time.Now()
		order = append(order, Choice{ID: peer.ID(rune('a' + i)), Why: string(rune('a'+i)) + ": test"})
	}
	if a == nil {
		a = &Asker{}
	}
	a.source = func(c Choice) source { return boxes[c.ID[0]-'a'] }
	var heard []Piece
	answer, err := a.Ask(t.Context(), p, order, func(p Piece) error { heard = append(heard, p); return nil })
	return answer, heard, err
}

// spoken is what the listener ends up with.
func spoken(heard []Piece) string {
	var s string
	for _, p := range heard {
		if p.Restart {
			s = s[:p.Keep]
		}
		s += p.Text
	}
	return s
}

func prompt() Prompt { return Prompt{Messages: []Message{{"user", "how is it?"}}, Tokens: 200} }

func TestNextBoxBeforeTheFirstToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down, busy := &scripted{err: errors.New("connection refused")}, &scripted{err: &BusyError{7 * time.Second}}
		floor := &scripted{text: tale}
		answer, heard, err := ask(t, nil, prompt(), down, busy, floor)
		if err != nil || spoken(heard) != tale || answer.By != "c" {
			t.Fatalf("%+v, %v", answer, err)
		}
		if floor.asked > 300*time.Millisecond {
			t.Errorf("the next box was asked after %v", floor.asked)
		}
		if got := strings.Join(answer.Failed, "; "); got != "a: connection refused; b: is busy: ask again in 7s" {
			t.Errorf("failed: %s", got)
		}
		if _, _, err := ask(t, nil, prompt(), down, busy); !errors.Is(err, ErrNobody) || !strings.Contains(err.Error(), "ask again in 7s") {
			t.Errorf("nobody: %v", err)
		}
	})
}

func TestResumeAtEveryToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for k := 1; k < len(tale); k++ {
			answer, heard, err := ask(t, nil, prompt(), &scripted{text: tale, dies: k}, &scripted{text: tale})
			if err != nil || spoken(heard) != tale || answer.Text != tale || len(answer.Tokens) != len(tale) || len(heard) != len(tale) {
				t.Fatalf("died after %d: %q, %v", k, spoken(heard), err)
			}
			if answer.By != "b" || answer.Done.Written != len(tale)-k {
				t.Errorf("died after %d: %+v", k, answer)
			}
		}
	})
}

func TestOtherTokenizerGoesOnFromTheLastSentence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for k := 1; k < len(tale); k++ {
			answer, heard, err := ask(t, nil, prompt(), &scripted{text: tale, dies: k, tokenizer: "x"}, &scripted{text: tale, tokenizer: "y"})
			if err != nil || spoken(heard) != tale || answer.Text != tale {
				t.Fatalf("died after %d: %q, %v", k, spoken(heard), err)
			}
			restarts := 0
			for _, p := range heard {
				if p.Restart {
					restarts++
					if want := lastSentence(tale[:k]); p.Keep != want {
						t.Errorf("died after %d: %d bytes kept, want %d", k, p.Keep, want)
					}
				}
			}
			if restarts != 1 {
				t.Errorf("died after %d: restart was said %d times", k, restarts)
			}
		}
	})
}

func TestAtomicAnswerIsHeardWholeOrNotAtAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := prompt()
		p.Grammar = `root ::= "x"`
		second := &scripted{text: tale}
		answer, heard, err := ask(t, nil, p, &scripted{text: "something else", dies: 5}, second)
		if err != nil || spoken(heard) != tale || answer.Text != tale || answer.Done.Written != len(tale) {
			t.Fatalf("%q, %v", spoken(heard), err)
		}
		_, heard, err = ask(t, nil, p, &scripted{text: tale, dies: 5})
		if err == nil || len(heard) > 0 {
			t.Errorf("half an action was heard: %q, %v", spoken(heard), err)
		}
	})
}

// An answer under a grammar that somebody hears is gone on with wherever it breaks off, and is
// neither begun again nor changed; one that is not heard yet is rerun, under its grammar.
func TestSpokenAnswerUnderAGrammarIsResumed(t *testing.T) {
	const begun = "The lamp is on. T"
	for _, other := range []string{"", "y"} { // the tokenizer of the second box
		synctest.Test(t, func(t *testing.T) {
			for k := 1; k < len(tale); k++ {
				p := prompt()
				p.Grammar = `root ::= "x"`
				told := 0
				p.Spoken = func(text string, sure float64) bool {
					if text != begun {
						return false
					}
					told++
					return true
				}
				first, second := &scripted{text: tale, dies: k}, &scripted{text: tale, tokenizer: other}
				answer, heard, err := ask(t, nil, p, first, second)
				if err != nil || spoken(heard) != tale || answer.Text != tale || told != 1 {
					t.Fatalf("died after %d: %q, begun %d times, %v", k, spoken(heard), told, err)
				}
				for _, p := range heard {
					if p.Restart && p.Keep < len("The lamp is on.") {
						t.Errorf("died after %d: what was spoken is taken back, to byte %d", k, p.Keep)
					}
				}
				if whole := k < len(begun); whole != (answer.Done.Written == len(tale)) || whole != (second.prompt.Grammar != "") {
					t.Errorf("died after %d: the second box wrote %d bytes under %q", k, answer.Done.Written, second.prompt.Grammar)
				}
			}
		})
	}
}

func TestSecondCopyWhereTheFirstTokenIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &Asker{}
		for range hedgeOf {
			a.hedge.Asked()
		}
		slow, fast := &scripted{text: tale, first: time.Minute}, &scripted{text: tale}
		answer, heard, err := ask(t, a, prompt(), slow, fast)
		synctest.Wait()
		if err != nil || answer.By != "b" || spoken(heard) != tale {
			t.Fatalf("%+v, %v", answer, err)
		}
		if fast.asked != hedgeGuess || slow.stopped-fast.asked > 100*time.Millisecond {
			t.Errorf("second copy at %v, the loser stopped at %v", fast.asked, slow.stopped)
		}
		// There is no second second copy.
		slow, fast = &scripted{text: tale, first: time.Minute}, &scripted{text: tale}
		if answer, _, err := ask(t, a, prompt(), slow, fast); err != nil || answer.By != "a" {
			t.Errorf("%+v, %v", answer, err)
		}
	})
}

func TestListenerThatGoesEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{text: tale, began: time.Now()}
		a := &Asker{source: func(Choice) source { return s }}
		enough := errors.New("enough")
		_, err := a.Ask(t.Context(), prompt(), []Choice{{ID: "a"}}, func(Piece) error { return enough })
		time.Sleep(time.Second) // virtual
		synctest.Wait()
		if !errors.Is(err, enough) || s.stopped == 0 || s.stopped > 200*time.Millisecond {
			t.Errorf("%v, stopped at %v", err, s.stopped)
		}
	})
}
