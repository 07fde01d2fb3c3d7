package intent_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
)

// wanted is what a sentence of a corpus asks for.
type wanted struct {
	Intent  string         `json:"intent"`
	Targets []string       `json:"targets"`
	Slots   map[string]any `json:"slots"`
	Also    []wanted       `json:"also"`
	Command *wanted        `json:"command"`
}

func (w wanted) asIntent() intent.Intent {
	in := intent.Intent{Name: w.Intent, Targets: w.Targets, Slots: w.Slots}
	for _, a := range w.Also {
		in.Also = append(in.Also, a.asIntent())
	}
	if w.Command != nil {
		c := w.Command.asIntent()
		in.Command = &c
	}
	return in
}

// example is a line of a corpus.
type example struct {
	ID     string   `json:"id"`
	Home   string   `json:"home"`
	Room   string   `json:"room"`
	After  string   `json:"after"`
	Text   string   `json:"text"`
	Want   []wanted `json:"want"`
	Family int      `json:"family"`
}

func corpus(t testing.TB, name string) []example {
	f, err := os.Open("testdata/eval/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []example
	for in := bufio.NewScanner(f); in.Scan(); {
		var e example
		if err := json.Unmarshal(in.Bytes(), &e); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, e)
	}
	if len(out) == 0 {
		t.Fatalf("%s is empty", name)
	}
	return out
}

// english compiles the built-in sentences.
func english(t testing.TB) *intent.Sentences {
	files, err := intent.Builtin("en")
	if err != nil {
		t.Fatal(err)
	}
	s, err := intent.Compile("en", files...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// homes binds the sentences to the homes of the corpora.
func homes(t testing.TB, s *intent.Sentences) map[string]*intent.Resolver {
	out := map[string]*intent.Resolver{}
	for _, p := range []string{"../home/demo/home.toml", "testdata/eval/homes/terrace.toml", "testdata/eval/homes/flat.toml"} {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		h, err := home.Parse(p, data)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(p), ".toml")
		if name == "home" {
			name = "demo"
		}
		out[name] = s.Bind(h.Names())
	}
	return out
}

// query is an example as a request; what was said before it is resolved first.
func (e example) query(r *intent.Resolver) intent.Query {
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
func (e example) meant(in intent.Intent) bool {
	return slices.ContainsFunc(e.Want, func(w wanted) bool { return w.is(in) })
}

// places are slots that the targets say already.
var places = []string{"name", "area", "floor", "domain", "device_class", "state", "except", "preferred_area_id", "conversation_command"}

func (w wanted) is(in intent.Intent) bool {
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
	if w.Command != nil && !w.Command.is(*in.Command) {
		return false
	}
	for i := range w.Also {
		if !w.Also[i].is(in.Also[i]) {
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
