package page

import (
	"net/netip"
	"sync"
	"time"
)

// limit allows each visitor so many requests at once, and then one for every pause.
type limit struct {
	burst int
	every time.Duration

	mu       sync.Mutex
	visitors map[netip.Prefix]time.Time // when the last allowed one is paid for
}

// maxVisitors is how many are remembered; the oldest are forgotten first.
const maxVisitors = 4096

func newLimit(burst int, every time.Duration) *limit {
	return &limit{burst: burst, every: every, visitors: map[netip.Prefix]time.Time{}}
}

// allow says whether one more request of a visitor is answered now, and if not, after
// how long it would be.
func (l *limit) allow(from netip.Prefix, now time.Time) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	paid := l.visitors[from]
	if most := now.Add(time.Duration(l.burst) * l.every); paid.After(most) { // the clock was set back
		paid = most
	}
	if paid.Before(now) {
		paid = now
	}
	paid = paid.Add(l.every)
	if over := paid.Sub(now) - time.Duration(l.burst)*l.every; over > 0 {
		return over, false
	}
	if l.visitors[from] = paid; len(l.visitors) > maxVisitors {
		l.forget(now)
	}
	return 0, true
}

// forgive takes back all that a visitor has used.
func (l *limit) forgive(from netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.visitors, from)
}

// forget drops whoever has nothing left to pay; and if that are too few, anybody.
func (l *limit) forget(now time.Time) {
	for v, paid := range l.visitors {
		if !paid.After(now) {
			delete(l.visitors, v)
		}
	}
	for v := range l.visitors {
		if len(l.visitors) <= maxVisitors/2 {
			return
		}
		delete(l.visitors, v)
	}
}

// visitorOf is whom a rate limit counts: an IPv4 address, or a network of IPv6, of which
// anybody has 2^64 addresses.
func visitorOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil { // no address: all of these share one limit
		return netip.Prefix{}
	}
	return p
}

// everybody is the visitor of a limit that all share.
var everybody = netip.Prefix{}
