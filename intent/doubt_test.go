package intent

import (
	"slices"
	"testing"
)

// What was probably not said is asked about, or refused; small words that were heard
// otherwise are no hindrance.
func TestMisheardSmallWordsAndDoubts(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	const (
		acts = "acts"
		asks = "asks"
		none = "does nothing"
	)
	for _, c := range []struct{ name, say, want string }{
		{"an article", "turn on they coffee machine", acts},
		{"off", "turn of the coffee machine", acts},
		{"is", "his the coffee machine on", acts}, // it answers
		{"twenty five", "set the reading light to went five percent", asks},
		{"thirteen or thirty", "turn third reading light to thirty percent", asks},
		{"a number that is like no other", "set they reading light to twenty five percent", acts},
		{"two places, one left out", "kill the bedroom lights hall", asks},
		{"a place and a storey", "hall the lights downstairs off", asks},
		{"what opens the house", "open third garage door", asks},
		{"a part of them", "third of the lights off", none},
		{"most of them", "most of the kitchen lights off", none},
		{"a question", "do we need the lights", none},
		{"about others", "they turn on the lights", none},
	} {
		in := r.Resolve(Query{Text: c.say, Room: "kitchen"})
		got := none
		switch {
		case in.Refusal == "":
			got = acts
		case in.Refusal == Ambiguous:
			got = asks
		}
		if got != c.want {
			t.Errorf("%s: %q %s, want %s: %s (%.2f)", c.name, c.say, got, c.want, show(in), in.Confidence)
		}
	}
}

// A time behind two requests may be that of the last: what it is for is asked, and the
// answer carries out both then.
func TestTimeOfWhich(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	for _, c := range []struct {
		say  string
		asks bool
	}{
		{"turn on the coffee machine and turn off the printer at ten", true},
		{"turn on the coffee machine and turn off the printer in ten minutes", true},
		{"turn on the coffee machine and tell everyone dinner is ready at ten", true},
		{"at ten turn on the coffee machine and turn off the printer", false},
		{"turn on the coffee machine and the printer at ten", false},
		{"turn on the coffee machine and turn it off at ten", false},
	} {
		in := r.Resolve(Query{Text: c.say, Room: "kitchen"})
		if asks := in.Refusal == Ambiguous; asks != c.asks || !asks && in.Refusal != "" {
			t.Errorf("%q: %s", c.say, show(in))
			continue
		}
		if c.asks && (in.Open == nil || !in.Open.Doubtful || in.Open.Command == nil || len(in.Open.Command.Also) != 1) {
			t.Errorf("%q: what it asks about is not both: %+v", c.say, in.Open)
		}
	}
}

// What is done for a while and what is done beside it are both kept.
func TestForAWhileAndMore(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	in := r.Resolve(Query{Text: "turn on the printer for ten minutes and lock the front door", Room: "kitchen"})
	var names []string
	for _, one := range append([]Intent{in}, in.Also...) {
		names = append(names, one.Name)
	}
	if want := []string{"HassTurnOn", "HassStartTimer", "HassTurnOn"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}

// A reminder with a time of its own and another in its message was heard wrongly, or not; it is asked about.
func TestTimeInAMessage(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	for _, c := range []struct {
		say  string
		asks bool
	}{
		{"remind me to take the bins out very weekday at seven", true},
		{"remind me to take the bins out every monday add seven", true},
		{"remind me to take the bins out every monday at seven", false},
		{"remind me to plan the weekday and the weekend trips with mum at seven", false},
		{"remind me to take the bins out at seven", false},
	} {
		in := r.Resolve(Query{Text: c.say})
		if asks := in.Refusal == Ambiguous && in.Open != nil && in.Open.Doubtful; asks != c.asks {
			t.Errorf("%q: %s", c.say, show(in))
		}
	}
}

// What the frames find is doubted where a word that nothing explains was a part of it.
func TestDubious(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	for _, c := range []struct {
		name, heard, said, frame string
		want                     bool
	}{
		{"a unit without its number", "lower the heating by true degrees", "make the heating cooler", "cooler", true},
		{"a unit with its number", "lower the heating by two degrees", "make the heating 2 degrees cooler", "cooler", false},
		{"another degree", "the heating another degree cooler", "make the heating cooler", "cooler", false},
		{"a word before a number", "reading light horse seventy percent", "set the reading light to seventy percent", "brightness", true},
		{"a small word before a number", "reading light to sixty percent", "set the reading light to sixty percent", "brightness", false},
		{"of two rooms one is left out", "kitchen and bedroom lights off", "turn off the kitchen lights", "off", true},
		{"both rooms", "kitchen and bedroom lights off", "turn off the kitchen and bedroom lights", "off", false},
		{"a room and a storey", "hall the lights downstairs off", "turn off the hall lights", "off", true},
		{"it may have been a question", "his the coffee machine on", "turn on the coffee machine", "on", true},
		{"all timers, of one", "the timer's clear", "cancel all timers", "timer cancel all", true},
		{"all timers, of all", "clear every timer", "cancel all timers", "timer cancel all", false},
		{"a colour and a room", "green bathroom", "make the lights green in the bathroom", "color", true},
		{"a colour for a room", "make the bathroom green", "make the lights green in the bathroom", "color", false},
	} {
		m := newMatch()
		tags, ok := m.tag(r, r.s.lang.letters.normalize(c.heard))
		in := r.Match(Query{Text: c.said, Room: "living_room"})
		if !ok || in.Refusal != "" {
			t.Errorf("%s: %q is refused: %s", c.name, c.said, in.Refusal)
			continue
		}
		if got := r.dubious(&tags, &find{source: fromFrame, frame: c.frame, text: c.said, intent: in}); got != c.want {
			t.Errorf("%s: %q for %q: dubious %v, want %v", c.name, c.said, c.heard, got, c.want)
		}
	}
}

// Sunset in the middle of a name is no time.
func TestSunIsATimeBehindAWordThatSaysSo(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	for text, want := range map[string]string{"bring up the reading light at dusk": "at dusk", "bring the dusk reading light up": ""} {
		m := newMatch()
		tags, _ := m.tag(r, text)
		if when, _ := tags.delay(); when != want {
			t.Errorf("%q is for %q, want %q", text, when, want)
		}
	}
}

// A letter that sounds like nothing known is unlike every other.
func TestUnknownSoundsAreUnlike(t *testing.T) {
	c := newConfusion()
	if same, other := c.apart("13", "13", 1), c.apart("13", "74", 1); same != 0 || other == 0 {
		t.Errorf("13 is %.2f from itself and %.2f from 74", same, other)
	}
}
