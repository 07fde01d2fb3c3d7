package phrases

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/intent"
)

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func draw(t *testing.T, seed uint64, n int) []string {
	t.Helper()
	sources, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	r := random(seed)
	var out []string
	for len(out) < n {
		home := NewHome(r, 30, false)
		for range 20 {
			text, err := sources.Sentence(r, home)
			if err != nil {
				t.Fatal(err)
			}
			if text != "" {
				out = append(out, text)
			}
		}
	}
	return out
}

func TestSentencesAreSpeakableAndRepeatable(t *testing.T) {
	first := draw(t, 1, 3000)
	for _, s := range first {
		for _, c := range s {
			if (c < 'a' || c > 'z') && c != '\'' && c != ' ' {
				t.Fatalf("%q holds %q", s, c)
			}
		}
		if strings.Contains(s, "  ") || strings.TrimSpace(s) != s {
			t.Errorf("%q has blanks where none belong", s)
		}
	}
	if !slices.Equal(first, draw(t, 1, 3000)) {
		t.Error("the same seed draws other sentences")
	}
	if slices.Equal(first, draw(t, 2, 3000)) {
		t.Error("another seed draws the same sentences")
	}
	slices.Sort(first)
	if distinct := len(slices.Compact(first)); distinct < 2500 {
		t.Errorf("of 3000 sentences %d are distinct", distinct)
	}
}

// Every intent that is understood today is drawn, or the recogniser would not learn its words.
func TestAllIntentsAreDrawn(t *testing.T) {
	sources, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	sentences, err := appliance.Sentences(appliance.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	r := random(1)
	home := NewHome(r, 100, false)
	resolver := sentences.Bind(home.Names)
	understood := map[string]bool{}
	for range 1500 {
		text, err := sources.Builtin.DrawIntent(r, home)
		if err != nil {
			t.Fatal(err)
		}
		if in := resolver.Resolve(intent.Query{Text: text, Room: home.Names.Areas[0].ID}); in.Refusal == "" {
			understood[in.Name] = true
		}
	}
	for _, name := range []string{"HassTurnOn", "HassTurnOff", "HassLightSet", "HassSetPosition", "HassClimateSetTemperature", "HassGetState",
		"HassGetCurrentTime", "HassGetCurrentDate", "HassNevermind", "HassStartTimer", "HassCancelTimer", "HassShoppingListAddItem", "HassVacuumStart",
		"HassMediaPause", "HassBroadcast", "CricketSetAlarm", "CricketSetReminder"} {
		if !understood[name] {
			t.Errorf("no sentence drawn is understood as %s", name)
		}
	}
}

func TestKeptWordsAreNeverTrained(t *testing.T) {
	home := NewHome(random(3), 100, true)
	if n := len(home.Names.Entities); n != 100 {
		t.Fatalf("the home has %d devices", n)
	}
	trained := map[string]bool{}
	for _, s := range draw(t, 5, 5000) {
		for _, w := range strings.Fields(s) {
			trained[strings.TrimSuffix(w, "'s")] = true
		}
	}
	unspoken, known := 0, 0
	for _, e := range home.Names.Entities {
		if !home.Unspoken[e.ID] {
			continue
		}
		unspoken++
		if !slices.ContainsFunc(strings.Fields(e.Name), func(w string) bool { return !trained[strings.TrimSuffix(w, "'s")] }) {
			known++
			t.Logf("%q can be said with the words of training", e.Name)
		}
	}
	if unspoken != 50 {
		t.Errorf("%d of 100 names have a kept word, want half", unspoken)
	}
	if known > 0 {
		t.Errorf("%d of %d names that training never says can be said with its words", known, unspoken)
	}
}

func TestTemplatesAreDrawnFrom(t *testing.T) {
	g, err := Read(intent.File{Name: "test.yaml", Data: []byte(`
lists:
  level: {range: {from: 20, to: 20}}
  color: {values: [red, {in: "(dark|deep) blue", out: navy}]}
expansion_rules: {now: "[right] now"}
intents:
  A:
    data:
      - sentences: ["(set;it) to {level} <now>", "{color} {size}"]
        lists: {size: {values: [big]}}
`)})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	r := random(1)
	home := NewHome(r, 10, false)
	for range 200 {
		text, err := g.Draw(r, home)
		if err != nil {
			t.Fatal(err)
		}
		seen[text] = true
	}
	want := []string{"set it to twenty now", "it set to twenty now", "set it to twenty right now", "it set to twenty right now", "red big", "dark blue big", "deep blue big"}
	for _, w := range want {
		if !seen[w] {
			t.Errorf("%q was never drawn", w)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("drawn: %v", seen)
	}
}

func TestNumbersAreSaid(t *testing.T) {
	for _, test := range []struct {
		n    int
		want string
	}{{0, "zero"}, {13, "thirteen"}, {20, "twenty"}, {47, "forty seven"}, {100, "one hundred"}, {305, "three hundred five"}, {2700, "two thousand seven hundred"}, {-4, "minus four"}} {
		if got := Number(test.n); got != test.want {
			t.Errorf("%d: %q, want %q", test.n, got, test.want)
		}
	}
}

func Example() {
	sources, err := Open()
	if err != nil {
		panic(err)
	}
	r := rand.New(rand.NewPCG(1, 0))
	text, err := sources.Sentence(r, NewHome(r, 30, false))
	fmt.Println(text != "", err)
	// Output: true <nil>
}
