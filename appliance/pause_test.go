package appliance

import (
	"testing"
	"time"

	"github.com/cricket-home/cricket/home/demo"
)

// demoHouse is the house of the demo home, not running.
func demoHouse(t testing.TB) *House {
	t.Helper()
	h, err := demo.Home()
	if err != nil {
		t.Fatal(err)
	}
	sentences, err := Sentences(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	return NewHouse(h, sentences, "homeassistant", nil)
}

func TestPauseAfter(t *testing.T) {
	r := demoHouse(t).Now().Resolver
	for _, tt := range []struct {
		text string
		want time.Duration
	}{
		{"turn on the kitchen lights", pauseComplete},
		{"turn off the coffee machine", pauseComplete},
		{"open the curtains in the living room", pauseComplete},
		{"lock the back door", pauseComplete},
		{"set the desk lamp to fifty percent", pauseComplete},
		{"set the heating to twenty one degrees", pauseComplete},
		{"turn off the lights in the bedroom", pauseComplete},
		{"turn on the", pausePrefix},
		{"set the kitchen light to", pausePrefix},
		{"set the desk lamp to", pausePrefix},
		{"hey", pausePrefix}, // "hey" is said before a command
		{"set a timer", pauseOther},
		{"", pauseOther},
		{"set the heating to twenty", pauseOther}, // "one"
		{"set the heating to twenty one", pauseOther},
		{"turn off all the lights", pauseOther},  // "in the bedroom"
		{"turn off everything", pausePrefix},     // "in the office"
		{"what is the temperature", pausePrefix}, // "in the living room"
		{"set a timer for ten minutes", pauseOther},
		{"it was a lovely day", pauseOther},
	} {
		if got := pauseAfter(r, tt.text, ""); got != tt.want {
			t.Errorf("after %q %v, want %v", tt.text, got, tt.want)
		}
	}
}
