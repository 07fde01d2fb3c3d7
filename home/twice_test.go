package home_test

import (
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
)

// What opens the house is sent at QoS 2, so that a broker that stands still cannot do it
// later; everything else at QoS 1. Nothing is retained, whatever a device asks for.
func TestQoSOfCommands(t *testing.T) {
	h := parse(t, `language = "en"`)
	for _, c := range [][3]string{
		{"lock", "door", `{"name":"Front door","command_topic":"a/set","state_topic":"s","retain":true}`},
		{"cover", "garage", `{"name":"Garage door","device_class":"garage","command_topic":"b/set","state_topic":"s","retain":true}`},
		{"cover", "blind", `{"name":"Blind","device_class":"blind","command_topic":"c/set","state_topic":"s","retain":true}`},
		{"light", "lamp", `{"name":"Lamp","command_topic":"d/set","state_topic":"s","qos":0,"retain":true}`},
		{"alarm_control_panel", "alarm", `{"name":"Alarm","command_topic":"e/set","state_topic":"s","code_arm_required":false,"retain":true}`},
	} {
		h = h.WithEntity(discovered(t, c[0], c[1], c[2]))
	}
	for _, c := range []struct {
		name, id string
		qos      byte
	}{
		{"HassTurnOff", "lock.front_door", 2}, // unlocks
		{"HassTurnOn", "lock.front_door", 1},
		{"HassTurnOn", "cover.garage_door", 2},
		{"HassTurnOff", "cover.garage_door", 1},
		{"HassTurnOn", "cover.blind", 1},
		{"HassTurnOn", "light.lamp", 1},
		{"HassTurnOff", "alarm_control_panel.alarm", 2}, // disarms
		{"CricketArmAlarm", "alarm_control_panel.alarm", 1},
	} {
		at := home.At("", time.Now())
		p := h.Plan(do(c.name, slots{"mode": "away"}, c.id), at)
		if p.Question != nil {
			p = h.Confirmed(*p.Question, at)
		}
		if len(p.Actions) != 1 || len(p.Actions[0].Messages) != 1 {
			t.Errorf("%s %s: %q", c.name, c.id, p.Reply)
			continue
		}
		if m := p.Actions[0].Messages[0]; m.QoS != c.qos || m.Retain {
			t.Errorf("%s %s: QoS %d, retained %v; want QoS %d, not retained", c.name, c.id, m.QoS, m.Retain, c.qos)
		}
	}
}
