package appliance

import (
	"encoding/json"
	"testing"

	"github.com/cricket-home/cricket/home"
)

// "The light" is that of the room in which Home Assistant's satellite stands, where the box knows that.
func TestWyomingKnowsTheRoom(t *testing.T) {
	c := free()
	c.Room, c.Wyoming.Listen = "hall", "127.0.0.1:0"
	b := start(t, oneLamp+`
[[area]]
id = "kitchen"
name = "Kitchen"
[[device]]
id = "light.kitchen_lamp"
name = "Kitchen lamp"
area = "kitchen"
state = "off"
`, c, true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	area, name := "ha_kitchen", "Kitchen" // the id that Home Assistant has for it
	r := home.Registry{Areas: []home.RegistryArea{{ID: area, Name: name}}, Devices: []home.RegistryDevice{{ID: "d1", Area: &area}}}
	if err := b.Import(within(t), r); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ context, want string }{
		{`{"device_id":"d1"}`, "kitchen"},
		{`{"device_id":"somebody's"}`, "hall"},
		{`{}`, "hall"},
	} {
		e := firstEvent(t, b, `{"type":"transcript","data":{"text":"turn on the lights","context":`+tt.context+`}}`)
		var got map[string]any
		if err := json.Unmarshal(e.Data, &got); err != nil || e.Type != "handled-start" {
			t.Fatalf("%s: %s %s, %v", tt.context, e.Type, e.Data, err)
		}
		if r := b.Last(1)[0]; r.Room != tt.want {
			t.Errorf("%s: %s in the room %q", tt.context, r, r.Room)
		}
	}
}
