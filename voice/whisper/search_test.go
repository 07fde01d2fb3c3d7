package whisper

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// letters is a decoder whose tokens are bytes: what it hears is sounds, the
// likely bytes place by place, each with its probability.
type letters struct {
	sounds []map[byte]float64
	steps  int
}

// heard makes a decoder that is fairly sure of text, with what else some places
// may be: "3g:0.3" is a g at place 3 with probability 0.3.
func heard(text string, or ...string) *letters {
	l := &letters{}
	for i := range len(text) {
		l.sounds = append(l.sounds, map[byte]float64{text[i]: 0.9})
	}
	for _, o := range or {
		var at int
		var c rune
		var p float64
		if _, err := fmt.Sscanf(o, "%d%c:%g", &at, &c, &p); err != nil {
			panic(err)
		}
		l.sounds[at][text[at]] = 0.95 - p
		l.sounds[at][byte(c)] = p
	}
	return l
}

func (l *letters) next(tokens []int) ([]Choice, error) {
	l.steps++
	if len(tokens) >= len(l.sounds) {
		return []Choice{{End: true, Log: math.Log(0.9)}}, nil
	}
	var choices []Choice
	for c, p := range l.sounds[len(tokens)] {
		choices = append(choices, Choice{ID: int(c), Text: string(rune(c)), Log: math.Log(p)})
	}
	slices.SortFunc(choices, func(a, b Choice) int {
		if a.Log != b.Log {
			return int(math.Copysign(1, b.Log-a.Log))
		}
		return a.ID - b.ID
	})
	return choices, nil
}

// only is a home in which nothing but these can be said.
func only(sentences ...string) func(string) (bool, bool) {
	return func(text string) (begins, whole bool) {
		for _, s := range sentences {
			begins = begins || strings.HasPrefix(s, text)
			whole = whole || s == text
		}
		return begins, whole
	}
}

func texts(found []Sentence) []string {
	var all []string
	for _, s := range found {
		all = append(all, s.Text)
	}
	return all
}

func TestOnlySentencesOfTheHomeAreFound(t *testing.T) {
	for _, test := range []struct {
		name  string
		sound *letters
		home  []string
		want  []string
	}{
		{"as it was heard", heard("lamp on"), []string{"lamp on", "lamp off"}, []string{"lamp on"}},
		{"what was nearly heard", heard("damp on", "0l:0.2"), []string{"lamp on", "lamp off"}, []string{"lamp on"}},
		{"the likelier first", heard("fan on", "5f:0.3", "0p:0.1"), []string{"pan on", "fan on"}, []string{"fan on", "pan on"}},
		{"nothing like it", heard("good night"), []string{"lamp on", "lamp off"}, nil},
		{"half of it", heard("lamp"), []string{"lamp on"}, nil},
		{"more than it", heard("lamp on now"), []string{"lamp on"}, nil},
		{"no sentences", heard("lamp on"), nil, nil},
		{"what is far less likely is left out", heard("fan on", "0p:0.01"), []string{"pan on", "fan on"}, []string{"fan on"}},
	} {
		found, err := search(test.sound.next, only(test.home...))
		if err != nil || !slices.Equal(texts(found), test.want) {
			t.Errorf("%s: %q, %v, want %q", test.name, texts(found), err, test.want)
		}
	}
}

// A sentence is as likely as the sound makes it, however few others there are.
func TestALoneSentenceIsNotMadeLikely(t *testing.T) {
	found, err := search(heard("damp on", "0l:0.05").next, only("lamp on"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	want := math.Log(0.05) + 6*math.Log(0.9) + math.Log(0.9)
	if got := found[0]; math.Abs(got.Log-want) > 1e-9 || got.Tokens != 8 {
		t.Errorf("%+v, want %.3f in 8 tokens", got, want)
	}
}

func TestTheSameTextFromOtherTokensCountsOnce(t *testing.T) {
	next := func(tokens []int) ([]Choice, error) {
		switch fmt.Sprint(tokens) {
		case "[]":
			return []Choice{{ID: 1, Text: " lamp", Log: -0.1}, {ID: 2, Text: " la", Log: -2.5}}, nil
		case "[2]":
			return []Choice{{ID: 3, Text: "mp", Log: -0.1}}, nil
		}
		return []Choice{{End: true, Log: -0.1}}, nil
	}
	found, err := search(next, only("lamp"))
	if err != nil || len(found) != 1 || math.Abs(found[0].Log+0.2) > 1e-9 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestTheSearchIsBounded(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 1))
	l := &letters{}
	for range 40 {
		place := map[byte]float64{}
		for _, c := range []byte("abcdefghij") {
			place[c] = 0.05 + 0.05*dice.Float64()
		}
		l.sounds = append(l.sounds, place)
	}
	_, err := search(l.next, func(string) (bool, bool) { return true, true })
	if err != nil || l.steps > maxSteps {
		t.Errorf("%d steps, %v", l.steps, err)
	}
}

func TestADecoderThatFailsEndsTheSearch(t *testing.T) {
	gone := errors.New("gone")
	if _, err := search(func([]int) ([]Choice, error) { return nil, gone }, only("lamp on")); !errors.Is(err, gone) {
		t.Error(err)
	}
}

// FuzzSearch: whatever the decoder says, only allowed sentences come back,
// ordered, each once, in bounded steps.
func FuzzSearch(f *testing.F) {
	f.Add(uint64(1), "ab,ba,abba")
	f.Add(uint64(7), "")
	f.Add(uint64(9), "a,aa,aaa, a,b ")
	f.Fuzz(func(t *testing.T, seed uint64, home string) {
		sentences := strings.Split(home, ",")
		steps := 0
		next := func(tokens []int) ([]Choice, error) {
			steps++
			dice := rand.New(rand.NewPCG(seed, uint64(len(tokens))))
			var choices []Choice
			at := 0.0
			for _, i := range dice.Perm(5) {
				at -= dice.ExpFloat64()
				choices = append(choices, Choice{ID: i, Text: []string{"a", "b", " ", "ab", ""}[i], Log: at})
			}
			return append(choices, Choice{End: true, Log: at}), nil
		}
		found, err := search(next, only(sentences...))
		if err != nil || steps > maxSteps {
			t.Fatalf("%d steps, %v", steps, err)
		}
		for i, s := range found {
			if !slices.Contains(sentences, s.Text) || s.Log > 0 {
				t.Errorf("found %+v among %q", s, sentences)
			}
			if slices.Contains(texts(found[:i]), s.Text) {
				t.Errorf("%q is found twice", s.Text)
			}
			if i > 0 && s.Log > found[i-1].Log {
				t.Errorf("%+v comes after %+v", s, found[i-1])
			}
		}
	})
}
