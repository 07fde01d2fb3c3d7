package appliance

import (
	"testing"

	"github.com/cricket-home/cricket/intent"
)

// What rings, and what others announce, is shown as speaking; the button stops it.
func TestLiveSeesWhatSounds(t *testing.T) {
	e := startEvening(t, &listening{})
	e.until(Idle)
	means(t, e.box, intent.Intent{Name: "HassStartTimer", Slots: map[string]any{"seconds": 1.0}})
	e.until(Speaking)
	e.board.presses <- ListenPress
	e.until(Idle)
	for len(e.box.Planned()) > 0 && within(t).Err() == nil {
		e.wait(0.1)
	}
	if p := e.box.Planned(); len(p) != 0 {
		t.Errorf("it still rings: %+v", p)
	}

	shown := func() int {
		n := 0
		for _, m := range e.board.all() {
			if m == Speaking {
				n++
			}
		}
		return n
	}
	before := shown()
	e.box.speech.Tell("Dinner is ready.", true)
	for shown() == before && within(t).Err() == nil {
		e.wait(0.02)
	}
	e.until(Idle)
	if shown() != before+1 {
		t.Errorf("it showed %v", e.board.all())
	}
}
