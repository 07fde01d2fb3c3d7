package appliance

import (
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
)

// A lock whose wiring changes between the question and the yes is asked about again, or
// waits for its owner: the yes was for other messages.
func TestRewiredBetweenQuestionAndYes(t *testing.T) {
	for _, c := range []struct {
		name     string
		payload  string // announced after the question
		approved bool   // by the owner, before the yes
		sent     string
		reply    string // a part of it
	}{
		{"nothing changes", gateLock, false, "gate/set UNLOCK", "unlocked"},
		{"a harmless change", strings.Replace(gateLock, `{`, `{"icon":"mdi:gate",`, 1), false, "gate/set UNLOCK", "unlocked"},
		{"another topic", strings.Replace(gateLock, "gate/set", "evil/set", 1), false, "", "do not know"},
		{"another topic, approved", strings.Replace(gateLock, "gate/set", "evil/set", 1), true, "", "Say yes"},
		{"another payload, approved", strings.Replace(gateLock, `{`, `{"payload_unlock":"OPEN",`, 1), true, "", "Say yes"},
		{"another template, approved", strings.Replace(gateLock, `{`, `{"command_template":"x{{ value }}",`, 1), true, "", "Say yes"},
		{"taken back", "", false, "", "do not know"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := dwell(t, "", t.TempDir())
			defer d.stop()
			d.says("homeassistant/lock/gate/config", gateLock)
			if err := d.Approve(within(t), "lock.garden_gate"); err != nil {
				t.Fatal(err)
			}
			d.quiet()
			s := d.Now()
			asked := s.Home.Plan(s.Resolver.Resolve(intent.Query{Text: "unlock the garden gate"}), home.At("", time.Now()))
			if asked.Question == nil || len(asked.Actions) > 0 {
				t.Fatalf("it does not ask: %q", asked.Reply)
			}
			d.says("homeassistant/lock/gate/config", c.payload)
			if c.approved {
				if err := d.Approve(within(t), d.Now().Home.Newcomers()[0].ID); err != nil {
					t.Fatal(err)
				}
				d.quiet()
			}
			p := d.Now().Home.Confirmed(*asked.Question, home.At("", time.Now()))
			sent := ""
			for _, a := range p.Actions {
				for _, m := range a.Messages {
					sent += m.Topic + " " + string(m.Payload)
				}
			}
			if sent != c.sent || !strings.Contains(p.Reply, c.reply) {
				t.Errorf("sends %q, says %q; want %q, %q", sent, p.Reply, c.sent, c.reply)
			}
			if (p.Question != nil) != strings.Contains(c.reply, "Say yes") {
				t.Errorf("asks again: %v", p.Question != nil)
			}
		})
	}
}
