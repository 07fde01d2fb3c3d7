package home_test

import (
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/demo"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// machines is a home with what the demo home has not.
func machines(t *testing.T) *home.Home {
	t.Helper()
	h := parse(t, `
[[area]]
id = "kitchen"
name = "Kitchen"
[[area]]
id = "hall"
name = "Hall"
[[device]]
id = "light.lamp"
name = "Lamp"
area = "kitchen"
state = "on"
features = ["brightness", "color_temp"]
attributes = { brightness = 128, color_temp_kelvin = 2700 }
[[device]]
id = "light.bulb"
name = "Bulb"
area = "kitchen"
state = "off"
[[device]]
id = "fan.fan"
name = "Fan"
area = "kitchen"
state = "on"
features = ["percentage"]
attributes = { percentage = 60 }
[[device]]
id = "cover.blind"
name = "Blind"
area = "kitchen"
state = "open"
features = ["position"]
attributes = { current_position = 70 }
[[device]]
id = "cover.gate"
name = "Gate"
area = "hall"
device_class = "gate"
state = "closed"
features = ["position"]
attributes = { current_position = 0 }
[[device]]
id = "climate.heater"
name = "Heater"
area = "kitchen"
state = "heat"
attributes = { temperature = 20, current_temperature = 19 }
[[device]]
id = "vacuum.robot"
name = "Robot"
area = "hall"
state = "docked"
discovery = { name = "Robot", command_topic = "robot/set", state_topic = "robot/state" }
[[device]]
id = "lawn_mower.mower"
name = "Mower"
discovery = { name = "Mower", start_mowing_command_topic = "mower/go", dock_command_topic = "mower/home" }
[[device]]
id = "select.mode"
name = "Mode"
state = "home"
attributes = { options = ["home", "Away", "deep_sleep"] }
[[device]]
id = "number.level"
name = "Level"
state = "5"
attributes = { min = 1, max = 10 }
[[device]]
id = "media_player.radio"
name = "Radio"
area = "kitchen"
state = "on"
[[device]]
id = "scene.evening"
name = "Evening"
[[device]]
id = "lock.door"
name = "Door"
state = "unlocked"
`)
	h, err := demo.Announced(h)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestServices(t *testing.T) {
	tests := []struct {
		name  string
		in    intent.Intent
		sends string
		reply string
	}{
		{"vacuum", do("HassVacuumStart", nil), "robot/set start", "Hall robot started."},
		{"vacuum by name", do("HassVacuumReturnToBase", nil, "vacuum.robot"), "robot/set return_to_base", "Hall robot going home."},
		{"vacuum to a room", do("HassVacuumCleanArea", slots{"area": "Kitchen"}, "vacuum.robot"), "", "The hall robot cannot do that."},
		{"mower", do("HassLawnMowerStartMowing", nil), "mower/go start_mowing", "Mower mowing."},
		{"mower home", off("lawn_mower.mower"), "mower/home dock", "Mower going home."},
		{"no player for that", do("HassMediaPause", nil), "", "The radio cannot do that."},
		{"nor its volume", do("HassSetVolume", slots{"volume_level": 30.0, "name": "Radio"}, "media_player.radio"), "", "The radio cannot do that."},
		{"volume out of range", do("HassSetVolume", slots{"volume_level": 130.0, "name": "Radio"}, "media_player.radio"), "", "The radio cannot be set to 130 percent."},
		{"volume that nobody knows", do("HassSetVolumeRelative", slots{"volume_step": -10.0, "name": "Radio"}, "media_player.radio"), "", "I do not know how the radio is set now."},
		{"volume up", do("HassSetVolumeRelative", slots{"volume_step": "up", "name": "Radio"}, "media_player.radio"), "", "The radio cannot do that."},
		{"volume of a lamp", do("HassSetVolume", slots{"volume_level": 30.0}, "light.lamp"), "", "The lamp has no volume that I can set."},
		{"music", do("HassMediaSearchAndPlay", slots{"search_query": "jazz"}), "", "The radio cannot do that."},
		{"weather", do("HassGetWeather", nil), "", "I know nothing of the weather here."},

		{"option", do("CricketSelectOption", slots{"option": "away"}, "select.mode"), "select/mode/set Away", "Mode set to Away."},
		{"option of two words", do("CricketSelectOption", slots{"option": "deep sleep"}, "select.mode"), "select/mode/set deep_sleep", "Mode set to deep sleep."},
		{"no such option", do("CricketSelectOption", slots{"option": "party"}, "select.mode"), "", "The mode cannot be set to party."},
		{"options of a switch", do("CricketSelectOption", slots{"option": "party"}, "lock.door"), "", "The door cannot do that."},
		{"number", do("CricketSetNumber", slots{"value": 7.0}, "number.level"), "number/level/set 7", "Level set to 7."},
		{"number out of range", do("CricketSetNumber", slots{"value": 11.0}, "number.level"), "", "The level cannot be set to 11."},

		{"toggle what is on", do("HassToggle", nil, "light.lamp"), `light/lamp/set {"state":"OFF"}`, "Lamp off."},
		{"toggle what is off", do("HassToggle", nil, "light.bulb"), `light/bulb/set {"state":"ON"}`, "Bulb on."},
		{"toggle a blind", do("HassToggle", nil, "cover.blind"), "cover/blind/set CLOSE", "Blind closed."},
		{"toggle the gate", do("HassToggle", nil, "cover.gate"), "", "Open the gate? Say yes."},
		{"stop a blind", do("HassStopMoving", nil, "cover.blind"), "cover/blind/set STOP", "Blind stopped."},
		{"stop the gate", do("HassStopMoving", nil, "cover.gate"), "cover/gate/set STOP", "Gate stopped."},
		{"stop a lamp", do("HassStopMoving", nil, "light.lamp"), "", "The lamp cannot do that."},
		{"toggle a scene", do("HassToggle", nil, "scene.evening"), "", "The evening cannot do that."},

		{"brighter", do("HassLightSet", slots{"brightness_step": 20.0}, "light.lamp"), `light/lamp/set {"brightness":179,"state":"ON"}`, "Lamp is at 70 percent."},
		{"much darker stays on", do("HassLightSet", slots{"brightness_step": -60.0}, "light.lamp"), `light/lamp/set {"brightness":3,"state":"ON"}`, "Lamp is at 1 percent."},
		{"brighter without dimmer", do("HassLightSet", slots{"brightness_step": 20.0}, "light.bulb"), "", "The bulb cannot be dimmed."},
		{"further open", do("HassSetPosition", slots{"position_step": 20.0}, "cover.blind"), "cover/blind/set 90", "Blind is at 90 percent."},
		{"further than open", do("HassSetPosition", slots{"position_step": 60.0}, "cover.blind"), "cover/blind/set 100", "Blind is at 100 percent."},
		{"the gate a bit", do("HassSetPosition", slots{"position_step": 10.0}, "cover.gate"), "", "Open the gate? Say yes."},
		{"the gate cannot be more closed", do("HassSetPosition", slots{"position_step": -10.0}, "cover.gate"), "", "The gate cannot go any lower."},
		{"slower", do("HassFanSetSpeed", slots{"percentage_step": -20.0}, "fan.fan"), "fan/fan/set 40", "Fan is at 40 percent."},
		{"warmer", do("HassClimateSetTemperature", slots{"temperature_step": 3.0}), "climate/heater/set 23", "Heater set to 23 degrees."},
		{"as warm as can be", do("HassClimateSetTemperature", slots{"temperature_step": 30.0}), "climate/heater/set 35", "Heater set to 35 degrees."},
	}
	h := machines(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := h.Plan(tt.in, home.At("kitchen", sunday))
			if got := published(p); got != tt.sends || p.Reply != tt.reply {
				t.Errorf("sends %q\nreply %q\nwant  %q\nreply %q", got, p.Reply, tt.sends, tt.reply)
			}
			if refused := p.Refusal != ""; refused != (tt.sends == "") {
				t.Errorf("refusal %q", p.Refusal)
			}
		})
	}
}

// A relative change needs a state to start from.
func TestRelativeChangesOfUnknownStates(t *testing.T) {
	h := machines(t)
	brighter := do("HassLightSet", slots{"brightness_step": 20.0}, "light.lamp")
	for _, tt := range []struct {
		name  string
		state mqtt.State
		in    intent.Intent
		sends string
		reply string
	}{
		{"unknown", mqtt.State{}, brighter, "", "I do not know how the lamp is set now."},
		{"on, but nobody knows how bright", mqtt.State{Value: "on"}, brighter, "", "I do not know how the lamp is set now."},
		{"on, but nobody knows how bright: darker than full", mqtt.State{Value: "on"}, do("HassLightSet", slots{"brightness_step": -20.0}, "light.lamp"), `light/lamp/set {"brightness":204,"state":"ON"}`, "Lamp is at 80 percent."},
		{"off is the darkest", mqtt.State{Value: "off"}, brighter, `light/lamp/set {"brightness":51,"state":"ON"}`, "Lamp is at 20 percent."},
		{"nothing is darker", mqtt.State{Value: "off"}, do("HassLightSet", slots{"brightness_step": -20.0}, "light.lamp"), "", "The lamp is off."},
		{"nothing is brighter", mqtt.State{Value: "on", Attributes: map[string]any{"brightness": 255}}, brighter, "", "The lamp cannot go any higher."},
		{"offline", mqtt.State{Value: "on", Offline: true}, brighter, "", "I do not know how the lamp is set now."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := h.WithState("light.lamp", tt.state).Plan(tt.in, home.At("kitchen", sunday))
			if got := published(p); got != tt.sends || p.Reply != tt.reply {
				t.Errorf("sends %q\nreply %q\nwant  %q\nreply %q", got, p.Reply, tt.sends, tt.reply)
			}
		})
	}
}

func TestUndo(t *testing.T) {
	h := machines(t)
	everything := off("light.lamp", "fan.fan", "cover.blind", "climate.heater")
	at := home.At("kitchen", sunday)
	plan := h.Plan(everything, at)
	at.Past.Before = h.Before(plan)
	for id, state := range map[string]string{"light.lamp": "off", "fan.fan": "off", "cover.blind": "closed", "climate.heater": "off"} {
		d, _ := h.Device(id)
		s := d.Reported()
		s.Value = state
		h = h.WithState(id, s)
	}
	p := h.Plan(do("CricketUndo", nil), at)
	const want = "light/lamp/set {\"brightness\":128,\"color_temp\":2700,\"state\":\"ON\"}\nfan/fan/set 60\ncover/blind/set 70\nclimate/heater/set heat"
	if got := published(p); got != want {
		t.Errorf("sends\n%s\nwant\n%s", got, want)
	}
	if p.Refusal != "" || p.Reply == "" {
		t.Errorf("%q %q", p.Reply, p.Refusal)
	}

	only := do("CricketUndo", nil)
	only.Also = []intent.Intent{off("light.lamp")}
	if got := published(h.Plan(only, at)); strings.Contains(got, "light/lamp/set {\"brightness\"") || !strings.Contains(got, "light/lamp/set {\"state\":\"OFF\"}") || !strings.Contains(got, "fan/fan/set 60") {
		t.Errorf("all but the lamp taken back: sends\n%s", got)
	}

	for _, tt := range []struct {
		name  string
		did   intent.Intent
		reply string
	}{
		{"nothing was done", do("HassGetCurrentTime", nil), "There is nothing that I can undo."},
		{"a scene has no way back", on("scene.evening"), "I cannot bring the evening back to how it was."},
		{"a door stays locked", on("lock.door"), "Unlock the door? Say yes."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := machines(t)
			at := home.At("kitchen", sunday)
			at.Past.Before = h.Before(h.Plan(tt.did, at))
			if p := h.Plan(do("CricketUndo", nil), at); p.Reply != tt.reply || p.Refusal == "" || len(p.Actions) > 0 {
				t.Errorf("%q, %q, sends %q", p.Reply, p.Refusal, published(p))
			}
		})
	}
}

func TestWhatWasBefore(t *testing.T) {
	past := home.Past{Text: "turn on the lamp", Reply: "Lamp on."}
	planned := past
	planned.Planned = "heater off"
	const hint = "You can say, for example: turn on the lamp; or ask me what you can say."
	tests := []struct {
		name  string
		past  home.Past
		in    intent.Intent
		reply string
	}{
		{"repeat", past, do("CricketRepeat", nil), "Lamp on."},
		{"what was heard", past, do("CricketWhatHeard", nil), "I heard: turn on the lamp."},
		{"why", past, do("CricketWhy", nil), "Because I heard: turn on the lamp. Lamp on."},
		{"why of what was planned", planned, do("CricketWhy", nil), "Because that was planned: heater off. Lamp on."},
		{"repeat nothing", home.Past{}, do("CricketRepeat", nil), "There was nothing before this."},
		{"nothing heard", home.Past{}, do("CricketWhatHeard", nil), "There was nothing before this."},
		{"why nothing", home.Past{}, do("CricketWhy", nil), "There was nothing before this."},
		{"yes to nothing", home.Past{}, do("CricketYes", nil), "I have not asked anything."},
		{"no", home.Past{}, do("CricketNo", nil), "OK."},
		{"not understood once", home.Past{}, intent.Intent{Refusal: intent.NotRecognized}, "Sorry, I did not understand."},
		{"not understood twice", home.Past{Misses: 1}, intent.Intent{Refusal: intent.NotRecognized}, "Sorry, I did not understand. " + hint},
		{"which one is no misunderstanding", home.Past{Misses: 1}, intent.Intent{Refusal: intent.Ambiguous, Candidates: []string{"light.lamp", "light.bulb"}},
			"Do you mean the lamp or the bulb?"},
		{"what is here", home.Past{}, do("CricketDescribe", nil), "In the kitchen there are: the lamp, the bulb, the fan, the blind, the heater and the radio."},
		{"what is there", home.Past{}, do("CricketDescribe", slots{"area": "Hall"}), "In the hall there are: the gate and the robot."},
		{"a response of the owner's", home.Past{}, do("HassRespond", slots{"response": "at your service"}), "At your service."},
	}
	h := machines(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := home.At("kitchen", sunday)
			at.Past = tt.past
			if p := h.Plan(tt.in, at); p.Reply != tt.reply {
				t.Errorf("%q, want %q", p.Reply, tt.reply)
			}
		})
	}
	if p := h.Plan(do("CricketHelp", nil), home.At("hall", sunday)); !strings.Contains(p.Reply, "turn on the kitchen lamp") {
		t.Errorf("help: %q", p.Reply)
	}
	if p := announced(t).Plan(do("CricketDescribe", slots{"area": "Living room"}), home.At("", sunday)); !strings.Contains(p.Reply, "three lights") {
		t.Errorf("a full room: %q", p.Reply)
	}
	if p := h.Plan(do("HassBroadcast", slots{"message": "dinner is ready"}), home.At("", sunday)); p.Announce != "dinner is ready" {
		t.Errorf("broadcast: %+v", p)
	}
}

func TestRingTexts(t *testing.T) {
	h := machines(t)
	now := home.At("", sunday).Now
	timer := schedule.Countdown(schedule.Timer, 300e9, now)
	alarm, _ := schedule.ByClock(schedule.Alarm, schedule.Rule{Hour: 20, Date: "2026-11-22"}, now, schedule.Place{})
	reminder := schedule.Entry{Kind: schedule.Reminder, Name: "call Anna"}
	command := schedule.Entry{Kind: schedule.Command, Name: "heater off"}
	for got, want := range map[string]string{
		h.Ring(timer): "The timer for five minutes is done.", h.Ring(alarm): "The alarm is ringing.", h.Ring(reminder): "Reminder: call Anna.",
		h.Missed(alarm, now): "I was off and missed this: the alarm at 8 PM.", h.Missed(command, now): "I was off and missed this: heater off.",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A volume that nobody's name is given with is the box's own, where nothing here has one.
func TestVolumeOfNothingElseIsTheBoxs(t *testing.T) {
	h := machines(t)
	for _, c := range []struct {
		name   string
		slots  slots
		target string
		own    bool
	}{
		{"nothing is named", slots{}, "", true},
		{"this room, in which the radio has none", slots{"area": "Kitchen", "domain": "media_player"}, "media_player.radio", true},
		{"another room", slots{"area": "Hall", "domain": "media_player"}, "", false},
		{"by name", slots{"name": "Radio"}, "media_player.radio", false},
		{"a lamp", slots{"area": "Kitchen"}, "light.lamp", false},
	} {
		c.slots["volume_level"] = 30.0
		var targets []string
		if c.target != "" {
			targets = []string{c.target}
		}
		p := h.Plan(do("HassSetVolume", c.slots, targets...), home.At("kitchen", sunday))
		if own := p.Volume != nil && *p.Volume == 30; own != c.own {
			t.Errorf("%s: %q, its own volume: %v", c.name, p.Reply, own)
		}
	}
	silent, err := home.Parse("home.toml", []byte("language = \"en\"\n[[device]]\nid = \"media_player.radio\"\nname = \"Radio\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if p := silent.Plan(do("HassSetVolume", slots{"volume_level": 30.0}), home.At("", sunday)); p.Volume != nil {
		t.Errorf("what a radio can that has not announced itself is not known: %q", p.Reply)
	}
}
