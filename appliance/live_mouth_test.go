package appliance

import (
	"context"
	"slices"
	"testing"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/llm"
	"github.com/cricket-home/cricket/voice"
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

// The rest of a long answer is said after its first sentence, which is not said again.
func TestLiveLongAnswer(t *testing.T) {
	word, request := requestSound(t)
	ears := &listening{}
	ears.set("how far is it to the moon")
	told := make(chan string, 8)
	e := startEvening(t, ears, func(b *Box) {
		b.model = &oracle{begins: "It is far away.", answer: llm.Answer{Say: "It is far away. Nobody walks there.", Confidence: 0.9}}
		really := b.speech.speak
		b.speech.speak = func(ctx context.Context, text string) (voice.Speech, error) {
			told <- text
			return really(ctx, text)
		}
	})
	e.wait(1)
	e.hear(slices.Concat(word, request))
	e.until(Speaking)
	if want := "say The language model says: It is far away."; !slices.Contains(e.out.all(), want) {
		t.Errorf("it did %q", e.out.all())
	}
	e.out.finish()
	for ctx := within(t); ; e.wait(0.02) {
		select {
		case text := <-told:
			if text != "Nobody walks there." {
				t.Errorf("then it said %q", text)
			}
			return
		case <-ctx.Done():
			t.Fatal("the rest was never said")
		default:
		}
	}
}
