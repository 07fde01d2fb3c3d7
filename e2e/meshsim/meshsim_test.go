package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Twenty boxes whose own books of records agree with the model of them, twice the same.
func TestWorldIsThatOfTheRealRecords(t *testing.T) {
	var first string
	for range 2 {
		r, err := simulate(scenario{20, false, false}, 7, 30*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if r.records < 20 || r.asked == 0 || len(r.spread) == 0 || len(r.ages) == 0 {
			t.Fatalf("almost nothing happened: %+v", r)
		}
		if r.Latest > digestTime+warmUp/2 {
			t.Errorf("a record took %v: lists of versions bring what was lost every %v", r.Latest, digestTime)
		}
		if r.Regret < 0.99 {
			t.Errorf("the choice is %.3f of the best one's time: the oracle does not know all", r.Regret)
		}
		text := tables([]result{r})
		if first == "" {
			first = text
		} else if text != first {
			t.Errorf("the same seed makes\n%s\nand then\n%s", first, text)
		}
	}
}

// The model is held to the real book: one that kept an older record would be found out.
func TestDisagreementIsFound(t *testing.T) {
	w, err := newWorld(scenario{10, false, false}, 1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	w.touch(1)
	w.now = tellEvery
	w.spread(1)
	old := w.boxes[1].last
	w.touch(1)
	w.spread(1)
	if !w.take(place{0, 1}, w.boxes[1].last) || w.take(place{0, 1}, old) || w.fault != nil {
		t.Fatalf("the model keeps an older record, or %v", w.fault)
	}
	w.boxes[0].known[1].record = nil // the model forgets it
	if w.take(place{0, 1}, old); w.fault == nil {
		t.Error("the real book refuses it, and that is not found")
	}
}

// Where views are partial, a box that is not in one is found, and forged records are not believed
// however many lie.
func TestLookUpAmongLiars(t *testing.T) {
	r, err := simulate(scenario{600, true, false}, 3, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	honest, most := r.Searches[0], r.Searches[len(r.Searches)-1]
	if honest.Found < 0.99 || honest.Asked > most.Asked || most.Found < 0.9 {
		t.Errorf("%+v", r.Searches)
	}
}

func TestPlotsAreWellFormed(t *testing.T) {
	r := result{Boxes: 10, Beats: 1, Regret: 1}
	lots := result{Boxes: 10, Lots: true, Regret: 1}
	big := result{Boxes: 10000, Partial: true, Beats: 1e5, Regret: 2, Searches: []search{{0, 1, 1, 0}, {0.5, 60, 1, 0}}}
	for name, p := range plots([]result{r, lots, big}) {
		d := xml.NewDecoder(strings.NewReader(p.svg()))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if strings.Contains(p.svg(), "NaN") || strings.Contains(p.svg(), "Inf") {
			t.Errorf("%s has a number that is none", name)
		}
	}
}

func TestPageNeedsItsMarks(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("a\n"+begins+"old\n"+ends+"b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replace(page, "new\n"); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(page); string(text) != "a\n"+begins+"new\n"+ends+"b\n" {
		t.Errorf("%q", text)
	}
	if err := os.WriteFile(page, []byte("no marks"), 0o600); err != nil {
		t.Fatal(err)
	}
	if replace(page, "new") == nil {
		t.Error("a page without marks was written")
	}
}
