package corpus

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/cricket-home/cricket/intent"
)

// Example is one sentence. Without Want it must not act.
type Example struct {
	ID     string `json:"id"`
	Home   string `json:"home"`
	Room   string `json:"room"`
	After  string `json:"after"` // what was said before it
	Text   string `json:"text"`
	Want   []Want `json:"want"`   // any of them
	Loose  bool   `json:"loose"`  // only the intent is compared
	Family int    `json:"family"` // sentences of one family are never on both sides of a fit
}

// Want is what a sentence asks for.
type Want struct {
	Intent  string         `json:"intent"`
	Targets []string       `json:"targets"` // nil: any
	Slots   map[string]any `json:"slots"`
	Also    []Want         `json:"also"`
	Command *Want          `json:"command"`
}

// Read reads a file of examples, one at least. An error of the content names
// file and line; that the file is not there is fs.ErrNotExist.
func Read(file string) ([]Example, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read corpus: %w", err)
	}
	defer f.Close()
	var out []Example
	in := bufio.NewScanner(f)
	for n := 1; in.Scan(); n++ {
		var e Example
		if err := json.Unmarshal(in.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("read corpus %s:%d: %w", file, n, err)
		}
		out = append(out, e)
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("read corpus %s: %w", file, err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("read corpus %s: it is empty", file)
	}
	return out, nil
}

// Query is an example as a request. What was said before is resolved first.
func (e Example) Query(r *intent.Resolver) intent.Query {
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

// Meant tells whether an intent is what an example wants.
func (e Example) Meant(in intent.Intent) bool {
	return slices.ContainsFunc(e.Want, func(w Want) bool {
		return w.is(in) || e.Loose && in.Refusal == "" && w.Intent == in.Name
	})
}

// Asked is what is wanted as an intent.
func (w Want) Asked() intent.Intent {
	in := intent.Intent{Name: w.Intent, Targets: w.Targets, Slots: w.Slots}
	for _, a := range w.Also {
		in.Also = append(in.Also, a.Asked())
	}
	if w.Command != nil {
		c := w.Command.Asked()
		in.Command = &c
	}
	return in
}

// places are the slots that the targets say already, or whose words are the
// house's own.
var places = []string{"name", "area", "floor", "domain", "device_class", "state", "except", "outside", "conversation_command", "response"}

// Compared tells whether a slot is compared at all.
func Compared(slot string) bool { return !slices.Contains(places, slot) }

// is compares a request, and those beside it in any order: who says "radio off and
// lights off" does not care which goes first, and "both lamps off" is one request
// of two devices or two of one. Of what a request "for ten minutes" does when they
// are over, nothing has to be said: it is taken back.
func (w Want) is(in intent.Intent) bool {
	got := append([]intent.Intent{in}, in.Also...)
	for len(got) > 1+len(w.Also) {
		last := got[len(got)-1]
		i := slices.IndexFunc(got[:len(got)-1], func(g intent.Intent) bool { return g.Name == last.Name && rest(g, last) })
		if i < 0 || len(last.Targets) == 0 {
			return false
		}
		got = slices.Clone(got[:len(got)-1])
		got[i].Targets = slices.Compact(slices.Sorted(slices.Values(slices.Concat(got[i].Targets, last.Targets))))
	}
	if len(got) != 1+len(w.Also) {
		return false
	}
	for _, one := range append([]Want{w}, w.Also...) {
		i := slices.IndexFunc(got, func(g intent.Intent) bool {
			if one.Command == nil && takesBack(g.Command, in) {
				g.Command = nil
			}
			return one.alone(g)
		})
		if i < 0 {
			return false
		}
		got = slices.Delete(got, i, i+1)
	}
	return true
}

// takesBack tells whether a command undoes a switching.
func takesBack(c *intent.Intent, in intent.Intent) bool {
	if c == nil || !slices.Equal(c.Targets, in.Targets) {
		return false
	}
	return c.Name == "HassTurnOff" && in.Name == "HassTurnOn" || c.Name == "HassTurnOn" && in.Name == "HassTurnOff"
}

// rest tells whether two requests differ in their devices only.
func rest(a, b intent.Intent) bool {
	for k, v := range a.Slots {
		if Compared(k) && b.Slots[k] != v {
			return false
		}
	}
	for k := range b.Slots {
		if _, ok := a.Slots[k]; Compared(k) && !ok {
			return false
		}
	}
	return a.Command == nil && b.Command == nil
}

// alone compares one request, without those beside it.
func (w Want) alone(in intent.Intent) bool {
	if in.Refusal != "" || w.Intent != in.Name || (w.Command == nil) != (in.Command == nil) {
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
		if _, ok := w.Slots[k]; !ok && Compared(k) && in.Name != "HassSetVolumeRelative" {
			return false
		}
	}
	return w.Command == nil || w.Command.is(*in.Command)
}

// same compares values. A flag is the text "true" in a slot, as in the sentences.
func same(got, want any) bool {
	if b, ok := want.(bool); ok {
		return got == strconv.FormatBool(b)
	}
	if s, ok := got.(string); ok {
		w, ok := want.(string)
		return ok && strings.EqualFold(s, w)
	}
	return got == want
}
