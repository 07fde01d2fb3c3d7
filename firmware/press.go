package firmware

import "time"

// Press is how long a button was held down.
type Press int

const (
	Short Press = iota // let go at once
	Long               // let go after a second
	Held               // for five seconds; told while it is still down
)

const (
	bounce    = 30 * time.Millisecond // within which a contact may chatter
	longAfter = time.Second
	heldAfter = 5 * time.Second

	// glance is how often a button is looked at that nothing happens to, should an edge be lost.
	glance = 500 * time.Millisecond
)

// presses tells presses from the levels of a button's pin.
type presses struct {
	seen   bool      // the pin was down when it was looked at last
	seenAt time.Time // and has been so, or not so, since
	down   bool      // the button is down, without the chatter
	downAt time.Time
	told   bool // the press that lasts was told already
}

// step takes the level at a time. It returns a press when there was one, and when to look
// again if nothing happens.
func (p *presses) step(down bool, now time.Time) (press Press, ok bool, wait time.Duration) {
	if down != p.seen {
		p.seen, p.seenAt = down, now
	}
	if p.seen != p.down && now.Sub(p.seenAt) >= bounce {
		p.down = p.seen
		if p.down {
			p.downAt, p.told = p.seenAt, false
		} else if !p.told {
			press, ok = Short, true
			if p.seenAt.Sub(p.downAt) >= longAfter {
				press = Long
			}
		}
	}
	if p.down && p.seen && !p.told && now.Sub(p.downAt) >= heldAfter {
		p.told, press, ok = true, Held, true
	}
	wait = glance
	if p.seen != p.down {
		wait = bounce - now.Sub(p.seenAt)
	} else if p.down && !p.told {
		wait = min(wait, heldAfter-now.Sub(p.downAt))
	}
	return press, ok, max(wait, time.Millisecond)
}
