package appliance

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
)

// paper is a disk that may be full. What is on it may be read while nothing runs.
type paper struct {
	book schedule.Book
	full atomic.Bool
}

func (p *paper) Save(b schedule.Book) error {
	if p.full.Load() {
		return errors.New("no space left on device")
	}
	p.book = b
	return nil
}

// bubble is an agenda in a bubble of testing/synctest: its clocks are the
// bubble's, the wall clock as far ahead as somebody has set it.
type bubble struct {
	*Agenda
	paper *paper
	boot  string
	start time.Time
	ahead atomic.Int64 // ns
	known atomic.Bool
	end   func()
}

func (b *bubble) clock() schedule.Now {
	return schedule.Now{Wall: time.Now().Add(time.Duration(b.ahead.Load())).In(time.UTC), Known: b.known.Load(), Up: time.Since(b.start), Boot: b.boot}
}

// boot starts an agenda on what the paper has.
func boot(t *testing.T, p *paper, name string) *bubble {
	b := &bubble{paper: p, boot: name, start: time.Now()}
	b.known.Store(true)
	b.Agenda = newAgenda(p.book, p, b.clock, schedule.Place{}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	go b.Run(ctx)
	b.end = func() { cancel(); <-b.done }
	return b
}

func (b *bubble) put(t *testing.T, e schedule.Entry) []schedule.Change {
	t.Helper()
	undo, err := b.Change(t.Context(), []schedule.Change{{Put: &e}})
	if err != nil {
		t.Fatal(err)
	}
	return undo
}

// next is what becomes due within a time, and how long that took.
func (b *bubble) next(t *testing.T, within time.Duration) (Due, time.Duration) {
	t.Helper()
	began := time.Now()
	select {
	case d := <-b.due:
		return d, time.Since(began)
	case <-time.After(within):
		return Due{}, within
	}
}

func alarm(t *testing.T, b *bubble, at time.Duration) schedule.Entry {
	t.Helper()
	when := b.clock().Wall.Add(at)
	r := schedule.Rule{Hour: when.Hour(), Minute: when.Minute(), Date: when.Format(time.DateOnly)}
	e, ok := schedule.ByClock(schedule.Alarm, r, b.clock(), schedule.Place{})
	if !ok {
		t.Fatal("no alarm")
	}
	return e
}

func command(length time.Duration, b *bubble) schedule.Entry {
	e := schedule.Countdown(schedule.Command, length, b.clock())
	e.Command = &intent.Intent{Name: "HassTurnOff", Targets: []string{"light.lamp"}}
	return e
}

// A timer ends to the second, rings, and is stopped; one that nobody stops ends by itself.
func TestAgendaTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boot(t, &paper{}, "first")
		b.put(t, schedule.Countdown(schedule.Timer, 5*time.Minute, b.clock()))
		d, took := b.next(t, time.Hour)
		if d.Entry.Kind != schedule.Timer || d.Missed || took != 5*time.Minute {
			t.Fatalf("%+v after %v", d, took)
		}
		ringing := b.Book().Ringing()
		if len(ringing) != 1 || len(b.paper.book.Ringing()) != 1 {
			t.Fatalf("it does not ring: %+v", b.Book())
		}
		<-b.rung
		if _, err := b.Change(t.Context(), []schedule.Change{ringing[0].Finish(b.clock(), schedule.Place{})}); err != nil || len(b.Book().Entries) != 0 {
			t.Errorf("stopped: %v, %+v", err, b.Book())
		}
		b.put(t, schedule.Countdown(schedule.Timer, time.Second, b.clock()))
		b.next(t, time.Minute)
		if d, took := b.next(t, 2*ringTime); !d.Ended || took < ringTime || took > ringTime+lookTime || len(b.Book().Entries) != 0 {
			t.Errorf("%+v after %v", d, took)
		}
		b.end()
	})
}

// Timers do not care about the wall clock; alarms do, within lookTime.
func TestAgendaClockIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boot(t, &paper{}, "first")
		b.put(t, schedule.Countdown(schedule.Timer, 2*time.Hour, b.clock()))
		b.put(t, alarm(t, b, 3*time.Hour))
		b.ahead.Store(int64(3 * time.Hour))
		if d, took := b.next(t, time.Hour); d.Entry.Kind != schedule.Alarm || took > lookTime {
			t.Fatalf("%+v after %v", d, took)
		}
		b.ahead.Store(int64(-20 * time.Hour))
		b.Change(t.Context(), []schedule.Change{{Remove: 2}})
		before := b.clock().Up
		if d, took := b.next(t, 24*time.Hour); d.Entry.Kind != schedule.Timer || before+took != 2*time.Hour {
			t.Errorf("%+v after %v", d, took)
		}
		b.end()
	})
}

// A box that was off rings for timers that ended meanwhile, tells of commands
// and alarms that are too late, and carries out what is only a little late.
func TestAgendaAfterPowerCut(t *testing.T) {
	for _, tt := range []struct {
		name   string
		off    time.Duration
		missed []bool // of the timer, the alarm and the command
	}{
		{"four minutes", 9 * time.Minute, []bool{false, false, false}},
		{"a quarter of an hour", 20 * time.Minute, []bool{false, false, true}},
		{"an hour", 65 * time.Minute, []bool{false, true, true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &paper{}
				b := boot(t, p, "first")
				b.put(t, schedule.Countdown(schedule.Timer, 5*time.Minute, b.clock()))
				b.put(t, alarm(t, b, 5*time.Minute))
				b.put(t, command(5*time.Minute, b))
				b.end()
				time.Sleep(tt.off)
				b = boot(t, p, "second")
				for range tt.missed {
					d, _ := b.next(t, lookTime)
					if i := d.Entry.ID - 1; i < 0 || d.Missed != tt.missed[i] {
						t.Errorf("%+v", d)
					}
				}
				if d, _ := b.next(t, time.Hour/4); d.Entry.ID != 0 {
					t.Errorf("twice: %+v", d)
				}
				b.end()
			})
		})
	}
}

// A board that does not know the time yet lets alarms wait until it does.
func TestAgendaWithoutClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{}
		b := boot(t, p, "first")
		b.put(t, alarm(t, b, time.Minute))
		b.end()
		b = boot(t, p, "second")
		b.known.Store(false)
		if d, _ := b.next(t, 20*time.Minute); d.Entry.ID != 0 {
			t.Fatalf("by a clock that is not set: %+v", d)
		}
		b.known.Store(true)
		if d, took := b.next(t, time.Hour); d.Entry.Kind != schedule.Alarm || d.Missed || took > lookTime {
			t.Errorf("%+v after %v", d, took)
		}
		b.end()
	})
}

// What cannot be written is refused as a whole; what is due is done all the same.
func TestAgendaFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boot(t, &paper{}, "first")
		undo := b.put(t, schedule.Countdown(schedule.Timer, time.Minute, b.clock()))
		synctest.Wait()
		b.paper.full.Store(true)
		milk := schedule.Change{List: "shopping", Item: "milk", Do: schedule.Add}
		if _, err := b.Change(t.Context(), append(undo, milk)); err == nil {
			t.Error("a full disk took it")
		}
		if got := b.Book(); len(got.Entries) != 1 || len(got.Lists) != 0 || b.fault.Load() == nil {
			t.Errorf("half of it was done: %+v", got)
		}
		if d, _ := b.next(t, time.Hour); d.Entry.Kind != schedule.Timer {
			t.Errorf("%+v", d)
		}
		b.paper.full.Store(false)
		if _, err := b.Change(t.Context(), []schedule.Change{milk}); err != nil || b.fault.Load() != nil || len(b.paper.book.Lists) != 1 {
			t.Errorf("%v, %+v", err, b.paper.book)
		}
		b.end()
	})
}

// A command is gone from the disk before it is carried out: a box that dies over
// it does not do it twice.
func TestAgendaDoesNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{}
		b := boot(t, p, "first")
		b.put(t, command(time.Minute, b))
		d, _ := b.next(t, time.Hour)
		if d.Entry.Command == nil || len(p.book.Entries) != 0 {
			t.Errorf("%+v, %+v", d, p.book)
		}
		b.end()
	})
}

// Commands that the disk does not let go of wait for it: done now, they would be
// done again after a restart.
func TestAgendaCommandOnAFullDisk(t *testing.T) {
	for _, tt := range []struct {
		name   string
		full   time.Duration // for how long it is, from when the command is due
		unkept bool
	}{
		{"for two minutes", 2 * time.Minute, false},
		{"for good", time.Hour, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &paper{}
				b := boot(t, p, "first")
				b.put(t, command(time.Minute, b))
				b.put(t, schedule.Countdown(schedule.Timer, time.Minute, b.clock()))
				time.Sleep(30 * time.Second)
				synctest.Wait()
				p.full.Store(true)
				if d, took := b.next(t, time.Hour); d.Entry.Kind != schedule.Timer || took != 30*time.Second {
					t.Errorf("a full disk held up what rings: %+v after %v", d, took)
				}
				if d, _ := b.next(t, time.Minute); d.Entry.ID != 0 {
					t.Fatalf("carried out, and still on the disk: %+v", d)
				}
				time.AfterFunc(tt.full-time.Minute, func() { p.full.Store(false) })
				d, took := b.next(t, time.Hour)
				if d.Entry.Command == nil || d.Missed != tt.unkept || d.Unkept != tt.unkept {
					t.Errorf("%+v after %v", d, took)
				}
				if !tt.unkept && len(p.book.Entries) != 1 {
					t.Errorf("it is still on the disk: %+v", p.book)
				}
				b.end()
				b = boot(t, p, "second")
				if d, _ := b.next(t, 10*time.Minute); d.Entry.Command != nil && !d.Missed {
					t.Errorf("twice: %+v", d)
				}
				b.end()
			})
		})
	}
}

// A hundred things are due and nobody has time for them, as when the broker is
// away: the book can be changed all the same, and nothing is lost.
func TestAgendaGoesOnWhileNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boot(t, &paper{}, "first")
		for range 100 {
			b.put(t, command(time.Minute, b))
		}
		time.Sleep(2 * time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := b.Change(ctx, []schedule.Change{{List: "shopping", Item: "milk", Do: schedule.Add}}); err != nil {
			t.Errorf("the book cannot be changed: %v", err)
		}
		seen := map[int]bool{}
		for range 100 {
			d, _ := b.next(t, time.Second)
			seen[d.Entry.ID] = true
		}
		if len(seen) != 100 || seen[0] {
			t.Errorf("%d of 100 came", len(seen))
		}
		b.end()
	})
}

// Somebody cancels the daily alarm while it rings, and another stops the ringing.
func TestAgendaStopsWhatStillRings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boot(t, &paper{}, "first")
		at := b.clock().Wall.Add(time.Minute)
		e, _ := schedule.ByClock(schedule.Alarm, schedule.Rule{Hour: at.Hour(), Minute: at.Minute(), Days: []time.Weekday{0, 1, 2, 3, 4, 5, 6}}, b.clock(), schedule.Place{})
		b.put(t, e)
		if d, _ := b.next(t, time.Hour); d.Entry.Kind != schedule.Alarm {
			t.Fatalf("%+v", d)
		}
		stale := b.Book().Ringing()[0].Finish(b.clock(), schedule.Place{}) // thought of before the other change
		if _, err := b.Change(t.Context(), []schedule.Change{{Remove: 1}}); err != nil {
			t.Fatal(err)
		}
		if err := b.StopRinging(t.Context()); err != nil || len(b.Book().Entries) != 0 {
			t.Errorf("%v, %+v", err, b.Book().Entries)
		}
		if _, err := b.Change(t.Context(), []schedule.Change{stale}); err != nil || len(b.Book().Entries) != 0 {
			t.Errorf("the cancelled alarm is back: %v, %+v", err, b.Book().Entries)
		}
		b.end()
	})
}

// A reminder that was set on another box rings there while that box lives, and here as soon as
// it does not; a timer beside it is not late for that.
func TestReminderOfAnotherBox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boot(t, &paper{}, "one")
		defer func() { b.end() }()
		b.end()
		b.Agenda = newAgenda(b.paper.book, b.paper, b.clock, schedule.Place{}, slog.New(slog.DiscardHandler))
		var there atomic.Bool
		there.Store(true)
		b.elsewhere = func(e schedule.Entry) bool { return e.Kind == schedule.Reminder && there.Load() }
		ctx, cancel := context.WithCancel(t.Context())
		go b.Run(ctx)
		b.end = func() { cancel(); <-b.done }
		b.put(t, schedule.Countdown(schedule.Reminder, time.Minute, b.clock()))
		b.put(t, schedule.Countdown(schedule.Timer, time.Minute+300*time.Millisecond, b.clock()))
		time.Sleep(time.Minute + 301*time.Millisecond)
		synctest.Wait()
		if r := b.Book().Ringing(); len(r) != 1 || r[0].Kind != schedule.Timer {
			t.Fatalf("%v ring", r)
		}
		there.Store(false)
		time.Sleep(lookTime)
		synctest.Wait()
		if r := b.Book().Ringing(); len(r) != 2 {
			t.Errorf("the other box is dead, and only %v ring", r)
		}
	})
}
