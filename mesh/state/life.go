package state

import (
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// The times of life and death. All are on the monotonic clock of this box.
const (
	BeatEvery = 500 * time.Millisecond
	TickEvery = 100 * time.Millisecond

	probeAfter  = time.Second // of silence: a third box is asked
	suspectAt   = 1500 * time.Millisecond
	suspectMost = 4500 * time.Millisecond // however bad the link has been
	deadAt      = 6 * time.Second
	lateTick    = time.Second // this process itself was not there
	learnFrom   = 100         // gaps, before a percentile means anything
	learnOver   = 600         // gaps: five minutes
)

// Vital is how a box is.
type Vital uint8

// A box that was never heard is Unknown. A Suspect gets no new request. Dead was not heard
// for long; Gone said goodbye.
const (
	Unknown Vital = iota
	Alive
	Suspect
	Dead
	Gone
)

func (v Vital) String() string {
	return [...]string{"never heard", "alive", "suspected", "dead", "gone"}[v]
}

// Change is a box that is now otherwise.
type Change struct {
	ID       peer.ID
	Was, Now Vital
}

// Life says who is there. It is pure: now is the time since anything fixed, on the
// monotonic clock, and never falls. It is not safe for several goroutines.
type Life struct {
	peers map[peer.ID]*pulse
	tick  time.Duration // of the last Tick; negative before the first
}

type pulse struct {
	vital   Vital
	heard   time.Duration // directly
	vouched time.Duration // when a third box heard it
	probed  bool          // since it was last heard
	gaps    []time.Duration
	next    int // in gaps, when it is full
	limit   time.Duration
}

// NewLife returns a Life that knows nobody.
func NewLife() *Life { return &Life{peers: map[peer.ID]*pulse{}, tick: -1} }

// Heard says that a byte came from a box, of whatever kind.
func (l *Life) Heard(id peer.ID, now time.Duration) []Change {
	p := l.peers[id]
	if p == nil {
		p = &pulse{limit: suspectAt}
		l.peers[id] = p
	} else if gap := now - p.heard; gap >= BeatEvery/2 && (p.vital == Alive || p.vital == Suspect) {
		p.learn(gap)
	}
	p.heard, p.probed = now, false
	return p.become(id, Alive)
}

// Vouch says that a third box heard it, ago before now. It keeps a box from being
// suspected; it raises nobody.
func (l *Life) Vouch(id peer.ID, ago, now time.Duration) []Change {
	p := l.peers[id]
	if p == nil || ago < 0 || p.vital != Alive && p.vital != Suspect {
		return nil
	}
	p.vouched = max(p.vouched, now-ago)
	if p.vital == Suspect && now-p.last() < p.limit {
		return p.become(id, Alive)
	}
	return nil
}

// Goodbye says that a box goes by its own will.
func (l *Life) Goodbye(id peer.ID) []Change {
	if p := l.peers[id]; p != nil {
		return p.become(id, Gone)
	}
	return nil
}

// Keep forgets all boxes but these.
func (l *Life) Keep(paired []peer.ID) {
	for id := range l.peers {
		if !slices.Contains(paired, id) {
			delete(l.peers, id)
		}
	}
}

// Tick is called every TickEvery. It returns who is otherwise now, and about whom a third
// box is to be asked. After a tick that is late, all timers start again: this process was
// frozen or starved, and what it did not hear says nothing.
func (l *Life) Tick(now time.Duration) (changes []Change, probe []peer.ID) {
	late := l.tick >= 0 && now-l.tick > lateTick
	l.tick = now
	for id, p := range l.peers {
		if p.vital != Alive && p.vital != Suspect {
			continue
		}
		if late {
			p.heard, p.probed = now, false
			changes = append(changes, p.become(id, Alive)...)
			continue
		}
		silent := now - p.last()
		switch {
		case silent >= deadAt:
			changes = append(changes, p.become(id, Dead)...)
		case silent >= p.limit:
			changes = append(changes, p.become(id, Suspect)...)
		}
		if p.vital != Dead && now-p.heard >= min(probeAfter, p.limit) && !p.probed {
			p.probed = true
			probe = append(probe, id)
		} else if p.probed && p.vital != Dead && (now-p.heard)%probeAfter < TickEvery {
			probe = append(probe, id) // again each second, while only others hear it
		}
	}
	return changes, probe
}

// Vital says how a box is.
func (l *Life) Vital(id peer.ID) Vital {
	if p := l.peers[id]; p != nil {
		return p.vital
	}
	return Unknown
}

// ByOthers says that a box is alive by the word of others alone: here it would be suspected.
func (l *Life) ByOthers(id peer.ID, now time.Duration) bool {
	p := l.peers[id]
	return p != nil && p.vital == Alive && now-p.heard >= p.limit
}

// Silent is how long ago a byte came from a box; ok is false where none ever did.
func (l *Life) Silent(id peer.ID, now time.Duration) (ago time.Duration, ok bool) {
	if p := l.peers[id]; p != nil {
		return now - p.heard, true
	}
	return 0, false
}

func (p *pulse) last() time.Duration { return max(p.heard, p.vouched) }

func (p *pulse) become(id peer.ID, v Vital) []Change {
	if p.vital == v {
		return nil
	}
	was := p.vital
	p.vital = v
	return []Change{{id, was, v}}
}

// learn takes the time between two signs of life. The limit is four times the 99th
// percentile of how late the beats of the last five minutes were: of the gaps themselves
// even a perfect link's would be 2 s.
func (p *pulse) learn(gap time.Duration) {
	gap = max(0, gap-BeatEvery)
	if len(p.gaps) < learnOver {
		p.gaps = append(p.gaps, gap)
	} else {
		p.gaps[p.next] = gap
		p.next = (p.next + 1) % learnOver
	}
	if n := len(p.gaps); n >= learnFrom && (p.next%20 == 0 || gap > p.limit/4) {
		sorted := slices.Sorted(slices.Values(p.gaps))
		p.limit = min(max(suspectAt, 4*sorted[n*99/100]), suspectMost)
	}
}
