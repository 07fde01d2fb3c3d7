package home

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// Fault is one thing that is wrong in a HOME.toml.
type Fault struct {
	File string
	Line int    // from 1
	Text string // key, place and rule
}

// Error is "file:line: text".
func (f Fault) Error() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text) }

// Faults are all faults of a file, by line. It is the error that Parse returns.
type Faults []Fault

// Error has one line per fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives each fault, as a *Fault.
func (f Faults) Unwrap() []error {
	out := make([]error, len(f))
	for i := range f {
		out[i] = &f[i]
	}
	return out
}

// offsets finds where each key and table of a TOML document starts, by its
// path: "device[2].area". It is walked only when there is a fault to place.
func offsets(data []byte) map[string]int {
	w := walk{at: map[string]int{}, count: map[string]int{}}
	w.p.Reset(data)
	var table string
	for w.p.NextExpression() {
		e := w.p.Expression()
		switch e.Kind {
		case unstable.Table:
			table = w.key("", e, false)
		case unstable.ArrayTable:
			table = w.key("", e, true)
		case unstable.KeyValue:
			w.keyValue(table, e)
		}
	}
	return w.at
}

type walk struct {
	p     unstable.Parser
	at    map[string]int
	count map[string]int // entries seen so far of each array of tables
}

// key notes the path of a dotted key under a table. Where a part names an array
// of tables, the path goes on in that array's newest entry.
func (w *walk) key(table string, e *unstable.Node, array bool) string {
	path := table
	for it := e.Key(); it.Next(); {
		n := it.Node()
		path = join(path, string(n.Data))
		last := it.IsLast()
		if array && last {
			w.note(path, n)
			path = fmt.Sprintf("%s[%d]", path, w.count[path])
			w.count[path[:strings.LastIndexByte(path, '[')]]++
		} else if c := w.count[path]; c > 0 {
			path = fmt.Sprintf("%s[%d]", path, c-1)
		}
		w.note(path, n)
	}
	return path
}

func (w *walk) keyValue(table string, e *unstable.Node) {
	w.value(w.key(table, e, false), e.Value())
}

func (w *walk) value(path string, v *unstable.Node) {
	it := v.Children()
	switch v.Kind {
	case unstable.InlineTable:
		for it.Next() {
			w.keyValue(path, it.Node())
		}
	case unstable.Array:
		for i := 0; it.Next(); i++ {
			element := fmt.Sprintf("%s[%d]", path, i)
			w.note(element, it.Node())
			w.value(element, it.Node())
		}
	}
}

// note keeps the first place of a path. Arrays and inline tables have no place
// of their own in the parser; their elements fall back to the key above them.
func (w *walk) note(path string, n *unstable.Node) {
	if _, ok := w.at[path]; !ok && n.Raw.Length > 0 {
		w.at[path] = int(n.Raw.Offset)
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// line is the line (from 1) of a path, or of the nearest table above it.
func line(data []byte, at map[string]int, path string) int {
	for path != "" {
		if o, ok := at[path]; ok {
			return 1 + bytes.Count(data[:o], []byte("\n"))
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			break
		}
		path = path[:cut]
	}
	return 1
}

// nearest is the candidate that a misspelled word most likely meant, or "".
func nearest(word string, candidates []string) string {
	best, least := "", max(2, len(word)/3)+1
	for _, c := range candidates {
		if d := distance(word, c); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is the number of bytes to insert, delete or replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
