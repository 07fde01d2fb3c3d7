package home_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
)

// visit is a room of the demo home in which somebody speaks, with the book as
// it has become.
type visit struct {
	home *home.Home
	at   home.Setting
}

func visited(t *testing.T, room string) *visit {
	v := &visit{home: announced(t), at: home.At(room, sunday)}
	v.at.Place = schedule.Place{Latitude: 52.52, Longitude: 13.41}
	return v
}

// says plans an intent and makes the changes that it asks for.
func (v *visit) says(in intent.Intent) home.Plan {
	p := v.home.Plan(in, v.at)
	v.at.Past.Undo = nil
	for _, c := range p.Changes {
		var undo schedule.Change
		v.at.Book, undo = v.at.Book.With(c)
		v.at.Past.Undo = append(v.at.Past.Undo, undo)
	}
	return p
}

// passes lets time pass, and what is due ring.
func (v *visit) passes(d time.Duration) {
	v.at.Now.Wall, v.at.Now.Up = v.at.Now.Wall.Add(d), v.at.Now.Up+d
	for _, e := range v.at.Book.Due(v.at.Now) {
		v.at.Book = v.at.Book.Ring(e.ID, v.at.Now)
	}
}

// heard is one line of a story: time that passes, what is meant, and the reply.
type heard struct {
	after time.Duration
	in    intent.Intent
	reply string
}

func (v *visit) story(t *testing.T, lines []heard) {
	t.Helper()
	for i, l := range lines {
		v.passes(l.after)
		if p := v.says(l.in); p.Reply != l.reply {
			t.Fatalf("%d: %s %v\nreply %q\nwant  %q", i, l.in.Name, l.in.Slots, p.Reply, l.reply)
		}
	}
}

func TestTimers(t *testing.T) {
	visited(t, "kitchen").story(t, []heard{
		{0, do("HassTimerStatus", nil), "There is no timer."},
		{0, do("HassCancelTimer", nil), "There is no timer."},
		{0, do("HassStartTimer", nil), "For how long?"},
		{0, do("HassStartTimer", slots{"minutes": 0.0}), "For how long?"},
		{0, do("HassStartTimer", slots{"hours": 100000.0}), "I cannot count that long."},
		{0, do("HassStartTimer", slots{"minutes": 5.0}), "Timer set for five minutes."},
		{62 * time.Second, do("HassTimerStatus", nil), "Three minutes and 58 seconds left on the timer for five minutes."},
		{0, do("HassStartTimer", slots{"hours": 1.0, "minutes": 30.0, "name": "pizza"}), "Pizza timer set for one hour and 30 minutes."},
		{0, do("HassPauseTimer", slots{"name": "pizza"}), "The pizza timer is paused with one hour and 30 minutes left."},
		{0, do("HassPauseTimer", slots{"name": "pizza"}), "The pizza timer is paused with one hour and 30 minutes left."},
		{time.Minute, do("HassIncreaseTimer", slots{"minutes": 5.0, "name": "pizza"}), "The pizza timer is paused with one hour and 35 minutes left."},
		{0, do("HassUnpauseTimer", slots{"name": "Pizza"}), "One hour and 35 minutes left on the pizza timer."},
		{0, do("HassDecreaseTimer", slots{"hours": 1.0, "name": "pizza"}), "35 minutes left on the pizza timer."},
		{0, do("HassDecreaseTimer", slots{"name": "pizza"}), "By how much?"},
		{0, do("HassCancelTimer", slots{"name": "egg"}), "There is no timer like that."},
		{0, do("HassPauseTimer", nil), "Do you mean the timer for five minutes or the pizza timer?"},
		{0, do("HassCancelTimer", slots{"start_minutes": 5.0}), "The timer for five minutes is cancelled."},
		{0, do("HassStartTimer", slots{"seconds": 1.0}), "Timer set for one second."},
		{0, do("HassCancelAllTimers", slots{"except": "egg"}), "There is no timer like that."},
		{0, do("HassCancelAllTimers", slots{"except": "pizza"}), "The timer for one second is cancelled."},
		{0, do("HassCancelAllTimers", slots{"except": "pizza"}), "35 minutes left on the pizza timer."},
		{0, do("HassStartTimer", slots{"seconds": 1.0}), "Timer set for one second."},
		{0, do("HassCancelAllTimers", nil), "Two timers are cancelled."},
		{0, do("HassCancelAllTimers", nil), "There is no timer."},
	})
}

// "Stop" means what rings, and nothing else is touched.
func TestRinging(t *testing.T) {
	v := visited(t, "kitchen")
	v.story(t, []heard{
		{0, do("HassStartTimer", slots{"minutes": 3.0, "name": "egg"}), "Egg timer set for three minutes."},
		{0, do("HassStartTimer", slots{"hours": 1.0}), "Timer set for one hour."},
		{0, do("CricketSetAlarm", slots{"time": "19:14", "repeat": "daily"}), "Alarm set: it rings every day at 7:14 PM."},
		{3 * time.Minute, do("HassTimerStatus", slots{"name": "egg"}), "The egg timer is ringing."},
		{0, do("HassNevermind", nil), "OK."},
		{0, do("HassTimerStatus", nil), "57 minutes left on the timer for one hour."},
		{time.Minute, do("CricketSnooze", nil), "OK, again in nine minutes."},
		{9*time.Minute - time.Second, do("CricketSnooze", nil), "Nothing is ringing."},
		{time.Second, do("HassCancelTimer", nil), "OK."},
		{0, do("CricketAlarmStatus", nil), "The alarm rings every day at 7:14 PM."},
	})
	if got := v.at.Book.Entries; len(got) != 2 || got[1].At != sunday.Add(24*time.Hour+4*time.Minute) {
		t.Errorf("%+v", got)
	}
	v.passes(time.Hour)
	if p := v.says(do("HassIncreaseTimer", slots{"minutes": 2.0})); p.Reply != "Two minutes left on the timer for one hour and two minutes." {
		t.Errorf("a ringing timer that is lengthened: %q", p.Reply)
	}
}

func TestAlarms(t *testing.T) {
	visited(t, "bedroom").story(t, []heard{
		{0, do("CricketAlarmStatus", nil), "There is no alarm."},
		{0, do("CricketSetAlarm", slots{"time": "07:00"}), "Alarm set: it rings tomorrow at 7 AM."},
		{0, do("CricketSetAlarm", slots{"time": "06:30", "repeat": "weekdays", "name": "work"}), "Work alarm set: it rings every weekday at 6:30 AM."},
		{0, do("CricketSetAlarm", slots{"time": "20:05"}), "Alarm set: it rings at 8:05 PM."},
		{0, do("CricketSetAlarm", slots{"time": "00:00", "day": "thursday"}), "Alarm set: it rings on Thursday at midnight."},
		{0, do("CricketSetAlarm", slots{"time": "19:00", "day": "today"}), "That time is past already."},
		{0, do("CricketSetAlarm", slots{"time": "19:00", "day": "sunday"}), "Alarm set: it rings on the twenty-ninth of November at 7 PM."},
		{0, do("CricketSetAlarm", slots{"time": "25:00"}), "Sorry, I did not understand when."},
		{0, do("CricketSetAlarm", nil), "When should that be?"},
		{0, do("CricketAlarmStatus", slots{"name": "work"}), "The work alarm rings every weekday at 6:30 AM."},
		{0, do("CricketCancelAlarm", slots{"time": "07:00"}), "The alarm tomorrow at 7 AM is cancelled."},
		{0, do("CricketCancelAlarm", slots{"day": "sunday", "time": "19:00"}), "The alarm on the twenty-ninth of November at 7 PM is cancelled."},
		{0, do("CricketCancelAlarm", nil), "Do you mean the work alarm, the alarm at 8:05 PM or the alarm on Thursday at midnight?"},
		{0, do("CricketCancelAlarm", slots{"all": true}), "Three alarms are cancelled."},
		{0, do("CricketSetReminder", slots{"message": "call Anna", "minutes": 20.0}), "I will remind you in twenty minutes: call Anna."},
		{0, do("CricketSetReminder", slots{"message": "bins", "time": "18:00", "repeat": "monday,thursday"}),
			"I will remind you every Monday and Thursday at 6 PM: bins."},
		{0, do("CricketReminderStatus", nil), "In twenty minutes: call Anna and every Monday and Thursday at 6 PM: bins."},
		{0, do("CricketCancelReminder", slots{"message": "anna"}), "The reminder: call Anna is cancelled."},
	})
}

// Without a clock, times of day are refused aloud and timers work.
func TestNoClock(t *testing.T) {
	v := visited(t, "kitchen")
	v.at.Now.Known = false
	const refusal = "I do not know what time it is: nobody has set my clock yet."
	for _, in := range []intent.Intent{
		do("CricketSetAlarm", slots{"time": "07:00"}), do("CricketSetReminder", slots{"message": "bins", "time": "07:00"}),
		do("HassGetCurrentTime", nil), do("HassGetCurrentDate", nil),
		{Name: "CricketSchedule", Slots: slots{"sun": "sunset"}, Command: &intent.Intent{Name: "HassTurnOn", Targets: []string{"light.hall_lamp"}}},
	} {
		if p := v.says(in); p.Reply != refusal || p.Refusal != home.NoClock || len(p.Changes) > 0 {
			t.Errorf("%s: %q, %q, %v", in.Name, p.Reply, p.Refusal, p.Changes)
		}
	}
	if p := v.says(do("HassStartTimer", slots{"minutes": 5.0})); p.Refusal != "" || len(p.Changes) != 1 {
		t.Errorf("timer: %q", p.Reply)
	}
}

func later(in intent.Intent, s slots) intent.Intent {
	return intent.Intent{Name: "CricketSchedule", Slots: s, Command: &in}
}

func TestCommandsForLater(t *testing.T) {
	v := visited(t, "bedroom")
	in10 := intent.Intent{Name: "HassStartTimer", Slots: slots{"minutes": 10.0, "conversation_command": "turn off the lamp"}}
	refused := in10
	in10.Command = &intent.Intent{Name: "HassTurnOff", Targets: []string{"light.bedroom_bedside_lamp"}}
	bright := do("HassLightSet", slots{"brightness": 40.0}, "light.bedroom_bedside_lamp")
	v.story(t, []heard{
		{0, in10, "In ten minutes: bedside lamp off."},
		{0, do("CricketSun", slots{"sun": "sunset"}), "Sunset is tomorrow at 3:04 PM."},
		{0, do("CricketSun", slots{"sun": "sunrise", "day": "monday"}), "Sunrise is tomorrow at 6:41 AM."},
		{0, later(bright, slots{"sun": "sunset"}), "Tomorrow at sunset: bedside lamp is at 40 percent."},
		{0, later(bright, slots{"sun": "sunrise", "offset_minutes": -30.0, "repeat": "weekends"}),
			"On weekends 30 minutes before sunrise: bedside lamp is at 40 percent."},
		{0, later(off("light.hall_lamp"), slots{"time": "00:00"}), "At midnight: hall lamp off."},
		{0, later(do("HassGetCurrentTime", nil), slots{"time": "22:00", "conversation_command": "what time is it"}), "At 10 PM: what time is it."},
		// What cannot be done is said now.
		{0, later(off("lock.front_door"), slots{"time": "07:00"}), "I open or unlock the front door only for somebody in the room."},
		{0, later(and(on("lock.front_door"), off("lock.back_door")), slots{"time": "07:00"}), "I open or unlock the back door only for somebody in the room."},
		{0, later(and(off("lock.back_door"), on("light.hall_lamp")), slots{"time": "07:00"}), "I open or unlock the back door only for somebody in the room."},
		{0, later(do("HassLightSet", slots{"color": "red"}, "light.hall_lamp"), slots{"time": "07:00"}), "The hall lamp cannot change colour."},
		{0, later(on("light.gone"), slots{"time": "07:00"}), "I do not know that device."},
		{0, refused, "Sorry, I did not understand what to do then."},
		{0, do("CricketCancelSchedule", nil, "light.hall_lamp"), "At midnight: hall lamp off is cancelled."},
		{time.Minute, do("CricketScheduleStatus", nil, "light.bedroom_bedside_lamp"), "In nine minutes: bedside lamp off, " +
			"tomorrow at sunset: bedside lamp is at 40 percent and on weekends 30 minutes before sunrise: bedside lamp is at 40 percent."},
		{0, do("CricketCancelSchedule", slots{"all": true}), "Four commands for later are cancelled."},
		{0, do("CricketScheduleStatus", nil), "There is no command for later."},
	})
	v.at.Place = schedule.Place{}
	if p := v.says(do("CricketSun", slots{"sun": "sunset"})); !strings.HasPrefix(p.Reply, "I do not know where this home is") {
		t.Errorf("when the sun sets, without a place: %q", p.Reply)
	}
	if p := v.says(later(bright, slots{"sun": "sunset"})); !strings.HasPrefix(p.Reply, "I do not know where this home is") || len(p.Changes) > 0 {
		t.Errorf("without a place: %q", p.Reply)
	}
	v.at.Place = schedule.Place{Latitude: 89, Longitude: 13}
	if p := v.says(later(bright, slots{"sun": "sunset", "day": "tomorrow"})); p.Reply != "The sun does not do that here at this time of the year." {
		t.Errorf("polar night: %q", p.Reply)
	}
}

func TestLists(t *testing.T) {
	v := visited(t, "kitchen")
	v.story(t, []heard{
		{0, do("CricketListRead", nil), "The shopping list is empty."},
		{0, do("HassShoppingListAddItem", nil), "What should I write down?"},
		{0, do("HassShoppingListAddItem", slots{"item": "milk"}), "I put milk on the shopping list."},
		{0, do("HassShoppingListAddItem", slots{"item": "Milk"}), "The shopping list has Milk already."},
		{0, do("HassListAddItem", slots{"item": "milk, tea and two eggs", "name": "shopping"}), "I put tea and two eggs on the shopping list."},
		{0, do("HassListAddItem", slots{"item": "mow", "name": "garden"}), "I put mow on the garden list."},
		{0, do("CricketListRead", slots{"name": "shopping"}), "On the shopping list: milk, tea and two eggs."},
		{0, do("HassShoppingListCompleteItem", slots{"item": "milk and salt"}), "I ticked milk off the shopping list."},
		{0, do("HassShoppingListCompleteItem", slots{"item": "milk"}), "The shopping list does not have milk."},
		{0, do("HassListRemoveItem", slots{"item": "tea", "name": "shopping"}), "I took tea off the shopping list."},
		{0, do("CricketListRead", nil), "On the shopping list: two eggs."},
		{0, do("HassShoppingListAddItem", slots{"item": "milk"}), "I put milk on the shopping list."},
		{0, do("HassListRemoveItem", slots{"item": "mow", "name": "Garden"}), "I took mow off the garden list."},
		{0, do("CricketListClear", nil), "The shopping list is empty."},
		{0, do("CricketUndo", nil), "Undone: I put milk and two eggs on the shopping list."},
		{0, do("CricketListRead", nil), "On the shopping list: milk and two eggs."},
		{0, do("HassShoppingListAddItem", slots{"item": "bread"}), "I put bread on the shopping list."},
		{0, do("CricketUndo", nil), "Undone: I took bread off the shopping list."},
		{0, do("HassStartTimer", slots{"minutes": 5.0, "name": "pizza"}), "Pizza timer set for five minutes."},
		{0, do("CricketUndo", nil), "Undone: the pizza timer is cancelled."},
		{0, do("HassShoppingListAddItem", slots{"item": "the eggs"}), "I put the eggs on the shopping list."},
		{0, do("HassShoppingListAddItem", slots{"item": "eggs"}), "The shopping list has eggs already."},
		{0, do("CricketListRead", slots{"item": "eggs"}), "Yes, the shopping list has the eggs already."},
		{0, do("HassShoppingListCompleteItem", slots{"item": "eggs"}), "I ticked the eggs off the shopping list."},
		{0, do("HassShoppingListAddItem", slots{"item": "two cartons of oat milk and 6 rolls"}), "I put two cartons of oat milk and 6 rolls on the shopping list."},
		{0, do("CricketListRead", slots{"item": "oat milk"}), "Yes, the shopping list has two cartons of oat milk already."},
		{0, do("HassListRemoveItem", slots{"item": "the rolls and some oat milk", "name": "shopping"}), "I took 6 rolls and two cartons of oat milk off the shopping list."},
		{0, do("HassListRemoveItem", slots{"item": "the milk and eggs", "name": "shopping"}), "I took milk and the eggs off the shopping list."},
		{0, do("HassListAddItem", slots{"item": "a, b, c and d", "name": "garden"}), "I put a, b, c and d on the garden list."},
		{0, do("CricketUndo", nil), "That is undone."},
	})
}
