package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
)

// folder has the corpora, seen from the root of the repository.
const folder = "intent/testdata/eval"

// corpus is one file of sentences.
type corpus struct {
	file  string
	title string
	scope bool // its sentences ask for something
	kept  bool // nothing was tuned by it
}

var corpora = []corpus{
	{"paraphrases-kept.jsonl", "paraphrases, kept out", true, true},
	{"paraphrases-dev.jsonl", "paraphrases, tuned by", true, false},
	{"templates.jsonl", "own templates, sampled", true, false},
	{misheardFile, "misheard by pocketsphinx without a grammar, kept out", true, true},
	{"misheard-confused-kept.jsonl", "misheard by a model of confusions, kept out", true, true},
	{"misheard-confused-dev.jsonl", "misheard by a model of confusions, tuned by", true, false},
	{"out-of-scope-kept.jsonl", "out of scope, kept out", false, true},
	{"out-of-scope-dev.jsonl", "out of scope, tuned by", false, false},
}

// example is one sentence. Without Want it must not act.
type example struct {
	ID    string `json:"id"`
	Home  string `json:"home"`
	Room  string `json:"room"`
	After string `json:"after"` // what was said before it
	Text  string `json:"text"`
	Want  []want `json:"want"`  // any of them
	Loose bool   `json:"loose"` // only the intent is compared
}

// want is what a sentence asks for. Slots that say where or which are not
// compared: the targets do.
type want struct {
	Intent  string         `json:"intent"`
	Targets []string       `json:"targets"`
	Slots   map[string]any `json:"slots"`
	Also    []want         `json:"also"`
	Command *want          `json:"command"`
}

func readCorpus(file string) ([]example, error) {
	f, err := os.Open(filepath.Join(folder, file))
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Printf("(no corpus %s)\n", file)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []example
	in := bufio.NewScanner(f)
	for n := 1; in.Scan(); n++ {
		var e example
		if err := json.Unmarshal(in.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("read corpus %s: line %d: %w", file, n, err)
		}
		out = append(out, e)
	}
	if len(out) == 0 && in.Err() == nil {
		return nil, fmt.Errorf("read corpus %s: it is empty", file)
	}
	return out, in.Err()
}

// readHomes binds the built-in sentences to the homes of the corpora.
func readHomes() (map[string]*intent.Resolver, error) {
	out := map[string]*intent.Resolver{}
	for name, file := range map[string]string{
		"demo":    "home/demo/home.toml",
		"terrace": folder + "/homes/terrace.toml",
		"flat":    folder + "/homes/flat.toml",
	} {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read home: %w", err)
		}
		h, err := home.Parse(file, data)
		if err != nil {
			return nil, err
		}
		config := appliance.DefaultConfig()
		config.Language = h.Language
		sentences, err := appliance.Sentences(config)
		if err != nil {
			return nil, err
		}
		out[name] = sentences.Bind(h.Names())
	}
	return out, nil
}

// query is an example as a request. What was said before is resolved first.
func (e *example) query(r *intent.Resolver) intent.Query {
	q := intent.Query{Text: e.Text, Room: e.Room}
	if e.After != "" {
		before := r.Match(intent.Query{Text: e.After, Room: e.Room})
		if before.Refusal == "" {
			q.Context.Last = &before
		} else {
			q.Context.Open = before.Open
		}
	}
	return q
}

// meant tells whether an intent is what an example wants.
func (e *example) meant(in *intent.Intent) bool {
	return slices.ContainsFunc(e.Want, func(w want) bool {
		return w.is(in) || e.Loose && in.Refusal == "" && w.Intent == in.Name
	})
}

// places are the slots that the targets say already.
var places = []string{"name", "area", "floor", "domain", "device_class", "state", "except", "conversation_command"}

func (w *want) is(in *intent.Intent) bool {
	if in.Refusal != "" || w.Intent != in.Name || len(w.Also) != len(in.Also) || (w.Command == nil) != (in.Command == nil) {
		return false
	}
	if w.Targets != nil && !slices.Equal(w.Targets, in.Targets) {
		return false
	}
	for k, v := range w.Slots {
		if !same(in.Slots[k], v) {
			return false
		}
	}
	for k := range in.Slots {
		if _, ok := w.Slots[k]; !ok && !slices.Contains(places, k) && in.Name != "HassSetVolumeRelative" {
			return false
		}
	}
	if w.Command != nil && !w.Command.is(in.Command) {
		return false
	}
	for i := range w.Also {
		if !w.Also[i].is(&in.Also[i]) {
			return false
		}
	}
	return true
}

func same(got, want any) bool {
	if s, ok := got.(string); ok {
		w, ok := want.(string)
		return ok && strings.EqualFold(s, w)
	}
	return got == want
}
