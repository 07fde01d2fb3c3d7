package home

import "time"

// clock is the time of day in words, to the minute.
func (r replies) clock(now time.Time) string {
	hour, minute := now.Hour(), now.Minute()
	word := func(h int) string {
		if h %= 12; h == 0 {
			h = 12
		}
		return r.Numbers[h]
	}
	this, next := word(hour), word(hour+1)
	said := func(key string, minutes int) string {
		return r.say(key, "hour", this, "next", next, "minutes", r.Numbers[minutes])
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
