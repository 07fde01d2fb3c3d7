package home_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// "Dimmer" and "brighter" are about the lamps that are on.
func TestLampsThatAreOn(t *testing.T) {
	lamps := []string{"light.bedroom_bedside_lamp", "light.bedroom_ceiling"}
	on := func(brightness float64) mqtt.State {
		return mqtt.State{Value: "on", Attributes: map[string]any{"brightness": brightness}}
	}
	off := mqtt.State{Value: "off"}
	for _, tt := range []struct {
		name          string
		bedside, ceil mqtt.State
		by            float64
		acts          []string
		reply         string
	}{
		{"one is on, dimmer", on(255), off, -20, lamps[:1], "Bedside lamp is at 80 percent."},
		{"one is on, brighter", on(51), off, 20, lamps[:1], "Bedside lamp is at 40 percent."},
		{"one is as bright as it goes, brighter", on(255), off, 20, lamps[1:], "Ceiling light is at 20 percent."},
		{"both are, brighter", on(255), on(255), 20, nil, "The bedside lamp and the ceiling light cannot go any higher."},
		{"none is on, dimmer", off, off, -20, nil, "The bedside lamp and the ceiling light are off."},
		{"none is on, brighter", off, off, 20, lamps, "Lights are at 20 percent."},
	} {
		h := announced(t).WithState(lamps[0], tt.bedside).WithState(lamps[1], tt.ceil)
		p := h.Plan(do("HassLightSet", slots{"brightness_step": tt.by}, lamps...), home.At("bedroom", sunday))
		var acts []string
		for _, a := range p.Actions {
			acts = append(acts, a.Device)
		}
		if !slices.Equal(acts, tt.acts) || p.Reply != tt.reply {
			t.Errorf("%s: acts %v, reply %q; want %v, %q", tt.name, acts, p.Reply, tt.acts, tt.reply)
		}
	}
}

// "The timer for the desk lamp" turns it off in a while; what is planned by the
// clock is no timer.
func TestTimerOfACommand(t *testing.T) {
	later := func(name string, s slots, id string) intent.Intent {
		command := do("HassTurnOff", nil, id)
		in := do(name, s)
		in.Command = &command
		return in
	}
	v := visited(t, "kitchen")
	v.story(t, []heard{
		{0, later("CricketSchedule", slots{"time": "22:00"}, "light.office_desk_lamp"), "At 10 PM: office desk lamp off."},
		{0, do("HassCancelTimer", slots{"name": "desk lamp"}), "There is no timer."},
		{0, later("HassStartTimer", slots{"minutes": 10.0}, "light.office_desk_lamp"), "In ten minutes: office desk lamp off."},
		{0, later("HassStartTimer", slots{"minutes": 5.0}, "light.hall_lamp"), "In five minutes: hall lamp off."},
		{0, do("HassCancelTimer", slots{"name": "desk lamp"}), "In ten minutes: office desk lamp off is cancelled."},
	})
	if n := len(v.at.Book.Entries); n != 2 {
		t.Errorf("%d entries are left, want the hall lamp's and that of ten o'clock", n)
	}
}

// "Egg" is the egg timer and not the egg noodles'; a part of a name is enough
// where none is called so.
func TestTimersByName(t *testing.T) {
	v := visited(t, "kitchen")
	v.story(t, []heard{
		{0, do("HassStartTimer", slots{"minutes": 9.0, "name": "egg noodles"}), "Egg noodles timer set for nine minutes."},
		{0, do("HassStartTimer", slots{"minutes": 4.0, "name": "egg"}), "Egg timer set for four minutes."},
		{0, do("HassCancelTimer", slots{"name": "egg"}), "The egg timer is cancelled."},
		{0, do("HassTimerStatus", slots{"name": "noodles"}), "Nine minutes left on the egg noodles timer."},
		{0, do("HassStartTimer", slots{"minutes": 7.0}), "Timer set for seven minutes."},
		{0, do("HassStartTimer", slots{"minutes": 8.0}), "Timer set for eight minutes."},
		{0, do("HassCancelTimer", slots{"which": -1.0}), "The timer for eight minutes is cancelled."},
		{0, do("HassCancelTimer", slots{"which": 1.0}), "The egg noodles timer is cancelled."},
		{time.Minute, do("CricketSnooze", slots{"minutes": 5.0}), "Eleven minutes left on the timer for twelve minutes."},
	})
}

// What is asked is there to be answered.
func TestQuestions(t *testing.T) {
	v := visited(t, "kitchen")
	v.says(do("HassStartTimer", slots{"minutes": 7.0}))
	v.says(do("HassStartTimer", slots{"minutes": 8.0}))
	for _, tt := range []struct {
		in   intent.Intent
		asks intent.Asked
		open bool
	}{
		{do("HassStartTimer", nil), intent.AsksLength, true},
		{do("HassIncreaseTimer", slots{"which": 1.0}), intent.AsksLength, true},
		{do("CricketSetAlarm", nil), intent.AsksTime, true},
		{do("CricketSetReminder", nil), intent.AsksMessage, true},
		{do("CricketSetReminder", slots{"message": "water"}), intent.AsksTime, true},
		{do("HassShoppingListAddItem", nil), intent.AsksItem, true},
		{do("HassCancelTimer", nil), intent.AsksEntry, true},
		{do("HassPauseTimer", nil), intent.AsksEntry, true},
		{do("HassTimerStatus", nil), "", false},
		{do("HassTurnOn", nil, "light.hall_lamp"), "", false},
	} {
		p := v.home.Plan(tt.in, v.at)
		if (p.Open != nil) != tt.open || p.Asks != tt.asks {
			t.Errorf("%s %v: asks %q, %v (%s)", tt.in.Name, tt.in.Slots, p.Asks, p.Open, p.Reply)
		}
		if tt.open && (p.Refusal != home.Ambiguous || p.Open.Name != tt.in.Name || len(p.Changes) > 0) {
			t.Errorf("%s: %+v", tt.in.Name, p)
		}
	}
}

// Commas and "and" part the things of a list, but not what belongs together.
func TestThingsOfAList(t *testing.T) {
	for _, tt := range []struct {
		said string
		want []string
	}{
		{"milk", []string{"milk"}},
		{"milk and eggs", []string{"milk", "eggs"}},
		{"milk, eggs and bread", []string{"milk", "eggs", "bread"}},
		{"milk, eggs, and bread", []string{"milk", "eggs", "bread"}},
		{"salt and vinegar crisps", []string{"salt and vinegar crisps"}},
		{"Fish and chips and a lemon", []string{"Fish and chips", "a lemon"}},
		{"sand and handles", []string{"sand", "handles"}},
	} {
		p := announced(t).Plan(do("HassShoppingListAddItem", slots{"item": tt.said}), home.At("kitchen", sunday))
		var got []string
		for _, c := range p.Changes {
			got = append(got, c.Item)
			if c.Do != schedule.Add {
				t.Errorf("%q: %+v", tt.said, c)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.said, got, tt.want)
		}
	}
}
