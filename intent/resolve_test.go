package intent

import (
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
)

func TestDevicesWithOneName(t *testing.T) {
	s := compileBuiltin(t)
	home := Names{
		Areas: []Area{{ID: "a", Name: "Attic"}},
		Entities: []Entity{
			{ID: "switch.two", Name: "Pump", Area: "a"},
			{ID: "switch.one", Name: "Pump", Area: "a"},
		},
	}
	in := s.Bind(home).Resolve(Query{Text: "turn on the pump", Room: "a"})
	if in.Refusal != Ambiguous || !reflect.DeepEqual(in.Candidates, []string{"switch.one", "switch.two"}) {
		t.Errorf("got %+v, want both asked", in)
	}
}

func TestTheOnlyOneInTheHouse(t *testing.T) {
	home := Names{
		Areas:    []Area{{ID: "a", Name: "Attic"}, {ID: "b", Name: "Bath"}},
		Entities: []Entity{{ID: "fan.one", Name: "Whirl", Area: "a"}},
	}
	r := compileBuiltin(t).Bind(home)
	for _, room := range []string{"", "a", "b", "Bath"} {
		in := r.Resolve(Query{Text: "turn on the fan", Room: room})
		if in.Refusal != "" || !reflect.DeepEqual(in.Targets, []string{"fan.one"}) {
			t.Errorf("heard in %q: %+v", room, in)
		}
	}
}

// A device called like a kind of device, in another room, is not what "the lights" means here.
func TestRoomBeforeGenericName(t *testing.T) {
	home := Names{
		Areas: []Area{{ID: "a", Name: "Attic"}, {ID: "b", Name: "Bath"}},
		Entities: []Entity{
			{ID: "light.a", Name: "Lights", Area: "a"},
			{ID: "light.b", Name: "Mirror", Area: "b"},
		},
	}
	r := compileBuiltin(t).Bind(home)
	if in := r.Resolve(Query{Text: "turn on the lights", Room: "b"}); !reflect.DeepEqual(in.Targets, []string{"light.b"}) {
		t.Errorf("in the bath: %+v", in)
	}
	if in := r.Resolve(Query{Text: "turn on the lights", Room: "a"}); !reflect.DeepEqual(in.Targets, []string{"light.a"}) {
		t.Errorf("in the attic: %+v", in)
	}
}

// A room's name inside a device's name: the longer name wins.
func TestRoomInsideName(t *testing.T) {
	home := Names{
		Areas: []Area{{ID: "k", Name: "Kitchen"}},
		Entities: []Entity{
			{ID: "light.island", Name: "Kitchen light", Area: "k"},
			{ID: "light.other", Name: "Spots", Area: "k"},
		},
	}
	r := compileBuiltin(t).Bind(home)
	if in := r.Resolve(Query{Text: "turn on the kitchen light"}); !reflect.DeepEqual(in.Targets, []string{"light.island"}) {
		t.Errorf("got %+v", in)
	}
}

func TestConfidence(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	last := 1.1
	for _, c := range []struct{ say, room, why string }{
		{"turn on the printer", "office", "a name"},
		{"turn on the lights", "kitchen", "the room is taken"},
		{"turn on the lamp", "bedroom", "the room decides"},
		{"turn on the desk light", "office", "another word for it"},
		{"turn on the lamp", "", "ambiguous"},
	} {
		in := r.Resolve(Query{Text: c.say, Room: c.room})
		if in.Confidence >= last {
			t.Errorf("%s: confidence %v is not below %v", c.why, in.Confidence, last)
		}
		last = in.Confidence
	}
}

func TestCheck(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	for _, c := range []struct {
		text string
		want Status
	}{
		{"", Prefix}, {"t", Prefix}, {"turn", Prefix}, {"turn on", Prefix}, {"turn on the", Prefix}, {"turn on the cof", Prefix},
		{"turn on the coffee machine", Extendable}, {"turn on the coffee machine again", Complete},
		{"turn on the coffee machine and", Prefix}, {"turn on the coffee machine an", Prefix},
		{"turn on the coffee machine and close the bl", Prefix},
		{"turn on the coffee machine and close the blinds", Complete},
		{"turn on the coffee machine and the", Prefix},
		{"turn on the coffee machine pl", Prefix},
		{"set the reading light to twen", Prefix}, {"set the reading light to", Prefix},
		{"open the la", Dead}, {"turn on the front door", Dead}, {"once upon", Dead}, {"turn on the coffee machine yesterday", Dead},
		{"never mind", Extendable}, {"what time is it", Extendable},
	} {
		if got := r.Check(c.text); got != c.want {
			t.Errorf("Check(%q) = %s, want %s", c.text, got, c.want)
		}
	}
}

// Work on a sentence is bounded, whatever it says, in a big house.
func TestStepsAreBounded(t *testing.T) {
	r := compileBuiltin(t).Bind(bigHome(1000))
	m := newMatch()
	most := 0
	for _, text := range benchSentences(t) {
		m.steps, m.spent = 0, false
		m.understand(r, text, setting{room: 0})
		if m.steps > maxSteps+maxSteps/10 {
			t.Errorf("%d steps for %q", m.steps, text)
		}
		if len(strings.Fields(text)) <= 12 {
			if m.spent {
				t.Errorf("out of steps for %q", text)
			}
			most = max(most, m.steps)
		}
	}
	t.Logf("at most %d steps of %d for up to 12 words", most, maxSteps)
	before := r.Exhausted()
	r.Resolve(Query{Text: adversarial[0]})
	if r.Exhausted() != before+1 {
		t.Error("a sentence that needs too much was not counted")
	}
}

// A sentence that means nothing allocates nearly nothing, one that does only its result.
// The least of several runs counts: the race detector makes the pool forget now and then.
func TestAllocations(t *testing.T) {
	r := compileBuiltin(t).Bind(bigHome(1000))
	for _, c := range []struct {
		text string
		most float64
	}{
		{"it was a dark and stormy night", 8},
		{"turn on the lights", 12},
		{"set the red kitchen lamp to twenty five percent", 12},
	} {
		least := math.Inf(1)
		for range 50 {
			least = min(least, testing.AllocsPerRun(1, func() { r.Match(Query{Text: c.text, Room: "area_0"}) }))
		}
		if least > c.most {
			t.Errorf("%q: %v allocations, at most %v", c.text, least, c.most)
		}
	}
}

func TestManyGoroutines(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	texts := benchSentences(t)[:150]
	want := make([]Intent, len(texts))
	for i, text := range texts {
		want[i] = r.Resolve(Query{Text: text, Room: "kitchen"})
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i, text := range texts {
				if got := r.Resolve(Query{Text: text, Room: "kitchen"}); !reflect.DeepEqual(got, want[i]) {
					t.Errorf("%q: %+v, alone %+v", text, got, want[i])
				}
				r.Check(text)
			}
		})
	}
	wg.Wait()
}

// Never a panic, never endless, and Check agrees with what is understood.
func FuzzResolve(f *testing.F) {
	for _, s := range []string{"turn on the lamp and the fan", "set the reading light to twenty one and a half percent", "please please", "turn off %°'s and -5", "lights \xff on", "and and then", "open the blinds half way and"} {
		f.Add(s)
	}
	for _, s := range adversarial {
		f.Add(s)
	}
	r := compileBuiltin(f).Bind(testHome())
	f.Fuzz(func(t *testing.T, text string) {
		m := newMatch()
		_, list, refused := m.understand(r, text, setting{room: -1})
		if m.steps > maxSteps+maxSteps/10 {
			t.Fatalf("%d steps for %q", m.steps, text)
		}
		in := r.Resolve(Query{Text: text})
		if (in.Refusal == "") == (in.Name == "") {
			t.Fatalf("%q: neither refused nor understood, or both: %+v", text, in)
		}
		understood := list != nil || refused.Refusal == Ambiguous
		status := r.Check(text)
		if understood && !m.spent && !status.Complete() {
			t.Fatalf("%q is understood, but Check says %s", text, status)
		}
		if status.Complete() && !understood && refused.Refusal == "" && !m.spent {
			t.Fatalf("%q is %s, but nothing is understood", text, status)
		}
	})
}

// "The door" is one door: of two in the room neither is unlocked.
func TestOneDoor(t *testing.T) {
	home := Names{
		Areas:    []Area{{ID: "h", Name: "Hall"}},
		Entities: []Entity{{ID: "lock.a", Name: "Porch", Area: "h"}, {ID: "lock.b", Name: "Hatch", Area: "h"}},
	}
	in := compileBuiltin(t).Bind(home).Resolve(Query{Text: "unlock the door", Room: "h"})
	if in.Refusal != Ambiguous || !reflect.DeepEqual(in.Candidates, []string{"lock.a", "lock.b"}) {
		t.Errorf("got %+v", in)
	}
}

// A template that fits one text in very many ways is walked once for each place, not for each way.
func TestManyWaysThroughOneTemplate(t *testing.T) {
	s, err := Compile("en", File{Name: "x.yaml", Data: []byte(`{language: en, intents: {X: {data: [{sentences: ["` + strings.Repeat("(a[b]|[a]b)", 24) + ` end"]}]}}}`)})
	if err != nil {
		t.Fatal(err)
	}
	r := s.Bind(Names{})
	if in := r.Resolve(Query{Text: strings.Repeat("ab", 20) + " end"}); in.Name != "X" {
		t.Errorf("got %+v", in)
	}
	if n := len(s.net.nodes); n > 2*maxFactored {
		t.Errorf("%d nodes", n)
	}
	if g := r.Grammar(); len(g.JSGF) > 1000 {
		t.Errorf("a grammar of %d bytes", len(g.JSGF))
	}
}
