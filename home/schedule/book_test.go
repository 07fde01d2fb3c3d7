package schedule_test

import (
	"testing"
	"time"

	"github.com/cricket-home/cricket/home/schedule"
)

var berlin = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}()

// start is a Sunday evening, an hour after the box was switched on.
var start = schedule.Now{Wall: time.Date(2026, 11, 22, 19, 10, 0, 0, berlin), Known: true, Up: time.Hour, Boot: "first"}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation("2006-01-02 15:04", text, berlin)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func TestNext(t *testing.T) {
	every := []time.Weekday{0, 1, 2, 3, 4, 5, 6}
	home := schedule.Place{Latitude: 52.52, Longitude: 13.41}
	tests := []struct {
		name  string
		rule  schedule.Rule
		after string
		want  string // local, with its zone; "" for none
	}{
		{"later today", schedule.Rule{Hour: 20, Minute: 5, Days: every}, "2026-11-22 19:10", "2026-11-22 20:05 CET"},
		{"tomorrow", schedule.Rule{Hour: 7, Days: every}, "2026-11-22 19:10", "2026-11-23 07:00 CET"},
		{"not at once again", schedule.Rule{Hour: 7, Days: every}, "2026-11-23 07:00", "2026-11-24 07:00 CET"},
		{"weekdays from Friday on", schedule.Rule{Hour: 7, Days: []time.Weekday{1, 2, 3, 4, 5}}, "2026-11-27 08:00", "2026-11-30 07:00 CET"},
		{"over the end of the year", schedule.Rule{Hour: 7, Days: []time.Weekday{4}}, "2026-12-31 08:00", "2027-01-07 07:00 CET"},
		{"once", schedule.Rule{Hour: 7, Date: "2026-11-25"}, "2026-11-22 19:10", "2026-11-25 07:00 CET"},
		{"once, and past", schedule.Rule{Hour: 7, Date: "2026-11-22"}, "2026-11-22 19:10", ""},

		// The clocks go forward at 02:00 on 28 March 2027, and back at 03:00 on 31 October 2027.
		{"an hour that does not exist", schedule.Rule{Hour: 2, Minute: 30, Days: every}, "2027-03-27 12:00", "2027-03-28 03:30 CEST"},
		{"the day after it", schedule.Rule{Hour: 2, Minute: 30, Days: every}, "2027-03-28 12:00", "2027-03-29 02:30 CEST"},
		{"the last minute before it", schedule.Rule{Hour: 1, Minute: 59, Days: every}, "2027-03-27 12:00", "2027-03-28 01:59 CET"},
		{"the first minute after it", schedule.Rule{Hour: 3, Days: every}, "2027-03-27 12:00", "2027-03-28 03:00 CEST"},
		{"an hour that comes twice", schedule.Rule{Hour: 2, Minute: 30, Days: every}, "2027-10-30 12:00", "2027-10-31 02:30 CEST"},
		{"later on that day", schedule.Rule{Hour: 7, Days: every}, "2027-10-30 12:00", "2027-10-31 07:00 CET"},

		// The sun in Berlin on 23 November: by the sunrise equation with a declination of -20.4 degrees and
		// an equation of time of 13.5 minutes, it is up from 07:42 to 16:03.
		{"sunset in winter", schedule.Rule{Sun: "sunset", Days: every}, "2026-11-22 19:10", "2026-11-23 16:04 CET"},
		{"sunrise in winter", schedule.Rule{Sun: "sunrise", Days: every}, "2026-11-22 19:10", "2026-11-23 07:41 CET"},
		{"sunset in summer", schedule.Rule{Sun: "sunset", Date: "2027-06-21"}, "2026-11-22 19:10", "2027-06-21 21:33 CEST"},
		{"before sunset, which is still to come", schedule.Rule{Sun: "sunset", Offset: -4 * time.Hour, Days: every}, "2026-11-23 12:30", "2026-11-24 12:02 CET"},
		{"long after yesterday's sunset", schedule.Rule{Sun: "sunset", Offset: 9 * time.Hour, Days: every}, "2026-11-23 00:30", "2026-11-23 01:05 CET"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			next, ok := tt.rule.Next(at(t, tt.after), home)
			got := ""
			if ok {
				got = next.Format("2006-01-02 15:04 MST")
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	north := schedule.Place{Latitude: 78.2, Longitude: 15.6} // Longyearbyen has no sunset from April to August
	if _, ok := (schedule.Rule{Sun: "sunset", Date: "2027-06-21"}).Next(start.Wall, north); ok {
		t.Error("a midnight sun set")
	}
	if next, ok := (schedule.Rule{Sun: "sunset", Days: every}).Next(start.Wall, north); !ok || next.Month() != time.February {
		t.Errorf("after the polar night: %v, %v", next, ok)
	}
}

// Countdowns over power cuts and clocks that are set.
func TestReckonCountdowns(t *testing.T) {
	set := func(known bool) schedule.Book {
		now := start
		now.Known = known
		e := schedule.Countdown(schedule.Timer, 10*time.Minute, now)
		b, _ := schedule.Book{Boot: start.Boot}.With(schedule.Change{Put: &e})
		return b
	}
	now := func(wall time.Duration, known bool, up time.Duration, boot string) schedule.Now {
		return schedule.Now{Wall: start.Wall.Add(wall), Known: known, Up: up, Boot: boot}
	}
	const minute = time.Minute
	tests := []struct {
		name  string
		known bool // when it was set
		nows  []schedule.Now
		left  time.Duration // at the last of nows
	}{
		{"nothing happened", true, []schedule.Now{now(4*minute, true, 64*minute, "first")}, 6 * minute},
		{"the clock was set forward", true, []schedule.Now{now(300*minute, true, 64*minute, "first")}, 6 * minute},
		{"the clock was set back", true, []schedule.Now{now(-300*minute, true, 64*minute, "first")}, 6 * minute},
		{"the program started again", false, []schedule.Now{now(0, false, 64*minute, "first")}, 6 * minute},
		{"off for four minutes", true, []schedule.Now{now(4*minute, true, 0, "second")}, 6 * minute},
		{"off for an hour", true, []schedule.Now{now(60*minute, true, 0, "second")}, -50 * minute},
		{"off, and no clock yet", true, []schedule.Now{now(0, false, 0, "second")}, 10 * minute},
		{"off, and the clock comes later", true,
			[]schedule.Now{now(0, false, 0, "second"), now(7*minute, true, minute, "second")}, 3 * minute},
		{"off, no clock, off again, then a clock", true,
			[]schedule.Now{now(0, false, 0, "second"), now(0, false, 0, "third"), now(7*minute, true, minute, "third")}, 3 * minute},
		{"set without a clock, and off", false, []schedule.Now{now(60*minute, true, 0, "second")}, 10 * minute},
		{"set without a clock, which comes, and off", false,
			[]schedule.Now{now(2*minute, true, 62*minute, "first"), now(5*minute, true, 0, "second")}, 5 * minute},
		{"the clock was set while it ran, and off", true,
			[]schedule.Now{now(302*minute, true, 62*minute, "first"), now(305*minute, true, 0, "second")}, 5 * minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := set(tt.known)
			var last schedule.Now
			for _, last = range tt.nows {
				b, _ = b.Reckon(last, schedule.Place{})
				if again, changed := b.Reckon(last, schedule.Place{}); changed {
					t.Errorf("reckoned twice it is another: %+v, %+v", again, b)
				}
			}
			if left := b.Entries[0].Remaining(last); left != tt.left {
				t.Errorf("%v left, want %v", left, tt.left)
			}
		})
	}
	paused := start
	paused.Up += 4 * minute
	b := set(true)
	e := b.Entries[0].Pause(paused)
	b, _ = b.With(schedule.Change{Put: &e})
	if b, _ = b.Reckon(now(90*minute, true, 0, "second"), schedule.Place{}); b.Entries[0].Remaining(start) != 6*minute {
		t.Errorf("a paused one: %+v", b.Entries[0])
	}
}

// Alarms when the clock jumps: none is lost, and none rings twice.
func TestReckonAlarms(t *testing.T) {
	daily := schedule.Rule{Hour: 7, Days: []time.Weekday{0, 1, 2, 3, 4, 5, 6}}
	e, ok := schedule.ByClock(schedule.Alarm, daily, start, schedule.Place{})
	if !ok {
		t.Fatal("no alarm")
	}
	b, _ := schedule.Book{Boot: start.Boot}.With(schedule.Change{Put: &e})
	step := func(wall string, known bool, wantDue bool) {
		t.Helper()
		now := schedule.Now{Wall: at(t, wall), Known: known, Up: start.Up, Boot: start.Boot}
		b, _ = b.Reckon(now, schedule.Place{})
		due := b.Due(now)
		if (len(due) > 0) != wantDue {
			t.Fatalf("%s: due is %+v, the alarm %+v", wall, due, b.Entries[0])
		}
		if wantDue {
			b = b.Ring(due[0].ID, now)
			b, _ = b.With(b.Entries[0].Finish(now, schedule.Place{}))
		}
	}
	step("2026-11-23 06:59", true, false)
	step("2026-11-23 07:00", true, true)
	step("2026-11-23 06:58", true, false) // the clock was a little fast
	step("2026-11-23 07:00", true, false)
	step("2027-11-23 12:00", true, true) // a clock gone mad: it was missed, by its word
	step("2026-11-23 12:00", true, false)
	step("2026-11-24 06:59", true, false)
	step("2026-11-24 07:01", true, true) // and still rings once the clock is right
	step("2026-11-25 08:00", false, false)
	step("2026-11-25 08:00", true, true)
}

func TestChangesAreTakenBack(t *testing.T) {
	empty := schedule.Book{}
	timer := schedule.Countdown(schedule.Timer, time.Minute, start)
	one, undo := empty.With(schedule.Change{Put: &timer})
	if len(empty.Entries) != 0 || len(one.Entries) != 1 {
		t.Fatal("the first book was changed")
	}
	if b, _ := one.With(undo); len(b.Entries) != 0 || b.LastID != 1 {
		t.Errorf("added and taken back: %+v", b)
	}
	gone, undo := one.With(schedule.Change{Remove: 1})
	if b, _ := gone.With(undo); len(b.Entries) != 1 || b.Entries[0].ID != 1 {
		t.Errorf("removed and taken back: %+v", b)
	}
	longer := one.Entries[0].Extend(time.Minute, start)
	two, undo := one.With(schedule.Change{Put: &longer})
	if b, _ := two.With(undo); b.Entries[0].Length != time.Minute {
		t.Errorf("changed and taken back: %+v", b)
	}
	ringing := one.Ring(1, start)
	if _, undo := ringing.With(schedule.Change{Remove: 1}); undo != (schedule.Change{}) {
		t.Errorf("what rang would ring again: %+v", undo)
	}
	if next, _ := two.With(schedule.Change{Put: &timer}); next.Entries[1].ID != 2 {
		t.Errorf("an ID was used again: %+v", next)
	}
}
