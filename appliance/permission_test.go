package appliance

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home"
)

// What the table names and nobody has is told with its line: at the start where all is
// known, else by the doctor, since a device may appear later.
func TestStrangersInTheTable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.toml")
	text := `
[[permission]]
devices = ["light.lamp", "light.lmap"]
rooms = ["hall", "attic"]
then = "refuse"

[[permission]]
intents = ["HassTrunOn"]
then = "refuse"
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := LoadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	c.MQTT.Listen = "127.0.0.1:0"
	h, err := home.Parse("home.toml", []byte(oneLamp))
	if err != nil {
		t.Fatal(err)
	}
	dir := shortDir(t)
	o := Options{Config: c, Home: h, Devices: true, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler)}
	_, err = New(o)
	for _, want := range []string{`config.toml:2: 'permission.devices': the home has no device "light.lmap"`, `config.toml:2: 'permission.rooms': the home has no room "attic"`,
		`config.toml:7: 'permission.intents': no sentence leads to "HassTrunOn"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("says %v, want %s", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), `"light.lamp"`) {
		t.Error("it does not know its own lamp")
	}

	c.Permission = c.Permission[:1]
	o.Config, o.Devices = c, false
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	run(t, b.Run)
	found := b.checkPermissions()
	if len(found) != 2 || found[0].OK || !strings.Contains(found[0].Text, `config.toml:2: 'permission.devices': the home has no device "light.lmap"`) {
		t.Errorf("the doctor finds %+v", found)
	}
	rows := b.Permissions()
	if len(rows) != 6 || rows[0].Number != 1 || !strings.HasSuffix(rows[0].Where, "config.toml:2") || len(rows[0].Faults) != 2 || rows[5].Text != "everything: allow" {
		t.Errorf("%+v", rows)
	}
}
