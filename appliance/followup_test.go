package appliance

import (
	"slices"
	"testing"
)

// After a reply, the next sentence needs no wake word: what follows from it is done, and
// what was not meant for the box is not even answered.
func TestLiveSentenceAfterAReply(t *testing.T) {
	ears := &listening{text: "turn on the lamp"}
	e := startEvening(t, ears)
	word, request := requestSound(t)
	says := func(text string) {
		ears.mu.Lock()
		defer ears.mu.Unlock()
		ears.text = text
	}
	last := func() Result { return e.box.Last(1)[0] }
	e.wait(1)
	e.hear(slices.Concat(word, request))
	e.until(Speaking)
	e.out.finish()
	e.until(Listening)

	says("turn it off")
	e.hear(request)
	e.until(Speaking)
	if r := e.kept(2)[0]; len(r.Actions) != 1 || r.Actions[0].Payload != `{"state":"OFF"}` || r.Wake != nil {
		t.Fatalf("a follow-up: %s", r)
	}

	quiet := make([]int16, len(request)) // a television across the room
	for i, s := range request {
		quiet[i] = s / 8
	}
	for _, tt := range []struct {
		name, text string
		sound      []int16
		intent     string // "" where it is not meant for the box
	}{
		{"people talk", "she told him that it was over", request, ""},
		{"the television gives commands", "turn on the lamp", quiet, ""},
		{"what the sentences know only after repair", "turn the lump on would you", request, ""},
		{"somebody is done", "thank you", request, "HassRespond"},
	} {
		said := len(e.out.all())
		e.out.finish()
		e.until(Listening)
		says(tt.text)
		e.hear(tt.sound)
		if tt.intent == "" {
			e.until(Idle)
			if r := last(); r.Reply != "" || len(r.Actions) > 0 || r.Refusal != "not_command" {
				t.Errorf("%s: %s", tt.name, r)
			}
			if did := e.out.all()[said:]; slices.ContainsFunc(did, func(s string) bool { return s != "unduck" && s != "duck" }) {
				t.Errorf("%s: it did %q", tt.name, did)
			}
			says("turn on the lamp")
			e.hear(slices.Concat(word, request)) // for the next
			e.until(Speaking)
			continue
		}
		e.until(Speaking)
		if r := last(); r.Intent == nil || *r.Intent != tt.intent {
			t.Errorf("%s: %s", tt.name, r)
		}
		e.out.finish()
		e.until(Idle)
	}
}

// Who does not want it has the wake word for every request.
func TestNoFollowUpWhereItIsNotWanted(t *testing.T) {
	b, _ := door(t, func(c *Config) { c.Dialogue.FollowUp = false })
	name := "HassTurnOn"
	if r := (Result{Resolved: Resolved{Intent: &name}}); b.invites(r) {
		t.Error("it listens on")
	}
	b.config.Dialogue.FollowUp = true
	if r := (Result{Resolved: Resolved{Intent: &name}}); !b.invites(r) {
		t.Error("it does not listen on")
	}
	if r := (Result{Resolved: Resolved{Intent: &name}, Fault: &Fault{}}); b.invites(r) {
		t.Error("it listens on after a fault")
	}
}
