package appliance

import (
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/llm"
	"github.com/cricket-home/cricket/internal/trace"
	"github.com/cricket-home/cricket/mesh/route"
	"github.com/cricket-home/cricket/mesh/state"
)

func TestPrivateRoomsAskNobody(t *testing.T) {
	sibling := route.Box{ID: "pc", Name: "pc", Vital: state.Alive, Record: state.Record{Roles: []string{state.Brain}, Models: []state.Model{{Name: "big", Millions: 8000, AnswerSpeed: 100, PromptSpeed: 1000}}}}
	for _, c := range []struct {
		name, room string
		private    []string
		asked      bool
	}{
		{"nothing is private", "kitchen", nil, true},
		{"another room is", "kitchen", []string{"bedroom"}, true},
		{"this room is", "kitchen", []string{"kitchen"}, false},
		{"this room by its name", "Kitchen", []string{"kitchen"}, false},
		{"a room that no home has", "shed", []string{"shed"}, false},
		{"all rooms are", "kitchen", []string{"*"}, false},
	} {
		config := free()
		config.Mesh.Private = c.private
		b := newBox(t, strings.ReplaceAll(strings.ReplaceAll(oneLamp, "hall", "kitchen"), "Hall", "Kitchen"), config, false)
		q := llm.NewVocabulary(b.house.Now().Home.Names()).Question(intent.Query{Text: "it is dark", Room: c.room})
		can, cannot := route.Rank(b.need(q, c.room), []route.Box{sibling})
		if (len(can) == 1) != c.asked {
			t.Errorf("%s: asked %v, not asked %v", c.name, can, cannot)
		}
		if !c.asked && !strings.Contains(cannot[0].Why, "never leaves this box") {
			t.Errorf("%s: %q", c.name, cannot[0].Why)
		}
	}
}

// What a sibling's model made of a sentence is done where it is harmless. It opens nothing:
// there is nobody to ask, though somebody is in the room, for what he agreed to would be the
// other box's idea. What is planned by it for later is the sibling's, too.
func TestAdviceOfASiblingOpensNothing(t *testing.T) {
	b, _ := door(t, nil)
	unlock := intent.Intent{Name: "HassTurnOff", Targets: []string{"lock.front_door"}, Tier: intent.LLM, Confidence: 1}
	for _, advice := range []bool{false, true} {
		unlock.Advice = advice
		tr := &trace.Trace{Time: time.Now()}
		r := b.carryOut(within(t), Result{}, unlock, Request{Source: home.InTheRoom}, tr)
		if len(r.Actions) != 0 || r.asks == advice {
			t.Errorf("advice %v: it asks: %v, plan %q, %q, %v", advice, r.asks, r.Plan, r.Reply, r.Actions)
		}
		b.questions = questions{}
	}
}
