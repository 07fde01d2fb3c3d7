package home

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
)

// longest is the longest countdown.
const longest = 100 * 24 * time.Hour

// length reads hours, minutes and seconds from slots whose names begin with a
// prefix; false where none of them is there.
func length(in intent.Intent, prefix string) (time.Duration, bool) {
	var seconds float64
	said := false
	for unit, n := range map[string]float64{"hours": 3600, "minutes": 60, "seconds": 1} {
		if v, ok := number(in.Slots[prefix+unit]); ok {
			seconds += v * n
			said = true
		}
	}
	return time.Duration(math.Round(seconds)) * time.Second, said
}

// weekdays are Home Assistant's words in slots, from Sunday on.
var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

var (
	everyDay = []time.Weekday{0, 1, 2, 3, 4, 5, 6}
	workDays = []time.Weekday{1, 2, 3, 4, 5}
	weekend  = []time.Weekday{0, 6}
)

// repeat reads the days of "daily", "weekdays", "weekends" or "monday,thursday".
func repeat(said string) ([]time.Weekday, bool) {
	switch said {
	case "daily":
		return everyDay, true
	case "weekdays":
		return workDays, true
	case "weekends":
		return weekend, true
	}
	var days []time.Weekday
	for _, name := range strings.Split(said, ",") {
		day := slices.Index(weekdays, strings.ToLower(strings.TrimSpace(name)))
		if day < 0 {
			return nil, false
		}
		days = append(days, time.Weekday(day))
	}
	slices.Sort(days)
	return slices.Compact(days), true
}

// byClock reads when something is due from time or sun, day and repeat. The
// answer says why there is no such time.
func (s speaker) byClock(in intent.Intent) (r schedule.Rule, answer string, refusal Refusal) {
	now := s.at.Now
	if !now.Known {
		return r, s.say("clock.unknown"), NoClock
	}
	if r.Sun = text(in, "sun"); r.Sun != "" {
		minutes, _ := number(in.Slots["offset_minutes"])
		r.Offset = time.Duration(minutes * float64(time.Minute))
		if !s.at.Place.Known() {
			return r, s.say("place.unknown"), CannotDo
		}
	} else {
		t, err := time.Parse("15:04", text(in, "time"))
		if err != nil {
			return r, s.say("refused.when"), NotUnderstood
		}
		r.Hour, r.Minute = t.Hour(), t.Minute()
	}
	day := strings.ToLower(text(in, "day"))
	ok := true
	if said := text(in, "repeat"); said != "" {
		if r.Days, ok = repeat(said); !ok {
			return r, s.say("refused.when"), NotUnderstood
		}
		_, ok = r.Next(now.Wall, s.at.Place)
	} else if day == "" {
		r, ok = r.Once(now.Wall, s.at.Place)
	} else {
		r, ok = s.onDay(r, day)
	}
	if !ok && r.Sun != "" {
		return r, s.say("sun.none"), CannotDo
	}
	if !ok {
		return r, s.say("when.past"), CannotDo
	}
	return r, "", ""
}

// onDay is a rule for "today", "tomorrow" or a weekday, which is the next one on
// which the rule is still to come.
func (s speaker) onDay(r schedule.Rule, day string) (schedule.Rule, bool) {
	now := s.at.Now.Wall
	first, last := 0, 0
	switch wanted := slices.Index(weekdays, day); {
	case day == "tomorrow":
		first, last = 1, 1
	case wanted >= 0:
		first = (wanted - int(now.Weekday()) + 7) % 7
		last = first + 7
	case day != "today":
		return r, false
	}
	for n := first; n <= last; n += 7 {
		r.Date = time.Date(now.Year(), now.Month(), now.Day()+n, 12, 0, 0, 0, time.UTC).Format(time.DateOnly)
		if _, ok := r.Next(now, s.at.Place); ok {
			return r, true
		}
	}
	return r, false
}

// entry is something for later, as the slots say: after hours, minutes and
// seconds, or by the clock. Where there is none, the part says why, or asks.
func (s speaker) entry(in intent.Intent, kind schedule.Kind) (e schedule.Entry, none *part) {
	not := func(p part) (schedule.Entry, *part) { return schedule.Entry{}, &p }
	if len(s.at.Book.Entries) >= fullBook {
		return not(refused(in, CannotDo, s.say("book.full")))
	}
	if d, ok := length(in, ""); ok {
		switch {
		case d <= 0:
			return not(asked(in, intent.AsksLength, s.say("timer.how_long")))
		case d > longest:
			return not(refused(in, CannotDo, s.say("timer.too_long")))
		}
		e = schedule.Countdown(kind, d, s.at.Now)
	} else if in.Slots["time"] != nil || in.Slots["sun"] != nil {
		r, answer, refusal := s.byClock(in)
		if answer != "" {
			return not(refused(in, refusal, answer))
		}
		e, _ = schedule.ByClock(kind, r, s.at.Now, s.at.Place)
	} else if kind == schedule.Timer {
		return not(asked(in, intent.AsksLength, s.say("timer.how_long")))
	} else {
		return not(asked(in, intent.AsksTime, s.say("when.missing")))
	}
	e.Room = s.room
	return e, nil
}

// fullBook is how many entries a book may have: more is a mistake.
const fullBook = 500

// when says when an entry is due: "in five minutes", "tomorrow at 7 AM", "every
// weekday at sunset".
func (s speaker) when(e schedule.Entry) string {
	if e.Rule == nil {
		left := s.left(e)
		for _, word := range slices.Sorted(maps.Keys(s.Lengths)) {
			left = strings.ReplaceAll(left, word, s.Lengths[word])
		}
		return s.say("when.in", "time", left)
	}
	at := s.atTime(e)
	if !e.Rule.Repeats() {
		return s.on(e.At, at)
	}
	switch days := e.Rule.Days; {
	case slices.Equal(days, everyDay):
		return s.say("when.daily", "at", at)
	case slices.Equal(days, workDays):
		return s.say("when.weekdays", "at", at)
	case slices.Equal(days, weekend):
		return s.say("when.weekends", "at", at)
	default:
		var names []string
		for _, d := range days {
			names = append(names, s.Weekdays[d])
		}
		return s.say("when.every", "days", s.list(names), "at", at)
	}
}

// on says the day of a moment before its time of day.
func (s speaker) on(t time.Time, at string) string {
	now := s.at.Now.Wall
	t = t.In(now.Location())
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	switch days := int(day(t).Sub(day(now)).Hours() / 24); {
	case days == 0, days == 1 && t.Hour() == 0 && t.Minute() == 0: // midnight is tonight's
		return at
	case days == 1:
		return s.say("when.tomorrow", "at", at)
	case days > 1 && days < 7:
		return s.say("when.weekday", "weekday", s.Weekdays[t.Weekday()], "at", at)
	}
	return s.say("when.date", "day", s.Ordinals[t.Day()-1], "month", s.Months[t.Month()-1], "at", at)
}

// atTime says the time of day of an entry by the clock: "at 7 AM", "half an
// hour before sunset".
func (s speaker) atTime(e schedule.Entry) string {
	if e.Rule.Sun == "" {
		return s.say("at.time", "time", s.moment(e.Rule.Hour, e.Rule.Minute))
	}
	sun := s.say("sun.set")
	if e.Rule.Sun == "sunrise" {
		sun = s.say("sun.rise")
	}
	switch offset := e.Rule.Offset; {
	case offset < 0:
		return s.say("at.before", "time", s.duration(-offset), "sun", sun)
	case offset > 0:
		return s.say("at.after", "time", s.duration(offset), "sun", sun)
	}
	return s.say("at.sun", "sun", sun)
}

// moment is a time of day in figures. A language with two halves of the day
// counts to twelve.
func (r replies) moment(hour, minute int) string {
	switch {
	case hour == 0 && minute == 0:
		return r.say("moment.midnight")
	case hour == 12 && minute == 0:
		return r.say("moment.noon")
	}
	half := ""
	if len(r.Halves) == 2 {
		half = r.Halves[hour/12]
		hour = (hour+11)%12 + 1
	}
	if minute == 0 {
		return r.say("moment.sharp", "hour", strconv.Itoa(hour), "half", half)
	}
	two := strconv.Itoa(minute)
	if minute < 10 {
		two = "0" + two
	}
	return r.say("moment", "hour", strconv.Itoa(hour), "minute", two, "half", half)
}

// left is how much of a countdown is left; what is long is said to the minute.
func (s speaker) left(e schedule.Entry) string {
	d := e.Remaining(s.at.Now)
	if d >= 10*time.Minute && d != e.Length {
		d = d.Round(time.Minute)
	}
	return s.duration(d)
}

// duration is a length of time: "one hour and five minutes".
func (r replies) duration(d time.Duration) string {
	seconds := int(d.Round(time.Second) / time.Second)
	var parts []string
	say := func(n int, one, many string) {
		switch {
		case n == 1:
			parts = append(parts, one)
		case n > 1:
			parts = append(parts, many)
		}
	}
	count := func(n int) string { return r.number(n) }
	days, hours, minutes := seconds/86400, seconds/3600%24, seconds/60%60
	say(days, r.say("duration.day"), r.say("duration.days", "number", count(days)))
	say(hours, r.say("duration.hour"), r.say("duration.hours", "number", count(hours)))
	say(minutes, r.say("duration.minute"), r.say("duration.minutes", "number", count(minutes)))
	say(seconds%60, r.say("duration.second"), r.say("duration.seconds", "number", count(seconds%60)))
	if len(parts) == 0 {
		return r.say("duration.none")
	}
	return r.list(parts)
}

// sunAnswer tells when the sun rises or sets the next time, or on a day.
func (s speaker) sunAnswer(in intent.Intent) (string, Refusal) {
	r, why, refusal := s.byClock(in)
	if refusal != "" {
		return why, refusal
	}
	t, ok := r.Next(s.at.Now.Wall, s.at.Place)
	if !ok {
		return s.say("sun.none"), CannotDo
	}
	key := "sun.rise"
	if r.Sun == "sunset" {
		key = "sun.set"
	}
	at := s.atTime(schedule.Entry{Rule: &schedule.Rule{Hour: t.Hour(), Minute: t.Minute()}})
	return s.say("sun.at", "sun", s.say(key), "when", s.on(t, at)), ""
}
