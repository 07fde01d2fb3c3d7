package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home/hass/hasstest"
)

// `cricket run` with a Home Assistant: its devices are shown and do what is asked, what it
// refuses is said, the doctor knows, and its token is in nothing that is written or shown.
func TestHomeAssistant(t *testing.T) {
	s := hasstest.New(t, hasstest.Small())
	d := newDaemon(t, build(t), "study")
	d.stop()
	token := filepath.Join(t.TempDir(), "token")
	config := filepath.Join(d.dir, "config.toml")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "[home_assistant]\nurl = \""+s.URL+"\"\ntoken_file = \""+token+"\"\n"...)
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := d.command("run", "--config", config).CombinedOutput(); err == nil || !strings.Contains(string(out), "home_assistant.token_file") {
		t.Errorf("without a token: %v\n%s", err, out)
	}
	if err := os.WriteFile(token, []byte(hasstest.Token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.start()
	d.until(func() bool { return strings.Contains(d.says("home", "show"), "light.desk ") })

	shown := d.says("home", "show")
	for _, part := range []string{"Study\n", "Desk lamp", "cover.blinds", "brightness color color_temp"} {
		if !strings.Contains(shown, part) {
			t.Errorf("home show has no %q:\n%s", part, shown)
		}
	}
	if strings.Contains(shown, "Secret") || strings.Contains(shown, "Zigbee") {
		t.Errorf("home show:\n%s", shown)
	}
	if out := d.says("ask", "turn on the reading light"); !strings.Contains(out, "(confirmed)") || !strings.Contains(out, `reply="Desk lamp on."`) ||
		len(s.Calls()) != 1 || s.Calls()[0].Entity != "light.desk" {
		t.Errorf("ask: %s; calls %v", out, s.Calls())
	}
	s.Answer(hasstest.Refuse)
	if out, err := d.command("ask", "turn off the desk lamp").CombinedOutput(); err == nil || !strings.Contains(string(out), "Home Assistant did not do that.") || len(s.Calls()) != 2 {
		t.Errorf("a refused call: %v\n%s", err, out)
	}
	doctor := func() string {
		out, _ := d.command("doctor").CombinedOutput() // it exits with 3: this machine may have no microphone
		return string(out)
	}
	if want := "ok     home assistant: version 2026.4.1 at " + s.URL + " serves 6 entities that are not on MQTT"; !strings.Contains(doctor(), want) {
		t.Errorf("the doctor does not say %q:\n%s", want, doctor())
	}
	s.Down(true)
	d.until(func() bool { return strings.Contains(doctor(), "FAULT  home assistant: ") })

	shown = doctor() + d.says("why", "9") + d.says("home", "show", "--toml")
	d.stop()
	if strings.Contains(shown, "canary") || !strings.Contains(d.log(), "Home Assistant is connected") {
		t.Errorf("shown:\n%s\nthe log:\n%s", shown, d.log())
	}
	err = filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), "canary") {
			t.Errorf("the token is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
