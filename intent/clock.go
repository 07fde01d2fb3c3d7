package intent

import (
	"fmt"
	"math"
	"time"
)

// Clock times and durations are put together from what the sentences of each
// language capture, so that no word of them is written here.
//
// The slot time ("19:30", 24 hours, local) is made of
//
//	clock_hour    0..24, as said
//	clock_minute  0..59 behind it, or below 0 for minutes to the hour
//	clock_half    minutes that count towards the hour said: German "halb acht"
//	clock_part    of the day: am, pm, morning, afternoon, evening, night; wake
//
// An hour up to twelve of which no part of the day is said is the next one from
// now, unless a day or a repetition is said, or nobody knows what time it is:
// then it is taken as it is. clock_part wake does so always.
//
// The slots hours, minutes and seconds, and with start_ before them, are whole
// numbers at the end: two and a half hours are 2 hours and 30 minutes.
const (
	slotHour   = "clock_hour"
	slotMinute = "clock_minute"
	slotPart   = "clock_part"
)

// tellTime replaces what was said of times by their values; false where no clock
// shows such a time. Nobody is reminded between one and six in the night: "on
// friday at three" is the afternoon, where awake is set.
func tellTime(slots map[string]any, now time.Time, awake bool) bool {
	for _, prefix := range []string{"", "start_"} {
		carryOver(slots, prefix+"hours", prefix+"minutes")
		carryOver(slots, prefix+"minutes", prefix+"seconds")
		if v, ok := slots[prefix+"seconds"].(float64); ok {
			slots[prefix+"seconds"] = math.Round(v)
		}
	}
	h, ok := slots[slotHour].(float64)
	if !ok {
		delete(slots, slotPart) // of a day without a clock time
		return true
	}
	part, _ := slots[slotPart].(string)
	minute, _ := slots[slotMinute].(float64)
	hour, exact := dayHour(int(h), part)
	if h != math.Trunc(h) || hour < 0 || hour == 24 && minute > 0 {
		return false
	}
	t := hour*60 + int(minute)
	_, day := slots["day"]
	_, repeat := slots["repeat"]
	if !exact && !day && !repeat && !now.IsZero() {
		past := now.Hour()*60 + now.Minute()
		ahead := func(t int) int { return ((t-past)%1440 + 1440 - 1) % 1440 } // now itself is a day ahead
		if ahead(t+720) < ahead(t) {
			t += 720
		}
	}
	if !exact && (day || repeat) && awake && t >= 60 && t < 420 {
		t += 720
	}
	t = (t%1440 + 1440) % 1440
	delete(slots, slotHour)
	delete(slots, slotMinute)
	delete(slots, slotPart)
	slots["time"] = fmt.Sprintf("%02d:%02d", t/60, t%60)
	return true
}

// dayHour is the hour of the day that is said, and whether it can be no other; -1
// where the part of the day has no such hour.
func dayHour(h int, part string) (hour int, exact bool) {
	if h < 0 || h > 24 {
		return -1, false
	}
	if h == 0 || h > 12 {
		if part == "am" && h > 12 {
			return -1, false
		}
		return h, true
	}
	switch part {
	case "am", "morning":
		return h % 12, true
	case "pm", "afternoon":
		return h%12 + 12, true
	case "evening":
		if h == 12 {
			return 24, true
		}
		return h + 12, true
	case "night":
		switch {
		case h == 12:
			return 24, true
		case h >= 5:
			return h + 12, true
		}
		return h, true
	case "wake":
		return h, true
	}
	return h, false
}

// carryOver moves the part of a number behind the point to the next smaller unit.
func carryOver(slots map[string]any, unit, smaller string) {
	v, ok := slots[unit].(float64)
	if !ok || v == math.Trunc(v) {
		return
	}
	whole, rest := math.Modf(v)
	less, _ := slots[smaller].(float64)
	slots[smaller] = less + math.Round(rest*60*1000)/1000
	if whole == 0 {
		delete(slots, unit)
	} else {
		slots[unit] = whole
	}
}
