package intent

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// What is said after something else was said or done.
func TestFollowUps(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	hear := func(text, room string) Intent { return r.Resolve(Query{Text: text, Room: room}) }
	for _, c := range []struct {
		name, first, say string
		want             string // as show writes it, "" for refused
	}{
		{"it is what was spoken of", "turn on the reading light", "turn it off", "HassTurnOff name=Reading light [light.reading]"},
		{"them", "turn on the kitchen lights", "turn them off again", "HassTurnOff area=Kitchen [light.kitchen_ceiling light.kitchen_counter]"},
		{"brighter", "turn on the reading light", "make it a bit brighter", "HassLightSet brightness_step=10,name=Reading light [light.reading]"},
		{"a colour", "turn on the night light", "make it red", "HassLightSet color=red,name=Night light [light.kids_night]"},
		{"the volume is not what was spoken of", "turn on the reading light", "turn it down", "HassLightSet brightness_step=-20,name=Reading light [light.reading]"},
		{"the blinds", "open the curtains", "close them halfway", "HassSetPosition name=Curtains,position=50 [cover.curtains]"},
		{"a lock", "is the front door locked", "lock it", "HassTurnOn name=Front door [lock.front_door]"},
		{"stop it", "close the garage door", "stop it", "HassStopMoving name=Garage door [cover.garage_door]"},
		{"a lamp has no position", "turn on the reading light", "open it", ""},
		{"there too", "turn on the kitchen lights", "and the bedroom", "HassTurnOn area=Bedroom,domain=light [light.bedroom_ceiling light.bedroom_lamp]"},
		{"there too", "turn on the kitchen lights", "the bedroom too", "HassTurnOn area=Bedroom,domain=light [light.bedroom_ceiling light.bedroom_lamp]"},
		{"that one too", "set the reading light to 30 percent", "and the desk lamp", "HassLightSet brightness=30,name=Desk lamp [light.desk]"},
		{"the same there", "turn on the kitchen lights", "do the same in the hall", "HassTurnOn area=Hall,domain=light [light.hall]"},
		{"asked there too", "are the kitchen lights on", "what about the bedroom", "HassGetState area=Bedroom,domain=light,state=on [light.bedroom_ceiling light.bedroom_lamp]"},
		{"meant elsewhere", "turn on the kitchen lights", "i meant the bedroom", "CricketUndo  ALSO(HassTurnOn area=Bedroom,domain=light [light.bedroom_ceiling light.bedroom_lamp])"},
		{"meant elsewhere", "turn on the kitchen lights", "no, the bedroom", "CricketUndo  ALSO(HassTurnOn area=Bedroom,domain=light [light.bedroom_ceiling light.bedroom_lamp])"},
		{"only one of them", "turn on the kitchen lights", "only the ceiling light", "HassTurnOn domain=light,name=Ceiling light [light.kitchen_ceiling] ALSO(HassTurnOff area=Kitchen,domain=light [light.kitchen_counter])"},
		{"only one of them off", "turn off the kitchen lights", "only the ceiling light", "CricketUndo  ALSO(HassTurnOff domain=light,name=Ceiling light [light.kitchen_ceiling])"},
		{"not of that kind", "turn on the kitchen lights", "and the coffee machine", ""},
		{"nothing has been said of", "what time is it", "turn it off", ""},
		{"a yes", "turn on the kitchen lights", "yes", "CricketYes "},
		{"a no", "turn on the kitchen lights", "no thanks", "CricketNo "},
		{"a new request", "turn on the kitchen lights", "turn off the tv", "HassTurnOff name=TV [media_player.tv]"},
		{"of a later command", "turn off the reading light in ten minutes", "turn it off", "HassTurnOff name=Reading light [light.reading]"},
	} {
		t.Run(c.name+": "+c.say, func(t *testing.T) {
			first := hear(c.first, "kitchen")
			if first.Refusal != "" {
				t.Fatalf("%q is refused: %+v", c.first, first)
			}
			in := r.Resolve(Query{Text: c.say, Room: "kitchen", Context: Context{Last: &first}})
			if c.want == "" {
				if in.Refusal == "" {
					t.Errorf("got %s, want a refusal", show(in))
				}
				return
			}
			if got := show(in); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// Nothing is a follow-up of nothing.
func TestNothingBefore(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	for _, text := range []string{"yes", "no", "turn it off", "only the left one", "the bedroom too", "i meant the bedroom", "both", "the first one", "and the kitchen", "make it red"} {
		if in := r.Resolve(Query{Text: text, Room: "kitchen"}); in.Refusal == "" {
			t.Errorf("%q: got %s", text, show(in))
		}
	}
}

// The answers to "which one?".
func TestChoices(t *testing.T) {
	home := testHome()
	home.Entities = append(home.Entities,
		Entity{ID: "light.left", Name: "Left lamp", Area: "garage"},
		Entity{ID: "light.right", Name: "Right lamp", Area: "garage"},
	)
	r := compileBuiltin(t).Bind(home)
	ask := func(text, room string) *Intent {
		in := r.Resolve(Query{Text: text, Room: room})
		if in.Refusal != Ambiguous || in.Open == nil {
			t.Fatalf("%q is not ambiguous: %+v", text, in)
		}
		return in.Open
	}
	lamps := ask("turn on the lamp", "")
	sides := ask("turn off the lamp", "garage")
	for _, c := range []struct {
		name string
		open *Intent
		say  string
		want string
	}{
		{"a room", lamps, "the bedroom", "HassTurnOn name=Lamp [light.bedroom_lamp]"},
		{"a room", lamps, "the one in the bedroom", "HassTurnOn name=Lamp [light.bedroom_lamp]"},
		{"a room", lamps, "in the bedroom please", "HassTurnOn name=Lamp [light.bedroom_lamp]"},
		{"a room", lamps, "the bedroom lamp", "HassTurnOn name=Lamp [light.bedroom_lamp]"},
		{"a room by its other name", lamps, "the lounge one", "HassTurnOn name=Lamp [light.living_room_lamp]"},
		{"another name", lamps, "the bedside lamp", "HassTurnOn name=Lamp [light.bedroom_lamp]"},
		{"a storey", lamps, "upstairs", "HassTurnOn name=Lamp [light.bedroom_lamp]"},
		{"the first", lamps, "the first one", "HassTurnOn name=Lamp [light.bedroom_lamp]"},
		{"the last", lamps, "the last one", "HassTurnOn name=Lamp [light.living_room_lamp]"},
		{"both", lamps, "both", "HassTurnOn  [light.bedroom_lamp light.living_room_lamp]"},
		{"both", lamps, "both of them", "HassTurnOn  [light.bedroom_lamp light.living_room_lamp]"},
		{"a side", sides, "the left one", "HassTurnOff name=Left lamp [light.left]"},
		{"a side", sides, "only the right one", "HassTurnOff name=Right lamp [light.right]"},
		{"a side", sides, "left", "HassTurnOff name=Left lamp [light.left]"},
		{"no", sides, "no", "CricketNo "},
		{"none of them", lamps, "the kitchen", ""},
		{"nothing that tells them apart", lamps, "the lamp", ""},
		{"a third", lamps, "the third one", ""},
		{"another request", lamps, "turn off the tv", "HassTurnOff name=TV [media_player.tv]"},
	} {
		t.Run(c.name+": "+c.say, func(t *testing.T) {
			in := r.Resolve(Query{Text: c.say, Context: Context{Open: c.open}})
			if c.want == "" {
				if in.Refusal == "" {
					t.Errorf("got %s, want a refusal", show(in))
				}
				return
			}
			if got := show(in); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// A question that is open keeps what else was asked for.
func TestChoiceBesidesOthers(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	for _, text := range []string{"turn off the tv and turn on the lamp", "turn on the lamp and turn off the tv"} {
		in := r.Resolve(Query{Text: text})
		if in.Refusal != Ambiguous || in.Open == nil {
			t.Fatalf("%q: %+v", text, in)
		}
		got := show(r.Resolve(Query{Text: "the bedroom one", Context: Context{Open: in.Open}}))
		if want := "HassTurnOn name=Lamp [light.bedroom_lamp] ALSO(HassTurnOff name=TV [media_player.tv])"; got != want {
			t.Errorf("%q: got  %s\nwant %s", text, got, want)
		}
	}
}

// A question about a later command keeps that it is for later.
func TestChoiceOfALaterCommand(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	in := r.Resolve(Query{Text: "turn off the lamp in ten minutes"})
	if in.Refusal != Ambiguous || in.Open == nil {
		t.Fatalf("%+v", in)
	}
	got := show(r.Resolve(Query{Text: "the bedroom one", Context: Context{Open: in.Open}}))
	if want := "HassStartTimer conversation_command=turn off the lamp,minutes=10 CMD(HassTurnOff name=Lamp [light.bedroom_lamp])"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What was said before is never changed: the house keeps it.
func TestFollowUpsChangeNothing(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	last := r.Resolve(Query{Text: "turn on the kitchen lights"})
	want := show(last)
	slots := map[string]any{}
	for k, v := range last.Slots {
		slots[k] = v
	}
	for _, text := range []string{"and the bedroom", "i meant the bedroom", "only the ceiling light", "make them red"} {
		r.Resolve(Query{Text: text, Room: "kitchen", Context: Context{Last: &last}})
	}
	if show(last) != want || !reflect.DeepEqual(last.Slots, slots) {
		t.Errorf("became %s, was %s", show(last), want)
	}
}

// An hour of which no part of the day is said is the next one.
func TestNextHour(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	at := func(hour, minute int) time.Time { return time.Date(2026, 3, 2, hour, minute, 0, 0, time.UTC) }
	for _, c := range []struct {
		say  string
		now  time.Time
		want string
	}{
		{"set an alarm for seven", at(22, 0), "07:00"},
		{"set an alarm for seven", at(14, 0), "19:00"},
		{"set an alarm for seven", at(7, 0), "19:00"},
		{"set an alarm for seven", at(6, 59), "07:00"},
		{"set an alarm for twelve", at(9, 0), "12:00"},
		{"set an alarm for twelve", at(13, 0), "00:00"},
		{"set an alarm for 7:30 pm", at(20, 0), "19:30"},
		{"set an alarm for 19:30", at(9, 0), "19:30"},
		{"set an alarm for ten to eight", at(9, 0), "19:50"},
		{"set an alarm for ten to one", at(12, 0), "12:50"},
		{"set an alarm for quarter to one", at(13, 0), "00:45"},
		{"set an alarm for seven tomorrow", at(14, 0), "07:00"},
		{"set an alarm for seven every day", at(14, 0), "07:00"},
		{"wake me at seven", at(14, 0), "07:00"},
		{"set an alarm for twelve at night", at(14, 0), "00:00"},
		{"set an alarm for two at night", at(14, 0), "02:00"},
		{"set an alarm for noon", at(14, 0), "12:00"},
		{"set an alarm for seven", time.Time{}, "07:00"},
	} {
		in := r.Resolve(Query{Text: c.say, Now: c.now})
		if in.Name != "CricketSetAlarm" || in.Slots["time"] != c.want {
			t.Errorf("%q at %s: got %s, want %s", c.say, c.now.Format("15:04"), show(in), c.want)
		}
	}
}

// What is no time of a clock is no alarm, and what cannot be taken back is not done for a while.
func TestNoSuchDelay(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	for _, text := range []string{
		"set an alarm for twenty five", "set an alarm for 7:75", "wake me at 30 o'clock", "set an alarm for 15 am",
		"activate movie night for ten minutes", "set the reading light to 40 percent until midnight", "press the doorbell for ten minutes",
		"what time is it in ten minutes", "is the tv on at seven", "in ten minutes in ten minutes turn off the tv",
		"turn off the dishwasher in ten minutes", "in ten minutes", "turn off the tv in", "don't turn off the tv in ten minutes",
		"she turned off the tv in ten minutes", "turn off the tv in ten minutes yesterday", "set a timer for ten minutes in ten minutes",
	} {
		if in := r.Resolve(Query{Text: text, Room: "living_room"}); in.Refusal == "" {
			t.Errorf("%q: got %s", text, show(in))
		}
	}
	if in := r.Resolve(Query{Text: strings.Repeat("in ten minutes ", 20) + "turn off the tv"}); in.Refusal == "" {
		t.Errorf("delays of delays: %s", show(in))
	}
}
