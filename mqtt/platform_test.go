package mqtt

import (
	"strings"
	"testing"
)

// The platforms that are no lamp and no switch: what they are told, and what
// they then say. Each line is service {data} -> message, or topic payload => state.
func TestMorePlatforms(t *testing.T) {
	type order struct {
		service string
		data    map[string]any
		want    string
	}
	type step struct{ topic, payload, want string }
	for _, test := range []struct {
		name  string
		e     *Entity
		calls []order
		heard []step
	}{
		{"a light of the template schema", small(t, "light", `"schema":"template","cmd_t":"c","stat_t":"s",
			"cmd_on_tpl":"on{% if brightness is defined %},b={{ brightness }}{% endif %}{% if red is defined %},#{{ '%02x%02x%02x' | format(red, green, blue) }}{% endif %}",
			"cmd_off_tpl":"off","stat_tpl":"{{ value.split(',')[0] }}","bri_tpl":"{{ value.split(',')[1] }}",
			"r_tpl":"{{ value.split(',')[2] }}","g_tpl":"{{ value.split(',')[3] }}","b_tpl":"{{ value.split(',')[4] }}"`),
			[]order{
				{"turn_on", nil, "c on"}, {"turn_off", nil, "c off"},
				{"turn_on", map[string]any{"brightness_pct": 50.0}, "c on,b=128"},
				{"turn_on", map[string]any{"rgb_color": []any{255.0, 0.0, 16.0}}, "c on,#ff0010"},
			}, []step{{"s", "on,200,1,2,3", "on brightness=200 rgb_color=[1,2,3]"}, {"s", "off,0,1,2,3", "off brightness=0 rgb_color=[1,2,3]"}}},
		{"an alarm with a code of its own", small(t, "alarm_control_panel", `"cmd_t":"c","stat_t":"s","code":"1234","cmd_tpl":"{{ action }}:{{ code }}"`),
			[]order{
				{"alarm_disarm", map[string]any{"code": "1234"}, "c DISARM:1234"},
				{"alarm_arm_away", map[string]any{"code": "1234"}, "c ARM_AWAY:1234"},
				{"alarm_disarm", map[string]any{"code": "4321"}, "error: it wants a code"},
				{"alarm_disarm", nil, "error: it wants a code"},
			}, []step{{"s", "armed_away", "armed_away"}, {"s", "triggered", "triggered"}}},
		{"an alarm of two modes", small(t, "alarm_control_panel", `"cmd_t":"c","stat_t":"s","sup_feat":["arm_home","arm_night"]`),
			[]order{{"alarm_arm_night", nil, "c ARM_NIGHT"}, {"alarm_arm_away", nil, "error: it has no such mode"}, {"alarm_disarm", nil, "c DISARM"}},
			[]step{{"s", "arming", "arming"}}},
		{"an alarm that wants a code to disarm", small(t, "alarm_control_panel", `"cmd_t":"c","stat_t":"s","code":"REMOTE_CODE","code_arm_required":false`),
			[]order{{"alarm_arm_away", nil, "c ARM_AWAY"}, {"alarm_disarm", nil, "error: it wants a code"}}, nil},
		{"an alarm without", small(t, "alarm_control_panel", `"cmd_t":"c","stat_t":"s"`),
			[]order{{"alarm_arm_night", nil, "c ARM_NIGHT"}, {"turn_on", nil, "error: no such service"}}, []step{{"s", "disarmed", "disarmed"}}},
		{"a media player of a computer", small(t, "media_player", `"state_state_topic":"s","state_volume_topic":"v","command_volume_topic":"cv","command_play_topic":"cp","command_play_payload":"go",
			"command_pause_topic":"cpp","command_next_topic":"cn"`),
			[]order{
				{"media_play", nil, "cp go"}, {"media_pause", nil, "cpp Pause"}, {"media_next_track", nil, "cn Next"},
				{"media_previous_track", nil, "error: it has no previous"}, {"volume_set", map[string]any{"volume_level": 0.3}, "cv 0.3"},
				{"volume_set", map[string]any{"volume_level": 3.0}, "error: volume level must be"}, {"volume_up", nil, "error: no such service"}, {"turn_on", nil, "error: no such service"},
			}, []step{{"s", "playing", "playing"}, {"v", "0.4", "playing volume_level=0.4"}, {"s", "Stopped", "idle volume_level=0.4"}, {"v", "loud", "error: not a number"}, {"s", "dancing", "error: dancing"}}},
		{"a media player that is only on or off", small(t, "media_player", `"cmd_t":"c","stat_t":"s"`),
			[]order{{"turn_on", nil, "c ON"}, {"media_pause", nil, "error: no such service"}}, []step{{"s", "ON", "on"}}},
		{"a water heater", small(t, "water_heater", `"modes":["off","eco","performance"],"mode_cmd_t":"m","mode_stat_t":"ms","temp_cmd_t":"t","temp_stat_t":"ts","curr_temp_t":"ct"`),
			[]order{
				{"set_temperature", map[string]any{"temperature": 55.0}, "t 55"},
				{"set_temperature", map[string]any{"temperature": 90.0}, "error: temperature must be from 43 to 60"},
				{"set_operation_mode", map[string]any{"operation_mode": "eco"}, "m eco"},
				{"turn_off", nil, "m off"},
			}, []step{{"ms", "eco", "eco"}, {"ct", "48.5", "eco current_temperature=48.5"}}},
		{"a humidifier", small(t, "humidifier", `"cmd_t":"c","stat_t":"s","hum_cmd_t":"h","hum_stat_t":"hs","min_hum":30,"max_hum":80,"mode_cmd_t":"m","modes":["auto","sleep"]`),
			[]order{
				{"turn_on", nil, "c ON"},
				{"set_humidity", map[string]any{"humidity": 45.0}, "h 45"},
				{"set_humidity", map[string]any{"humidity": 90.0}, "error: humidity must be from 30 to 80"},
				{"set_mode", map[string]any{"mode": "sleep"}, "m sleep"},
			}, []step{{"s", "ON", "on"}, {"hs", "45", "on humidity=45"}}},
		{"a fan that turns either way", small(t, "fan", `"cmd_t":"c","dir_cmd_t":"dc","dir_stat_t":"d","dir_val_tpl":"{{ value_json.way }}","pr_mode_cmd_t":"p","pr_mode_stat_t":"ps","pr_modes":["breeze","Sleep"]`),
			[]order{
				{"set_direction", map[string]any{"direction": "reverse"}, "dc reverse"},
				{"set_direction", map[string]any{"direction": "up"}, "error: its direction can be forward, reverse"},
				{"set_preset_mode", map[string]any{"preset_mode": "Sleep"}, "p Sleep"},
				{"set_preset_mode", map[string]any{"preset_mode": "sleep"}, "error: can be breeze, Sleep"},
			}, []step{{"d", `{"way":"reverse"}`, ` direction="reverse"`}, {"d", `{"way":"up"}`, "error: neither of its payloads"}, {"d", `{"way":null}`, ""}, {"ps", "breeze", ` preset_mode="breeze"`}}},
		{"a fan with its own words for the ways", small(t, "fan", `"cmd_t":"c","dir_cmd_t":"dc","dir_stat_t":"d","dir_cmd_tpl":"dir={{ value }}","pl_dir_fwd":"summer","pl_dir_rev":"winter"`),
			[]order{{"set_direction", map[string]any{"direction": "reverse"}, "dc dir=winter"}}, []step{{"d", "summer", ` direction="forward"`}, {"d", "winter", ` direction="reverse"`}}},
		{"a fan that turns one way", small(t, "fan", `"cmd_t":"c"`), []order{{"set_direction", map[string]any{"direction": "reverse"}, "error: it has no direction"}}, nil},
		{"an air conditioner", small(t, "climate", `"mode_cmd_t":"m","fan_mode_cmd_t":"f","fan_mode_stat_t":"fs","fan_modes":["quiet","high"],"swing_mode_cmd_t":"w","swing_mode_stat_t":"ws",
			"swing_h_mode_cmd_t":"h","swing_horizontal_modes":["left","right"],"pr_mode_cmd_t":"p","pr_mode_stat_t":"ps","pr_modes":["eco","sleep"],"pr_mode_cmd_tpl":"P:{{ value | upper }}"`),
			[]order{
				{"set_fan_mode", map[string]any{"fan_mode": "quiet"}, "f quiet"},
				{"set_fan_mode", map[string]any{"fan_mode": "low"}, "error: its fan mode can be quiet, high"},
				{"set_swing_mode", map[string]any{"swing_mode": "off"}, "w off"},
				{"set_swing_horizontal_mode", map[string]any{"swing_horizontal_mode": "left"}, "h left"},
				{"set_preset_mode", map[string]any{"preset_mode": "eco"}, "p P:ECO"},
				{"set_preset_mode", map[string]any{"preset_mode": "none"}, "p P:NONE"},
				{"set_preset_mode", map[string]any{"preset_mode": "away"}, "error: its preset mode can be eco, sleep, none"},
				{"set_hvac_mode", map[string]any{"hvac_mode": "dry"}, "m dry"},
			}, []step{{"fs", "high", ` fan_mode="high"`}, {"ws", "on", ` fan_mode="high" swing_mode="on"`}, {"ps", "eco", ` fan_mode="high" preset_mode="eco" swing_mode="on"`}}},
		{"an air conditioner that is told nothing of its fan", small(t, "climate", `"mode_cmd_t":"m","fan_mode_stat_t":"fs"`),
			[]order{{"set_fan_mode", map[string]any{"fan_mode": "low"}, "error: it has no fan mode"}, {"set_swing_mode", map[string]any{"swing_mode": "on"}, "error: it has no swing mode"}}, nil},
		{"a vacuum of three strengths", small(t, "vacuum", `"cmd_t":"c","stat_t":"s","set_fan_spd_t":"f","fanspd_lst":["min","max"],"sup_feat":["start","fan_speed"]`),
			[]order{{"set_fan_speed", map[string]any{"fan_speed": "max"}, "f max"}, {"set_fan_speed", map[string]any{"fan_speed": "high"}, "error: its fan speed can be min, max"}},
			[]step{{"s", `{"state":"cleaning","fan_speed":"max"}`, `cleaning fan_speed="max"`}, {"s", `{"fan_speed":"min"}`, `cleaning fan_speed="min"`}}},
		{"a text", small(t, "text", `"cmd_t":"c","stat_t":"s","max":5,"ptrn":"[a-z]+"`),
			[]order{
				{"set_value", map[string]any{"value": "hello"}, "c hello"},
				{"set_value", map[string]any{"value": "hello!"}, "error: its text has from 0 to 5 letters"},
				{"set_value", map[string]any{"value": "h1"}, "error: its text has another form"},
			}, []step{{"s", "hello", "hello"}}},
		{"an event", small(t, "event", `"stat_t":"s","evt_typ":["single","double"]`), nil,
			[]step{{"s", `{"event_type":"double"}`, "double"}, {"s", `{"event_type":"triple"}`, "error: none of its event_types"}, {"s", `{}`, "error: no event_type"}}},
		{"an update", small(t, "update", `"stat_t":"s","cmd_t":"c","pl_inst":"update"`),
			[]order{{"install", nil, "c update"}},
			[]step{{"s", `{"installed_version":"1","latest_version":"2"}`, "on installed_version=\"1\" latest_version=\"2\""}, {"s", `{"installed_version":"2"}`, "off installed_version=\"2\" latest_version=\"2\""}}},
		{"an update of two topics", small(t, "update", `"stat_t":"s","l_ver_t":"l"`), nil,
			[]step{{"s", "1.0", " installed_version=\"1.0\""}, {"l", "1.1", "on installed_version=\"1.0\" latest_version=\"1.1\""}}},
		{"a tracker", small(t, "device_tracker", `"stat_t":"s","pl_home":"here","pl_not_home":"gone"`), nil,
			[]step{{"s", "here", "home"}, {"s", "gone", "not_home"}, {"s", "work", "work"}, {"s", "None", ""}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, c := range test.calls {
				got := ""
				messages, err := test.e.Messages(Call{Service: c.service, Data: c.data})
				if err != nil {
					got = "error: " + err.Error()
				}
				for _, m := range messages {
					got += m.Topic + " " + string(m.Payload)
				}
				if got != c.want && !(strings.HasPrefix(c.want, "error: ") && err != nil && strings.Contains(got, c.want[len("error: "):])) {
					t.Errorf("%s %v: got %q, want %q", c.service, c.data, got, c.want)
				}
			}
			var s State
			for _, heard := range test.heard {
				var err error
				s, err = test.e.Apply(s, Message{Topic: heard.topic, Payload: []byte(heard.payload)})
				want, wrong := strings.CutPrefix(heard.want, "error: ")
				if wrong && (err == nil || !strings.Contains(err.Error(), want)) || !wrong && (err != nil || said(s) != want) {
					t.Errorf("%s %s: got %q, %v, want %q", heard.topic, heard.payload, said(s), err, heard.want)
				}
			}
		})
	}
}
