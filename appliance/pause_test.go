package appliance

import (
	"testing"
	"time"

	"github.com/cricket-home/cricket/home/demo"
	"github.com/cricket-home/cricket/intent"
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

// What docs/listening.md promises.
const (
	whole  = 250 * time.Millisecond
	nobody = 700 * time.Millisecond // knows
	middle = 1200 * time.Millisecond
)

func TestPauseAfter(t *testing.T) {
	r := demoHouse(t).Now().Resolver
	for _, tt := range []struct {
		text string
		want time.Duration
	}{
		{"turn on the kitchen lights", whole},
		{"turn off the coffee machine", whole},
		{"open the curtains in the living room", whole},
		{"lock the back door", whole},
		{"set the desk lamp to fifty percent", whole},
		{"set the heating to twenty one degrees", whole},
		{"turn off the lights in the bedroom", whole},
		{"turn on the", middle},
		{"set the kitchen light to", middle},
		{"set the desk lamp to", middle},
		{"turn off the bathroom", middle}, // "fan"
		{"hey", middle},                   // "hey" is said before a command
		{"set a timer", middle},           // "for five minutes"
		{"set a pizza timer", middle},
		{"set an alarm", middle},
		{"set an alarm for seven", nobody},
		{"remind me to call mum", middle}, // "tomorrow"
		{"", nobody},
		{"set the heating to twenty", nobody}, // "one"
		{"set the heating to twenty one", nobody},
		{"turn off all the lights", nobody}, // "in the bedroom"
		{"turn off everything", middle},     // "in the office"
		{"what is the temperature", middle}, // "in the living room"
		{"set a timer for ten minutes", nobody},
		{"it was a lovely day", nobody},
	} {
		if got := pauseAfter(r, intent.Context{}, tt.text, ""); got != tt.want {
			t.Errorf("after %q %v, want %v", tt.text, got, tt.want)
		}
	}
}

// What answers the house's question is whole, and is nothing where nothing was asked.
func TestPauseAfterAnAnswer(t *testing.T) {
	r := demoHouse(t).Now().Resolver
	light := r.Resolve(intent.Query{Text: "turn on the ceiling light"})
	timer := intent.Intent{Name: "HassStartTimer"}
	for _, tt := range []struct {
		said         intent.Context
		text         string
		asked, alone time.Duration
	}{
		{intent.Context{Open: light.Open, Asks: intent.AsksWhich}, "the one in the kitchen", whole, nobody},
		{intent.Context{Open: light.Open, Asks: intent.AsksWhich}, "the first one", whole, nobody},
		{intent.Context{Open: &timer, Asks: intent.AsksLength}, "five minutes", nobody, middle},
		{intent.Context{Open: &timer, Asks: intent.AsksLength}, "it was a lovely day", nobody, nobody},
	} {
		if got := pauseAfter(r, tt.said, tt.text, ""); got != tt.asked {
			t.Errorf("asked, after %q %v, want %v", tt.text, got, tt.asked)
		}
		if got := pauseAfter(r, intent.Context{}, tt.text, ""); got != tt.alone {
			t.Errorf("not asked, after %q %v, want %v", tt.text, got, tt.alone)
		}
	}
}
