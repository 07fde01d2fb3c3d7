package home_test

import (
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
)

// The table is asked at one place, whatever the intent came from: a sentence, the
// repair, a language model, a schedule, an undo.
func TestEveryTierAsksTheTable(t *testing.T) {
	h := machines(t)
	table := permission.Table{Rows: []permission.Row{
		{Devices: []string{"light.lamp"}, Then: permission.Refuse, Where: "config.toml:1"},
		{Intents: []string{"HassBroadcast", "CricketSetAlarm", "HassGetState"}, Then: permission.Refuse, Where: "config.toml:2"},
		{Domains: []string{"fan"}, Rooms: []string{"Kitchen"}, Then: permission.Confirm, Where: "config.toml:3"},
	}}
	past := func(did intent.Intent) home.Past {
		return home.Past{Before: h.Before(h.Plan(did, home.At("kitchen", sunday)))}
	}
	of := func(tier intent.Tier, in intent.Intent) intent.Intent { in.Tier = tier; return in }
	for _, tt := range []struct {
		name    string
		in      intent.Intent
		past    home.Past
		reply   string
		refusal home.Refusal
		row     string
	}{
		{"a template", of(intent.Template, on("light.lamp")), home.Past{}, "I am not allowed to do that with the lamp.", home.NotAllowed, "config.toml:1"},
		{"the repair", of(intent.Repair, on("light.lamp")), home.Past{}, "I am not allowed to do that with the lamp.", home.NotAllowed, "config.toml:1"},
		{"a language model", of(intent.LLM, on("light.lamp")), home.Past{}, "I am not allowed to do that with the lamp.", home.NotAllowed, "config.toml:1"},
		{"a language model that would unlock", of(intent.LLM, off("lock.door")), home.Past{}, "Unlock the door? Say yes.", home.NeedsConfirmation, "every home"},
		{"later", later(on("light.lamp"), slots{"minutes": 5.0}), home.Past{}, "I am not allowed to do that with the lamp.", home.NotAllowed, "config.toml:1"},
		{"later, with nobody there to ask", later(on("fan.fan"), slots{"minutes": 5.0}), home.Past{}, "I do that with the fan only for somebody in the room.", home.NeedsConfirmation, "config.toml:3"},
		{"an undo", do("CricketUndo", nil), past(do("HassToggle", nil, "light.lamp")), "I am not allowed to do that with the lamp.", home.NotAllowed, "config.toml:1"},
		{"no device", do("HassBroadcast", slots{"message": "dinner"}), home.Past{}, "I am not allowed to do that.", home.NotAllowed, "config.toml:2"},
		{"an alarm", do("CricketSetAlarm", slots{"time": "07:00"}), home.Past{}, "I am not allowed to do that.", home.NotAllowed, "config.toml:2"},
		{"a question", do("HassGetState", nil, "lock.door"), home.Past{}, "I am not allowed to do that.", home.NotAllowed, "config.toml:2"},
		{"what the owner wants a yes for", off("fan.fan"), home.Past{}, "Fan off? Say yes.", home.NeedsConfirmation, "config.toml:3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			at := home.At("kitchen", sunday)
			at.Table, at.Past = table, tt.past
			p := h.Plan(tt.in, at)
			if published(p) != "" || len(p.Changes) > 0 || p.Announce != "" {
				t.Errorf("sends %q, changes %v, announces %q", published(p), p.Changes, p.Announce)
			}
			if p.Reply != tt.reply || p.Refusal != tt.refusal {
				t.Errorf("says %q (%q), want %q (%q)", p.Reply, p.Refusal, tt.reply, tt.refusal)
			}
			if len(p.Judged) == 0 && tt.in.Command == nil {
				t.Fatal("nothing was judged")
			}
			if tt.in.Command == nil && !strings.Contains(said(p.Judged), strings.TrimPrefix(tt.row, "every ")) {
				t.Errorf("judged %s, want by %s", said(p.Judged), tt.row)
			}
		})
	}
}

func said(list []home.Judged) string {
	var out []string
	for _, j := range list {
		out = append(out, j.What+": "+j.String())
	}
	return strings.Join(out, "; ")
}

// What would close again later is planned once somebody has said yes, and not before.
func TestNothingIsPlannedBeforeTheYes(t *testing.T) {
	h, at := machines(t), home.At("kitchen", sunday)
	in := on("cover.gate")
	back := off("cover.gate")
	in.Also = []intent.Intent{{Name: "HassStartTimer", Slots: slots{"minutes": 5.0}, Command: &back}}
	p := h.Plan(in, at)
	if p.Reply != "Open the gate? Say yes." || len(p.Changes) > 0 || p.Question == nil {
		t.Fatalf("says %q, plans %v", p.Reply, p.Changes)
	}
	q := *p.Question
	if p = h.Confirmed(q, at); published(p) != "cover/gate/set OPEN" || len(p.Changes) != 1 || p.Reply != "Gate open. In five minutes: gate closed." {
		t.Errorf("after the yes it says %q, sends %q and plans %v", p.Reply, published(p), p.Changes)
	}
	at.Source = "mqtt"
	if p = h.Confirmed(q, at); published(p) != "" || len(p.Changes) > 0 {
		t.Errorf("where nothing opens it plans %v", p.Changes)
	}
}

// In one sentence, what is free is done and what is not is asked about, once.
func TestOneQuestionForASentence(t *testing.T) {
	h := machines(t)
	in := off("light.lamp")
	in.Also = []intent.Intent{off("lock.door"), on("cover.gate")}
	p := h.Plan(in, home.At("kitchen", sunday))
	if got := published(p); got != `light/lamp/set {"state":"OFF"}` {
		t.Errorf("sends %q", got)
	}
	if p.Reply != "Lamp off. Unlock the door and open the gate? Say yes." || p.Question == nil {
		t.Fatalf("says %q", p.Reply)
	}
	p = h.Confirmed(*p.Question, home.At("kitchen", sunday))
	if got := published(p); got != "lock/door/set UNLOCK\ncover/gate/set OPEN" {
		t.Errorf("after the yes sends %q", got)
	}
	if p.Reply != "Door unlocked and gate open." || p.Refusal != "" {
		t.Errorf("says %q (%q)", p.Reply, p.Refusal)
	}
}

// A yes is for what was asked, in the home as it is when it is said.
func TestAYesIsJudgedAnew(t *testing.T) {
	h := machines(t)
	ask := func(at home.Setting) home.Question {
		t.Helper()
		p := h.Plan(off("lock.door"), at)
		if p.Question == nil || published(p) != "" {
			t.Fatalf("%q, sends %q", p.Reply, published(p))
		}
		return *p.Question
	}
	at := home.At("kitchen", sunday)
	q := ask(at)
	shut := at
	shut.Table.Rows = []permission.Row{{Domains: []string{"lock"}, Then: permission.Refuse, Where: "config.toml:1"}}
	coded := at
	coded.Table.HasCode = true
	remote := at
	remote.Source = home.ByMQTT
	empty, err := home.Parse("home.toml", []byte(`language = "en"`))
	if err != nil {
		t.Fatal(err)
	}
	door, _ := h.Device("lock.door")
	away := door.Reported()
	away.Offline = true
	for _, tt := range []struct {
		name  string
		home  *home.Home
		at    home.Setting
		reply string
	}{
		{"it is refused by now", h, shut, "I am not allowed to do that with the door."},
		{"the code is wanted by now", h, coded, "Unlock the door? Say the code."},
		{"it comes by MQTT", h, remote, "I open or unlock the door only for somebody in the room."},
		{"the door is gone", empty, at, "I do not know that device."},
		{"the door is away", h.WithState("lock.door", away), at, "The door does not answer."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := tt.home.Confirmed(q, tt.at)
			if published(p) != "" || p.Reply != tt.reply {
				t.Errorf("says %q, sends %q; want %q", p.Reply, published(p), tt.reply)
			}
		})
	}
	if p := h.Confirmed(ask(coded), coded); published(p) != "lock/door/set UNLOCK" {
		t.Errorf("with the code: %q", p.Reply)
	}
	// A yes is no yes to anything else.
	if p := h.Plan(on("cover.gate"), at); published(p) != "" {
		t.Error("the gate opens")
	}
}

// What is due is judged as whoever asked for it, without anybody there.
func TestWhatIsDueIsJudgedAgain(t *testing.T) {
	h := machines(t)
	at := home.Setting{Room: "kitchen", Now: schedule.Now{Wall: sunday, Known: true}, Source: home.ByMQTT, Later: true}
	at.Table.Rows = []permission.Row{{Devices: []string{"light.lamp"}, Sources: []permission.Source{permission.MQTT}, Hours: "19:00-20:00", Then: permission.Refuse, Where: "config.toml:1"}}
	if p := h.Plan(on("light.lamp"), at); p.Refusal != home.NotAllowed {
		t.Errorf("%q, sends %q", p.Reply, published(p))
	}
	at.Source = home.InTheRoom
	if p := h.Plan(on("light.lamp"), at); published(p) == "" {
		t.Errorf("%q", p.Reply)
	}
	if p := h.Plan(off("lock.door"), at); published(p) != "" || p.Question != nil {
		t.Errorf("%q asks somebody who is not there", p.Reply)
	}
}
