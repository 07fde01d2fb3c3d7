package models

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Wish is what a model is chosen by.
type Wish struct {
	Purpose  Purpose
	Language string // "en"
	Machine  Machine
	Config   string // the file that the configuration names; "": none
	Use      string // the id that `cricket models use` chose; "": none
}

// Choice is a model to load, and why.
type Choice struct {
	ID   string
	Path string
	Why  string // the end of the sentence "ID is ..."
}

// Decision is the models to try, the first first. Note says what else the owner
// should know: why there is no choice, or why a better one was passed over.
type Decision struct {
	Choices []Choice
	Note    string
}

func (c Choice) String() string { return c.ID + ", " + c.Why }

// Choose decides which of the models that are there is loaded, and which next
// when that one cannot be. What the configuration names comes first, then what
// `use` chose, then the best that fits the machine and speaks the language, then
// the owner's own files.
func Choose(c Catalogue, entries []Entry, w Wish) Decision {
	var d Decision
	add := func(id, path, why string) {
		if !slices.ContainsFunc(d.Choices, func(c Choice) bool { return c.Path == path }) {
			d.Choices = append(d.Choices, Choice{id, path, why})
		}
	}
	if w.Config != "" {
		add(filepath.Base(w.Config), w.Config, "as "+string(w.Purpose)+".model in the configuration says")
	}
	var fit, own []Entry
	var passed, notes []string
	for _, e := range entries {
		if e.Model.Purpose != w.Purpose || !e.Usable() {
			continue
		}
		if e.Own {
			own = append(own, e)
			continue
		}
		if reason := w.Machine.reason(e.Model, w.Language); reason != "" {
			if e.Model.ID != w.Use {
				passed = append(passed, e.Model.ID+" "+reason)
			}
			continue
		}
		fit = append(fit, e)
	}
	if w.Use != "" {
		if e, ok := find(entries, w.Use); ok && e.Usable() {
			why := "as `cricket models use` says"
			if !e.Own {
				if reason := w.Machine.reason(e.Model, w.Language); reason != "" {
					why += ", although it " + reason
				}
			}
			add(e.Model.ID, e.Path, why+e.unchecked())
		} else {
			notes = append(notes, fmt.Sprintf("%s, which `cricket models use` chose, is not installed", w.Use))
		}
	}
	slices.SortStableFunc(fit, func(a, b Entry) int { return cmp.Compare(b.Model.Rank, a.Model.Rank) })
	for i, e := range fit {
		why := "the best installed model that fits a " + w.Machine.String()
		if i > 0 {
			why = "the next best that fits"
		}
		add(e.Model.ID, e.Path, why+e.unchecked())
	}
	for _, e := range own {
		add(e.Model.ID, e.Path, "a file that the catalogue does not know")
	}
	if len(passed) > 0 {
		notes = append(notes, "passed over: "+strings.Join(passed, "; "))
	}
	if len(d.Choices) == 0 {
		text := "no model is installed"
		if len(passed) > 0 {
			text = "no installed model fits"
		}
		if m, ok := Suggest(c, w); ok {
			text += "; `cricket models pull " + m.ID + "` gets one that fits"
		}
		notes = append([]string{text}, notes...)
	}
	d.Note = strings.Join(notes, "; ")
	return d
}

// Suggest is the best model of the catalogue for a wish that may be used
// without accepting a licence.
func Suggest(c Catalogue, w Wish) (best Model, ok bool) {
	for _, m := range c.Models {
		if m.Purpose == w.Purpose && !m.Licence.Accept && w.Machine.reason(m, w.Language) == "" && m.Rank > best.Rank {
			best, ok = m, true
		}
	}
	return best, ok
}

// reason is why a model is not for a machine and a language, as a predicate;
// "" where it is.
func (m Machine) reason(model Model, lang string) string {
	if lang != "" && !model.Speaks(lang) {
		return "does not know the language " + lang
	}
	return m.Fits(model)
}

func (e Entry) unchecked() string {
	if e.Status == Unverified {
		return " (its bytes were never checked: cricket models verify " + e.Model.ID + ")"
	}
	return ""
}

func find(entries []Entry, id string) (Entry, bool) {
	i := slices.IndexFunc(entries, func(e Entry) bool { return e.Model.ID == id })
	if i < 0 {
		return Entry{}, false
	}
	return entries[i], true
}
