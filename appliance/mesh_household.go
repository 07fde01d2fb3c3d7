package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cricket-home/cricket/home/learned"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/mesh/household"
	"github.com/cricket-home/cricket/mesh/state"
)

const (
	// lookAtHousehold is how often the books are compared with the household's records when
	// nobody says that they changed: a reminder may wait for the clock to be set.
	lookAtHousehold = 10 * time.Second

	// gatherTime is how long after its start a box leaves the ringing of reminders that were
	// set on another box to that one, whether it was heard or not: after a power cut
	// all boxes come up together.
	gatherTime = 20 * time.Second
)

// shared is what the boxes of the home know together: lists, reminders, names.
type shared struct {
	log   atomic.Pointer[household.Log]  // nil until the box was paired
	node  atomic.Pointer[household.Node] // the same
	book  chan struct{}                  // has an element when lists or reminders changed
	names chan struct{}                  // when names did
	start time.Time
	fault atomic.Pointer[string] // why something is not told to siblings
}

// openShared lets the books tell of their changes.
func (b *Box) openShared() {
	if b.siblings.mesh == nil {
		return
	}
	b.shared.book, b.shared.names, b.shared.start = make(chan struct{}, 1), make(chan struct{}, 1), time.Now()
	b.agenda.changed = append(b.agenda.changed, b.shared.book)
	b.agenda.elsewhere = b.ringsElsewhere
	b.learning.changed = b.shared.names
}

// runShared keeps the books of this box and those of its siblings equal.
func (b *Box) runShared(ctx context.Context) error {
	m := b.siblings.mesh
	select {
	case <-m.Started():
	case <-ctx.Done():
		return nil
	}
	log := b.log.With("part", "household")
	l, err := household.Open(household.Options{File: filepath.Join(b.options.StateDir, "mesh", "household.json"), Home: m.Members().Home(), Key: m.Identity().Key,
		Member: m.Members().Has, Kinds: []string{sharedList, sharedReminder, sharedName}})
	if _, damaged := errors.AsType[*household.DamagedError](err); damaged {
		log.Error("what siblings know together is asked for anew", "err", err)
	} else if err != nil {
		log.Error("siblings are not told of lists, reminders and names", "err", err)
		b.shared.failed(err)
		return nil
	}
	if err := b.lostBooks(l); err != nil {
		log.Error("siblings are not told of lists, reminders and names", "err", err)
		b.shared.failed(err)
		return nil
	}
	node := household.NewNode(m.Host(), l, b.sharingSiblings, log)
	b.shared.log.Store(l)
	b.shared.node.Store(node)
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return node.Run(ctx) })
	parts.Go(func() error { return b.keepShared(ctx, l) })
	if err := parts.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// lostBooks says which books are empty because their file is gone or was damaged.
func (b *Box) lostBooks(l *household.Log) error {
	var lost []string
	if book := b.agenda.Book(); b.damaged != nil || book.LastID == 0 && len(book.Lists) == 0 {
		lost = append(lost, sharedList, sharedReminder)
	}
	if b.learning.lost {
		lost = append(lost, sharedName)
	}
	if len(lost) == 0 {
		return nil
	}
	return l.Lost(lost...)
}

func (s *shared) failed(err error) {
	if err == nil {
		s.fault.Store(nil)
		return
	}
	text := err.Error()
	s.fault.Store(&text)
}

// keepShared compares the books with the records whenever one of them changes.
func (b *Box) keepShared(ctx context.Context, l *household.Log) error {
	tick := time.NewTicker(lookAtHousehold)
	defer tick.Stop()
	members := b.siblings.mesh.Members()
	for {
		news, others := l.Changed(), members.Changed()
		n, err := l.Adopt()
		if n > 0 {
			b.log.Info("records of boxes that are no siblings any more are this box's now", "records", n)
		}
		err = errors.Join(err, b.reconcile(ctx, l))
		if was := b.shared.fault.Load(); err != nil && ctx.Err() == nil && (was == nil || *was != err.Error()) {
			b.log.Error("siblings are not told of everything", "err", err)
		}
		b.shared.failed(err)
		select {
		case <-ctx.Done():
			return nil
		case <-news:
		case <-others:
		case <-b.shared.book:
		case <-b.shared.names:
		case <-tick.C:
		}
	}
}

// reconcile does here what siblings changed, and tells them what was changed here. The books
// stand still meanwhile.
func (b *Box) reconcile(ctx context.Context, l *household.Log) error {
	translate := func() books {
		return books{home: b.siblings.mesh.Members().Home(), self: b.siblings.mesh.ID(), shown: l.Shown()}
	}
	if keyed(b.agenda.Book(), func(func(string) bool) string { return "" }) != nil {
		if _, err := b.agenda.alter(ctx, func(book schedule.Book) []schedule.Change {
			return keyed(book, func(taken func(string) bool) string { return l.Fresh(sharedReminder, taken) })
		}); err != nil {
			return err
		}
	}
	var done []household.Change
	var fault error
	rang := b.agenda.Book().Ringing()
	_, err := b.agenda.alter(ctx, func(book schedule.Book) []schedule.Change {
		t := translate()
		var changes []household.Change
		if changes, fault = l.Reconcile(t.ofSchedule(book), sharedList, sharedReminder); len(changes) == 0 {
			return nil
		}
		var out []schedule.Change
		out, done = t.inSchedule(book, changes, b.clock.now(), b.place)
		return out
	})
	b.tellStopped(ctx, rang)
	if err == nil && slices.ContainsFunc(done, func(c household.Change) bool { return c.Gone }) {
		err = b.forgetBefore(ctx)
	}
	if err == nil {
		err = l.Show(done)
	}
	return errors.Join(err, fault, b.reconcileNames(ctx, l, translate()))
}

// forgetBefore writes the book once more, so that the copy of the one before has nothing that
// was removed.
func (b *Box) forgetBefore(ctx context.Context) error {
	_, err := b.agenda.alter(ctx, func(schedule.Book) []schedule.Change { return []schedule.Change{{}} })
	return err
}

func (b *Box) reconcileNames(ctx context.Context, l *household.Log, t books) error {
	now := b.learning.now()
	changes, fault := l.Reconcile(t.ofNames(now), sharedName)
	if _, done := t.inNames(now, changes); len(done) == 0 {
		return fault
	}
	var done []household.Change
	book, err := b.learning.change(func(book learned.Book) learned.Book {
		if changes, fault = l.Reconcile(t.ofNames(book), sharedName); len(changes) > 0 {
			book, done = t.inNames(book, changes)
		}
		return book
	})
	if err == nil {
		err = errors.Join(l.Show(done), b.nameAll(ctx, book))
	}
	return errors.Join(err, fault)
}

// ringsElsewhere says whether another box of the home rings with an entry of the book: the one
// where it was set, while that one lives.
func (b *Box) ringsElsewhere(e schedule.Entry) bool {
	l := b.shared.log.Load()
	if e.Kind != schedule.Reminder || e.Key == "" {
		return false
	}
	if l == nil { // it is not known yet whose it is
		return time.Since(b.shared.start) < gatherTime && b.siblings.mesh.Members().Paired()
	}
	var r reminder
	if json.Unmarshal([]byte(l.Records()[e.Key].Value), &r) != nil || r.Box == b.siblings.mesh.ID() || !b.siblings.mesh.Members().Has(r.Box) {
		return false
	}
	node := b.heavy.node.Load()
	if node == nil || node.Vital(r.Box) == state.Unknown {
		return time.Since(b.shared.start) < gatherTime
	}
	v := node.Vital(r.Box)
	return (v == state.Alive || v == state.Suspect) && !overlooked(e, b.clock.now())
}

// overlookedAfter is how late a reminder rings here though the box where it was set is there.
const overlookedAfter = time.Minute

// overlooked says whether the box where a reminder was set should have rung with it by now and did
// not: that box may not know the time. Where it rings it has told what it has seen to.
func overlooked(e schedule.Entry, now schedule.Now) bool {
	return e.Rule != nil && e.Last.Unix() < e.At.Unix() && -e.Remaining(now) > overlookedAfter
}
