package home_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/mqtt"
)

// A room's name inside a thing's, in six languages: the thing is in that room,
// and the rest is another name of it. "" is a thing whose name has no room in it.
func TestRoomInsideAName(t *testing.T) {
	tests := []struct{ language, room, name, rest string }{
		{"en", "Kitchen", "Kitchen Ceiling Light", "Ceiling Light"},
		{"en", "Kitchen", "kitchen's lamp", "lamp"},
		{"en", "Kitchen", "Lamp in the kitchen", "Lamp"},
		{"en", "Kitchen", "Ceiling light (Kitchen)", ""},
		{"en", "Kitchen", "Ceiling light - Kitchen", "Ceiling light"},
		{"en", "Kitchen", "Kitchenette lamp", ""},
		{"en", "Kitchen", "In the kitchen", ""},
		{"en", "Hall", "Fanhall", ""},
		{"de", "Küche", "Küche Deckenlampe", "Deckenlampe"},
		{"de", "Küche", "Deckenlampe Küche", "Deckenlampe"},
		{"de", "Küche", "Lampe in der Küche", "Lampe"},
		{"de", "Küche", "Küchenlampe", "Lampe"},
		{"de", "Küche", "Küchendeckenlampe", "Deckenlampe"},
		{"de", "Küche", "Küchenlicht", "Licht"},
		{"de", "Küche", "Küchenzeile", ""},
		{"de", "Wohnzimmer", "Stehlampe im Wohnzimmer", "Stehlampe"},
		{"de", "Wohnzimmer", "Wohnzimmerlampe", "Lampe"},
		{"de", "Bad", "Badewannenlicht", ""},
		{"fr", "Cuisine", "Plafonnier de la cuisine", "Plafonnier"},
		{"fr", "Salon", "Lampe du salon", "Lampe"},
		{"fr", "Entrée", "Lumière de l'entrée", "Lumière"},
		{"fr", "Salon", "Salon lampe", "lampe"},
		{"es", "Cocina", "Luz de la cocina", "Luz"},
		{"es", "Salón", "Lámpara del salón", "Lámpara"},
		{"es", "Baño", "Luz baño", "Luz"},
		{"nl", "Keuken", "Keukenlamp", "lamp"},
		{"nl", "Keuken", "Lamp in de keuken", "Lamp"},
		{"nl", "Woonkamer", "Woonkamer verlichting", "verlichting"},
		{"nl", "Keuken", "Keukentafel", ""},
		{"tr", "Mutfak", "Mutfak lambası", "lambası"},
		{"tr", "Mutfak", "Mutfaktaki lamba", "lamba"},
		{"tr", "Salon", "Salondaki lamba", "lamba"},
		{"tr", "Banyo", "Banyonun lambası", "lambası"},
	}
	for _, tt := range tests {
		t.Run(tt.language+" "+tt.name, func(t *testing.T) {
			h := parse(t, fmt.Sprintf("language = %q\n[[area]]\nid = \"r\"\nname = %q\n", tt.language, tt.room))
			h = h.WithEntity(discovered(t, "light", "x", fmt.Sprintf(`{"cmd_t":"x","uniq_id":"x","name":%q}`, tt.name)))
			d := h.Devices[0]
			var want []string
			area := ""
			if tt.rest != "" {
				want, area = []string{tt.rest}, "r"
			}
			if d.Name != tt.name || !slices.Equal(d.Aliases, want) || d.Area != area {
				t.Errorf("%q, also %q, in %q; want also %q in %q", d.Name, d.Aliases, d.Area, want, area)
			}
		})
	}
}

// rooms prints which device is where, in order.
func rooms(h *home.Home) string {
	var out []string
	for _, d := range h.Devices {
		out = append(out, d.Name+" in "+d.Area)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// Rooms are the same in whatever order the devices announce themselves.
func TestRoomsDoNotDependOnTheOrder(t *testing.T) {
	entity := func(id, name, device string) mqtt.Entity {
		return discovered(t, "light", id, fmt.Sprintf(`{"cmd_t":"x","uniq_id":%q,"name":%q,"dev":{%s}}`, id, name, device))
	}
	tests := []struct {
		name     string
		entities []mqtt.Entity
		want     string
	}{
		{"a room that another device suggests", []mqtt.Entity{
			entity("a", "Pantry lamp", `"ids":"a"`), entity("b", "Shelf", `"ids":"b","sa":"Pantry"`)},
			"Pantry lamp in pantry, Shelf in pantry"},
		{"what hangs on a device is in its room", []mqtt.Entity{
			entity("a", "Left lamp", `"ids":"a","via_device":"b"`), entity("b", "Lamp strip", `"ids":["b","b2"],"sa":"Office"`)},
			"Lamp strip in office, Left lamp in office"},
		{"the room of a bridge is its own", []mqtt.Entity{
			entity("a", "Left lamp", `"ids":"a","via_device":"b"`), entity("b", "Join", `"ids":"b","sa":"Closet","mdl":"Zigbee Bridge"`)},
			"Join in closet, Left lamp in "},
		{"its own word is worth more than its parent's", []mqtt.Entity{
			entity("a", "Left lamp", `"ids":"a","via_device":"b","sa":"Hall"`), entity("b", "Lamp strip", `"ids":"b","sa":"Office"`)},
			"Lamp strip in office, Left lamp in hall"},
		{"so is its name", []mqtt.Entity{
			entity("a", "Kitchen lamp", `"ids":"a","via_device":"b"`), entity("b", "Lamp strip", `"ids":"b","sa":"Office"`)},
			"Kitchen lamp in kitchen, Lamp strip in office"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, backwards := range []bool{false, true} {
				if backwards {
					slices.Reverse(tt.entities)
				}
				one := parse(t, "")
				for _, e := range tt.entities {
					one = one.WithEntity(e)
				}
				all := parse(t, "").After(mqtt.Discovery{Entities: tt.entities})
				if rooms(one) != tt.want || rooms(all) != tt.want {
					t.Errorf("backwards %v:\n%s\n%s\nwant %s", backwards, rooms(one), rooms(all), tt.want)
				}
				roundTripText(t, all)
			}
		})
	}
}

// A room that came by discovery goes with the last device in it, and a device
// that moves is called in its new room only.
func TestDeviceThatMoves(t *testing.T) {
	lamp := func(area, name string) mqtt.Entity {
		return discovered(t, "light", "a", fmt.Sprintf(`{"cmd_t":"x","uniq_id":"a","name":%q,"dev":{"ids":"a","sa":%q}}`, name, area))
	}
	h := parse(t, "[[area]]\nid = \"den\"\nname = \"Den\"\n").WithEntity(lamp("Pantry", "Pantry lamp"))
	if len(h.Areas) != 2 {
		t.Fatalf("areas %v", h.Areas)
	}
	h = h.WithEntity(lamp("Den", "Pantry lamp"))
	if len(h.Areas) != 1 || h.Devices[0].Area != "den" || len(h.Devices[0].Aliases) != 0 {
		t.Errorf("areas %v, in %q, also %q", h.Areas, h.Devices[0].Area, h.Devices[0].Aliases)
	}
	if h = h.WithoutEntity("light/a"); len(h.Areas) != 1 || len(h.Devices) != 0 {
		t.Errorf("the owner's room is gone: %v", h.Areas)
	}
}

// What a batch of 512 of 5,000 announcements costs.
func BenchmarkAfter5000(b *testing.B) {
	var all []mqtt.Discovery
	for i := range 5000 {
		d, err := mqtt.ParseDiscovery("homeassistant", mqtt.Message{Topic: fmt.Sprintf("homeassistant/light/l%d/config", i),
			Payload: fmt.Appendf(nil, `{"name":"Lamp %d","unique_id":"l%d","command_topic":"l/%d/set","device":{"identifiers":["%d"],"suggested_area":"Room %d","via_device":"bridge"}}`, i, i, i, i, i%30)})
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, d)
	}
	h, err := home.Parse("empty", nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		n := h
		for batch := range slices.Chunk(all, 512) {
			n = n.After(batch...)
		}
		if len(n.Devices) != 5000 {
			b.Fatal(len(n.Devices))
		}
	}
}
