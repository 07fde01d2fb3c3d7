package home_test

import (
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/mqtt"
)

// People put devices into rooms; what home.toml says stays, and so does the state.
func TestDevicesArePutIntoRooms(t *testing.T) {
	h, err := home.Parse("home.toml", []byte(`
language = "en"
[[area]]
id = "kitchen"
name = "Kitchen"
[[area]]
id = "hall"
name = "Hall"
[[device]]
id = "light.ceiling"
name = "Ceiling"
area = "kitchen"
`))
	if err != nil {
		t.Fatal(err)
	}
	h = h.WithEntity(mqtt.Entity{Platform: "light", UniqueID: "cricket.light.ceiling", ID: "light.ceiling", Name: "Ceiling"})
	h = h.WithEntity(mqtt.Entity{Platform: "light", UniqueID: "light/lamp", ID: "light.lamp", Name: "Hall lamp"})
	h = h.WithEntity(mqtt.Entity{Platform: "light", UniqueID: "light/strip", ID: "light.strip", Name: "Strip", Area: "Loft"})
	h = h.WithState("light.lamp", mqtt.State{Value: "on"})
	moved := h.WithRooms(map[string]string{"light/lamp": "Kitchen", "light/strip": "Cellar", "cricket.light.ceiling": "Hall"})
	for id, want := range map[string]string{"light.lamp": "Kitchen", "light.strip": "Cellar", "light.ceiling": "Kitchen"} {
		d, _ := moved.Device(id)
		if a, _ := moved.Area(d.Area); a.Name != want {
			t.Errorf("%s is in %q, want %q", id, a.Name, want)
		}
	}
	if d, _ := moved.Device("light.lamp"); d.State != "on" {
		t.Errorf("the lamp that was moved is %q, want its state kept", d.State)
	}
	if _, ok := moved.Area("Loft"); ok {
		t.Error("the loft came with the strip, and is still there without it")
	}
	for id, want := range map[string]bool{"light.lamp": true, "light.ceiling": false} {
		if d, _ := moved.Device(id); d.Movable() != want {
			t.Errorf("%s can be moved: %v", id, !want)
		}
	}
	imported := moved.WithRegistry(home.Registry{})
	if d, _ := imported.Device("light.lamp"); d.Area != "kitchen" {
		t.Errorf("after an import the lamp is in %q", d.Area)
	}
}
