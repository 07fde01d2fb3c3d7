package home_test

import (
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
)

// Text that came by MQTT does what a voice in the room can have done at once,
// and nothing that somebody in the room has to confirm.
func TestTextByMQTTOpensNothing(t *testing.T) {
	h := announced(t)
	files, err := intent.Builtin("en")
	if err != nil {
		t.Fatal(err)
	}
	sentences, err := intent.Compile("en", files...)
	if err != nil {
		t.Fatal(err)
	}
	resolver := sentences.Bind(h.Names())
	for _, tt := range []struct {
		said, sends, reply string
		refusal            home.Refusal
	}{
		{"unlock the front door", "", "I open or unlock the front door only for somebody in the room.", home.NeedsConfirmation},
		{"open the garage door", "", "I open or unlock the garage door only for somebody in the room.", home.NeedsConfirmation},
		{"lock the front door", "lock/front_door/set LOCK", "Front door locked.", ""},
		{"turn on the kitchen ceiling light", `light/kitchen_ceiling/set {"state":"ON"}`, "Kitchen ceiling light on.", ""},
	} {
		at := home.At("hall", sunday)
		at.Source = home.ByMQTT
		p := h.Plan(resolver.Resolve(intent.Query{Text: tt.said, Room: "hall", Now: sunday}), at)
		if got := published(p); got != tt.sends || p.Reply != tt.reply || p.Refusal != tt.refusal {
			t.Errorf("%q sends %q, says %q, refuses %q", tt.said, got, p.Reply, p.Refusal)
		}
	}
}
