package home

import "time"

// clock is the time of day in words, to the minute. {hour} and {next} are the
// numbers of this hour and the next; {oclock}, {past} and {to} are the hours in
// the forms that some languages need: alone, behind minutes past and to. Twelve
// forms are of one o'clock to twelve, 24 of midnight to eleven in the evening.
func (r replies) clock(now time.Time) string {
	hour, minute := now.Hour(), now.Minute()
	twelve := func(h int) int { return (h+11)%12 + 1 }
	this, next := twelve(hour), twelve(hour+1)
	of := func(hour int, lists ...[]string) string {
		for _, l := range lists {
			switch len(l) {
			case 12:
				return l[twelve(hour)-1]
			case 24:
				return l[hour%24]
			}
		}
		return r.Numbers[twelve(hour)]
	}
	said := func(key string, minutes int) string {
		return r.say(key, "hour", r.Numbers[this], "next", r.Numbers[next], "minutes", r.Numbers[minutes],
			"oclock", of(hour, r.Hours), "past", of(hour, r.HoursPast, r.Hours), "to", of(hour+1, r.HoursTo, r.Hours))
	}
	switch {
	case minute == 0 && hour == 0:
		return r.say("time.midnight")
	case minute == 0 && hour == 12:
		return r.say("time.noon")
	case minute == 0:
		return said("time.exact", 0)
	case minute == 15:
		return said("time.quarter_past", 0)
	case minute == 30:
		return said("time.half_past", 0)
	case minute == 45:
		return said("time.quarter_to", 0)
	case minute == 1:
		return said("time.minute_past", 0)
	case minute == 59:
		return said("time.minute_to", 0)
	case minute < 30 && minute%5 == 0:
		return said("time.past", minute)
	case minute < 30:
		return said("time.minutes_past", minute)
	case minute%5 == 0:
		return said("time.to", 60-minute)
	}
	return said("time.minutes_to", 60-minute)
}

// date is the day in words.
func (r replies) date(now time.Time) string {
	return r.say("date", "weekday", r.Weekdays[now.Weekday()], "day", r.Ordinals[now.Day()-1], "month", r.Months[now.Month()-1])
}
