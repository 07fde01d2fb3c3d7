package intent

import (
	"slices"
	"strings"
)

// timeWords are words of a time. They are English.
var timeWords = strings.Fields("weekday weekdays weekend weekends monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays daily every minutes hours o'clock")

// timeLeft tells whether a reminder that has a time has another one at the end or the
// beginning of its message: "take the bins out very weekday", at seven. One of them was
// heard wrongly, or belongs to what is to be done; nobody can tell.
func (l *language) timeLeft(in *Intent) bool {
	message, _ := in.Slots["message"].(string)
	if in.Name != "CricketSetReminder" || message == "" || l.code != "en" {
		return false
	}
	timed := slices.ContainsFunc([]string{"time", "minutes", "hours", "seconds", "sun", "day", "repeat"}, func(s string) bool { return in.Slots[s] != nil })
	words := strings.Fields(strings.ToLower(message))
	ends := slices.Concat(words[:min(2, len(words))], words[max(0, len(words)-2):])
	return timed && anyOf(ends, timeWords)
}
