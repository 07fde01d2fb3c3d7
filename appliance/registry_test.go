package appliance

import (
	"os"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/mqtt"
)

// A registry is imported while the box runs: the new name is there and the old
// one gone, and what was imported is there after a restart.
func TestImportIntoARunningBox(t *testing.T) {
	b := start(t, `language = "en"`, free(), false)
	b.house.Discover(mqtt.Message{Topic: "homeassistant/light/x/config",
		Payload: []byte(`{"name":"0x17","unique_id":"l17","command_topic":"l/set","device":{"identifiers":["l"]}}`)})
	until(t, b, func() bool { return b.house.Now().Version == 1 })
	name, area := "Reading light", "den"
	imported := home.Registry{
		Areas:    []home.RegistryArea{{ID: "den", Name: "Den"}},
		Entities: []home.RegistryEntity{{ID: "light.reading", Unique: "l17", Platform: "mqtt", Name: &name, Area: &area}},
	}
	if err := b.Import(within(t), imported); err != nil {
		t.Fatal(err)
	}
	until(t, b, func() bool { return b.house.Now().Version == 2 })
	if r := b.Ask(within(t), "turn on the reading light in the den", Request{DryRun: true}); len(r.Actions) != 1 || r.Actions[0].Topic != "l/set" {
		t.Errorf("%s", r)
	}
	if _, ok := b.house.Now().Home.Device("light.0x17"); ok {
		t.Error("the old id is still there")
	}
	kept, err := openRegistry(b.options.StateDir)
	if err != nil || len(kept.Areas) != 1 || len(kept.Entities) != 1 {
		t.Errorf("kept %+v, %v", kept, err)
	}
	if err := os.WriteFile(RegistryFile(b.options.StateDir), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openRegistry(b.options.StateDir); err == nil {
		t.Error("a damaged file was read")
	}
}
