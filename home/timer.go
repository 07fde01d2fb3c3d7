package home

import (
	"time"

	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
)

// snoozeTime is how long "snooze" is where nobody says it.
const snoozeTime = 9 * time.Minute

func (s speaker) startTimer(in intent.Intent) part {
	e, none := s.entry(in, schedule.Timer)
	if none != nil {
		return *none
	}
	e.Name = text(in, "name")
	what := s.say("timer")
	if e.Name != "" {
		what = s.timerName(e)
	}
	return part{in: in, answer: s.say("timer.set", "what", what, "length", s.duration(e.Length)), changes: []schedule.Change{{Put: &e}}}
}

// timerName is "pizza timer", or "timer for five minutes".
func (s speaker) timerName(e schedule.Entry) string {
	if e.Name != "" {
		return s.say("timer.named", "name", e.Name)
	}
	return s.say("timer.unnamed", "length", s.duration(e.Length))
}

// changeTimer pauses, resumes, lengthens or shortens one timer.
func (s speaker) changeTimer(in intent.Intent) part {
	entries := s.chosen(in, schedule.Timer)
	if len(entries) == 0 {
		return s.none(in, schedule.Timer)
	}
	those, question := s.one(in, entries)
	if question != "" {
		return asked(in, intent.AsksEntry, question)
	}
	p := part{in: in}
	by, hasLength := length(in, "")
	var clauses []string
	for _, e := range those {
		switch {
		case in.Name == "HassPauseTimer" && !e.Paused && !e.Ringing:
			e = e.Pause(s.at.Now)
		case in.Name == "HassUnpauseTimer" && e.Paused:
			e = e.Resume(s.at.Now)
		case in.Name == "HassPauseTimer", in.Name == "HassUnpauseTimer": // it is so already
			clauses = append(clauses, s.entryStatus(e))
			continue
		case !hasLength || by <= 0:
			return asked(in, intent.AsksLength, s.say("timer.how_much"))
		case by > longest || e.Length+by > longest && in.Name == "HassIncreaseTimer":
			return refused(in, CannotDo, s.say("timer.too_long"))
		case in.Name == "HassDecreaseTimer":
			e = e.Extend(-by, s.at.Now)
		default:
			e = e.Extend(by, s.at.Now)
		}
		clauses = append(clauses, s.entryStatus(e))
		p.changes = append(p.changes, schedule.Change{Put: &e})
	}
	p.answer = s.list(clauses)
	return p
}
