package route

import (
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/mesh/state"
	"github.com/libp2p/go-libp2p/core/peer"
)

// boxOf is a box that answers siblings with one model.
func boxOf(name string, millions int, read, write float64, change func(*Box)) Box {
	b := Box{ID: peer.ID(name), Name: name, Vital: state.Alive, Trip: 2 * time.Millisecond, Record: state.Record{Version: 1, Roles: []string{state.Brain},
		Models: []state.Model{{Name: name + "-model", Hash: name, Millions: millions, Context: 4096, PromptSpeed: read, AnswerSpeed: write}}}}
	if change != nil {
		change(&b)
	}
	return b
}

func TestRank(t *testing.T) {
	light := Need{Prompt: 1500, Answer: 40}
	heavy := light
	heavy.Heavy, heavy.Within = true, 60*time.Second
	here := boxOf("here", 500, 150, 20, func(b *Box) { b.Here = true; b.Record.Roles = nil })
	pc := boxOf("pc", 8000, 900, 60, nil)
	attic := boxOf("attic", 1500, 60, 8, nil)
	for _, c := range []struct {
		name  string
		need  Need
		boxes []Box
		want  string // in order
		why   string // part of the first one's line
	}{
		{"the fastest", light, []Box{here, attic, pc}, "pc here attic", "pc: pc-model, about 2.3 s, 2 ms away"},
		{"the most capable that is in time", heavy, []Box{here, attic, boxOf("big", 30000, 10, 1, nil)}, "attic here big", ""},
		{"a warm prefix", Need{Prompt: 1500, Answer: 40, Warm: "w"}, []Box{here, boxOf("attic", 1500, 60, 8, func(b *Box) { b.Record.Warm = []string{"w"} })}, "attic here", "has read the prompt's beginning"},
		{"a queue", light, []Box{here, boxOf("pc", 8000, 300, 20, func(b *Box) { b.Record.Queue = 2 })}, "here pc", ""},
		{"heat", light, []Box{boxOf("a", 1500, 60, 8, func(b *Box) { b.Record.Temperature = 80 }), boxOf("b", 1500, 55, 8, nil)}, "b a", ""},
		{"privacy", Need{Stays: "bedroom never leaves this box", Prompt: 10, Answer: 10}, []Box{here, pc}, "here", ""},
		{"another site", light, []Box{here, boxOf("pc", 8000, 900, 60, func(b *Box) { b.Record.Site = "cabin" })}, "here", ""},
		{"a suspect", light, []Box{here, boxOf("pc", 8000, 900, 60, func(b *Box) { b.Vital = state.Suspect })}, "here", ""},
		{"a household that talks", light, []Box{here, boxOf("pc", 8000, 900, 60, func(b *Box) { b.Record.Paused = true })}, "here", ""},
		{"no brain", light, []Box{here, boxOf("pc", 8000, 900, 60, func(b *Box) { b.Record.Roles = []string{state.Ears} })}, "here", ""},
		{"capability", Need{Millions: 7000, Prompt: 10, Answer: 10}, []Box{here, attic, pc}, "pc", ""},
		{"context", Need{Prompt: 5000, Answer: 10}, []Box{here, pc}, "", ""},
		{"the trip", Need{Prompt: 10, Answer: 1}, []Box{boxOf("far", 500, 150, 20, func(b *Box) { b.Trip = time.Second }), boxOf("near", 500, 140, 20, nil)}, "near far", ""},
		{"ids where all else is equal", light, []Box{boxOf("b", 500, 10, 2, nil), boxOf("a", 500, 10, 2, nil)}, "a b", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			can, cannot := Rank(c.need, c.boxes)
			var got []string
			for _, ch := range can {
				got = append(got, string(ch.ID))
			}
			if strings.Join(got, " ") != c.want || len(can)+len(cannot) != len(c.boxes) {
				t.Errorf("%v, want %s; not asked: %v", got, c.want, cannot)
			}
			for _, ch := range append(can, cannot...) {
				if ch.Why == "" || strings.Contains(ch.Why, "\n") {
					t.Errorf("%s: %q is no line", ch.ID, ch.Why)
				}
			}
			if c.why != "" && !strings.Contains(can[0].Why, c.why) {
				t.Errorf("%q does not say %q", can[0].Why, c.why)
			}
		})
	}
}

func TestHedgeIsFivePercent(t *testing.T) {
	var h Hedge
	seconds := 0
	for range 10000 {
		h.Asked()
		if h.Second() {
			seconds++
		}
	}
	if seconds != 500 {
		t.Errorf("%d second copies of 10000", seconds)
	}
	for range 1000 {
		h.Asked()
	}
	if !h.Second() || h.Second() {
		t.Error("copies are saved up")
	}
}

func TestQuota(t *testing.T) {
	var q Quota
	began := time.Now()
	var greedy []*Turn
	for i := range 3 {
		turn, before, _ := q.Enter("greedy", began)
		if turn == nil || before != i {
			t.Fatalf("request %d: %v, %d before it", i, turn, before)
		}
		greedy = append(greedy, turn)
	}
	if turn, _, after := q.Enter("greedy", began); turn != nil || after < time.Second {
		t.Errorf("a fourth request: %v, ask again in %v", turn, after)
	}
	modest, before, _ := q.Enter("modest", began)
	if modest == nil || before != 3 {
		t.Fatalf("another sibling: %d before it", before)
	}
	now := func(turn *Turn) bool {
		select {
		case <-turn.Now:
			return true
		default:
			return false
		}
	}
	if !now(greedy[0]) || now(greedy[1]) || now(modest) {
		t.Error("more than the first run")
	}
	greedy[0].Leave(time.Second)
	if !now(modest) || now(greedy[1]) {
		t.Error("siblings do not take turns")
	}
	greedy[2].Leave(0) // gives up
	modest.Leave(time.Second)
	if !now(greedy[1]) {
		t.Error("the last does not run")
	}
	greedy[1].Leave(time.Second)
	if q.Len() != 0 {
		t.Errorf("%d left", q.Len())
	}
}

// A sibling that asks without end gets its tokens a minute and no more, and takes none of
// another's.
func TestTokensAreRationed(t *testing.T) {
	q := Quota{Tokens: 600}
	now := time.Now()
	used, refused := 0, 0
	for end := now.Add(time.Hour); now.Before(end); { // as fast as it is let
		turn, _, after := q.Enter("greedy", now)
		if turn != nil {
			turn.Spend(25, now) // of the prompt, guessed
			turn.Spend(75, now)
			turn.Leave(time.Millisecond)
			used += 100
		} else if refused++; after < time.Second || after > 11*time.Second {
			t.Fatalf("refused with %v; 100 tokens take 10 s", after)
		} else {
			now = now.Add(after)
			if later, _, _ := q.Enter("greedy", now); later == nil {
				t.Fatal("it was told a time, and refused then")
			} else {
				later.Leave(0)
			}
		}
	}
	if want := (60 + saved) * 600; used < want-100 || used > want+100 || refused == 0 {
		t.Errorf("%d tokens in an hour, want %d; %d times refused", used, want, refused)
	}
	modest, _, _ := q.Enter("modest", now)
	if modest == nil {
		t.Fatal("another sibling is refused")
	}
	modest.Spend(1000, now)
	modest.Spend(-1000, now)
	modest.Leave(0)
	if len(q.spent) != 2 {
		t.Errorf("%d siblings are remembered", len(q.spent))
	}
	again, _, _ := q.Enter("greedy", now.Add(time.Hour))
	again.Spend(0, now.Add(time.Hour))
	if len(q.spent) != 1 {
		t.Error("those that have all of their tokens are remembered")
	}
}
