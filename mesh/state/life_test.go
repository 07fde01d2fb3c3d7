package state

import (
	"container/heap"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

const lamp, attic = peer.ID("lamp"), peer.ID("attic")

// until ticks from a time to another, and returns when each box became otherwise.
func until(l *Life, from, to time.Duration, each func(now time.Duration)) map[Vital]time.Duration {
	when := map[Vital]time.Duration{}
	for now := from; now < to; now += TickEvery {
		if each != nil {
			each(now)
		}
		changes, _ := l.Tick(now)
		for _, c := range changes {
			when[c.Now] = now
		}
	}
	return when
}

func beats(l *Life, id peer.ID) func(time.Duration) {
	return func(now time.Duration) {
		if now%BeatEvery == 0 {
			l.Heard(id, now)
		}
	}
}

func TestKillOnACleanLink(t *testing.T) {
	l := NewLife()
	until(l, 0, 10*time.Minute, beats(l, lamp))
	last := 10*time.Minute - BeatEvery
	when := until(l, 10*time.Minute, 11*time.Minute, nil)
	if d := when[Suspect] - last; d != 1500*time.Millisecond {
		t.Errorf("suspected after %v of silence", d)
	}
	if d := when[Dead] - last; d != 6*time.Second {
		t.Errorf("dead after %v of silence", d)
	}
	if l.Heard(lamp, 11*time.Minute); l.Vital(lamp) != Alive {
		t.Error("it came back and is not alive")
	}
}

func TestThirdBoxIsAskedBeforeSuspicion(t *testing.T) {
	l := NewLife()
	l.Heard(lamp, 0)
	asked := time.Duration(-1)
	for now := time.Duration(0); now < 5*time.Second; now += TickEvery {
		changes, probe := l.Tick(now)
		for _, id := range probe {
			if asked < 0 {
				asked = now
			}
			l.Vouch(id, 100*time.Millisecond, now)
		}
		if len(changes) > 0 {
			t.Fatalf("at %v: %v, although a third box hears it", now, changes)
		}
	}
	if asked != time.Second {
		t.Errorf("the third box was asked at %v", asked)
	}
	for name, made := range map[string]Vital{"dead": Dead, "gone": Gone} {
		l := NewLife()
		l.Heard(lamp, 0)
		if made == Gone {
			l.Goodbye(lamp)
		} else {
			until(l, 0, 7*time.Second, nil)
		}
		if l.Vouch(lamp, 0, 7*time.Second); l.Vital(lamp) != made {
			t.Errorf("a third box raised the %s", name)
		}
	}
	if l := NewLife(); l.Vouch(attic, 0, 0) != nil || l.Vital(attic) != Unknown {
		t.Error("a third box made a ghost")
	}
}

func TestFrozenProcessAccusesNobody(t *testing.T) {
	for _, frozen := range []time.Duration{1100 * time.Millisecond, 4 * time.Second, time.Hour} {
		l := NewLife()
		until(l, 0, time.Minute, beats(l, lamp))
		changes, _ := l.Tick(time.Minute + frozen)
		if len(changes) > 0 || l.Vital(lamp) != Alive {
			t.Errorf("after %v: %v", frozen, changes)
		}
		// Its silence counts again from there.
		when := until(l, time.Minute+frozen+TickEvery, 2*time.Minute+frozen, nil)
		if d := when[Dead] - time.Minute - frozen; d != 6*time.Second {
			t.Errorf("after %v, dead at %v", frozen, d)
		}
	}
}

func TestGoodbyeAndNoGhosts(t *testing.T) {
	l := NewLife()
	l.Heard(lamp, 0)
	if l.Goodbye(lamp); l.Vital(lamp) != Gone {
		t.Error("it said goodbye and is not gone")
	}
	if changes, probe := l.Tick(time.Minute); len(changes)+len(probe) > 0 {
		t.Errorf("the gone is %v, asked about: %v", changes, probe)
	}
	l.Keep([]peer.ID{attic})
	if l.Vital(lamp) != Unknown {
		t.Error("a box that was revoked is still known")
	}
}

// A day over TCP with 5 % loss and up to 300 ms of delay each way: the dead must be none.
func TestBadLinkForADay(t *testing.T) {
	for seed := range uint64(3) {
		l := NewLife()
		link := lossy(24*time.Hour, rand.New(rand.NewPCG(seed, 10)))
		flaps, next := 0, 0
		until(l, 0, 24*time.Hour, func(now time.Duration) {
			for ; next < len(link) && link[next] <= now; next++ {
				for _, c := range l.Heard(lamp, link[next]) {
					if c.Was != Unknown {
						flaps++
					}
					if c.Was == Dead {
						t.Errorf("dead before %v", link[next])
					}
				}
			}
		})
		if next < 170000 {
			t.Fatalf("only %d beats came", next)
		}
		if l.Vital(lamp) == Dead || flaps > 24 {
			t.Errorf("seed %d: %d flaps in a day, %v at its end", seed, flaps, l.Vital(lamp))
		}
		t.Logf("seed %d: %d flaps in a day, limit %v", seed, flaps, l.peers[lamp].limit)
	}
}

// lossy is when each beat of a day is read from a TCP stream: in order, lost packets sent
// again after a timeout that doubles (RFC 6298, at least 200 ms) or as soon as a later
// packet is acknowledged (RFC 8985, RACK). Packets and acknowledgements are lost alike.
func lossy(day time.Duration, random *rand.Rand) []time.Duration {
	type packet struct {
		arrived, sent time.Duration
		acked         bool
	}
	n := int(day / BeatEvery)
	packets := make([]packet, n)
	var events timeline
	lost := func() bool { return random.Float64() < 0.05 }
	delay := func() time.Duration { return time.Duration(random.Int64N(int64(300 * time.Millisecond))) }
	send := func(i int, now time.Duration) {
		packets[i].sent = now
		if lost() {
			return
		}
		at := now + delay()
		heap.Push(&events, event{at, i, arrive, now})
		if !lost() {
			heap.Push(&events, event{at + delay(), i, acknowledge, now})
		}
	}
	srtt, deviation, backoff, first, sent := 300*time.Millisecond, 100*time.Millisecond, 0, 0, 0
	rto := func() time.Duration { return max(200*time.Millisecond, srtt+4*deviation) << min(backoff, 8) }
	for i := range n {
		packets[i].arrived = -1
		heap.Push(&events, event{time.Duration(i) * BeatEvery, i, first1, 0})
	}
	for events.Len() > 0 {
		e := heap.Pop(&events).(event)
		switch e.kind {
		case first1:
			sent = e.packet + 1
			send(e.packet, e.at)
			heap.Push(&events, event{e.at + rto(), e.packet, timeout, e.at})
		case arrive:
			if packets[e.packet].arrived < 0 {
				packets[e.packet].arrived = e.at
			}
		case timeout: // of the oldest that is not acknowledged only
			if p := packets[e.packet]; !p.acked && p.sent == e.sent {
				if e.packet == first {
					backoff++
					send(e.packet, e.at)
				}
				heap.Push(&events, event{e.at + rto(), e.packet, timeout, packets[e.packet].sent})
			}
		case acknowledge:
			packets[e.packet].acked, backoff = true, 0
			rtt := e.at - e.sent
			deviation += ((srtt - rtt).Abs() - deviation) / 4
			srtt += (rtt - srtt) / 8
			for first < n && packets[first].acked {
				first++
			}
			for i := first; i < sent; i++ {
				if p := packets[i]; !p.acked && p.sent < e.sent-srtt/4 {
					send(i, e.at)
					heap.Push(&events, event{e.at + rto(), i, timeout, e.at})
				}
			}
		}
	}
	var read []time.Duration
	for i, p := range packets {
		if p.arrived < 0 {
			break
		}
		read = append(read, p.arrived)
		if i > 0 {
			read[i] = max(read[i], read[i-1])
		}
	}
	return read
}

const (
	first1 = iota
	arrive
	acknowledge
	timeout
)

type event struct {
	at     time.Duration
	packet int
	kind   int
	sent   time.Duration
}

type timeline []event

func (t timeline) Len() int           { return len(t) }
func (t timeline) Less(i, j int) bool { return t[i].at < t[j].at }
func (t timeline) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *timeline) Push(x any)        { *t = append(*t, x.(event)) }
func (t *timeline) Pop() any {
	old := *t
	e := old[len(old)-1]
	*t = old[:len(old)-1]
	return e
}
