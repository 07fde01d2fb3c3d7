package schedule

import (
	"time"

	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/intent"
)

// Kind is what becomes of an entry when it is due: a timer, an alarm and a
// reminder ring, a command is carried out.
type Kind string

const (
	Timer    Kind = "timer"
	Alarm    Kind = "alarm"
	Reminder Kind = "reminder"
	Command  Kind = "command"
)

// Entry is one thing that becomes due. It either counts down (Rule is nil), or
// is due by the wall clock.
type Entry struct {
	ID   int // from 1 on; never used again
	Kind Kind
	Name string `json:",omitempty"` // of a timer or an alarm; what a reminder says; the words of a command
	Room string `json:",omitempty"` // the area id that it is meant for

	Source permission.Source `json:",omitempty"` // who asked for a Command
	Key    string            `json:",omitempty"` // under which the boxes of the home know a reminder

	// Of a countdown. Length is what was asked for, with what was added since.
	Length time.Duration `json:",omitempty"`
	Paused bool          `json:",omitempty"`
	Left   time.Duration `json:",omitempty"` // when it was last changed; while Paused: now
	Ends   time.Duration `json:",omitempty"` // by Now.Up
	EndsAt time.Time     `json:",omitzero"`  // by the wall clock, where that was known
	Rough  bool          `json:",omitempty"` // Ends is from Left after a power cut; EndsAt knows better

	// By the wall clock.
	Rule *Rule     `json:",omitempty"`
	At   time.Time `json:",omitzero"` // when it is due next
	Last time.Time `json:",omitzero"` // the At that was seen to last

	Command *intent.Intent `json:",omitempty"` // as it was resolved when it was asked for
	Ringing bool           `json:",omitempty"`
	Rang    time.Duration  `json:",omitempty"` // by Now.Up: when it began to ring
}

// Countdown is an entry that is due after a time.
func Countdown(kind Kind, length time.Duration, now Now) Entry {
	return Entry{Kind: kind, Length: length}.run(length, now)
}

// run starts a countdown with some time left.
func (e Entry) run(left time.Duration, now Now) Entry {
	e.Paused, e.Rough, e.Left, e.Ends, e.EndsAt = false, false, left, now.Up+left, time.Time{}
	e.Ringing, e.Rang = false, 0
	if now.Known {
		e.EndsAt = now.Wall.Add(left).Round(0)
	}
	return e
}

// ByClock is an entry that is due by a rule. There is none for a rule that is
// never due again.
func ByClock(kind Kind, r Rule, now Now, p Place) (Entry, bool) {
	at, ok := r.Next(now.Wall, p)
	return Entry{Kind: kind, Rule: &r, At: at}, ok
}

// Remaining is how long the entry has left; negative when it is due.
func (e Entry) Remaining(now Now) time.Duration {
	switch {
	case e.Paused:
		return e.Left
	case e.Rule == nil:
		return e.Ends - now.Up
	}
	return e.At.Sub(now.Wall)
}

// Due says whether it is time. What the wall clock decides is not due while
// that is not known.
func (e Entry) Due(now Now) bool {
	return !e.Ringing && !e.Paused && (e.Rule == nil || now.Known) && e.Remaining(now) <= 0
}

// Pause stops a countdown.
func (e Entry) Pause(now Now) Entry {
	e.Left, e.Paused = e.Remaining(now), true
	return e
}

// Resume lets a paused countdown go on.
func (e Entry) Resume(now Now) Entry { return e.run(e.Left, now) }

// Extend adds to a countdown, or takes away from it; it then has at least no
// time left.
func (e Entry) Extend(by time.Duration, now Now) Entry {
	left := max(max(e.Remaining(now), 0)+by, 0)
	e.Length = max(e.Length+by, 0)
	if e.Paused {
		e.Left = left
		return e
	}
	return e.run(left, now)
}

// Snooze is a ringing entry as it rings again after a time.
func (e Entry) Snooze(length time.Duration, now Now) Entry {
	s := Countdown(e.Kind, length, now)
	s.Name, s.Room = e.Name, e.Room
	return s
}

// advance is a repeating entry at its next time; false for one that has none.
// An occurrence that was seen to does not come back when the clock is set back
// a little.
func (e Entry) advance(now Now, p Place) (Entry, bool) {
	if e.Rule == nil || !e.Rule.Repeats() {
		return e, false
	}
	after := now.Wall
	if e.Last.After(after) && e.Last.Sub(after) <= time.Hour {
		after = e.Last
	}
	at, ok := e.Rule.Next(after, p)
	e.At, e.Ringing, e.Rang = at, false, 0
	return e, ok
}

// reckon brings an entry up to date after the box was off or a clock was set.
func (e Entry) reckon(now Now, rebooted bool, p Place) Entry {
	switch {
	case e.Ringing:
		if rebooted {
			e.Rang = now.Up
		}
	case e.Rule != nil && now.Known:
		if e.Rule.Repeats() {
			// Only ever earlier: an occurrence that was missed stays due.
			if n, ok := e.advance(now, p); ok && n.At.Before(e.At) {
				e.At = n.At
			}
		} else if day, err := time.Parse(time.DateOnly, e.Rule.Date); err == nil { // the zone may have changed
			if at, ok := e.Rule.on(day.Year(), day.Month(), day.Day(), now.Wall.Location(), p); ok {
				e.At = at
			}
		}
	case e.Rule != nil || e.Paused:
	case rebooted && now.Known && !e.EndsAt.IsZero():
		e.Ends = now.Up + e.EndsAt.Sub(now.Wall)
	case rebooted && now.Known:
		e = e.run(e.Left, now)
	case rebooted:
		e.Ends, e.Rough = now.Up+e.Left, !e.EndsAt.IsZero()
	case e.Rough && now.Known:
		e.Ends, e.Rough = min(e.Ends, now.Up+e.EndsAt.Sub(now.Wall)), false
	case now.Known && !e.Rough:
		ends := now.Wall.Add(e.Ends - now.Up).Round(0)
		if d := ends.Sub(e.EndsAt); d > time.Second || d < -time.Second {
			e.EndsAt = ends
		}
	}
	return e
}
