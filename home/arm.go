package home

import (
	"strings"

	"github.com/cricket-home/cricket/intent"
)

// arm sets an alarm panel on guard. That opens nothing, so anybody may; disarming is
// HassTurnOff, and needs a confirmation. Panels give people time to go out, so what is
// said is that it is being armed.
func (s speaker) arm(d *Device, in intent.Intent) (step, exception) {
	if d.Domain() != "alarm_control_panel" {
		return step{}, exception{key: "cannot.do"}
	}
	mode := text(in, "mode")
	if mode == "" {
		mode = "away"
		if d.Entity != nil && !d.can("arm_away") && len(d.Features) == 1 {
			mode = strings.TrimPrefix(d.Features[0], "arm_") // it has this one only
		}
	}
	service := "alarm_arm_" + mode
	switch {
	case d.Entity != nil && !d.can("arm_"+mode):
		return step{}, exception{key: "cannot.arm"}
	case d.Entity != nil && d.Entity.WantsCode(service):
		return step{}, exception{key: "cannot.code"}
	}
	return step{call: call(service, nil), state: s.States["arm_"+mode]}, exception{}
}
