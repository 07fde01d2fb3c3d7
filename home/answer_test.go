package home_test

import (
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

func state(value string, attributes ...any) mqtt.State {
	s := mqtt.State{Value: value, Attributes: map[string]any{}}
	for i := 0; i+1 < len(attributes); i += 2 {
		s.Attributes[attributes[i].(string)] = attributes[i+1]
	}
	return s
}

func scoped(in intent.Intent, s slots) intent.Intent {
	for k, v := range in.Slots {
		s[k] = v
	}
	in.Slots = s
	return in
}

func TestAnswers(t *testing.T) {
	lights := []string{"light.hall_ceiling", "light.hall_lamp", "light.kitchen_ceiling", "light.kitchen_counter", "light.office_desk_lamp"}
	windows := []string{"binary_sensor.bedroom_window", "binary_sensor.kitchen_window"}
	locks := []string{"lock.back_door", "lock.front_door"}
	tests := []struct {
		name, room string
		in         intent.Intent
		reply      string
	}{
		// In the demo home the hall ceiling light, the floor lamp and the desk
		// lamp are on, and the bedroom window is open; here both doors are locked.
		{"one light", "hall", ask("one", "", "light.hall_lamp"), "The hall lamp is off."},
		{"one light with its brightness", "office", ask("one", "", "light.living_room_floor_lamp"), "The living room floor lamp is on at 50 percent."},
		{"one lock", "kitchen", ask("one", "", "lock.front_door"), "The front door is locked."},
		{"blinds", "bedroom", ask("one", "", "cover.bedroom_blinds"), "The blinds are open."},
		{"heating", "living_room", ask("one", "", "climate.living_room"), "The heating is set to 20 degrees, and it is 19.5 degrees there now."},
		{"sensor", "kitchen", ask("one", "", "sensor.kitchen_temperature"), "The temperature is 21.5 degrees."},
		{"sensor elsewhere", "kitchen", ask("", "", "sensor.bathroom_humidity"), "The bathroom humidity is 54 percent."},
		{"select", "kitchen", ask("one", "", "select.house_mode"), "The house mode is set to home."},
		{"motion", "kitchen", ask("one", "", "binary_sensor.hall_motion"), "The hall motion sensor is quiet."},
		{"several", "hall", ask("one", "", "light.hall_lamp", "light.hall_ceiling"), "The hall lamp is off and the ceiling light is on."},
		{"many", "hall", ask("", "", lights...), "Two lights are on and three lights are off."},

		{"yes", "hall", ask("one_yesno", "on", "light.hall_ceiling"), "Yes, the ceiling light is on."},
		{"no", "hall", ask("one_yesno", "on", "light.hall_lamp"), "No, the hall lamp is off."},
		{"yes, in our word", "hall", ask("one_yesno", "open", "binary_sensor.bedroom_window"), "Yes, the bedroom window is open."},
		{"yes, in Home Assistant's", "hall", ask("", "on", "binary_sensor.bedroom_window"), "Yes, the bedroom window is open."},
		{"is the front door locked", "hall", ask("one_yesno", "locked", "lock.front_door"), "Yes, the front door is locked."},
		{"is the front door unlocked", "hall", ask("one_yesno", "unlocked", "lock.front_door"), "No, the front door is locked."},

		{"are the reading lights on", "hall", ask("one_yesno", "on", "group.reading_lights"), "No, the bedroom bedside lamp is not on."},
		{"any of one", "hall", ask("any", "open", "binary_sensor.kitchen_window"), "No, the kitchen window is closed."},
		{"all of one", "hall", ask("all", "locked", "lock.front_door"), "Yes, the front door is locked."},
		{"how many of one", "hall", ask("how_many", "on", "light.hall_ceiling"), "One light is on."},

		{"any, one", "hall", ask("any", "open", windows...), "Yes, the bedroom window is open."},
		{"any, two", "hall", ask("any", "on", lights...), "Yes, two lights are on: the ceiling light and the office desk lamp."},
		{"any, none", "hall", ask("any", "unlocked", locks...), "No locks are unlocked."},
		{"any, none in a room", "hall", scoped(ask("any", "on", "light.kitchen_ceiling", "light.kitchen_counter"), slots{"area": "Kitchen"}),
			"No lights are on in the kitchen."},
		{"any, none of different kinds", "hall", ask("any", "on", "light.hall_lamp", "switch.living_room_fireplace"), "Nothing is on."},
		{"all", "hall", ask("all", "locked", locks...), "Yes, all the locks are locked."},
		{"all upstairs", "hall", scoped(ask("all", "off", "light.bathroom_ceiling", "light.bedroom_ceiling"), slots{"floor": "First floor"}),
			"Yes, all the lights are off on the first floor."},
		{"not all", "hall", ask("all", "closed", windows...), "No, the bedroom window is not closed."},
		{"which", "hall", ask("which", "on", lights...), "Two lights are on: the ceiling light and the office desk lamp."},
		{"which, one", "hall", ask("which", "open", windows...), "The bedroom window is open."},
		{"which, none", "hall", ask("which", "unlocked", locks...), "No locks are unlocked."},
		{"which, three", "kitchen", scoped(ask("which", "off"), slots{"domain": "light", "floor": "Ground floor"}),
			"Six lights are off on the ground floor: the ceiling light, the counter light, the living room ceiling light, the living room shelf light, the hall lamp and the garage light."},
		{"how many", "hall", ask("how_many", "on", lights...), "Two lights are on."},
		{"how many, one", "hall", ask("how_many", "open", windows...), "One window is open."},
		{"how many, none", "hall", ask("how_many", "unlocked", locks...), "No locks are unlocked."},
		{"how many there are", "hall", ask("count", "", windows...), "There are two windows."},
		{"how many there are there", "hall", scoped(ask("count", ""), slots{"domain": "light", "area": "Kitchen"}), "There are two lights in the kitchen."},
		{"on, on a storey", "hall", scoped(ask("how_many", "off"), slots{"domain": "light", "floor": "First floor"}), "Five lights are off on the first floor."},
		{"on and on", "hall", scoped(ask("any", "on"), slots{"domain": "switch", "floor": "First floor"}), "Yes, the office printer is on."},
		{"which of many", "hall", scoped(ask("which", "off"), slots{"domain": "light"}),
			"Eleven lights are off: in the kitchen, in the living room, in the hall, in the garage, in the bedroom, in the office, in the bathroom and in the nursery."},

		{"by slots alone", "hall", scoped(ask("any", "on"), slots{"domain": "binary_sensor", "device_class": "window"}),
			"Yes, the bedroom window is open."},
		{"nothing of that kind", "hall", scoped(ask("any", "on"), slots{"domain": "light", "area": "Bathroom", "name": "Torch"}),
			"There are no lights in the bathroom."},

		{"temperature here", "living_room", do("HassClimateGetTemperature", nil), "It is 19.5 degrees."},
		{"temperature of a sensor", "kitchen", do("HassClimateGetTemperature", nil), "It is 21.5 degrees."},
		{"temperature there", "kitchen", do("HassClimateGetTemperature", slots{"area": "Bedroom"}), "It is 18.5 degrees in the bedroom."},
		{"temperature of a thermostat", "kitchen", do("HassClimateGetTemperature", nil, "climate.living_room"), "It is 19.5 degrees in the living room."},
		{"no thermometer", "kitchen", do("HassClimateGetTemperature", slots{"area": "Garage"}), "There is no thermometer in the garage."},
		{"no thermometer here, but one in the house", "garage", do("HassClimateGetTemperature", nil), "It is 19.5 degrees in the living room."},

		{"time", "hall", do("HassGetCurrentTime", nil), "It's ten past seven."},
		{"date", "hall", do("HassGetCurrentDate", nil), "It's Sunday, the twenty-second of November."},
		{"never mind", "hall", do("HassNevermind", nil), "OK."},
	}
	h := announced(t).WithState("lock.back_door", state("locked"))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := h.Plan(tt.in, home.At(tt.room, sunday))
			if p.Reply != tt.reply {
				t.Errorf("got  %q\nwant %q", p.Reply, tt.reply)
			}
			if len(p.Actions) > 0 {
				t.Errorf("a question sends %s", published(p))
			}
		})
	}
}

// The state that was last reported is the one that is told.
func TestAnswersFollowTheState(t *testing.T) {
	h := announced(t)
	for _, step := range []struct {
		id    string
		state mqtt.State
		in    intent.Intent
		reply string
	}{
		{"cover.kitchen_blind", state("open", "current_position", 40), ask("one", "", "cover.kitchen_blind"), "The blind is 40 percent open."},
		{"lock.front_door", state("jammed"), ask("one", "", "lock.front_door"), "The front door is jammed."},
		{"climate.bedroom", state("off", "temperature", 20), ask("one", "", "climate.bedroom"), "The bedroom radiator is off."},
		{"climate.bedroom", state("heat", "temperature", 20), ask("one", "", "climate.bedroom"), "The bedroom radiator is set to 20 degrees."},
		{"climate.bedroom", state("heat"), ask("one", "", "climate.bedroom"), "The bedroom radiator is heating."},
		{"sensor.kitchen_temperature", state("1"), ask("one", "", "sensor.kitchen_temperature"), "The temperature is 1 degree."},
		{"sensor.kitchen_temperature", state("-0.04"), ask("one", "", "sensor.kitchen_temperature"), "The temperature is 0 degrees."},
		{"light.hall_lamp", mqtt.State{Value: "on", Offline: true}, ask("one", "", "light.hall_lamp"),
			"I do not know: the hall lamp does not answer."},
		{"light.hall_lamp", mqtt.State{}, ask("one_yesno", "on", "light.hall_lamp"), "I do not know: the hall lamp has not said how it is."},
		{"cover.bedroom_blinds", mqtt.State{}, ask("one", "", "cover.bedroom_blinds"), "I do not know: the bedroom blinds have not said how they are."},
		{"binary_sensor.kitchen_window", mqtt.State{Value: "unavailable"},
			ask("any", "open", "binary_sensor.kitchen_window", "binary_sensor.bedroom_window"),
			"Yes, the bedroom window is open; I do not know about the window."},
		{"binary_sensor.bedroom_window", state("off"),
			ask("any", "open", "binary_sensor.kitchen_window", "binary_sensor.bedroom_window"),
			"No windows are open; I do not know about the window."},
		{"climate.living_room", mqtt.State{Offline: true}, do("HassClimateGetTemperature", nil, "climate.living_room"),
			"I do not know: the living room heating does not answer."},
	} {
		h = h.WithState(step.id, step.state)
		if got := h.Plan(step.in, home.At("kitchen", sunday)).Reply; got != step.reply {
			t.Errorf("%s %+v:\ngot  %q\nwant %q", step.id, step.state, got, step.reply)
		}
	}
}

func TestClock(t *testing.T) {
	h, err := home.Parse("", nil)
	if err != nil {
		t.Fatal(err)
	}
	for clock, want := range map[string]string{
		"00:00": "It's midnight.", "12:00": "It's noon.", "07:00": "It's seven o'clock.", "13:00": "It's one o'clock.",
		"19:10": "It's ten past seven.", "00:05": "It's five past twelve.", "07:15": "It's a quarter past seven.",
		"07:30": "It's half past seven.", "11:45": "It's a quarter to twelve.", "12:45": "It's a quarter to one.",
		"23:50": "It's ten to twelve.", "07:35": "It's twenty-five to eight.", "07:01": "It's one minute past seven.",
		"07:12": "It's twelve minutes past seven.", "07:31": "It's twenty-nine minutes to eight.",
		"07:58": "It's two minutes to eight.", "07:59": "It's one minute to eight.", "23:59": "It's one minute to twelve.",
	} {
		now, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.Plan(do("HassGetCurrentTime", nil), home.At("", now)).Reply; got != want {
			t.Errorf("%s: %q, want %q", clock, got, want)
		}
	}
	for day, want := range map[string]string{
		"2026-01-01": "It's Thursday, the first of January.", "2026-12-31": "It's Thursday, the thirty-first of December.",
		"2028-02-29": "It's Tuesday, the twenty-ninth of February.",
	} {
		now, err := time.Parse("2006-01-02", day)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.Plan(do("HassGetCurrentDate", nil), home.At("", now)).Reply; got != want {
			t.Errorf("%s: %q, want %q", day, got, want)
		}
	}
	// Every minute of a day has its own words, twice.
	said := map[string]int{}
	for minute := range 24 * 60 {
		now := time.Date(2026, 11, 22, 0, minute, 0, 0, time.UTC)
		said[h.Plan(do("HassGetCurrentTime", nil), home.At("", now)).Reply]++
	}
	for words, times := range said {
		if want := 2; times != want && words != "It's noon." && words != "It's midnight." {
			t.Errorf("%q stands for %d minutes of the day, want %d", words, times, want)
		}
	}
}
