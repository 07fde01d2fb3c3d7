package appliance

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/hass/hasstest"
)

// pages is a log that may be read while it is written.
type pages struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *pages) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}
func (p *pages) String() string { p.mu.Lock(); defer p.mu.Unlock(); return p.text.String() }

// assisted is a box whose devices are a Home Assistant's.
func assisted(t *testing.T, h hasstest.Home, token string) (*Box, *hasstest.Server, *pages) {
	t.Helper()
	s := hasstest.New(t, h)
	dir := shortDir(t)
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := free()
	c.HomeAssistant = HomeAssistant{URL: s.URL, TokenFile: file}
	if err := c.validate("config.toml"); err != nil {
		t.Fatal(err)
	}
	own, err := home.Parse("home.toml", []byte(`language = "en"`))
	if err != nil {
		t.Fatal(err)
	}
	log := &pages{}
	b, err := New(Options{Config: c, Home: own, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	run(t, b.Run)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	return b, s, log
}

// has waits until the home has a device in a state, and knows its name when it is said.
func has(t *testing.T, b *Box, id, state string) {
	t.Helper()
	busy := false
	until(t, b, func() bool {
		d, ok := b.house.Now().Home.Device(id)
		if err := b.house.do(within(t), func() { busy = b.house.building }); err != nil {
			t.Fatal(err)
		}
		return ok && d.State == state && !d.Offline && !busy
	})
}

// What people say to a Home Assistant's devices, and what it is told.
func TestHomeAssistantConversation(t *testing.T) {
	b, s, log := assisted(t, hasstest.Small(), hasstest.Token)
	has(t, b, "lock.back_door", "locked")
	tests := []struct {
		said, call, reply string
	}{
		{"turn on the desk lamp", "light.turn_on light.desk map[]", "Desk lamp on."},
		{"turn off the reading light", "light.turn_off light.desk map[]", "Desk lamp off."},
		{"set the desk lamp to 40 percent", "light.turn_on light.desk map[brightness_pct:40]", "Desk lamp is at 40 percent."},
		{"make the desk lamp red", "light.turn_on light.desk map[rgb_color:[255 0 0]]", "Desk lamp is red."},
		{"open the blinds", "cover.open_cover cover.blinds map[]", "Blinds open."},
		{"set the blinds to 30 percent", "cover.set_cover_position cover.blinds map[position:30]", "Blinds are at 30 percent."},
		{"set the thermostat to 21 degrees", "climate.set_temperature climate.study map[temperature:21]", "Thermostat set to 21 degrees."},
		{"set the volume of the speaker to 50 percent", "media_player.volume_set media_player.speaker map[volume_level:0.5]", "Speaker is at 50 percent."},
		{"mute the speaker", "media_player.volume_mute media_player.speaker map[is_volume_muted:true]", "Speaker muted."},
		{"pause the speaker", "media_player.media_pause media_player.speaker map[]", "Speaker paused."},
		{"turn on the lights in the den", "light.turn_on light.desk map[]", ""},
		{"lock the back door", "lock.lock lock.back_door map[]", "Back door locked."},
	}
	calls := 0
	for _, test := range tests {
		r := b.Ask(within(t), test.said, Request{Room: "study"})
		now := s.Calls()
		if len(now) != calls+1 {
			t.Errorf("%s: %d calls; %s, fault %+v", test.said, len(now)-calls, r, r.Fault)
			calls = len(now)
			continue
		}
		c := now[calls]
		calls++
		if got := fmt.Sprintf("%s.%s %s %v", c.Domain, c.Service, c.Entity, c.Data); got != test.call {
			t.Errorf("%s: %s, want %s", test.said, got, test.call)
		}
		if !r.Done() || test.reply != "" && r.Reply != test.reply || r.Actions[0].Confirmed == nil || !*r.Actions[0].Confirmed {
			t.Errorf("%s: %s, want %q; fault %+v", test.said, r, test.reply, r.Fault)
		}
	}
	for said, reply := range map[string]string{
		"turn off the secret": "", "turn off the zigbee lamp": "", // not exposed; on MQTT, where it has not announced itself
		"is the back door locked": "Yes",
	} {
		r := b.Ask(within(t), said, Request{})
		if len(s.Calls()) != calls || reply == "" && r.Done() || !strings.HasPrefix(r.Reply, reply) {
			t.Errorf("%s: %s", said, r)
		}
	}

	// Unlocking goes through the table of permissions, and a confirmation.
	if r := b.Ask(within(t), "unlock the back door", Request{}); r.Plan != home.NeedsConfirmation || len(s.Calls()) != calls {
		t.Errorf("unlock by text: %s", r)
	}
	if r := b.heard(t, "unlock the back door", "", -20); r.Plan != home.NeedsConfirmation || len(s.Calls()) != calls {
		t.Errorf("unlock: %s", r)
	}
	if r := b.heard(t, "yes", "", -20); len(s.Calls()) != calls+1 || s.Entity("lock.back_door").State != "unlocked" {
		t.Errorf("yes: %s, fault %+v", r, r.Fault)
	}
	if strings.Contains(log.String(), "canary") || !strings.Contains(log.String(), "Home Assistant is connected") {
		t.Errorf("the log: %s", log)
	}
	if f := b.checkHomeAssistant(); !f.OK || f.Text != fmt.Sprintf("version 2026.4.1 at %s serves 6 entities that are not on MQTT", s.URL) {
		t.Errorf("the doctor: %+v", f)
	}
}

// What Home Assistant does not do, or is not there to do, is said, and nothing is done twice.
func TestHomeAssistantRefuses(t *testing.T) {
	b, s, _ := assisted(t, hasstest.Small(), hasstest.Token)
	has(t, b, "light.desk", "off")
	ask := func(reply, fault string, calls int) {
		t.Helper()
		r := b.Ask(within(t), "turn on the desk lamp", Request{Room: "study"})
		if r.Done() || r.Reply != reply || r.Fault == nil || !strings.Contains(r.Fault.Error, fault) || len(s.Calls()) != calls {
			t.Errorf("%s, fault %+v, %d calls", r, r.Fault, len(s.Calls()))
		}
	}
	s.Answer(hasstest.Refuse)
	ask("Home Assistant did not do that.", "The lamp does not answer", 1)
	s.Answer(hasstest.Ignore)
	ask("The desk lamp does not answer.", "no confirmation", 2)
	s.Answer(hasstest.Cut)
	ask("Home Assistant did not answer, so I do not know whether that was done.", "connection was lost", 3)
	s.Answer(hasstest.Do)
	has(t, b, "light.desk", "on") // it had done it; the box is connected again
	if n := len(s.Calls()); n != 3 {
		t.Errorf("%d calls", n)
	}
	s.Down(true)
	until(t, b, func() bool { d, ok := b.house.Now().Home.Device("light.desk"); return ok && d.Offline })
	ask("I cannot reach Home Assistant, so the command was not sent.", "", 3)
	if f := b.checkHomeAssistant(); f.OK || f.Hint == "" {
		t.Errorf("the doctor: %+v", f)
	}
}

// A token that is refused: the doctor says so, and no log has it.
func TestHomeAssistantRefusesTheToken(t *testing.T) {
	b, s, log := assisted(t, hasstest.Small(), "canary-of-another-home")
	until(t, b, func() bool { return s.SignIns() > 0 && strings.Contains(b.checkHomeAssistant().Text, "token") })
	if f := b.checkHomeAssistant(); f.OK || f.Text != "the token is refused by Home Assistant" || f.Hint == "" {
		t.Errorf("the doctor: %+v", f)
	}
	if strings.Contains(log.String(), "canary") {
		t.Errorf("the log: %s", log)
	}
}

// A lamp on MQTT that wants the id of another one of Home Assistant's: each has its own
// id, names and room from the registry, and the call goes to the right one.
func TestHomeAssistantBesideMQTT(t *testing.T) {
	b, s, _ := assisted(t, hasstest.Home{Entities: []hasstest.Entity{
		{ID: "light.floor", Platform: "mqtt", Name: "Floor lamp", State: "off", Exposed: true, Attributes: map[string]any{"friendly_name": "Floor lamp"}},
	}}, hasstest.Token)
	o := look(t, "tcp://"+b.broker.Addr(), "x")
	o.publish("homeassistant/light/desk/config", `{"unique_id":"u_light.floor","name":"Desk","object_id":"desk","command_topic":"desk/set","state_topic":"desk"}`)
	has(t, b, "light.floor", "")
	s.Put(hasstest.Small().Entities[0], "")
	has(t, b, "light.desk", "off")
	if r := b.Ask(within(t), "turn on the reading light", Request{}); len(s.Calls()) != 1 || s.Calls()[0].Entity != "light.desk" || r.Reply != "Desk lamp on." {
		t.Errorf("%s, fault %+v, %v", r, r.Fault, s.Calls())
	}
}

// What its owner hides in Home Assistant is not done any more, at once, though no event tells it.
func TestHomeAssistantHides(t *testing.T) {
	b, s, _ := assisted(t, hasstest.Small(), hasstest.Token)
	has(t, b, "script.goodnight", "off")
	script := s.Entity("script.goodnight")
	script.Exposed = false
	s.Put(script, "")
	r := b.Ask(within(t), "turn on good night", Request{})
	if r.Done() || len(s.Calls()) > 0 || len(r.Actions) > 0 || r.Reply != "Home Assistant did not do that." || r.Fault == nil || !strings.Contains(r.Fault.Error, "not exposed") {
		t.Errorf("%s, fault %+v, %d calls", r, r.Fault, len(s.Calls()))
	}
	until(t, b, func() bool { _, ok := b.house.Now().Home.Device("script.goodnight"); return !ok })
}
