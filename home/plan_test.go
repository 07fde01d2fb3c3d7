package home_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/demo"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

type slots = map[string]any

func announced(t testing.TB) *home.Home {
	t.Helper()
	h, err := demo.Home()
	if err != nil {
		t.Fatal(err)
	}
	if h, err = demo.Announced(h); err != nil {
		t.Fatal(err)
	}
	return h
}

// sunday is when the stories happen.
var sunday = time.Date(2026, 11, 22, 19, 10, 0, 0, time.UTC)

func on(targets ...string) intent.Intent {
	return intent.Intent{Name: "HassTurnOn", Targets: targets, Slots: slots{}}
}
func off(targets ...string) intent.Intent {
	return intent.Intent{Name: "HassTurnOff", Targets: targets, Slots: slots{}}
}
func do(name string, s slots, targets ...string) intent.Intent {
	return intent.Intent{Name: name, Slots: s, Targets: targets}
}
func ask(response, state string, targets ...string) intent.Intent {
	in := intent.Intent{Name: "HassGetState", Response: response, Targets: targets, Slots: slots{}}
	if state != "" {
		in.Slots["state"] = state
	}
	return in
}
func and(in intent.Intent, also ...intent.Intent) intent.Intent {
	in.Also = also
	return in
}

// published is what a plan sends: one "topic payload" per line, without the
// part that all demo topics have in common.
func published(p home.Plan) string {
	var lines []string
	for _, a := range p.Actions {
		for _, m := range a.Messages {
			lines = append(lines, strings.TrimPrefix(m.Topic, "cricket/demo/")+" "+string(m.Payload))
		}
	}
	return strings.Join(lines, "\n")
}

func TestPlanCommands(t *testing.T) {
	lights := []string{"light.kitchen_ceiling", "light.kitchen_counter"}
	tests := []struct {
		name, room string
		in         intent.Intent
		sends      string
		reply      string
	}{
		{"the lamp of another room has its room said", "hall", on("light.kitchen_ceiling"),
			`light/kitchen_ceiling/set {"state":"ON"}`, "Kitchen ceiling light on."},
		{"here it has not", "kitchen", on("light.kitchen_ceiling"), `light/kitchen_ceiling/set {"state":"ON"}`, "Ceiling light on."},
		{"nor where its name has the room already", "", on("light.hall_lamp"), `light/hall_lamp/set {"state":"ON"}`, "Hall lamp on."},
		{"the room may be named as people do", "Living room", off("light.living_room_floor_lamp"),
			`light/living_room_floor_lamp/set {"state":"OFF"}`, "Floor lamp off."},
		{"all lights of another room", "hall", on(lights...),
			"light/kitchen_ceiling/set {\"state\":\"ON\"}\nlight/kitchen_counter/set {\"state\":\"ON\"}", "Kitchen lights on."},
		{"all lights of this room", "kitchen", off(lights...),
			"light/kitchen_ceiling/set {\"state\":\"OFF\"}\nlight/kitchen_counter/set {\"state\":\"OFF\"}", "Lights off."},
		{"two of them", "hall", off("light.office_desk_lamp", "light.kitchen_counter"),
			"light/office_desk_lamp/set {\"state\":\"OFF\"}\nlight/kitchen_counter/set {\"state\":\"OFF\"}",
			"Office desk lamp and kitchen counter light off."},
		{"a group", "kitchen", on("group.reading_lights"), "light/living_room_floor_lamp/set {\"state\":\"ON\"}\n" +
			"light/bedroom_bedside_lamp/set {\"state\":\"ON\"}\nlight/office_desk_lamp/set {\"state\":\"ON\"}", "Reading lights on."},
		{"a device and its group get one command", "kitchen", on("light.office_desk_lamp", "group.reading_lights"),
			"light/office_desk_lamp/set {\"state\":\"ON\"}\nlight/living_room_floor_lamp/set {\"state\":\"ON\"}\n" +
				"light/bedroom_bedside_lamp/set {\"state\":\"ON\"}", "Three lights on."},
		{"different things, different states", "bedroom", off("light.bedroom_ceiling", "cover.bedroom_blinds"),
			"light/bedroom_ceiling/set {\"state\":\"OFF\"}\ncover/bedroom_blinds/set CLOSE", "Ceiling light off and blinds closed."},
		{"switch", "kitchen", on("switch.kitchen_coffee_machine"), "switch/kitchen_coffee_machine/set ON", "Coffee machine on."},
		{"fan", "bedroom", off("fan.bedroom_ceiling_fan"), "fan/bedroom_ceiling_fan/set OFF", "Ceiling fan off."},
		{"media player", "living_room", on("media_player.living_room_television"), "media_player/living_room_television/set ON", "Television on."},
		{"curtains open", "living_room", on("cover.living_room_curtains"), "cover/living_room_curtains/set OPEN", "Curtains open."},
		{"garage door closes", "hall", off("cover.garage_door"), "cover/garage_door/set CLOSE", "Garage door closed."},
		{"lock", "hall", on("lock.front_door"), "lock/front_door/set LOCK", "Front door locked."},
		{"scene", "hall", on("scene.movie_night"), "scene/movie_night/set ON", "Movie night set."},
		{"script", "hall", on("script.bedtime"), "script/bedtime/set ON", "Bedtime started."},
		{"script off", "hall", off("script.bedtime"), "script/bedtime/set OFF", "Bedtime stopped."},
		{"button", "hall", on("button.doorbell"), "button/doorbell/set PRESS", "Doorbell pressed."},

		{"brightness", "kitchen", do("HassLightSet", slots{"brightness": 40.0}, "light.kitchen_ceiling"),
			`light/kitchen_ceiling/set {"brightness":102,"state":"ON"}`, "Ceiling light is at 40 percent."},
		{"brightness of several", "hall", do("HassLightSet", slots{"brightness": 10.0}, lights...),
			"light/kitchen_ceiling/set {\"brightness\":26,\"state\":\"ON\"}\nlight/kitchen_counter/set {\"brightness\":26,\"state\":\"ON\"}",
			"Kitchen lights are at 10 percent."},
		{"no brightness is off", "hall", do("HassLightSet", slots{"brightness": 0.0}, "light.hall_lamp"),
			`light/hall_lamp/set {"state":"OFF"}`, "Hall lamp off."},
		{"colour", "bedroom", do("HassLightSet", slots{"color": "red"}, "light.bedroom_bedside_lamp"),
			`light/bedroom_bedside_lamp/set {"color":{"b":0,"g":0,"r":255},"state":"ON"}`, "Bedside lamp is red."},
		{"colour and brightness", "bedroom", do("HassLightSet", slots{"color": "blue", "brightness": 50.0}, "light.bedroom_bedside_lamp"),
			`light/bedroom_bedside_lamp/set {"brightness":128,"color":{"b":255,"g":0,"r":0},"state":"ON"}`, "Bedside lamp is blue at 50 percent."},
		{"kelvin", "kitchen", do("HassLightSet", slots{"temperature": 2700.0}, "light.kitchen_ceiling"),
			`light/kitchen_ceiling/set {"color_temp":2700,"state":"ON"}`, "Ceiling light is at 2700 kelvin."},
		{"white without colours", "kitchen", do("HassLightSet", slots{"color": "white"}, "light.kitchen_ceiling"),
			`light/kitchen_ceiling/set {"color_temp":4000,"state":"ON"}`, "Ceiling light is white."},
		{"position", "kitchen", do("HassSetPosition", slots{"position": 40.0}, "cover.kitchen_blind"),
			"cover/kitchen_blind/set 40", "Blind is at 40 percent."},
		{"plural name", "hall", do("HassSetPosition", slots{"position": 40.0}, "cover.living_room_blinds"),
			"cover/living_room_blinds/set 40", "Living room blinds are at 40 percent."},
		{"both ends need no position", "living_room", do("HassSetPosition", slots{"position": 0.0}, "cover.living_room_curtains"),
			"cover/living_room_curtains/set CLOSE", "Curtains closed."},
		{"fan speed", "bedroom", do("HassFanSetSpeed", slots{"percentage": 60.0}, "fan.bedroom_ceiling_fan"),
			"fan/bedroom_ceiling_fan/set 60", "Ceiling fan is at 60 percent."},
		{"heating", "living_room", do("HassClimateSetTemperature", slots{"temperature": 21.5}, "climate.living_room"),
			"climate/living_room/set 21.5", "Heating set to 21.5 degrees."},
		{"heating of the room that heard", "bedroom", do("HassClimateSetTemperature", slots{"temperature": 19.0}),
			"climate/bedroom/set 19", "Radiator set to 19 degrees."},

		{"everything but one", "bedroom", do("HassTurnOff", slots{"name": "all", "area": "Bedroom", "except": "Ceiling fan"}, "light.bedroom_ceiling", "cover.bedroom_blinds"),
			"light/bedroom_ceiling/set {\"state\":\"OFF\"}\ncover/bedroom_blinds/set CLOSE",
			"Ceiling light off and blinds closed."},
		{"everything but one, all switched", "bedroom", do("HassTurnOff", slots{"name": "all", "area": "Bedroom", "except": "Bedside lamp"}, "light.bedroom_ceiling", "fan.bedroom_ceiling_fan"),
			"light/bedroom_ceiling/set {\"state\":\"OFF\"}\nfan/bedroom_ceiling_fan/set OFF", "Everything except the bedside lamp off."},
		{"a room's lights but one", "hall", do("HassTurnOff", slots{"domain": "light", "area": "Kitchen", "except": "Counter light"}, "light.kitchen_ceiling", "light.bedroom_ceiling"),
			"light/kitchen_ceiling/set {\"state\":\"OFF\"}\nlight/bedroom_ceiling/set {\"state\":\"OFF\"}", "Kitchen lights except the counter light off."},
		{"all lights but one", "hall", do("HassTurnOff", slots{"domain": "light", "except": "Counter light, Hall lamp"}, "light.bedroom_ceiling", "light.kitchen_ceiling"),
			"light/bedroom_ceiling/set {\"state\":\"OFF\"}\nlight/kitchen_ceiling/set {\"state\":\"OFF\"}",
			"All the lights except the counter light and the hall lamp off."},
		{"two intents, one sentence", "bedroom", and(off("light.bedroom_bedside_lamp"), off("cover.bedroom_blinds")),
			"light/bedroom_bedside_lamp/set {\"state\":\"OFF\"}\ncover/bedroom_blinds/set CLOSE", "Bedside lamp off and blinds closed."},
		{"a command and a question", "bedroom", and(off("light.bedroom_bedside_lamp"), do("HassGetCurrentTime", nil)),
			`light/bedroom_bedside_lamp/set {"state":"OFF"}`, "Bedside lamp off. It's ten past seven."},
		{"those that can do it", "kitchen", do("HassLightSet", slots{"color": "red"}, "light.living_room_shelf", "light.living_room_ceiling"),
			`light/living_room_shelf/set {"color":{"b":0,"g":0,"r":255},"state":"ON"}`,
			"Living room shelf light is red, but the living room ceiling light cannot change colour."},
		{"locks stay locked", "hall", off("light.hall_lamp", "lock.front_door"), `light/hall_lamp/set {"state":"OFF"}`,
			"Hall lamp off. Unlock the front door? Say yes."},
	}
	h := announced(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := h.Plan(tt.in, home.At(tt.room, sunday))
			if p.Reply != tt.reply || p.Refusal != "" {
				t.Errorf("reply %q (refusal %q), want %q", p.Reply, p.Refusal, tt.reply)
			}
			if got := published(p); got != tt.sends {
				t.Errorf("sends\n%s\nwant\n%s", got, tt.sends)
			}
		})
	}
}

func TestPlanRefusals(t *testing.T) {
	tests := []struct {
		name, room string
		in         intent.Intent
		refusal    home.Refusal
		reply      string
	}{
		{"not recognised", "hall", intent.Intent{Refusal: intent.NotRecognized}, home.NotUnderstood, "Sorry, I did not understand."},
		{"not recognised, but the place was", "hall", intent.Intent{Refusal: intent.NotRecognized, Slots: slots{"area": "Kitchen"}},
			home.NotUnderstood, "Sorry, I found nothing like that in the kitchen."},
		{"not a command", "hall", intent.Intent{Refusal: intent.NotCommand}, home.NotUnderstood, "Sorry, that was not a command I know."},
		{"ambiguous", "office", intent.Intent{Refusal: intent.Ambiguous, Candidates: []string{"light.office_desk_lamp", "light.office_ceiling"}},
			home.Ambiguous, "Do you mean the desk lamp or the ceiling light?"},
		{"ambiguous over rooms", "", intent.Intent{Refusal: intent.Ambiguous, Candidates: []string{"light.hall_ceiling", "light.office_ceiling", "group.reading_lights"}},
			home.Ambiguous, "Do you mean the hall ceiling light, the office ceiling light or the reading lights?"},
		{"ambiguous, too many", "garage", intent.Intent{Refusal: intent.Ambiguous, Candidates: []string{
			"light.hall_ceiling", "light.office_ceiling", "light.kitchen_ceiling", "light.bedroom_ceiling", "light.bathroom_ceiling"}},
			home.Ambiguous, "There are five of those; which one do you mean?"},
		{"unknown device", "hall", on("light.gone"), home.UnknownDevice, "I do not know that device."},
		{"unknown device with a name", "hall", do("HassTurnOn", slots{"name": "Disco ball"}, "light.gone"), home.UnknownDevice,
			"I do not know any disco ball here."},
		{"no device", "hall", on(), home.UnknownDevice, "I do not know that device."},
		{"colour", "hall", do("HassLightSet", slots{"color": "red"}, "light.hall_lamp"), home.CannotDo, "The hall lamp cannot change colour."},
		{"a colour nobody knows", "bedroom", do("HassLightSet", slots{"color": "infrared"}, "light.bedroom_bedside_lamp"), home.CannotDo,
			"I do not know the colour infrared."},
		{"white", "bedroom", do("HassLightSet", slots{"temperature": 2700.0}, "light.bedroom_ceiling"), home.CannotDo,
			"The ceiling light cannot change between warm and cold white."},
		{"dim", "hall", do("HassLightSet", slots{"brightness": 50.0}, "light.hall_ceiling"), home.CannotDo, "The ceiling light cannot be dimmed."},
		{"too bright", "hall", do("HassLightSet", slots{"brightness": 140.0}, "light.hall_lamp"), home.CannotDo,
			"The hall lamp cannot be set to 140 percent."},
		{"position", "living_room", do("HassSetPosition", slots{"position": 40.0}, "cover.living_room_curtains"), home.CannotDo,
			"The curtains cannot be set to a position."},
		{"speed", "bathroom", do("HassFanSetSpeed", slots{"percentage": 40.0}, "fan.bathroom_extractor"), home.CannotDo,
			"The bathroom fan cannot change speed."},
		{"too warm", "living_room", do("HassClimateSetTemperature", slots{"temperature": 80.0}, "climate.living_room"), home.CannotDo,
			"The heating cannot be set to 80 degrees."},
		{"temperature of a lamp", "hall", do("HassClimateSetTemperature", slots{"temperature": 20.0}, "light.hall_lamp"), home.CannotDo,
			"The hall lamp cannot be set to a temperature."},
		{"which heating", "kitchen", do("HassClimateSetTemperature", slots{"temperature": 20.0}), home.Ambiguous,
			"Do you mean the living room heating or the bedroom radiator?"},
		{"a sensor does not turn on", "kitchen", on("sensor.kitchen_temperature"), home.CannotDo, "The temperature cannot be turned on."},
		{"a scene does not turn off", "kitchen", off("scene.movie_night"), home.CannotDo, "The movie night cannot be turned off."},
		{"unlocking", "hall", off("lock.front_door"), home.NeedsConfirmation,
			"Unlock the front door? Say yes."},
		{"opening the garage", "hall", on("cover.garage_door"), home.NeedsConfirmation,
			"Open the garage door? Say yes."},
		{"opening the garage a little", "hall", do("HassSetPosition", slots{"position": 5.0}, "cover.garage_door"), home.CannotDo,
			"The garage door cannot be set to a position."},
		{"an intent of somebody else", "hall", do("MakeCoffee", nil), home.CannotDo, "Sorry, I cannot do that yet."},
	}
	h := announced(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := h.Plan(tt.in, home.At(tt.room, sunday))
			if p.Reply != tt.reply || p.Refusal != tt.refusal {
				t.Errorf("reply %q, refusal %q; want %q, %q", p.Reply, p.Refusal, tt.reply, tt.refusal)
			}
			if len(p.Actions) > 0 {
				t.Errorf("sends %s", published(p))
			}
		})
	}
}

// A gate must not open because somebody forgot one of the ways to say it.
func TestNothingOpensTheHouse(t *testing.T) {
	h := parse(t, `
[[device]]
id = "cover.gate"
name = "Gate"
device_class = "gate"
features = ["position"]
[[device]]
id = "cover.door"
name = "Door"
device_class = "door"
features = ["position"]
[[device]]
id = "lock.door"
name = "Lock"
[[group]]
id = "group.all"
name = "All"
members = ["cover.gate", "cover.door", "lock.door"]
`)
	h, err := demo.Announced(h)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		in    intent.Intent
		sends string
	}{
		{on("group.all"), "lock/door/set LOCK"},
		{off("group.all"), "cover/gate/set CLOSE\ncover/door/set CLOSE"},
		{do("HassSetPosition", slots{"position": 100.0}, "group.all"), ""},
		{and(on("cover.gate"), on("cover.door"), off("lock.door")), ""},
	}
	for i, tt := range tests {
		if got := published(h.Plan(tt.in, home.At("", sunday))); got != tt.sends {
			t.Errorf("%d: sends %q, want %q", i, got, tt.sends)
		}
	}
}

func TestPlanOffline(t *testing.T) {
	h := announced(t)
	h = h.WithState("light.kitchen_counter", mqtt.State{Value: "on", Offline: true})
	p := h.Plan(off("light.kitchen_counter"), home.At("kitchen", sunday))
	if p.Reply != "The counter light does not answer." || p.Refusal != home.Offline || len(p.Actions) != 0 {
		t.Errorf("%q, %q, sends %q", p.Reply, p.Refusal, published(p))
	}
	p = h.Plan(off("light.kitchen_counter", "light.kitchen_ceiling"), home.At("kitchen", sunday))
	if p.Reply != "Ceiling light off, but the counter light does not answer." || p.Refusal != "" || len(p.Actions) != 1 {
		t.Errorf("%q, %q, sends %q", p.Reply, p.Refusal, published(p))
	}

	never := parse(t, example).Plan(on("light.kitchen_ceiling"), home.At("kitchen", sunday))
	if never.Reply != "The ceiling light does not answer." || never.Refusal != home.Offline {
		t.Errorf("never announced: %q, %q", never.Reply, never.Refusal)
	}
}

func TestOutcome(t *testing.T) {
	five := off("light.hall_lamp", "light.kitchen_counter", "light.office_ceiling", "light.bedroom_ceiling", "light.hall_ceiling")
	tests := []struct {
		name, room  string
		in          intent.Intent
		unconfirmed []string
		want        string
	}{
		{"all is well", "hall", five, nil, "Five lights off."},
		{"one of five", "kitchen", five, []string{"light.hall_lamp"}, "Four of five lights are off; the hall lamp does not answer."},
		{"four of five", "kitchen", five, []string{"light.hall_lamp", "light.kitchen_counter", "light.office_ceiling", "light.bedroom_ceiling"},
			"One of five lights is off; four lights do not answer."},
		{"the only one", "hall", on("light.hall_lamp"), []string{"light.hall_lamp"}, "The hall lamp does not answer."},
		{"plural name", "hall", on("cover.bedroom_blinds"), []string{"cover.bedroom_blinds"}, "The bedroom blinds do not answer."},
		{"both", "hall", on("light.hall_lamp", "light.hall_ceiling"), []string{"light.hall_lamp", "light.hall_ceiling"},
			"The hall lamp and the ceiling light do not answer."},
		{"one of two intents", "bedroom", and(off("light.bedroom_bedside_lamp"), off("cover.bedroom_blinds")), []string{"cover.bedroom_blinds"},
			"Bedside lamp off. The blinds do not answer."},
		{"beside one that cannot", "kitchen", do("HassLightSet", slots{"color": "red"}, "light.living_room_shelf", "light.bedroom_bedside_lamp", "light.hall_lamp"),
			[]string{"light.living_room_shelf"},
			"One of two lights is red; the hall lamp cannot change colour and the living room shelf light does not answer."},
	}
	h := announced(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := h.Outcome(h.Plan(tt.in, home.At(tt.room, sunday)), tt.unconfirmed); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// Every action says what will confirm it, where the device has a state.
func TestWant(t *testing.T) {
	h := announced(t)
	for id, want := range map[string]string{
		"light.hall_lamp": "on", "lock.front_door": "locked", "cover.bedroom_blinds": "open", "scene.dinner": "",
	} {
		p := h.Plan(on(id), home.At("", sunday))
		if len(p.Actions) != 1 || p.Actions[0].Want.Value != want {
			t.Errorf("%s: %+v, want %q", id, p.Actions, want)
		}
	}
}

func ExampleHome_Plan() {
	h, err := demo.Home()
	if err != nil {
		panic(err)
	}
	if h, err = demo.Announced(h); err != nil {
		panic(err)
	}
	in := intent.Intent{Name: "HassTurnOn", Targets: []string{"light.kitchen_ceiling"}}
	p := h.Plan(in, home.At("hall", time.Now()))
	for _, a := range p.Actions {
		for _, m := range a.Messages {
			fmt.Println(m.Topic, string(m.Payload))
		}
	}
	fmt.Println(p.Reply)
	// Output:
	// cricket/demo/light/kitchen_ceiling/set {"state":"ON"}
	// Kitchen ceiling light on.
}

// Of several requests those that can be done are, and the plan tells that one was not.
func TestOneRefusedRequestDoesNotStopTheOthers(t *testing.T) {
	p := announced(t).Plan(and(on("lock.nowhere"), on("light.bedroom_ceiling")), home.At("bedroom", sunday))
	if got, want := published(p), `light/bedroom_ceiling/set {"state":"ON"}`; got != want {
		t.Errorf("sends\n%s\nwant\n%s", got, want)
	}
	if p.Reply != "I do not know that device. Ceiling light on." || p.Refusal != home.UnknownDevice {
		t.Errorf("reply %q, refusal %q", p.Reply, p.Refusal)
	}
}
