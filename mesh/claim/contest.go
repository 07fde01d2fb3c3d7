package claim

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	// Wait is how long after the first claim others count, and when it is decided.
	Wait = 150 * time.Millisecond
	// Grace is how long who lost waits for the winner to say that it answers.
	Grace = 100 * time.Millisecond

	// spent is when a claim belongs to another call.
	spent = time.Second
)

// Claim is what a box says of a wake word that it heard.
type Claim struct {
	Word  string  `json:"word"`
	Score float64 `json:"score"` // 0..1
	SNR   float64 `json:"snr"`   // dB
	Room  string  `json:"room,omitempty"`
	Taken bool    `json:"taken,omitempty"` // it won, and answers
}

// Bid is the claim of a box.
type Bid struct {
	Box peer.ID
	Claim
}

// Contest is what one box knows of the claims of others. It is pure: now is the time since
// anything fixed. It is not safe for several goroutines.
type Contest struct {
	self   peer.ID
	winner func([]Bid) peer.ID
	bids   map[peer.ID]received
	taken  map[peer.ID]received
}

type received struct {
	Claim
	at time.Duration
}

// NewContest returns a contest of this box with nobody. winner is of one or more bids; it
// must not depend on their order.
func NewContest(self peer.ID, winner func([]Bid) peer.ID) *Contest {
	return &Contest{self: self, winner: winner, bids: map[peer.ID]received{}, taken: map[peer.ID]received{}}
}

// Receive takes the claim of a sibling.
func (c *Contest) Receive(from peer.ID, claim Claim, now time.Duration) {
	for _, m := range []map[peer.ID]received{c.bids, c.taken} {
		for p, r := range m { // no more than one for each sibling that was there in the last second
			if now-r.at > spent {
				delete(m, p)
			}
		}
	}
	if claim.Taken {
		c.taken[from] = received{claim, now}
		return
	}
	c.bids[from] = received{claim, now}
}

// First is when the first claim of the call was known that this box claims at its own time at.
func (c *Contest) First(own Claim, at time.Duration) time.Duration {
	first := at
	for _, r := range c.bids {
		if r.Word == own.Word && at-r.at <= spent {
			first = min(first, r.at)
		}
	}
	return first
}

// Taken says whether another box said that it answers this call.
func (c *Contest) Taken(own Claim, at time.Duration) bool {
	for _, r := range c.taken {
		if r.Word == own.Word && at-r.at <= spent {
			return true
		}
	}
	return false
}

// Wins says whether this box answers, at Wait after First.
func (c *Contest) Wins(own Claim, at time.Duration) bool {
	first := c.First(own, at)
	if c.Taken(own, at) || at-first > Wait { // others have decided
		return false
	}
	bids := []Bid{{c.self, own}}
	for p, r := range c.bids {
		if r.Word == own.Word && at-r.at <= spent && r.at-first <= Wait {
			bids = append(bids, Bid{p, r.Claim})
		}
	}
	return c.winner(bids) == c.self
}
