package schedule

import (
	"slices"
	"time"

	sunrise "github.com/nathan-osman/go-sunrise"
)

// Rule says when something is due by the wall clock.
type Rule struct {
	Hour, Minute int            // local; not used where Sun is set
	Sun          string         `json:",omitempty"` // "sunrise", "sunset", or "" for the clock
	Offset       time.Duration  `json:",omitempty"` // after the sun; negative: before
	Days         []time.Weekday `json:",omitempty"` // on which it repeats, in order; empty: once, on Date
	Date         string         `json:",omitempty"` // "2026-11-22", local
}

// horizon is how many days Next looks ahead: longer than any polar night.
const horizon = 370

// Repeats says whether the rule holds on several days.
func (r Rule) Repeats() bool { return len(r.Days) > 0 }

// Next is the first time after a moment at which the rule is due, in the
// moment's time zone. There is none for a rule whose day is past, or whose sun
// does not rise or set.
func (r Rule) Next(after time.Time, p Place) (time.Time, bool) {
	if !r.Repeats() {
		day, err := time.ParseInLocation(time.DateOnly, r.Date, time.UTC)
		if err != nil {
			return time.Time{}, false
		}
		t, ok := r.on(day.Year(), day.Month(), day.Day(), after.Location(), p)
		return t, ok && t.After(after)
	}
	year, month, day := after.Date()
	for i := -1; i <= horizon; i++ { // the day before: with an offset its sunset may still come
		if !slices.Contains(r.Days, time.Date(year, month, day+i, 12, 0, 0, 0, time.UTC).Weekday()) {
			continue
		}
		if t, ok := r.on(year, month, day+i, after.Location(), p); ok && t.After(after) {
			return t, true
		}
	}
	return time.Time{}, false
}

// Once is the rule for one time: on the first day from a moment on, at which it
// is still to come.
func (r Rule) Once(after time.Time, p Place) (Rule, bool) {
	r.Days = []time.Weekday{0, 1, 2, 3, 4, 5, 6}
	t, ok := r.Next(after, p)
	r.Days = nil
	r.Date = t.Add(-r.Offset).Format(time.DateOnly)
	return r, ok
}

// on is when the rule is due on a day.
func (r Rule) on(year int, month time.Month, day int, zone *time.Location, p Place) (time.Time, bool) {
	if r.Sun == "" {
		return local(year, month, day, r.Hour, r.Minute, zone), true
	}
	// The library's day is that of Greenwich, so the sun of a local day may be
	// in the one before or after.
	want := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	for i := -1; i <= 1; i++ {
		d := time.Date(year, month, day+i, 0, 0, 0, 0, time.UTC)
		t, set := sunrise.SunriseSunset(p.Latitude, p.Longitude, d.Year(), d.Month(), d.Day())
		if r.Sun == "sunset" {
			t = set
		}
		if !t.IsZero() && t.In(zone).Format(time.DateOnly) == want {
			return t.In(zone).Add(r.Offset), true
		}
	}
	return time.Time{}, false
}

// local is a local time of day. What a day lacks or has twice is as the package
// says. The clocks of no place change twice within two days.
func local(year int, month time.Month, day, hour, minute int, zone *time.Location) time.Time {
	asUTC := time.Date(year, month, day, hour, minute, 0, 0, time.UTC)
	at := func(near time.Time) time.Time {
		_, offset := near.In(zone).Zone()
		return asUTC.Add(-time.Duration(offset) * time.Second).In(zone)
	}
	before, after := at(asUTC.Add(-24*time.Hour)), at(asUTC.Add(24*time.Hour))
	if after.Hour() == hour && after.Minute() == minute && (before.Hour() != hour || before.Minute() != minute) {
		return after
	}
	return before
}
