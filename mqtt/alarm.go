package mqtt

import (
	"slices"
	"strings"
)

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
	for service, call := range alarmCalls {
		b.texts(call[0])
		if mode := strings.TrimPrefix(service, "alarm_"); b.e.arms(mode) {
			b.feature(mode)
		}
	}
	slices.Sort(b.e.Features)
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
	if mode := strings.TrimPrefix(o.call.Service, "alarm_"); strings.HasPrefix(mode, "arm_") && !o.e.Has(mode) {
		o.cannot("it has no such mode")
	}
	code := ""
	if o.has("code") {
		code = o.word("code", nil)
	}
	want := o.e.text("code", "")
	remote := slices.Contains([]string{"REMOTE_CODE", "REMOTE_CODE_TEXT"}, want)
	if o.e.WantsCode(o.call.Service) && (code == "" || !remote && code != want) {
		o.cannot("it wants a code")
	}
	action := o.e.text(call[0], call[1])
	o.sendWith("state", map[string]any{"value": action, "action": action, "code": code})
	o.expect(call[2])
}

// arms says whether the panel has a mode: "arm_night". Where it does not tell, it has all.
func (e *Entity) arms(mode string) bool {
	if !strings.HasPrefix(mode, "arm_") {
		return false
	}
	list, told := e.Config["supported_features"].([]any)
	return !told || slices.Contains(list, any(mode))
}

// WantsCode says whether an alarm panel carries out a service only with a code.
func (e *Entity) WantsCode(service string) bool {
	key := "code_arm_required"
	switch service {
	case "alarm_disarm":
		key = "code_disarm_required"
	case "alarm_trigger":
		key = "code_trigger_required"
	}
	return e.Platform == "alarm_control_panel" && e.text("code", "") != "" && (e.Config[key] == nil || e.flag(key))
}
