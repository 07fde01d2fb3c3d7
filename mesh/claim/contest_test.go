package claim

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// loudest is a rule that is the same on all boxes.
func loudest(bids []Bid) peer.ID {
	return slices.MaxFunc(bids, func(a, b Bid) int { return cmp.Or(cmp.Compare(a.SNR, b.SNR), cmp.Compare(a.Box, b.Box)) }).Box
}

// contender is a box in a simulated network, in virtual time.
type contender struct {
	*Contest
	own     Claim
	heard   time.Duration // when it heard the wake word; negative: it did not
	decides time.Duration // 0: not yet known
	lost    time.Duration // when it is to answer after all; 0: it has not lost
	answers []time.Duration
}

// message is on the way.
type message struct {
	at       time.Duration
	from, to int
	claim    Claim
}

// play lets boxes hear one call and returns when each answered. latency is of a message, or
// negative where it is lost.
func play(boxes []*contender, latency func() time.Duration) {
	var way []message
	tell := func(from int, c Claim, now time.Duration) {
		for to := range boxes {
			if d := latency(); to != from && d >= 0 {
				way = append(way, message{now + d, from, to, c})
			}
		}
	}
	for now := time.Duration(0); now < 2*time.Second; now += time.Millisecond {
		for _, m := range way {
			if m.at == now {
				boxes[m.to].Receive(peer.ID(rune('a'+m.from)), m.claim, now)
			}
		}
		for i, b := range boxes {
			answer := func() {
				b.answers = append(b.answers, now)
				won := b.own
				won.Taken = true
				tell(i, won, now)
			}
			if b.heard == now {
				tell(i, b.own, now)
				b.decides = max(now, b.First(b.own, now)+Wait)
			}
			switch {
			case b.decides > 0 && now == b.decides && b.Wins(b.own, b.heard):
				answer()
			case b.decides > 0 && now == b.decides:
				b.lost = now + Grace
			case b.lost > 0 && b.Taken(b.own, b.heard):
				b.lost = 0
			case b.lost == now && now > 0:
				b.lost = 0
				answer()
			}
		}
	}
}

func contenders(heard []time.Duration, snr []float64) []*contender {
	var out []*contender
	for i := range heard {
		out = append(out, &contender{Contest: NewContest(peer.ID(rune('a'+i)), loudest), own: Claim{Word: "hey cricket", Score: 0.9, SNR: snr[i]}, heard: heard[i]})
	}
	return out
}

const ms = time.Millisecond

func TestWhoAnswers(t *testing.T) {
	quick := func() time.Duration { return 3 * ms }
	for _, c := range []struct {
		name    string
		heard   []time.Duration
		snr     []float64
		latency func() time.Duration
		answers []int // boxes
	}{
		{"alone", []time.Duration{10 * ms}, []float64{20}, quick, []int{0}},
		{"the nearer one", []time.Duration{10 * ms, 60 * ms}, []float64{12, 25}, quick, []int{1}},
		{"one that hears 400 ms later is late, however near", []time.Duration{10 * ms, 410 * ms}, []float64{12, 25}, quick, []int{0}},
		{"no answer comes", []time.Duration{10 * ms, -1}, []float64{12, 25}, quick, []int{0}},
		{"cut off from each other", []time.Duration{10 * ms, 20 * ms}, []float64{12, 25}, func() time.Duration { return -1 }, []int{0, 1}},
		{"three", []time.Duration{10 * ms, 12 * ms, 100 * ms}, []float64{20, 10, 30}, quick, []int{2}},
	} {
		boxes := contenders(c.heard, c.snr)
		play(boxes, c.latency)
		for i, b := range boxes {
			if got, want := len(b.answers) > 0, slices.Contains(c.answers, i); got != want || len(b.answers) > 1 {
				t.Errorf("%s: box %d answers %v", c.name, i, b.answers)
			}
			for _, at := range b.answers {
				if at-b.heard > Wait {
					t.Errorf("%s: box %d decided %v after it heard", c.name, i, at-b.heard)
				}
			}
		}
	}
}

// Hundreds of calls, whatever comes late or gets lost: somebody always answers, and on a
// link where nothing takes longer than 20 ms one alone.
func TestSomebodyAlwaysAnswers(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	two, quiet := 0, 0
	for round := range 500 {
		n := 2 + r.IntN(4)
		heard, snr := make([]time.Duration, n), make([]float64, n)
		lossy := round%2 == 1
		spread := 100 // ms between boxes of one house that hear one word
		if lossy {
			spread = 300
		}
		for i := range heard {
			heard[i], snr[i] = time.Duration(1+r.IntN(spread))*ms, float64(r.IntN(30))
		}
		boxes := contenders(heard, snr)
		play(boxes, func() time.Duration {
			if lossy && r.IntN(10) == 0 {
				return time.Duration(200+r.IntN(400)) * ms // sent again by TCP
			}
			if lossy && r.IntN(10) == 0 {
				return -1
			}
			return time.Duration(1+r.IntN(20)) * ms
		})
		answers := 0
		for _, b := range boxes {
			answers += len(b.answers)
		}
		if answers == 0 {
			t.Fatalf("round %d: nobody answers %v, %v", round, heard, snr)
		}
		if !lossy {
			quiet++
			if answers > 1 {
				two++
			}
		}
	}
	t.Logf("two answers in %d of %d calls on a quiet link", two, quiet)
	if two > 0 {
		t.Errorf("two answers in %d of %d calls", two, quiet)
	}
}

func TestClaimsAreOfOneCall(t *testing.T) {
	c := NewContest("a", loudest)
	own := Claim{Word: "hey cricket", SNR: 10}
	c.Receive("b", Claim{Word: "computer", SNR: 30}, 10*ms)
	c.Receive("d", Claim{Word: "hey cricket", SNR: 30}, 10*ms)
	c.Receive("d", Claim{Word: "hey cricket", Taken: true}, 160*ms)
	if c.Wins(own, 100*ms) {
		t.Error("a call that another box took is answered")
	}
	if !c.Wins(own, 5*time.Second) {
		t.Error("a call is not answered because of an earlier one")
	}
	for i := range 1000 { // one sibling cannot fill it
		c.Receive("b", Claim{Word: "x", Taken: i%2 == 0}, 6*time.Second)
	}
	if len(c.bids)+len(c.taken) > 2 {
		t.Errorf("%d claims are kept", len(c.bids)+len(c.taken))
	}
}
