package appliance

import (
	"slices"
	"testing"

	"github.com/cricket-home/cricket/home"
)

// A press of the button is the yes to a question that was asked to its end, and to nothing else.
func TestPressAgrees(t *testing.T) {
	for _, tt := range []struct {
		name  string
		code  string
		press func(e *evening)
		opens bool
	}{
		{"after the question", "", func(e *evening) {
			e.out.finish()
			e.until(Listening)
			e.board.presses <- ListenPress
		}, true},
		{"while it is spoken", "", func(e *evening) { e.board.presses <- ListenPress }, false},
		{"when a code is asked for", "2718", func(e *evening) {
			e.out.finish()
			e.until(Listening)
			e.board.presses <- ListenPress
		}, false},
		{"when it is too late", "", func(e *evening) {
			e.out.finish()
			e.until(Listening)
			e.until(Idle)
			e.board.presses <- ListenPress
			e.until(Woken)
			e.board.presses <- ListenPress
		}, false},
		{"after another call", "", func(e *evening) {
			e.out.finish()
			e.until(Listening)
			word, _ := requestSound(t)
			e.hear(word)
			e.until(Woken)
			e.board.presses <- ListenPress
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := free()
			c.Dialogue.Code = tt.code
			e := startEveningIn(t, hallWithDoor, c, &listening{text: "unlock the front door"})
			word, request := requestSound(t)
			e.wait(1)
			e.hear(slices.Concat(word, request))
			e.until(Speaking)
			if asked := e.kept(1)[0]; asked.Plan != home.NeedsConfirmation || len(asked.Actions) > 0 {
				t.Fatalf("it did not ask: %s", asked)
			}
			tt.press(e)
			if tt.opens {
				e.until(Speaking)
				if r := e.kept(2)[0]; len(r.Actions) != 1 || r.Reply != "Front door unlocked." {
					t.Errorf("%s", r)
				}
				return
			}
			e.until(Idle)
			if all := e.box.Last(9); len(all) != 1 {
				t.Errorf("the press did something: %v", all)
			}
		})
	}
}
