package mqtt

import "slices"

// alarmCalls are the services of an alarm panel: the key of the payload, what it
// is where the config is silent, and the state that follows.
var alarmCalls = map[string][3]string{
	"alarm_arm_home":          {"payload_arm_home", "ARM_HOME", "armed_home"},
	"alarm_arm_away":          {"payload_arm_away", "ARM_AWAY", "armed_away"},
	"alarm_arm_night":         {"payload_arm_night", "ARM_NIGHT", "armed_night"},
	"alarm_arm_vacation":      {"payload_arm_vacation", "ARM_VACATION", "armed_vacation"},
	"alarm_arm_custom_bypass": {"payload_arm_custom_bypass", "ARM_CUSTOM_BYPASS", "armed_custom_bypass"},
	"alarm_disarm":            {"payload_disarm", "DISARM", "disarmed"},
	"alarm_trigger":           {"payload_trigger", "TRIGGER", "triggered"},
}

func buildAlarm(b *builder) {
	for _, call := range alarmCalls {
		b.texts(call[0])
	}
	b.texts("code")
	b.flags("code_arm_required", "code_disarm_required", "code_trigger_required")
	b.need(b.command("state", "command_topic", "command_template", "action", "code"), "command_topic")
	b.need(b.follow("state", "state_topic", "value_template"), "state_topic")
}

func applyAlarm(_ *Entity, s *State, _, text string) error {
	var pairs []string
	for _, state := range []string{"disarmed", "armed_home", "armed_away", "armed_night", "armed_vacation", "armed_custom_bypass",
		"pending", "arming", "disarming", "triggered"} {
		pairs = append(pairs, state, state)
	}
	return choose(s, text, pairs...)
}

func carryAlarm(o *order) {
	o.only("code")
	call, ok := alarmCalls[o.call.Service]
	if !ok {
		o.unknownService()
	}
	code := ""
	if o.has("code") {
		code = o.word("code", nil)
	}
	want := o.e.text("code", "")
	remote := slices.Contains([]string{"REMOTE_CODE", "REMOTE_CODE_TEXT"}, want)
	if want != "" && o.codeNeeded() && (code == "" || !remote && code != want) {
		o.cannot("it wants a code")
	}
	action := o.e.text(call[0], call[1])
	o.sendWith("state", map[string]any{"value": action, "action": action, "code": code})
	o.expect(call[2])
}

func (o *order) codeNeeded() bool {
	key := "code_arm_required"
	switch o.call.Service {
	case "alarm_disarm":
		key = "code_disarm_required"
	case "alarm_trigger":
		key = "code_trigger_required"
	}
	return o.e.Config[key] == nil || o.e.flag(key)
}
