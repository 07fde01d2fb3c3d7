package e2e

import (
	"strings"
	"testing"

	"github.com/cricket-home/cricket/voice/voicetest"
)

// Who tries the demo home first finds none of it in the own home afterwards, and all of it in the demo.
func TestDemonstrationLeavesTheHomeAlone(t *testing.T) {
	d := newDaemon(t, voicetest.Program(t, "cricket"), "kitchen")
	d.says("ask", "set an alarm for six tomorrow")
	d.stop()
	d.start("--demo")
	d.says("ask", "set an alarm for seven tomorrow")
	d.stop()
	d.start()
	if plans := d.says("ring"); !strings.Contains(plans, "06:00") || strings.Contains(plans, "07:00") {
		t.Errorf("at home there is planned:\n%s", plans)
	}
	d.stop()
	d.start("--demo")
	if plans := d.says("ring"); !strings.Contains(plans, "07:00") || strings.Contains(plans, "06:00") {
		t.Errorf("in the demo home there is planned:\n%s", plans)
	}
}
