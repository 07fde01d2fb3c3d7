package appliance

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cricket-home/cricket/home/schedule"
)

const (
	// lookTime is how often the clocks are looked at when nothing is due: a wall
	// clock that is set tells nobody.
	lookTime = 10 * time.Second

	// retryTime is the same while the book cannot be written and something is due.
	retryTime = time.Second

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
	Unkept bool // Missed, since the disk did not take the note that it was done
}

// Agenda owns the book. Readers load it; only the goroutine of Run makes a new
// one, and writes it before anybody sees it.
type Agenda struct {
	keep  keeper
	now   func() schedule.Now
	place schedule.Place
	due   chan Due      // whoever reads it carries out and tells; what it has no time for yet waits in Run
	rung  chan struct{} // has an element when what rings is another than before
	log   *slog.Logger

	swapped   func()                    // is called after each change of the book; nil: nobody looks
	changed   []chan struct{}           // each has an element when the book is another than before
	elsewhere func(schedule.Entry) bool // what rings on another box, as long as that one lives; nil: nothing does

	current atomic.Pointer[schedule.Book]
	fault   atomic.Pointer[string] // why the last Save failed, or nil
	inbox   chan func()
	done    chan struct{} // closed when Run ends
}

// newAgenda returns the agenda of a book.
func newAgenda(b schedule.Book, keep keeper, now func() schedule.Now, place schedule.Place, log *slog.Logger) *Agenda {
	a := &Agenda{keep: keep, now: now, place: place, log: log, due: make(chan Due, 1), rung: make(chan struct{}, 1),
		inbox: make(chan func()), done: make(chan struct{})}
	a.current.Store(&b)
	return a
}

// Book is the current book.
func (a *Agenda) Book() schedule.Book { return *a.current.Load() }

// Run sees to what is due until ctx ends.
func (a *Agenda) Run(ctx context.Context) error {
	defer close(a.done)
	var waiting []Due // as many as there are entries: whoever reads them may wait for a broker
	for {
		now := a.now()
		waiting = append(waiting, a.turn(now)...)
		wait := lookTime
		if next, ok := a.here(a.Book(), now).Wait(now); ok {
			wait = min(wait, next)
		}
		if a.fault.Load() != nil { // what the disk does not take may stay due
			wait = max(wait, retryTime)
		}
		var out chan Due
		var first Due
		if len(waiting) > 0 {
			out, first = a.due, waiting[0]
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case f := <-a.inbox:
			f()
		case out <- first:
			waiting = waiting[1:]
		case <-timer.C:
		}
		timer.Stop()
	}
}

// turn brings the book up to now, and returns what has become due. The book is
// written before anything is done: what is due is done once or, if the box dies
// here, not at all. While it cannot be written, things ring all the same, and
// commands stay due until it can or it is too late for them.
func (a *Agenda) turn(now schedule.Now) []Due {
	was, changed := a.Book().Reckon(now, a.place)
	b, due := a.pass(was, now, false)
	unsaved := a.fault.Load() != nil
	if !unsaved && !changed && len(due) == 0 {
		return nil
	}
	if err := a.save(b); err != nil {
		if !unsaved { // tried again at every turn, said once
			a.log.Error("what is planned is not on the disk, and a power cut would lose it", "err", err)
		}
		b, due = a.pass(was, now, true)
	}
	if changed || len(due) > 0 {
		a.swap(b)
	}
	return due
}

// pass is the book after what is due now, and that. Where the book cannot be
// written (unkept), commands for which there is time yet are left in it.
func (a *Agenda) pass(b schedule.Book, now schedule.Now, unkept bool) (schedule.Book, []Due) {
	var due []Due
	for _, e := range a.here(b, now).Due(now) {
		late := -e.Remaining(now)
		d := Due{Entry: e, Missed: e.Kind == schedule.Command && late > commandLate || e.Kind == schedule.Alarm && late > alarmLate}
		switch {
		case d.Missed:
			d.Unkept = unkept && e.Kind == schedule.Command && late <= commandLate+lookTime
			b, _ = b.With(e.Finish(now, a.place))
		case e.Kind == schedule.Command && unkept:
			continue
		case e.Kind == schedule.Command:
			b, _ = b.With(e.Finish(now, a.place))
		default:
			b = b.Ring(e.ID, now)
		}
		due = append(due, d)
	}
	for _, e := range b.Ringing() {
		if now.Up-e.Rang >= ringTime {
			b, _ = b.With(e.Finish(now, a.place))
			due = append(due, Due{Entry: e, Ended: true})
		}
	}
	return b, due
}

// here is a book without what is due now and rings on another box.
func (a *Agenda) here(b schedule.Book, now schedule.Now) schedule.Book {
	if a.elsewhere != nil {
		b.Entries = slices.DeleteFunc(slices.Clone(b.Entries), func(e schedule.Entry) bool { return e.Due(now) && a.elsewhere(e) })
	}
	return b
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
	for _, c := range a.changed {
		signal(c)
	}
	if a.swapped != nil {
		a.swapped()
	}
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
	return a.alter(ctx, func(schedule.Book) []schedule.Change { return changes })
}

// StopRinging stops all that rings, as Change does.
func (a *Agenda) StopRinging(ctx context.Context) error {
	_, err := a.alter(ctx, func(b schedule.Book) []schedule.Change {
		var changes []schedule.Change
		for _, e := range b.Ringing() {
			changes = append(changes, e.Finish(a.now(), a.place))
		}
		return changes
	})
	return err
}

// alter makes the changes that the newest book asks for.
func (a *Agenda) alter(ctx context.Context, of func(schedule.Book) []schedule.Change) (undo []schedule.Change, err error) {
	ended := make(chan struct{})
	change := func() {
		defer close(ended)
		b := a.Book()
		changes := of(b)
		if len(changes) == 0 {
			return
		}
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
