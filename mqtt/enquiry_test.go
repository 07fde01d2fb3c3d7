package mqtt

import "testing"

func TestEnquiry(t *testing.T) {
	const z2m = `,"o":{"name":"Zigbee2MQTT"}`
	for _, tt := range []struct{ name, kind, keys, want string }{
		{"a lamp of Zigbee2MQTT", "light", `"schema":"json","cmd_t":"z/lamp/set","stat_t":"z/lamp"` + z2m, `z/lamp/get {"state":""}`},
		{"a plug", "switch", `"cmd_t":"z/plug/set","stat_t":"z/plug"` + z2m, `z/plug/get {"state":""}`},
		{"one of its two sockets", "switch", `"cmd_t":"z/plug/set/state_l1","stat_t":"z/plug"` + z2m, `z/plug/get {"state":""}`},
		{"a blind", "cover", `"cmd_t":"z/b/set","set_pos_t":"z/b/set","pos_t":"z/b"` + z2m, `z/b/get {"position":""}`},
		{"a lock sleeps", "lock", `"cmd_t":"z/l/set","stat_t":"z/l"` + z2m, ""},
		{"a sensor has no commands", "sensor", `"stat_t":"z/s"` + z2m, ""},
		{"the same topics, another bridge", "light", `"schema":"json","cmd_t":"z/lamp/set","stat_t":"z/lamp"`, ""},
		{"a topic that only begins alike", "switch", `"cmd_t":"z/plug/settings","stat_t":"z/plug"` + z2m, ""},
		{"a wildcard", "switch", `"cmd_t":"z/plug/set","stat_t":"z/+"` + z2m, ""},
		{"Tasmota", "switch", `"cmd_t":"cmnd/boiler/POWER","stat_t":"tele/boiler/STATE"`, "cmnd/boiler/TelePeriod "},
		{"Tasmota, another's topic", "switch", `"cmd_t":"cmnd/door/POWER","stat_t":"tele/boiler/STATE"`, ""},
		{"ESPHome retains", "switch", `"cmd_t":"b/switch/relay/command","stat_t":"b/switch/relay/state"`, ""},
	} {
		m, ok := small(t, tt.kind, tt.keys).Enquiry()
		got := ""
		if ok {
			got = m.Topic + " " + string(m.Payload)
		}
		if got != tt.want || m.Retain {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
