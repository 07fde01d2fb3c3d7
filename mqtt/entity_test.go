package mqtt

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// bridge finds an entity of testdata by its id.
func bridge(t testing.TB, id string) *Entity {
	t.Helper()
	for _, messages := range bridges(t) {
		for _, m := range messages {
			d, err := ParseDiscovery("homeassistant", m)
			if err != nil {
				t.Fatal(err)
			}
			for i := range d.Entities {
				if d.Entities[i].ID == id {
					return &d.Entities[i]
				}
			}
		}
	}
	t.Fatalf("no bridge announces %s", id)
	return nil
}

// small announces one entity with few keys.
func small(t testing.TB, platform, config string) *Entity {
	t.Helper()
	return parse(t, "homeassistant/"+platform+"/x/config", "{"+config+"}")
}

// said writes a state on one line.
func said(s State) string {
	out := s.Value
	for _, k := range slices.Sorted(maps.Keys(s.Attributes)) {
		b, _ := json.Marshal(s.Attributes[k])
		out += " " + k + "=" + string(b)
	}
	if s.Offline {
		out += " offline"
	}
	return out
}

// Stories: what a device says, one message after the other, and what is known then.
func TestApply(t *testing.T) {
	robot := small(t, "vacuum", `"cmd_t":"c","stat_t":"s"`)
	slats := small(t, "cover", `"cmd_t":"c","tilt_cmd_t":"tc","tilt_status_t":"t","tilt_min":10,"tilt_max":170,"tilt_clsd_val":5`)
	swings := small(t, "fan", `"cmd_t":"c","osc_cmd_t":"oc","osc_stat_t":"o"`)
	mower := small(t, "lawn_mower", `"activity_state_topic":"m/state","start_mowing_command_topic":"m/go","dock_command_topic":"m/home","dock_command_template":"{\"do\":\"{{ value }}\"}"`)
	tap := small(t, "valve", `"cmd_t":"c","stat_t":"s","pos":true`)
	type step struct{ topic, payload, want string }
	for _, test := range []struct {
		name  string
		e     *Entity
		steps []step
	}{
		{"a Zigbee bulb", bridge(t, "light.hall_lamp"), []step{
			{"zigbee2mqtt/Hall lamp", `{"state":"ON","brightness":127,"color_mode":"color_temp","color_temp":370,"color":{"x":0.46,"y":0.41},"linkquality":90}`, "on brightness=128 color_temp_kelvin=2703"},
			{"zigbee2mqtt/Hall lamp", `{"color_mode":"xy","color":{"x":0.701,"y":0.299}}`, "on brightness=128 rgb_color=[255,0,0]"},
			{"zigbee2mqtt/Hall lamp", `{"brightness":254,"effect":"blink"}`, `on brightness=255 effect="blink" rgb_color=[255,0,0]`},
			{"zigbee2mqtt/Hall lamp", `{"state":"OFF"}`, `off brightness=255 effect="blink" rgb_color=[255,0,0]`},
			{"zigbee2mqtt/Hall lamp", `{"state":null}`, ` brightness=255 effect="blink" rgb_color=[255,0,0]`},
			{"zigbee2mqtt/Hall lamp", `on`, "error: not JSON"},
			{"zigbee2mqtt/Hall lamp", `7`, "error: not a JSON object"},
			{"zigbee2mqtt/Hall lamp", ``, ` brightness=255 effect="blink" rgb_color=[255,0,0]`},
			{"zigbee2mqtt/other", `{"state":"ON"}`, ` brightness=255 effect="blink" rgb_color=[255,0,0]`},
		}},
		{"both must be there", bridge(t, "light.hall_lamp"), []step{
			{"zigbee2mqtt/bridge/state", `{"state":"online"}`, ""},
			{"zigbee2mqtt/Hall lamp/availability", `{"state":"offline"}`, " offline"},
			{"zigbee2mqtt/Hall lamp/availability", `{"state":"online"}`, ""},
			{"zigbee2mqtt/bridge/state", `{"state":"offline"}`, " offline"},
			{"zigbee2mqtt/bridge/state", `{"state":"starting"}`, " offline"},
			{"zigbee2mqtt/bridge/state", `{"state":"online"}`, ""},
		}},
		{"one of two is enough", bridge(t, "switch.weather_box_pump"), []step{
			{"wb/01/alive", "offline", " offline"},
			{"wb/bridge", "up", ""},
			{"wb/bridge", "down", " offline"},
			{"wb/01/alive", "online", ""},
		}},
		{"the latest counts", small(t, "switch", `"cmd_t":"c","avty":[{"t":"a"},{"t":"b"}]`), []step{
			{"a", "offline", " offline"}, {"b", "online", ""}, {"b", "offline", " offline"}, {"a", "online", ""},
		}},
		{"a contact that is true when closed", bridge(t, "binary_sensor.back_door_contact"), []step{
			{"zigbee2mqtt/Back door", `{"contact":false,"battery":80}`, "on"},
			{"zigbee2mqtt/Back door", `{"contact":true}`, "off"},
			{"zigbee2mqtt/Back door", `{"battery":79}`, "off"},
			{"zigbee2mqtt/Back door", `{"contact":null}`, ""},
		}},
		{"a vacuum", robot, []step{
			{"s", `{"state":"cleaning","battery_level":80}`, "cleaning"}, {"s", `{"battery_level":79}`, "cleaning"},
			{"s", `{"state":"flying"}`, "error: none of its states"}, {"s", `docked`, "error: not JSON"}, {"s", `{"state":null}`, ""},
		}},
		{"a mower", mower, []step{{"m/state", "mowing", "mowing"}, {"m/state", "none", "error: none of its states"}, {"m/state", "None", ""}}},
		{"a siren", small(t, "siren", `"cmd_t":"c","stat_t":"s"`), []step{{"s", "ON", "on"}, {"s", `{"tone":"x"}`, "on"}, {"s", `{"state":"OFF"}`, "off"}}},
		{"a valve with positions", tap, []step{
			{"s", "40", "open current_position=40"}, {"s", `{"state":"closing","position":10}`, "closing current_position=10"},
			{"s", "0", "closed current_position=0"}, {"s", `{"position":100}`, "open current_position=100"}, {"s", "ajar", "error: none of its states"},
		}},
		{"a blind", bridge(t, "cover.study_blind"), []step{
			{"zigbee2mqtt/Study blind", `{"state":"OPEN","position":70}`, "open current_position=70"},
			{"zigbee2mqtt/Study blind", `{"state":"CLOSE","position":0}`, "closed current_position=0"},
			{"zigbee2mqtt/Study blind", `{"state":"STOP","position":30}`, "error: none of its states"},
		}},
		{"slats from 10 to 170", slats, []step{
			{"t", "10", " current_tilt_position=0"}, {"t", "90", " current_tilt_position=50"}, {"t", "200", " current_tilt_position=100"},
			{"t", "5", " current_tilt_position=0"}, {"t", "None", ""}, {"t", "flat", "error: not a number"},
		}},
		{"a fan that swings", swings, []step{
			{"o", "oscillate_on", " oscillating=true"}, {"o", "oscillate_off", " oscillating=false"}, {"o", "perhaps", "error: neither of its payloads"},
		}},
		{"a garage door", bridge(t, "cover.gate_garage_door"), []step{
			{"gate/cover/garage_door/state", "opening", "opening"}, {"gate/cover/garage_door/state", "open", "open"},
			{"gate/cover/garage_door/state", "closing", "closing"}, {"gate/cover/garage_door/state", "stopped", "closed"},
			{"gate/status", "offline", "closed offline"}, {"gate/status", "online", "closed"},
		}},
		{"a cover that only tells its position, 0 is open", small(t, "cover", `"set_pos_t":"s","pos_t":"p","pos_open":0,"pos_clsd":200`), []step{
			{"p", "0", "open current_position=100"}, {"p", "50", "open current_position=75"},
			{"p", "200", "closed current_position=0"}, {"p", "250", "closed current_position=0"},
			{"p", "None", "closed"}, {"p", "up", "error: not a number"},
		}},
		{"a cover stops where it is", small(t, "cover", `"cmd_t":"c","stat_t":"s","pos_t":"p"`), []step{
			{"p", "40", " current_position=40"}, {"s", "closing", "closing current_position=40"}, {"s", "stopped", "open current_position=40"},
		}},
		{"a door lock", bridge(t, "lock.front_door"), []step{
			{"zigbee2mqtt/Front door", `{"lock_state":"lock"}`, "locked"},
			{"zigbee2mqtt/Front door", `{"lock_state":"unlock"}`, "unlocked"},
			{"zigbee2mqtt/Front door", `{"lock_state":"JAMMED"}`, "jammed"},
		}},
		{"a thermostat", bridge(t, "climate.bedroom_radiator"), []step{
			{"zigbee2mqtt/Bedroom radiator", `{"local_temperature":19.5,"occupied_heating_setpoint":21,"system_mode":"heat"}`, "heat current_temperature=19.5 temperature=21"},
			{"zigbee2mqtt/Bedroom radiator", `{"local_temperature":19.75}`, "heat current_temperature=19.75 temperature=21"},
			{"zigbee2mqtt/Bedroom radiator", `{"system_mode":"off","occupied_heating_setpoint":null}`, "off current_temperature=19.75"},
		}},
		{"one template for all of a thermostat", small(t, "climate", `"val_tpl":"{{ value_json.v }}","mode_stat_t":"m","curr_temp_t":"c","temp_stat_t":"t","temp_stat_tpl":"{{ value }}"`), []step{
			{"m", `{"v":"cool"}`, "cool"}, {"c", `{"v":24}`, "cool current_temperature=24"}, {"t", "22.5", "cool current_temperature=24 temperature=22.5"},
		}},
		{"a fan of three speeds", bridge(t, "fan.attic_fan"), []step{
			{"zigbee2mqtt/Attic fan", `{"fan_state":"ON","speed":2,"preset":"smart"}`, `on percentage=66 preset_mode="smart"`},
			{"zigbee2mqtt/Attic fan", `{"speed":3}`, `on percentage=100 preset_mode="smart"`},
			{"zigbee2mqtt/Attic fan", `{"fan_state":"OFF"}`, `off preset_mode="smart"`},
		}},
		{"a light strip of several topics", bridge(t, "light.strip"), []step{
			{"tele/strip/STATE", `{"POWER":"ON","Dimmer":50,"Color":"255,128,0","CT":200,"Scheme":2}`, `on brightness=128 color_temp_kelvin=5000 effect="2" rgb_color=[255,128,0]`},
			{"tele/strip/LWT", "Offline", `on brightness=128 color_temp_kelvin=5000 effect="2" rgb_color=[255,128,0] offline`},
		}},
		{"numbers as payloads", bridge(t, "light.obk_lamp_lamp_1"), []step{
			{"obk_lamp/led_enableAll/get", "1", "on"}, {"obk_lamp/led_dimmer/get", "20", "on brightness=51"},
			{"obk_lamp/led_enableAll/get", "0", "off brightness=51"},
			{"obk_lamp/led_temperature/get", "0", "error: color temperature"},
		}},
		{"hue and saturation", small(t, "light", `"cmd_t":"c","hs_cmd_t":"h","hs_stat_t":"hs","clr_temp_cmd_t":"k","clr_temp_stat_t":"ks","clr_temp_k":true`), []step{
			{"hs", "240,100", " rgb_color=[0,0,255]"}, {"ks", "3000", " color_temp_kelvin=3000 rgb_color=[0,0,255]"},
			{"hs", "blue", "error: not a color"}, {"hs", "None", " color_temp_kelvin=3000"},
		}},
		{"a meter", bridge(t, "sensor.garage_relay_energy"), []step{
			{"garage/tele/SENSOR", `{"Time":"12:00","ENERGY":{"Total":12.345,"Power":3}}`, "12.3"},
			{"garage/tele/SENSOR", `{"Time":"12:01"}`, "12.3"},
			{"garage/tele/SENSOR", `{"ENERGY":{"Total":"much"}}`, "error: not a number"},
		}},
		{"a sensor that does not know", small(t, "sensor", `"stat_t":"s"`), []step{
			{"s", "21.50", "21.50"}, {"s", "unknown", ""}, {"s", "unavailable", ""}, {"s", "None", ""}, {"s", strings.Repeat("x", 256), "error: 255 are allowed"},
		}},
		{"a number", small(t, "number", `"cmd_t":"c","stat_t":"s","pl_rst":"reset"`), []step{
			{"s", "7", "7"}, {"s", "reset", ""}, {"s", "many", "error: not a number"},
		}},
		{"a select", small(t, "select", `"cmd_t":"c","stat_t":"s","ops":["eco","boost"]`), []step{{"s", "boost", "boost"}, {"s", "None", ""}}},
		{"further attributes", small(t, "switch", `"cmd_t":"c","stat_t":"s","val_tpl":"{{ value_json.state }}","json_attr_t":"s"`), []step{
			{"s", `{"state":"ON","power":5.5,"brightness":3,"id":"12"}`, `on id="12" power=5.5 state="ON"`},
			{"s", `[1]`, "error: not a JSON object"},
		}},
		{"states of its own", small(t, "switch", `"cmd_t":"c","stat_t":"s","pl_on":"go","pl_off":"halt","stat_on":"going","stat_off":"halted"`), []step{
			{"s", "going", "on"}, {"s", "halted", "off"}, {"s", "go", "error: none of its states"},
		}},
		{"a topic with a wildcard", small(t, "sensor", `"stat_t":"tag/+/seen"`), []step{{"tag/7/seen", "hall", "hall"}, {"tag/7/8/seen", "attic", "hall"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var s State
			for i, step := range test.steps {
				before := said(s)
				next, err := test.e.Apply(s, Message{Topic: step.topic, Payload: []byte(step.payload)})
				if said(s) != before {
					t.Fatalf("step %d changed the state that went in: %s, was %s", i+1, said(s), before)
				}
				if want, wrong := strings.CutPrefix(step.want, "error: "); wrong {
					if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), test.e.ID) {
						t.Fatalf("step %d: error %v, want one with %q and the id", i+1, err, want)
					}
				} else if err != nil || said(next) != step.want {
					t.Fatalf("step %d: %s %s\ngot  %q, %v\nwant %q", i+1, step.topic, step.payload, said(next), err, step.want)
				}
				s = next
			}
		})
	}
}

// What a call publishes, and the state that confirms it.
func TestMessages(t *testing.T) {
	robot := small(t, "vacuum", `"cmd_t":"c","stat_t":"s"`)
	slats := small(t, "cover", `"cmd_t":"c","tilt_cmd_t":"tc","tilt_status_t":"t","tilt_min":10,"tilt_max":170,"tilt_clsd_val":5`)
	swings := small(t, "fan", `"cmd_t":"c","osc_cmd_t":"oc","osc_stat_t":"o"`)
	mower := small(t, "lawn_mower", `"activity_state_topic":"m/state","start_mowing_command_topic":"m/go","dock_command_topic":"m/home","dock_command_template":"{\"do\":\"{{ value }}\"}"`)
	tap := small(t, "valve", `"cmd_t":"c","stat_t":"s","pos":true`)
	type data = map[string]any
	blind, bulb, strip := bridge(t, "cover.study_blind"), bridge(t, "light.hall_lamp"), bridge(t, "light.strip")
	attic, radiator, lock := bridge(t, "fan.attic_fan"), bridge(t, "climate.bedroom_radiator"), bridge(t, "lock.front_door")
	plain := small(t, "light", `"cmd_t":"c","stat_t":"s"`)
	first := small(t, "light", `"cmd_t":"c","on_cmd_type":"first","bri_cmd_t":"b","rgb_cmd_t":"r","rgb_cmd_tpl":"{{ red }}/{{ green }}/{{ blue }}"`)
	code := small(t, "lock", `"cmd_t":"c","cmd_tpl":"{ \"action\": \"{{ value }}\", \"pin\": \"{{ code }}\" }","code_format":"^\\d{4}$"`)
	for _, test := range []struct {
		name    string
		e       *Entity
		service string
		data    data
		want    string // topic payload, ...; or "error: ..."
		confirm string // the wanted state
	}{
		{"plug on", bridge(t, "switch.laundry_plug"), "turn_on", nil, "zigbee2mqtt/Laundry plug/set ON", "on"},
		{"plug off", bridge(t, "switch.obk_plug"), "turn_off", nil, "obk_plug/1/set 0", "off"},
		{"switch cannot be dimmed", bridge(t, "switch.obk_plug"), "turn_on", data{"brightness_pct": 5}, `error: it does not know "brightness_pct"`, ""},
		{"switch cannot be opened", bridge(t, "switch.obk_plug"), "open_cover", nil, "error: a switch has no such service", ""},
		{"quality 2, template, and never retained", small(t, "switch", `"cmd_t":"c","cmd_tpl":"{\"on\": \"{{ value | lower }}\"}","ret":true,"qos":2`), "turn_on", nil, `c {"on": "on"} qos2`, ""},

		{"bulb on", bulb, "turn_on", nil, `zigbee2mqtt/Hall lamp/set {"state":"ON"}`, "on"},
		{"bulb at half", bulb, "turn_on", data{"brightness_pct": 50}, `zigbee2mqtt/Hall lamp/set {"brightness":127,"state":"ON"}`, "on brightness=128"},
		{"bulb at 1 %", bulb, "turn_on", data{"brightness": 1}, `zigbee2mqtt/Hall lamp/set {"brightness":1,"state":"ON"}`, "on brightness=1"},
		{"bulb at 0 %", bulb, "turn_on", data{"brightness_pct": 0}, `zigbee2mqtt/Hall lamp/set {"state":"OFF"}`, "off"},
		{"bulb red", bulb, "turn_on", data{"rgb_color": []any{255.0, 0.0, 0.0}}, `zigbee2mqtt/Hall lamp/set {"color":{"x":0.701,"y":0.299},"state":"ON"}`, "on"},
		{"bulb warm", bulb, "turn_on", data{"color_temp_kelvin": 2700}, `zigbee2mqtt/Hall lamp/set {"color_temp":370,"state":"ON"}`, "on color_temp_kelvin=2703"},
		{"bulb warmer than it can", bulb, "turn_on", data{"color_temp_kelvin": 1500}, `zigbee2mqtt/Hall lamp/set {"color_temp":500,"state":"ON"}`, "on color_temp_kelvin=2000"},
		{"bulb effect", bulb, "turn_on", data{"effect": "okay"}, `zigbee2mqtt/Hall lamp/set {"effect":"okay","state":"ON"}`, `on effect="okay"`},
		{"bulb unknown effect", bulb, "turn_on", data{"effect": "disco"}, "error: its effect can be blink, breathe, okay, not", ""},
		{"bulb at 200 %", bulb, "turn_on", data{"brightness_pct": 200}, "error: brightness pct must be from 0 to 100", ""},
		{"bulb at text", bulb, "turn_on", data{"brightness_pct": "bright"}, `error: "brightness_pct" must be a number`, ""},
		{"bulb in two colors", bulb, "turn_on", data{"rgb_color": []any{1.0, 2.0}}, "error: three numbers", ""},
		{"bulb off", bulb, "turn_off", nil, `zigbee2mqtt/Hall lamp/set {"state":"OFF"}`, "off"},

		{"strip on needs a brightness", strip, "turn_on", nil, "cmnd/strip/Dimmer 100", "on brightness=255"},
		{"strip color and brightness", strip, "turn_on", data{"rgb_color": []int{1, 2, 3}, "brightness_pct": 20}, "cmnd/strip/Color2 1,2,3, cmnd/strip/Dimmer 20", "on brightness=51"},
		{"strip barely on is not off", strip, "turn_on", data{"brightness": 1}, "cmnd/strip/Dimmer 1", "on brightness=3"},
		{"strip off", strip, "turn_off", nil, "cmnd/strip/POWER OFF", "off"},
		{"plain lamp cannot be dimmed", plain, "turn_on", data{"brightness_pct": 20}, "error: it cannot be dimmed", ""},
		{"plain lamp at 0 % is off", plain, "turn_on", data{"brightness_pct": 0}, "c OFF", "off"},
		{"plain lamp has no colors", plain, "turn_on", data{"rgb_color": []int{1, 2, 3}}, "error: it has no colors", ""},
		{"plain lamp is not warm", plain, "turn_on", data{"color_temp_kelvin": 3000}, "error: its color temperature cannot be set", ""},
		{"plain lamp has no effects", plain, "turn_on", data{"effect": "x"}, "error: it has no effects", ""},
		{"on first, no state topic", first, "turn_on", data{"rgb_color": []int{9, 8, 7}, "brightness": 128}, "c ON, r 9/8/7, b 128", ""},

		{"fan on", attic, "turn_on", nil, "zigbee2mqtt/Attic fan/set/fan_state ON", "on"},
		{"fan at half of three speeds", attic, "set_percentage", data{"percentage": 50}, "zigbee2mqtt/Attic fan/set/fan_mode 2", "percentage=66"},
		{"fan at 0 is off", attic, "set_percentage", data{"percentage": 0}, "zigbee2mqtt/Attic fan/set/fan_state OFF", "off"},
		{"fan on and full", attic, "turn_on", data{"percentage": 100}, "zigbee2mqtt/Attic fan/set/fan_state ON, zigbee2mqtt/Attic fan/set/fan_mode 3", "on percentage=100"},
		{"fan preset", attic, "set_preset_mode", data{"preset_mode": "auto"}, "zigbee2mqtt/Attic fan/set/preset auto", `preset_mode="auto"`},
		{"fan without presets", bridge(t, "fan.gate_vent"), "set_preset_mode", data{"preset_mode": "auto"}, "error: it has no preset mode", ""},

		{"let the fan swing", swings, "oscillate", data{"oscillating": true}, "oc oscillate_on", "oscillating=true"},
		{"let it swing a bit", swings, "oscillate", data{"oscillating": "a bit"}, "error: must be true or false", ""},
		{"fan that cannot", attic, "oscillate", data{"oscillating": true}, "error: it has no oscillation", ""},
		{"slats half", slats, "set_cover_tilt_position", data{"tilt_position": 50}, "tc 90", "current_tilt_position=50"},
		{"slats closed", slats, "set_cover_tilt_position", data{"tilt_position": 0}, "tc 5", "current_tilt_position=0"},
		{"slats open", slats, "set_cover_tilt_position", data{"tilt_position": 100}, "tc 170", "current_tilt_position=100"},
		{"slats beyond", slats, "set_cover_tilt_position", data{"tilt_position": 101}, "error: tilt position must be from 0 to 100", ""},
		{"blind without slats", blind, "set_cover_tilt_position", data{"tilt_position": 50}, "error: its slats cannot be tilted", ""},
		{"slats by a template", small(t, "cover", `"cmd_t":"c","tilt_cmd_t":"tc","tilt_cmd_tpl":"{\"tilt\": {{ tilt_position }}, \"of\": {{ tilt_max }}}"`), "set_cover_tilt_position", data{"tilt_position": 40}, `tc {"tilt": 40, "of": 100}`, ""},

		{"blind open", blind, "open_cover", nil, "zigbee2mqtt/Study blind/set OPEN", "open"},
		{"blind stop", blind, "stop_cover", nil, "zigbee2mqtt/Study blind/set STOP", ""},
		{"blind to 30", blind, "set_cover_position", data{"position": 30}, `zigbee2mqtt/Study blind/set { "position": 30 }`, "current_position=30"},
		{"garage door has no positions", bridge(t, "cover.gate_garage_door"), "set_cover_position", data{"position": 30}, "error: it cannot be set to a position", ""},
		{"no stop", small(t, "cover", `"cmd_t":"c","pl_stop":null`), "stop_cover", nil, "error: it cannot be stopped", ""},
		{"open by position, 0 is open", small(t, "cover", `"set_pos_t":"s","pos_t":"p","pos_open":0,"pos_clsd":100`), "open_cover", nil, "s 0", "current_position=100"},

		{"lock", lock, "lock", nil, "zigbee2mqtt/Front door/set LOCK", "locked"},
		{"unlock", lock, "unlock", nil, "zigbee2mqtt/Front door/set UNLOCK", "unlocked"},
		{"unlock with code", code, "unlock", data{"code": "1234"}, `c { "action": "UNLOCK", "pin": "1234" }`, ""},
		{"unlock without code", code, "unlock", nil, "error: it wants a code", ""},

		{"warmer", radiator, "set_temperature", data{"temperature": 21.5}, "zigbee2mqtt/Bedroom radiator/set/occupied_heating_setpoint 21.5", "temperature=21.5"},
		{"too warm", radiator, "set_temperature", data{"temperature": 31}, "error: temperature must be from 5 to 30", ""},
		{"no number", radiator, "set_temperature", nil, `error: "temperature" must be a number`, ""},
		{"mode", radiator, "set_hvac_mode", data{"hvac_mode": "auto"}, "zigbee2mqtt/Bedroom radiator/set/system_mode auto", "auto"},
		{"not a mode", radiator, "set_hvac_mode", data{"hvac_mode": "cool"}, "error: its hvac mode can be off, heat, auto", ""},
		{"heating off", radiator, "turn_off", nil, "zigbee2mqtt/Bedroom radiator/set/system_mode off", "off"},
		{"heating on", radiator, "turn_on", nil, "zigbee2mqtt/Bedroom radiator/set/system_mode heat", "heat"},
		{"power of its own", small(t, "climate", `"pow_cmd_t":"p","pl_on":"1"`), "turn_on", nil, "p 1", ""},

		{"scene", bridge(t, "scene.evening"), "turn_on", nil, `zigbee2mqtt/Living room/set { "scene_recall": 1 }`, ""},
		{"button", bridge(t, "button.gate_restart"), "press", nil, "gate/button/restart/command PRESS", ""},
		{"number", bridge(t, "number.hall_lamp_transition"), "set_value", data{"value": 2.5}, "zigbee2mqtt/Hall lamp/set/transition 2.5", "2.5"},
		{"number out of range", bridge(t, "number.hall_lamp_transition"), "set_value", data{"value": 61}, "error: value must be from 0 to 60", ""},
		{"select", bridge(t, "select.hall_lamp_power_on_behavior"), "select_option", data{"option": "toggle"}, "zigbee2mqtt/Hall lamp/set/power_on_behavior toggle", "toggle"},
		{"not an option", bridge(t, "select.hall_lamp_power_on_behavior"), "select_option", data{"option": "maybe"}, "error: its option can be off, on, toggle, previous", ""},
		{"a sensor is asked", bridge(t, "sensor.laundry_plug_power"), "turn_on", nil, "error: it can only be asked", ""},
		{"script", small(t, "script", `"cmd_t":"c"`), "turn_on", nil, "c ON", ""},
		{"television", small(t, "media_player", `"cmd_t":"c","stat_t":"s","pl_off":"standby"`), "turn_off", nil, "c standby", "off"},
		{"vacuum", small(t, "vacuum", `"cmd_t":"c","stat_t":"s","pl_on":"clean","pl_off":"dock"`), "start", nil, "c clean", "on"},
		{"vacuum home", small(t, "vacuum", `"cmd_t":"c","stat_t":"s","pl_on":"clean","pl_off":"dock"`), "return_to_base", nil, "c dock", "off"},
		{"vacuum that tells what it does", robot, "start", nil, "c start", "cleaning"},
		{"such a vacuum home", robot, "return_to_base", nil, "c return_to_base", "docked"},
		{"such a vacuum cannot pause", robot, "pause", nil, "error: it has no command for that", ""},
		{"vacuum of its own words", small(t, "vacuum", `"cmd_t":"c","sup_feat":["pause"],"pl_paus":"halt"`), "pause", nil, "c halt", ""},
		{"mower", mower, "start_mowing", nil, "m/go start_mowing", "mowing"},
		{"mower home", mower, "dock", nil, `m/home {"do":"dock"}`, "docked"},
		{"mower without pause", mower, "pause", nil, "error: it has no pause", ""},
		{"siren", small(t, "siren", `"cmd_t":"c","stat_t":"s"`), "turn_on", nil, `c {"state":"ON"}`, "on"},
		{"siren with a template", small(t, "siren", `"cmd_t":"c","cmd_tpl":"{{ value }}!"`), "turn_off", nil, `c OFF!`, ""},
		{"siren that is opened", small(t, "siren", `"cmd_t":"c"`), "open_cover", nil, `error: a siren has no such service`, ""},
		{"humidifier", small(t, "humidifier", `"cmd_t":"c","stat_t":"s","pl_on":"1"`), "turn_on", nil, "c 1", "on"},
		{"valve", small(t, "valve", `"cmd_t":"c","stat_t":"s"`), "open_valve", nil, "c OPEN", "open"},
		{"valve without positions", small(t, "valve", `"cmd_t":"c"`), "set_valve_position", data{"position": 40}, "error: it cannot be set to a position", ""},
		{"valve without stop", tap, "stop_valve", nil, "error: it cannot be stopped", ""},
		{"valve stop", small(t, "valve", `"cmd_t":"c","pl_stop":"HALT"`), "stop_valve", nil, "c HALT", ""},
		{"valve to 40", tap, "set_valve_position", data{"position": 40}, "c 40", "current_position=40"},
		{"valve closed by position", tap, "close_valve", nil, "c 0", "current_position=0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			call := Call{Service: test.service, Data: test.data}
			messages, err := test.e.Messages(call)
			want := test.e.Want(call)
			if reason, refused := strings.CutPrefix(test.want, "error: "); refused {
				var cannot *CannotError
				if !errors.As(err, &cannot) || !strings.Contains(cannot.Reason, reason) || cannot.Entity != test.e.ID || cannot.Service != test.service {
					t.Fatalf("got %v, want a CannotError with %q", err, reason)
				}
				if len(messages) > 0 || !want.IsZero() {
					t.Fatalf("refused, yet %v and %s", messages, said(want))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range messages {
				s := m.Topic + " " + string(m.Payload)
				if m.QoS != 1 { // that of every command without its own
					s += fmt.Sprint(" qos", m.QoS)
				}
				if m.Retain {
					s += " retained"
				}
				got = append(got, s)
			}
			if g := strings.Join(got, ", "); g != test.want {
				t.Errorf("got  %s\nwant %s", g, test.want)
			}
			if g := strings.TrimSpace(said(want)); g != test.confirm {
				t.Errorf("confirmed by %q, want %q", g, test.confirm)
			}
		})
	}
}

func TestConfirms(t *testing.T) {
	state := func(value string, pairs ...any) State {
		s := State{Value: value}
		for i := 0; i < len(pairs); i += 2 {
			if s.Attributes == nil {
				s.Attributes = map[string]any{}
			}
			s.Attributes[pairs[i].(string)] = pairs[i+1]
		}
		return s
	}
	for _, test := range []struct {
		name      string
		want, got State
		yes       bool
	}{
		{"the same", state("on"), state("on", "brightness", 3), true},
		{"another value", state("on"), state("off"), false},
		{"not yet known", state("on"), state(""), false},
		{"an alarm that gives time to go out", state("armed_away"), state("arming"), true},
		{"another that says pending", state("armed_night"), state("pending"), true},
		{"an alarm of another mode", state("armed_away"), state("armed_home"), false},
		{"arming is not disarmed", state("disarmed"), state("arming"), false},
		{"slats, rounded", state("", "current_tilt_position", 50), state("", "current_tilt_position", 49), true},
		{"nothing wanted", State{}, state("on"), false},
		{"offline", state("on"), State{Value: "on", Offline: true}, false},
		{"opening answers open", state("open"), state("opening"), true},
		{"closing does not answer open", state("open"), state("closing"), false},
		{"closing answers closed", state("closed"), state("closing"), true},
		{"locking answers locked", state("locked"), state("locking"), true},
		{"jammed does not", state("locked"), state("jammed"), false},
		{"brightness within 2", state("on", "brightness", 128), state("on", "brightness", 126), true},
		{"brightness beyond", state("on", "brightness", 128), state("on", "brightness", 125), false},
		{"no brightness", state("on", "brightness", 128), state("on"), false},
		{"temperature within 0.1", state("", "temperature", 21.5), state("heat", "temperature", 21.4), true},
		{"temperature beyond", state("", "temperature", 21.5), state("heat", "temperature", 21.3), false},
		{"a moving cover answers a position", state("", "current_position", 30), state("closing", "current_position", 90), true},
		{"a cover that stands elsewhere", state("", "current_position", 30), state("open", "current_position", 90), false},
		{"kelvin within 5 %", state("on", "color_temp_kelvin", 2703), state("on", "color_temp_kelvin", 2800), true},
		{"kelvin beyond", state("on", "color_temp_kelvin", 2703), state("on", "color_temp_kelvin", 3000), false},
		{"a number written otherwise", state("2.5"), state("2.50"), true},
		{"another number", state("2.5"), state("3"), false},
		{"a word", state("", "preset_mode", "auto"), state("on", "preset_mode", "smart"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Confirms(test.want, test.got); got != test.yes {
				t.Fatalf("got %v, want %v", got, test.yes)
			}
		})
	}
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		filter, topic string
		want          bool
	}{
		{"a/b", "a/b", true}, {"a/b", "a/b/c", false}, {"a/b/c", "a/b", false}, {"a/+", "a/b", true}, {"a/+", "a", false},
		{"a/+/c", "a/b/c", true}, {"+", "a", true}, {"+", "/a", false}, {"+/+", "/a", true}, {"a/#", "a", true},
		{"a/#", "a/b/c", true}, {"a/#", "ab", false}, {"#", "a/b", true}, {"#", "$SYS/x", false}, {"+/x", "$SYS/x", false},
		{"$SYS/#", "$SYS/x", true}, {"a//b", "a//b", true}, {"a/+/b", "a//b", true}, {"a/", "a", false}, {"a", "a/", false},
	} {
		if got := matches(test.filter, test.topic); got != test.want {
			t.Errorf("%q covers %q: got %v, want %v", test.filter, test.topic, got, test.want)
		}
	}
}

func TestColorsGoThereAndBack(t *testing.T) {
	for _, rgb := range [][]int{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}, {255, 165, 0}, {255, 0, 255}, {64, 224, 208}} {
		near := func(got []int, tolerance int) bool {
			high := max(rgb[0], rgb[1], rgb[2]) // brightness is told apart
			for i := range rgb {
				if d := got[i] - rgb[i]*255/high; d < -tolerance || d > tolerance {
					return false
				}
			}
			return true
		}
		if h, s := toHS(rgb); !near(fromHS(h, s), 1) {
			t.Errorf("%v becomes hs %v,%v and then %v", rgb, h, s, fromHS(h, s))
		}
		if x, y := toXY(rgb); !near(fromXY(x, y), 12) /* three digits of x and y */ {
			t.Errorf("%v becomes xy %v,%v and then %v", rgb, x, y, fromXY(x, y))
		}
	}
}

func BenchmarkApply(b *testing.B) {
	e := bridge(b, "light.hall_lamp")
	m := Message{Topic: "zigbee2mqtt/Hall lamp", Payload: []byte(`{"state":"ON","brightness":127,"color_mode":"color_temp","color_temp":370,"color":{"x":0.46,"y":0.41},"linkquality":90}`)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Apply(State{}, m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMessages(b *testing.B) {
	e := bridge(b, "light.hall_lamp")
	c := Call{Service: "turn_on", Data: map[string]any{"brightness_pct": 50}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Messages(c); err != nil {
			b.Fatal(err)
		}
	}
}
