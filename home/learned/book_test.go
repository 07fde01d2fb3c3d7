package learned

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNames(t *testing.T) {
	var b Book
	var err error
	for _, n := range [][2]string{{"disco lamp", "light.floor"}, {"box", "switch.printer"}, {"Disco Lamp", "light.shelf"}} {
		if b, err = b.WithName(n[0], n[1]); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(b.NamesOf()); got != "map[light.shelf:[Disco Lamp] switch.printer:[box]]" {
		t.Error(got)
	}
	for _, bad := range []string{"", "  ", "two\nlines", strings.Repeat("x", 61)} {
		if _, err := b.WithName(bad, "light.floor"); err == nil {
			t.Errorf("%q is a name", bad)
		}
	}
	for i := range 3 * maxNames {
		b, _ = b.WithName(fmt.Sprint("name ", i), "light.floor")
	}
	if len(b.Names) != maxNames || b.Names[0].Name != fmt.Sprint("name ", 2*maxNames) {
		t.Errorf("%d names, the first %q", len(b.Names), b.Names[0].Name)
	}
}

// The same answer twice makes the question needless; another answer begins anew, and the
// room and the choices must be the same.
func TestChoices(t *testing.T) {
	among := []string{"light.b", "light.a"}
	b := Book{}.WithChoice("hall", "lamp", among, "light.a")
	if b.Chosen("hall", "lamp", among) != "" {
		t.Error("after one answer")
	}
	b = b.WithChoice("hall", "lamp", []string{"light.a", "light.b"}, "light.a")
	for _, tt := range []struct {
		room, words string
		among       []string
		want        string
	}{
		{"hall", "lamp", among, "light.a"}, {"kitchen", "lamp", among, ""}, {"hall", "light", among, ""},
		{"hall", "lamp", []string{"light.a", "light.b", "light.c"}, ""},
	} {
		if got := b.Chosen(tt.room, tt.words, tt.among); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
	if got := b.WithoutChoice("hall", "light.a").Chosen("hall", "lamp", among); got != "" {
		t.Errorf("after a correction: %q", got)
	}
	b = b.WithChoice("hall", "lamp", among, "light.b")
	if got := b.Chosen("hall", "lamp", among); got != "" {
		t.Errorf("after another answer: %q", got)
	}
	for i := range 3 * maxChoices {
		b = b.WithChoice("hall", fmt.Sprint("thing ", i), among, "light.a")
	}
	if len(b.Choices) != maxChoices {
		t.Errorf("%d choices", len(b.Choices))
	}
}

func TestHabits(t *testing.T) {
	monday := time.Date(2026, 12, 7, 18, 10, 0, 0, time.UTC)
	var b Book
	for i := range 4 {
		b = b.WithDone("HassTurnOff", "cover.blinds", monday.AddDate(0, 0, i))
		b = b.WithDone("HassTurnOff", "cover.blinds", monday.AddDate(0, 0, i).Add(5*time.Minute)) // a day counts once
	}
	friday := monday.AddDate(0, 0, 4)
	if h, ok := b.Usual(friday); ok {
		t.Errorf("after four days: %s", h)
	}
	b = b.WithDone("HassTurnOff", "cover.blinds", friday)
	if h, ok := b.Usual(friday); ok {
		t.Errorf("it was done today: %s", h)
	}
	if h, ok := b.Usual(friday.AddDate(0, 0, 1)); ok {
		t.Errorf("on a Saturday: %s", h)
	}
	next := monday.AddDate(0, 0, 7)
	if h, ok := b.Usual(next.Add(time.Hour)); ok {
		t.Errorf("an hour later: %s", h)
	}
	h, ok := b.Usual(next)
	if !ok || h.Device != "cover.blinds" {
		t.Fatalf("%v %v", h, ok)
	}
	b = b.WithTold(h, next)
	if _, ok := b.Usual(next.Add(10 * time.Minute)); ok {
		t.Error("told twice in a day")
	}
	if _, ok := b.Usual(next.AddDate(0, 0, 1)); ok {
		t.Error("nobody wanted it, and it is offered again the next day")
	}
	if _, ok := b.WithDone("HassTurnOff", "cover.blinds", next).Usual(next.AddDate(0, 0, 40)); ok {
		t.Error("it is long ago")
	}
	for i := range 2 * maxHabits {
		b = b.WithDone("HassTurnOn", fmt.Sprint("light.l", i), next)
	}
	if len(b.Habits) != maxHabits {
		t.Errorf("%d habits", len(b.Habits))
	}
	if !slices.ContainsFunc(b.Habits, func(h Habit) bool { return h.Device == "cover.blinds" }) {
		t.Error("what was done once has driven out what was done for days")
	}
}

// A step is small, and what is learned is bounded, however often somebody says no.
func TestWeightsAreBounded(t *testing.T) {
	f := Find{Intent: "HassTurnOn", Domain: "light", Devices: 1, Here: true, Named: true, Hour: 20, Confidence: 0.7}
	w := Weights{}
	before := w.Confidence(f)
	for i := range 1000 {
		next := w.step(f, false)
		for k, v := range next {
			if d := v - w[k]; d > maxStep || d < -maxStep || v > maxWeight || v < -maxWeight {
				t.Fatalf("step %d moves %s by %.3f to %.3f", i, k, d, v)
			}
		}
		w = next
	}
	if got := w.Confidence(f); got >= before || got < sigmoid(logit(0.7)-maxShift)-1e-9 {
		t.Errorf("%.2f became %.2f", before, got)
	}
	other := Find{Intent: "HassListAddItem", Hour: 9, Confidence: 0.7}
	if got := w.Confidence(other); got < 0.5 {
		t.Errorf("another kind became %.2f", got)
	}
	if len(features) > 40 {
		t.Errorf("%d features are more than a few dozen", len(features))
	}
	for _, f := range append(trialsFinds(), f, other) {
		for _, name := range f.Features() {
			if !slices.Contains(features, name) {
				t.Errorf("no feature %q", name)
			}
		}
	}
}

func logit(p float64) float64 { return -math.Log(1/p - 1) }

func trialsFinds() (out []Find) {
	for _, t := range trials() {
		out = append(out, t.Find)
	}
	return out
}

// Answers move a find over the threshold, and stop where the self-test would suffer.
func TestAnswersAreLearnedUpToTheSelfTest(t *testing.T) {
	if n := len(trials()); n < 100 || !slices.ContainsFunc(trials(), func(t trial) bool { return !t.Right }) {
		t.Fatalf("%d finds in the self-test, or none wrong", n)
	}
	blinds := Find{Intent: "HassTurnOff", Domain: "cover", Devices: 1, Here: true, Named: true, Hour: 20, Confidence: 0.74}
	var b Book
	for range 20 {
		b, _ = b.WithAnswer(blinds, true)
	}
	if b.Steps == 0 || b.Weights.Confidence(blinds) <= blinds.Confidence {
		t.Errorf("%d steps, %.3f", b.Steps, b.Weights.Confidence(blinds))
	}
	for _, right := range []bool{true, false} { // whatever a household, or a child, says a thousand times
		var b Book
		for i := range 500 {
			f := trials()[i%len(trials())].Find
			b, _ = b.WithAnswer(f, right)
		}
		if got, want := cost(b.Weights), cost(nil); got > want {
			t.Errorf("all %v: the self-test went from %d to %d", right, want, got)
		}
		if b.Refused == 0 {
			t.Errorf("all %v: no step was refused of %d", right, b.Steps)
		}
	}
}

func TestErase(t *testing.T) {
	b, _ := Book{}.WithName("disco lamp", "light.floor")
	b = b.WithChoice("hall", "lamp", []string{"light.a", "light.b"}, "light.a").WithDone("HassTurnOn", "light.a", time.Date(2026, 12, 7, 18, 10, 0, 0, time.UTC))
	b, _ = b.WithAnswer(Find{Intent: "HassTurnOn", Confidence: 0.7, Hour: -1}, true)
	items := b.Items()
	if len(items) != 4 {
		t.Fatalf("%+v", items)
	}
	for i, item := range items {
		var ok bool
		if b, ok = b.Without(item.ID); !ok || len(b.Items()) != len(items)-1-i {
			t.Errorf("%s: %+v", item.ID, b.Items())
		}
	}
	if _, ok := b.Without("name:disco lamp"); ok {
		t.Error("what is not there is erased")
	}
}
