package appliance

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cricket-home/cricket/home/schedule"
)

const (
	// lookTime is how often the clocks are looked at when nothing is due: a wall
	// clock that is set tells nobody.
	lookTime = 10 * time.Second

	// commandLate is how late a command for later may be carried out. A box that
	// was off for longer says so instead: a heater must not go on an hour after.
	commandLate = 5 * time.Minute

	// alarmLate is the same for an alarm. Timers and reminders ring however late.
	alarmLate = 30 * time.Minute

	// ringTime is how long something rings that nobody stops.
	ringTime = 30 * time.Minute
)

// keeper writes a book where a power cut does not reach it.
type keeper interface{ Save(schedule.Book) error }

// forgetful keeps nothing: a box that ends with its command has no later.
type forgetful struct{}

func (forgetful) Save(schedule.Book) error { return nil }

// unwritable refuses to keep anything, for the reason that the file could not be
// opened.
type unwritable struct{ err error }

func (u unwritable) Save(schedule.Book) error { return u.err }

// Due is an entry of the book whose time has come.
type Due struct {
	Entry  schedule.Entry
	Missed bool // too late: it is only told
	Ended  bool // it rang, and nobody stopped it
}

// Agenda owns the book. Readers load it; only the goroutine of Run makes a new
// one, and writes it before anybody sees it.
type Agenda struct {
	keep  keeper
	now   func() schedule.Now
	place schedule.Place
	due   chan Due      // whoever reads it carries out and tells; the agenda waits for it
	rung  chan struct{} // has an element when what rings is another than before
	log   *slog.Logger

	current atomic.Pointer[schedule.Book]
	fault   atomic.Pointer[string] // why the last Save failed, or nil
	inbox   chan func()
	done    chan struct{} // closed when Run ends
}

// newAgenda returns the agenda of a book.
func newAgenda(b schedule.Book, keep keeper, now func() schedule.Now, place schedule.Place, log *slog.Logger) *Agenda {
	a := &Agenda{keep: keep, now: now, place: place, log: log, due: make(chan Due, 64), rung: make(chan struct{}, 1),
		inbox: make(chan func()), done: make(chan struct{})}
	a.current.Store(&b)
	return a
}

// Book is the current book.
func (a *Agenda) Book() schedule.Book { return *a.current.Load() }

// Run sees to what is due until ctx ends.
func (a *Agenda) Run(ctx context.Context) error {
	defer close(a.done)
	for {
		now := a.now()
		for _, d := range a.turn(now) {
			select {
			case a.due <- d:
			case <-ctx.Done():
				return nil
			}
		}
		wait := lookTime
		if next, ok := a.Book().Wait(now); ok {
			wait = min(wait, next)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case f := <-a.inbox:
			timer.Stop()
			f()
		case <-timer.C:
		}
	}
}

// turn brings the book up to now, and returns what has become due. The book is
// written before anything is done: what is due is done once or, if the box dies
// here, not at all.
func (a *Agenda) turn(now schedule.Now) []Due {
	b, changed := a.Book().Reckon(now, a.place)
	var due []Due
	for _, e := range b.Due(now) {
		late := -e.Remaining(now)
		d := Due{Entry: e, Missed: e.Kind == schedule.Command && late > commandLate || e.Kind == schedule.Alarm && late > alarmLate}
		if d.Missed || e.Kind == schedule.Command {
			b, _ = b.With(e.Finish(now, a.place))
		} else {
			b = b.Ring(e.ID, now)
		}
		due, changed = append(due, d), true
	}
	for _, e := range b.Ringing() {
		if now.Up-e.Rang >= ringTime {
			b, _ = b.With(e.Finish(now, a.place))
			due, changed = append(due, Due{Entry: e, Ended: true}), true
		}
	}
	if unsaved := a.fault.Load() != nil; changed || unsaved {
		if err := a.save(b); err != nil && changed { // tried again at every turn, said once
			a.log.Error("what is planned is not on the disk, and a power cut would lose it", "err", err)
		}
	}
	if changed {
		a.swap(b)
	}
	return due
}

func (a *Agenda) save(b schedule.Book) error {
	err := a.keep.Save(b)
	a.fault.Store(nil)
	if err != nil {
		text := err.Error()
		a.fault.Store(&text)
	}
	return err
}

// swap makes b the book that readers see.
func (a *Agenda) swap(b schedule.Book) {
	rang := len(a.Book().Ringing())
	a.current.Store(&b)
	if rang == 0 && len(b.Ringing()) == 0 {
		return
	}
	select {
	case a.rung <- struct{}{}:
	default: // whoever listens has not come to the last one yet
	}
}

// Change makes all of the changes, or with an error none, and returns what takes
// them back. When it returns, the changes are on the disk.
func (a *Agenda) Change(ctx context.Context, changes []schedule.Change) (undo []schedule.Change, err error) {
	if len(changes) == 0 {
		return nil, nil
	}
	ended := make(chan struct{})
	change := func() {
		defer close(ended)
		b := a.Book()
		for _, c := range changes {
			var back schedule.Change
			if b, back = b.With(c); back != (schedule.Change{}) {
				undo = append(undo, back)
			}
		}
		if err = a.save(b); err == nil {
			a.swap(b)
		}
	}
	select {
	case a.inbox <- change:
		<-ended
		return undo, err
	case <-a.done:
		return nil, context.Canceled
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
