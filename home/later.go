package home

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
)

// later is what becomes of an intent about timers, alarms, reminders and
// commands for later; false for any other.
func (s speaker) later(in intent.Intent) (part, bool) {
	if stops[in.Name] && !selective(in) {
		if ringing := s.at.Book.Ringing(); len(ringing) > 0 {
			return s.stop(in, ringing), true
		}
	}
	switch in.Name {
	case "HassStartTimer":
		if in.Slots["conversation_command"] != nil || in.Command != nil {
			return s.commandLater(in), true
		}
		return s.startTimer(in), true
	case "HassPauseTimer", "HassUnpauseTimer", "HassIncreaseTimer", "HassDecreaseTimer":
		return s.changeTimer(in), true
	case "HassCancelTimer":
		return s.cancel(in, schedule.Timer), true
	case "HassCancelAllTimers":
		return s.cancelAll(in, schedule.Timer), true
	case "HassTimerStatus":
		return s.statusOf(in, schedule.Timer), true
	case "CricketSetAlarm":
		return s.setAlarm(in), true
	case "CricketCancelAlarm":
		return s.cancel(in, schedule.Alarm), true
	case "CricketAlarmStatus":
		return s.statusOf(in, schedule.Alarm), true
	case "CricketSnooze":
		return s.snooze(in), true
	case "CricketSetReminder":
		return s.setReminder(in), true
	case "CricketCancelReminder":
		return s.cancel(in, schedule.Reminder), true
	case "CricketReminderStatus":
		return s.statusOf(in, schedule.Reminder), true
	case "CricketSchedule":
		return s.commandLater(in), true
	case "CricketCancelSchedule":
		return s.cancel(in, schedule.Command), true
	case "CricketScheduleStatus":
		return s.statusOf(in, schedule.Command), true
	}
	return part{}, false
}

// stops are the intents that, while something rings, are about that.
var stops = map[string]bool{
	"HassNevermind": true, "HassCancelTimer": true, "HassCancelAllTimers": true, "CricketCancelAlarm": true, "CricketCancelReminder": true,
}

// stop ends what rings.
func (s speaker) stop(in intent.Intent, ringing []schedule.Entry) part {
	p := part{in: in, answer: s.say("ring.stopped")}
	for _, e := range ringing {
		p.changes = append(p.changes, e.Finish(s.at.Now, s.at.Place))
	}
	return p
}

// snooze lets what rings ring again later.
func (s speaker) snooze(in intent.Intent) part {
	ringing := s.at.Book.Ringing()
	d, ok := length(in, "")
	if ok && len(ringing) == 0 && len(s.chosen(intent.Intent{}, schedule.Timer)) > 0 { // "five more minutes" on the timer
		in.Name = "HassIncreaseTimer"
		return s.changeTimer(in)
	}
	if len(ringing) == 0 {
		return refused(in, CannotDo, s.say("ring.none"))
	}
	if !ok {
		d = snoozeTime
	}
	if d <= 0 || d > longest {
		return refused(in, CannotDo, s.say("timer.too_long"))
	}
	p := part{in: in, answer: s.say("ring.snoozed", "time", s.duration(d))}
	for _, e := range ringing {
		again := e.Snooze(d, s.at.Now)
		p.changes = append(p.changes, e.Finish(s.at.Now, s.at.Place), schedule.Change{Put: &again})
	}
	return p
}

func (s speaker) setAlarm(in intent.Intent) part {
	e, none := s.entry(in, schedule.Alarm)
	if none != nil {
		return *none
	}
	e.Name = text(in, "name")
	what := s.say("alarm")
	if e.Name != "" {
		what = s.say("alarm.named", "name", e.Name)
	}
	return part{in: in, answer: s.say("alarm.set", "what", what, "when", s.when(e)), changes: []schedule.Change{{Put: &e}}}
}

func (s speaker) setReminder(in intent.Intent) part {
	message := text(in, "message")
	if message == "" {
		return asked(in, intent.AsksMessage, s.say("reminder.what"))
	}
	e, none := s.entry(in, schedule.Reminder)
	if none != nil {
		return *none
	}
	e.Name = message
	return part{in: in, answer: s.say("reminder.set", "when", s.when(e), "message", e.Name), changes: []schedule.Change{{Put: &e}}}
}

// commandLater plans a command. What cannot be done is said now, and not when
// it is due; a device that is only away at the moment may be back by then.
func (s speaker) commandLater(in intent.Intent) part {
	if in.Command == nil || in.Command.Refusal != "" {
		return refused(in, NotUnderstood, s.say("refused.later"))
	}
	at := s.at
	at.Later = true // nobody can be asked then
	then := s.home.Plan(*in.Command, at)
	if then.Refusal != "" && (then.Refusal != Offline || !s.announced(in.Command.Targets)) {
		return refused(in, then.Refusal, s.instead(then))
	}
	e, none := s.entry(in, schedule.Command)
	if none != nil {
		return *none
	}
	e.Command, e.Source = in.Command, s.at.Source
	if e.Name = s.outcome(then); e.Name == "" {
		e.Name = text(in, "conversation_command")
	}
	return part{in: in, answer: s.say("later.item", "when", s.when(e), "what", e.Name), changes: []schedule.Change{{Put: &e}}}
}

// instead is why a command is not planned. What could have been done is left out:
// it is not planned either, and "front door locked" would be believed.
func (s speaker) instead(p Plan) string {
	var why []part
	for _, one := range p.parts {
		if one.done = nil; one.answer == "" && len(one.exceptions) == 0 || one.answer != "" && one.refusal == "" {
			continue
		}
		why = append(why, one)
	}
	if len(why) == 0 {
		return p.Reply
	}
	return s.reply(why, nil)
}

// outcome is what a plan does, as clauses in the middle of a sentence.
func (s speaker) outcome(p Plan) string {
	var what []string
	for _, one := range p.parts {
		done, _ := s.deeds(one, nil)
		if what = append(what, done...); len(done) > 0 {
			what = append(what, s.exceptions(one, nil)...)
		}
		if len(one.changes) > 0 && one.refusal == "" {
			what = append(what, one.answer)
		}
	}
	return s.list(what)
}

// announced says whether all devices have announced themselves.
func (s speaker) announced(ids []string) bool {
	devices, missing := s.expand(ids)
	return !missing && !slices.ContainsFunc(devices, func(d *Device) bool { return d.Entity == nil })
}

// selective says whether an intent's slots select some entries of the book.
func selective(in intent.Intent) bool {
	for _, slot := range []string{"name", "message", "time", "day", "area", "all", "except", "start_hours", "start_minutes", "start_seconds"} {
		if in.Slots[slot] != nil {
			return true
		}
	}
	return len(in.Targets) > 0
}

// chosen are the entries of a kind that an intent's slots select, or all of that
// kind where they select none.
func (s speaker) chosen(in intent.Intent, kind schedule.Kind) []schedule.Entry {
	area, hasArea := s.home.Area(text(in, "area"))
	start, hasStart := length(in, "start_")
	day := strings.ToLower(text(in, "day"))
	now := s.at.Now.Wall
	var out []schedule.Entry
	for _, e := range s.at.Book.Entries {
		at := e.At.In(now.Location())
		switch name := text(in, "name"); {
		case e.Kind != kind,
			hasArea && e.Room != area.ID && !s.commands(e, func(d *Device) bool { return d.Area == area.ID }),
			hasStart && e.Length != start,
			text(in, "time") != "" && (e.Rule == nil || at.Format("15:04") != text(in, "time")),
			text(in, "message") != "" && !strings.Contains(strings.ToLower(e.Name), strings.ToLower(text(in, "message"))),
			kind != schedule.Command && name != "" && name != "all" && !strings.Contains(strings.ToLower(e.Name), strings.ToLower(name)),
			len(in.Targets) > 0 && !s.commands(e, func(d *Device) bool { return slices.Contains(in.Targets, d.ID) }),
			slices.Contains(weekdays, day) && (e.Rule == nil || weekdays[at.Weekday()] != day && !s.onWeekday(e, day)),
			day == "today" && at.YearDay() != now.YearDay(),
			day == "tomorrow" && at.YearDay() != now.AddDate(0, 0, 1).YearDay():
		default:
			out = append(out, e)
		}
	}
	called := func(e schedule.Entry) bool { return strings.EqualFold(e.Name, text(in, "name")) }
	if text(in, "name") != "" && slices.ContainsFunc(out, called) { // "egg" is that one, and not "egg noodles"
		out = slices.DeleteFunc(out, func(e schedule.Entry) bool { return !called(e) })
	}
	return out
}

func (s speaker) onWeekday(e schedule.Entry, day string) bool {
	return slices.ContainsFunc(e.Rule.Days, func(d time.Weekday) bool { return weekdays[d] == day })
}

// commands says whether an entry is a command for a device like that.
func (s speaker) commands(e schedule.Entry, like func(*Device) bool) bool {
	if e.Command == nil {
		return false
	}
	for _, one := range flat(*e.Command) {
		devices, _ := s.expand(one.Targets)
		if slices.ContainsFunc(devices, like) {
			return true
		}
	}
	return false
}

// about says whether a later command is for a device of that name, or none was said.
func (s speaker) about(e schedule.Entry, name string) bool {
	return name == "" || s.commands(e, func(d *Device) bool { return named(name, d.Name, d.Aliases) })
}

// one narrows entries down to those that are meant when only one can be: what
// rings, else what is of the room that heard. The question asks for the rest.
func (s speaker) one(in intent.Intent, entries []schedule.Entry) (those []schedule.Entry, question string) {
	if len(entries) < 2 || in.Slots["all"] != nil || in.Slots["name"] == "all" {
		return entries, ""
	}
	if n, ok := number(in.Slots["which"]); ok {
		i := int(n) - 1
		if n < 0 {
			i = len(entries) + int(n)
		}
		if i >= 0 && i < len(entries) {
			return entries[i : i+1], ""
		}
	}
	var here []schedule.Entry
	for _, e := range entries {
		if e.Room == s.room {
			here = append(here, e)
		}
	}
	if len(here) == 1 {
		return here, ""
	}
	if len(entries) > most+1 {
		return nil, s.say("refused.ambiguous.many", "number", s.number(len(entries)))
	}
	var choices []string
	for _, e := range entries {
		if e.Kind == schedule.Command {
			choices = append(choices, s.entryName(e))
			continue
		}
		choices = append(choices, s.object(s.entryName(e)))
	}
	return nil, s.say("refused.ambiguous", "choices", s.either(choices))
}

// none says that nothing of a kind is planned, or nothing like that.
func (s speaker) none(in intent.Intent, kind schedule.Kind) part {
	if selective(in) && slices.ContainsFunc(s.at.Book.Entries, func(e schedule.Entry) bool { return e.Kind == kind }) {
		return refused(in, UnknownDevice, s.say("planned.not_that", "thing", s.things(string(kind), 1)))
	}
	return refused(in, UnknownDevice, s.say("planned.none", "thing", s.things(string(kind), 1)))
}

func (s speaker) cancel(in intent.Intent, kind schedule.Kind) part {
	entries := s.chosen(in, kind)
	if len(entries) == 0 && kind == schedule.Timer { // "the timer for the lamp" turns it off in ten minutes
		entries = slices.DeleteFunc(s.chosen(in, schedule.Command), func(e schedule.Entry) bool {
			return e.Rule != nil || !s.about(e, text(in, "name"))
		})
	}
	if len(entries) == 0 {
		return s.none(in, kind)
	}
	those, question := s.one(in, entries)
	if question != "" {
		return asked(in, intent.AsksEntry, question)
	}
	return s.cancelled(in, those)
}

func (s speaker) cancelAll(in intent.Intent, kind schedule.Kind) part {
	entries := s.chosen(in, kind)
	if len(entries) == 0 {
		return s.none(in, kind)
	}
	for name := range strings.SplitSeq(text(in, "except"), ", ") {
		kept := s.chosen(intent.Intent{Slots: map[string]any{"name": name}}, kind)
		if name != "" && len(kept) == 0 { // perhaps it was misheard, and all would be gone
			return refused(in, UnknownDevice, s.say("planned.not_that", "thing", s.things(string(kind), 1)))
		}
		entries = slices.DeleteFunc(entries, func(e schedule.Entry) bool {
			return name != "" && slices.ContainsFunc(kept, func(k schedule.Entry) bool { return k.ID == e.ID })
		})
	}
	if len(entries) == 0 {
		return s.statusOf(intent.Intent{Name: in.Name}, kind) // nothing but what is kept
	}
	return s.cancelled(in, entries)
}

func (s speaker) cancelled(in intent.Intent, those []schedule.Entry) part {
	p := part{in: in}
	for _, e := range those {
		p.changes = append(p.changes, schedule.Change{Remove: e.ID})
	}
	if len(those) == 1 {
		p.answer = s.say("cancelled.is", "what", s.entryLabel(those[0]))
		return p
	}
	p.answer = s.say("cancelled.are", "what", s.counted(string(those[0].Kind), len(those)))
	return p
}

// statusOf tells of everything of a kind that an intent's slots select.
func (s speaker) statusOf(in intent.Intent, kind schedule.Kind) part {
	entries := s.chosen(in, kind)
	if len(entries) == 0 {
		p := s.none(in, kind)
		p.refusal = "" // it is an answer
		return p
	}
	slices.SortStableFunc(entries, func(a, b schedule.Entry) int { return cmp.Compare(a.Remaining(s.at.Now), b.Remaining(s.at.Now)) })
	var clauses []string
	for _, e := range entries {
		clauses = append(clauses, s.entryStatus(e))
	}
	return part{in: in, answer: s.list(clauses)}
}

// entryLabel names an entry in the middle of a sentence, with its article.
func (s speaker) entryLabel(e schedule.Entry) string {
	if e.Kind == schedule.Command {
		return s.entryName(e)
	}
	return s.the(s.entryName(e))
}

func (s speaker) entryName(e schedule.Entry) string {
	switch {
	case e.Kind == schedule.Command:
		return s.say("later.item", "when", s.when(e), "what", e.Name)
	case e.Kind == schedule.Reminder:
		return s.say("reminder.label", "message", e.Name)
	case e.Kind == schedule.Alarm && e.Name != "":
		return s.say("alarm.named", "name", e.Name)
	case e.Kind == schedule.Alarm:
		return s.say("alarm.label", "when", s.when(e))
	}
	return s.timerName(e)
}

// entryStatus is a clause about one entry.
func (s speaker) entryStatus(e schedule.Entry) string {
	switch {
	case e.Ringing:
		return s.say("ring.rings", "what", s.entryLabel(e))
	case e.Kind == schedule.Timer && e.Paused:
		return s.say("timer.paused", "what", s.entryLabel(e), "left", s.left(e))
	case e.Kind == schedule.Timer:
		return s.say("timer.left", "what", s.entryLabel(e), "left", s.left(e))
	case e.Kind == schedule.Alarm && e.Name != "":
		return s.say("alarm.rings", "what", s.the(s.say("alarm.named", "name", e.Name)), "when", s.when(e))
	case e.Kind == schedule.Alarm:
		return s.say("alarm.rings", "what", s.the(s.say("alarm")), "when", s.when(e))
	case e.Kind == schedule.Reminder:
		return s.say("later.item", "when", s.when(e), "what", e.Name)
	}
	return s.entryLabel(e)
}
