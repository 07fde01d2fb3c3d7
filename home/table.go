package home

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/pelletier/go-toml/v2"
)

// document reads a TOML document key by key and keeps every fault, so that the
// owner sees all of them at once.
type document struct {
	file   string
	data   []byte
	faults []misplaced
}

type misplaced struct{ path, text string }

// table is one table of the document.
type table struct {
	doc    *document
	path   string // "device[2]"
	what   string // `device "light.hall"`, for people
	values map[string]any
	known  []string // keys that were asked for, in the order of the manual
}

// parse returns the root table, or the one fault of a document that is not TOML.
func (doc *document) parse() (*table, error) {
	var values map[string]any
	if err := toml.Unmarshal(doc.data, &values); err != nil {
		row, text := 1, strings.TrimPrefix(err.Error(), "toml: ")
		var d *toml.DecodeError
		if errors.As(err, &d) {
			row, _ = d.Position()
		}
		return nil, Faults{{File: doc.file, Line: row, Text: "not TOML: " + text}}
	}
	return &table{doc: doc, values: values}, nil
}

// err is every fault found so far, in the order of the file.
func (doc *document) err() error {
	if len(doc.faults) == 0 {
		return nil
	}
	at := offsets(doc.data)
	faults := make(Faults, len(doc.faults))
	for i, f := range doc.faults {
		faults[i] = Fault{File: doc.file, Line: line(doc.data, at, f.path), Text: f.text}
	}
	slices.SortStableFunc(faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	return faults
}

// fault notes that a key breaks a rule.
func (t *table) fault(key, rule string, args ...any) {
	text := fmt.Sprintf("'%s'", key)
	if t.what != "" {
		text += " of " + t.what
	}
	t.doc.faults = append(t.doc.faults, misplaced{join(t.path, key), text + ": " + fmt.Sprintf(rule, args...)})
}

func (t *table) ask(key string) (any, bool) {
	t.known = append(t.known, key)
	v, ok := t.values[key]
	return v, ok
}

// text is a string of one line.
func (t *table) text(key string) string {
	v, ok := t.ask(key)
	if !ok {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		t.fault(key, "must be a text in quotes")
		return ""
	}
	return t.line(key, s)
}

func (t *table) line(key, s string) string {
	if strings.ContainsFunc(s, unicode.IsControl) {
		t.fault(key, "must be one line without control characters")
		return ""
	}
	return s
}

// name is a text that must be there and must have something to say.
func (t *table) name(key string) string {
	before := len(t.doc.faults)
	s := t.text(key)
	if strings.TrimSpace(s) == "" && len(t.doc.faults) == before {
		if _, there := t.values[key]; there {
			t.fault(key, "must not be empty")
		} else {
			t.fault(key, "is missing")
		}
	}
	return s
}

// texts is a list of strings that are not empty.
func (t *table) texts(key string) []string {
	v, ok := t.ask(key)
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		t.fault(key, "must be a list of texts, like [\"one\", \"two\"]")
		return nil
	}
	var out []string
	for _, e := range list {
		s, ok := e.(string)
		switch {
		case !ok:
			t.fault(key, "must be a list of texts, like [\"one\", \"two\"]")
			return nil
		case strings.TrimSpace(s) == "":
			t.fault(key, "has an empty text")
			return nil
		}
		if s = t.line(key, s); s == "" {
			return nil
		}
		out = append(out, s)
	}
	return out
}

// yes is true or false, with a default.
func (t *table) yes(key string, otherwise bool) bool {
	v, ok := t.ask(key)
	if !ok {
		return otherwise
	}
	b, ok := v.(bool)
	if !ok {
		t.fault(key, "must be true or false")
		return otherwise
	}
	return b
}

// object is a table of values that JSON can carry, numbers as float64.
func (t *table) object(key string) map[string]any {
	v, ok := t.ask(key)
	if !ok {
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		t.fault(key, "must be a table, like { brightness = 128 }")
		return nil
	}
	out, _ := t.plain(key, m).(map[string]any)
	if len(out) == 0 {
		return nil
	}
	return out
}

func (t *table) plain(key string, v any) any {
	switch v := v.(type) {
	case string, bool:
		return v
	case int64:
		return float64(v)
	case float64:
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			return v
		}
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = t.plain(fmt.Sprintf("%s[%d]", key, i), e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range keys(v) {
			out[k] = t.plain(key+"."+k, v[k])
		}
		return out
	}
	t.fault(key, "must be a text, a number, true, false, a list or a table: dates, inf and nan are none")
	return nil
}

// tables is the array of tables under a key. Entry describes itself by its id.
func (t *table) tables(key string) []*table {
	v, ok := t.ask(key)
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		t.fault(key, "must be an array of tables: write [[%s]]", key)
		return nil
	}
	var out []*table
	for i, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			t.fault(key, "must be an array of tables: write [[%s]]", key)
			return out
		}
		what := fmt.Sprintf("%s number %d", key, i+1)
		if id, ok := m["id"].(string); ok && id != "" {
			what = fmt.Sprintf("%s %q", key, id)
		}
		out = append(out, &table{doc: t.doc, path: fmt.Sprintf("%s[%d]", join(t.path, key), i), what: what, values: m})
	}
	return out
}

// done faults the keys that nobody asked for.
func (t *table) done() {
	for _, k := range keys(t.values) {
		if slices.Contains(t.known, k) {
			continue
		}
		if near := nearest(k, t.known); near != "" {
			t.fault(k, "no such key; did you mean '%s'?", near)
		} else {
			t.fault(k, "no such key; there are %s", strings.Join(t.known, ", "))
		}
	}
}
