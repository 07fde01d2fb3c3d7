package appliance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home"
)

func TestNamesPrompt(t *testing.T) {
	small := oneLamp + "[[area]]\nid = \"den\"\nname = \"Den\"\n[[device]]\nid = \"light.den\"\nname = \"Spot\"\narea = \"den\"\n[[device]]\nid = \"light.den_2\"\nname = \"lamp\"\narea = \"den\"\n"
	big := "language = \"en\"\n[[area]]\nid = \"den\"\nname = \"Den\"\n"
	for i := range 200 {
		big += fmt.Sprintf("[[device]]\nid = \"light.x%d\"\nname = \"Lamp of number %d\"\narea = \"den\"\n", i, i)
	}
	for _, tt := range []struct{ name, toml, room, want string }{
		{"no home", `language = "en"`, "", ""},
		{"each name once", small, "", "Hall, Den, Lamp, Spot."},
		{"the room's own first", small, "Den", "Hall, Den, Spot, lamp."},
		{"a big home", big, "", "Den, Lamp of number 0, Lamp of number 1, "},
	} {
		h, err := home.Parse("home.toml", []byte(tt.toml))
		if err != nil {
			t.Fatal(err)
		}
		got := namesPrompt(h, tt.room)
		if got != tt.want && (tt.name != "a big home" || !strings.HasPrefix(got, tt.want) || len(got) > longestPrompt) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
