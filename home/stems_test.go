package home_test

import (
	"os"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/demo"
	"github.com/cricket-home/cricket/home/schedule"
)

// Whoever takes something off a Turkish list says it in the accusative.
func TestTurkishCasesOnLists(t *testing.T) {
	data, err := os.ReadFile("../intent/testdata/stories/tr/home.toml")
	if err != nil {
		t.Fatal(err)
	}
	h, err := home.Parse("home.toml", data)
	if err != nil {
		t.Fatal(err)
	}
	if h, err = demo.Announced(h); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ put, said, left string }{
		{"süt", "sütü", ""},
		{"ekmek", "ekmeği", ""},
		{"su", "suyu", ""},
		{"kitap", "kitabı", ""},
		{"yumurta", "yumurtaları", ""},
		{"zeytinyağı", "zeytinyağını", ""},
		{"sütü", "süt", ""}, // and the other way round
		{"süt", "suyu", "süt"},
		{"et", "eti", ""},
		{"ekmek", "elma", "ekmek"},
	}
	for _, tt := range tests {
		v := &visit{home: h, at: home.At("kitchen", sunday)}
		v.at.Book, _ = v.at.Book.With(schedule.Change{List: "shopping", Item: tt.put, Do: schedule.Add})
		v.says(do("HassShoppingListCompleteItem", slots{"item": tt.said}))
		l, _ := v.at.Book.List("shopping")
		left := ""
		for _, item := range l.Open() {
			left += item
		}
		if left != tt.left {
			t.Errorf("%q is on the list, and %q is taken off: %q is left, wanted %q", tt.put, tt.said, left, tt.left)
		}
	}
}

// A lamp that is to be dimmed by half is half as bright as it was.
func TestHalf(t *testing.T) {
	v := visited(t, "living_room")
	p := v.says(do("HassLightSet", slots{"brightness_step": "half"}, "light.living_room_floor_lamp"))
	if want := "Floor lamp is at 25 percent."; p.Reply != want {
		t.Errorf("reply %q, want %q", p.Reply, want)
	}
}
