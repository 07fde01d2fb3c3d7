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

	p := &tape{more: make(chan struct{}, 1)}
	e.box.speech.mu.Lock()
	e.box.speech.speak, e.box.speech.out = p.speak, p
	e.box.speech.mu.Unlock()
	p.more <- struct{}{} // full, so that the announcement takes until somebody hears it
	e.box.speech.Tell("Dinner is ready.", true)
	e.until(Speaking)
	p.hears(t)
	e.until(Idle)
}
