package sphinx

import (
	"slices"
	"strings"
	"testing"
)

// phrasesOf lists what a network says, up to so many words.
func phrasesOf(n *Network, longest int) []string {
	var said []string
	var walk func(state int, words []string, empty int)
	walk = func(state int, words []string, empty int) {
		if n.final[state] {
			said = append(said, strings.Join(words, " "))
		}
		for _, a := range n.arcs[state] {
			switch {
			case a.word == "" && empty < len(n.arcs):
				walk(a.to, words, empty+1)
			case a.word != "" && len(words) < longest:
				walk(a.to, append(slices.Clone(words), a.word), 0)
			}
		}
	}
	walk(n.start, nil, 0)
	slices.Sort(said)
	return slices.Compact(said)
}

// lights is [please] turn (on | off) the (kitchen | hall) light, in the clumsy
// way that grammars are compiled.
const lights = `FSG_BEGIN <home.command>
NUM_STATES 13
START_STATE 0
FINAL_STATE 12

TRANSITION 0 1 1.000000
TRANSITION 0 2 0.500000 please
TRANSITION 1 3 0.500000
TRANSITION 2 3 1.000000
TRANSITION 3 4 1.000000 turn
TRANSITION 4 5 0.500000 on
TRANSITION 4 6 0.500000 off
TRANSITION 5 7 1.000000
TRANSITION 6 7 1.000000
TRANSITION 7 8 1.000000 the
TRANSITION 8 9 0.500000 kitchen
TRANSITION 8 10 0.500000 hall
TRANSITION 9 11 1.000000 light
TRANSITION 10 11 1.000000 light
TRANSITION 11 12 1.000000
FSG_END
`

func TestMinimalSaysTheSame(t *testing.T) {
	n, err := ReadNetwork(strings.NewReader(lights))
	if err != nil {
		t.Fatal(err)
	}
	before := phrasesOf(n, 9)
	if len(before) != 8 || !slices.Contains(before, "please turn off the hall light") {
		t.Fatalf("read as %q", before)
	}
	small, err := n.Minimal()
	if err != nil {
		t.Fatal(err)
	}
	if after := phrasesOf(small, 9); !slices.Equal(after, before) {
		t.Errorf("says %q, want %q", after, before)
	}
	if small.States() != 7 || small.Arcs() != 9 {
		t.Errorf("%d states and %d arcs, want 7 and 9", small.States(), small.Arcs())
	}
	again, err := ReadNetwork(strings.NewReader(strings.ReplaceAll(small.String(), " <sil>", "")))
	if err != nil {
		t.Fatal(err)
	}
	if after := phrasesOf(again, 9); !slices.Equal(after, before) {
		t.Errorf("written and read it says %q", after)
	}
}

func TestDropTakesOnlyThePhrasesWithTheWord(t *testing.T) {
	n, err := ReadNetwork(strings.NewReader(lights))
	if err != nil {
		t.Fatal(err)
	}
	dropped := n.Drop(func(word string) bool { return word == "hall" || word == "please" })
	if !slices.Equal(dropped, []string{"hall", "please"}) {
		t.Errorf("dropped %q", dropped)
	}
	small, err := n.Minimal()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := phrasesOf(small, 9), []string{"turn off the kitchen light", "turn on the kitchen light"}; !slices.Equal(got, want) {
		t.Errorf("left is %q, want %q", got, want)
	}
	n.Drop(func(word string) bool { return word == "turn" })
	if small, err = n.Minimal(); err != nil || small.Arcs() != 0 {
		t.Errorf("nothing should be left: %d arcs, %v", small.Arcs(), err)
	}
}

func TestNetworkThatExplodesIsRefused(t *testing.T) {
	// Some word is a, and 24 words follow it: each of the last 24 has to be remembered.
	var b strings.Builder
	b.WriteString("NUM_STATES 26\nSTART_STATE 0\nFINAL_STATE 25\nTRANSITION 0 0 1 a\nTRANSITION 0 0 1 b\nTRANSITION 0 1 1 a\n")
	for i := 1; i < 25; i++ {
		s := func(n int) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) }
		b.WriteString("TRANSITION " + s(i) + " " + s(i+1) + " 1 a\nTRANSITION " + s(i) + " " + s(i+1) + " 1 b\n")
	}
	n, err := ReadNetwork(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Minimal(); err == nil || !strings.Contains(err.Error(), "more than 50000 states") {
		t.Errorf("got %v", err)
	}
}

func TestTextsThatAreNoNetwork(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "no start"},
		{"no end", "NUM_STATES 2\nSTART_STATE 0\n", "no start or no end"},
		{"a state too many", "NUM_STATES 2\nSTART_STATE 0\nTRANSITION 0 2 1.0 on\n", "line 3: state 2 of 2"},
		{"no number", "NUM_STATES two\n", "line 1"},
		{"too large", "NUM_STATES 99999999\n", "99999999 states"},
		{"other text", "turn on the light\n", "line 1"},
	} {
		if _, err := ReadNetwork(strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

// FuzzNetwork: what is read and made minimal says the same.
func FuzzNetwork(f *testing.F) {
	f.Add(lights)
	f.Add("NUM_STATES 2\nSTART_STATE 0\nFINAL_STATE 0\nTRANSITION 0 0 1 a\nTRANSITION 0 1 1 a\nTRANSITION 1 0 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 500 {
			return
		}
		n, err := ReadNetwork(strings.NewReader(text))
		if err != nil || n.States() > 12 || n.Arcs() > 10 {
			return
		}
		small, err := n.Minimal()
		if err != nil {
			t.Fatal(err)
		}
		if small.States() > 1<<n.States() {
			t.Fatalf("%d states became %d", n.States(), small.States())
		}
		if before, after := accepts(n), accepts(small); !slices.Equal(before, after) {
			t.Fatalf("says %q, before %q", after, before)
		}
	})
}

// accepts tries all sequences of up to three words of the network.
func accepts(n *Network) []string {
	words := map[string]bool{}
	for _, arcs := range n.arcs {
		for _, a := range arcs {
			if a.word != "" {
				words[a.word] = true
			}
		}
	}
	var said []string
	var try func(set []int, text string, left int)
	try = func(set []int, text string, left int) {
		set = n.closure(set)
		if slices.ContainsFunc(set, func(s int) bool { return n.final[s] }) {
			said = append(said, text)
		}
		for word := range words {
			var to []int
			for _, s := range set {
				for _, a := range n.arcs[s] {
					if a.word == word {
						to = append(to, a.to)
					}
				}
			}
			if left > 0 && len(to) > 0 {
				try(to, text+" "+word, left-1)
			}
		}
	}
	try([]int{n.start}, "", 3)
	slices.Sort(said)
	return said
}

// A beginning is said with whole words, and nothing but words of the phrases.
func TestBeginnings(t *testing.T) {
	n, err := ReadNetwork(strings.NewReader(lights))
	if err != nil {
		t.Fatal(err)
	}
	small, err := n.Minimal()
	if err != nil {
		t.Fatal(err)
	}
	b := small.Beginnings()
	for _, tt := range []struct {
		words string
		want  bool
	}{
		{"turn", true}, {"please turn", true}, {"turn on the", true}, {"turn off the hall light", true},
		{"", false}, {"on", false}, {"turn the", false}, {"turn on the hall light light", false},
	} {
		if got := b.Says(strings.Fields(tt.words)); got != tt.want {
			t.Errorf("says %q: %v", tt.words, got)
		}
	}
	if small.Says([]string{"turn"}) {
		t.Error("the network itself says beginnings now")
	}
}
