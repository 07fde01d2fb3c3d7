package mqtt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// template is the part of Jinja2 that we speak: text with expressions in it,
// each a value, a path into it, and filters. The zero template gives the
// payload as it is.
//
//	{{ value }}   {{ value_json.state }}   {{ value_json['a'].b[0] | float | round(1) }}
//	{"position": {{ position }}}
type template struct {
	Pieces []piece
}

// piece is literal text, or an expression when Name is set.
type piece struct {
	Text    string
	Name    string
	Path    []any // string keys and int indexes
	Filters []filter
}

type filter struct {
	Name string
	Args []any // string, float64, bool or nil
}

// errUndefined means that the payload does not have what a template asks for.
var errUndefined = errors.New("the payload does not have it")

var (
	expressionForm = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)((?:\.[A-Za-z_][A-Za-z0-9_]*|\[(?:'[^']*'|"[^"]*"|[0-9]{1,6})\])*)((?:\s*\|.*)?)$`)
	stepForm       = regexp.MustCompile(`\.([A-Za-z_][A-Za-z0-9_]*)|\['([^']*)'\]|\["([^"]*)"\]|\[([0-9]+)\]`)
	filterForm     = regexp.MustCompile(`^([a-z_]+)\s*(?:\(\s*(-?[0-9]+(?:\.[0-9]+)?|'[^']*'|"[^"]*"|none|None|true|True|false|False)?\s*\))?$`)
)

// parseTemplate compiles s, whose expressions may use the names given.
func parseTemplate(s string, names ...string) (template, error) {
	complaint := func(why string) (template, error) {
		return template{}, fmt.Errorf("the template %q is not simple: %s", shorten(s), why)
	}
	if strings.Contains(s, "{%") || strings.Contains(s, "{#") {
		return complaint("it has statements")
	}
	var t template
	rest := s
	for {
		text, after, found := strings.Cut(rest, "{{")
		if text != "" {
			t.Pieces = append(t.Pieces, piece{Text: text})
		}
		if !found {
			break
		}
		source, more, closed := strings.Cut(after, "}}")
		if !closed {
			return complaint("an expression is not closed")
		}
		p, err := parseExpression(strings.TrimSpace(strings.Trim(source, "-")), names)
		if err != nil {
			return complaint(err.Error())
		}
		t.Pieces = append(t.Pieces, p)
		rest = more
	}
	// Jinja2 drops one newline at the end; blank space around a lone expression
	// comes from YAML blocks and is never meant.
	if n := len(t.Pieces); n > 1 {
		if last := &t.Pieces[n-1]; last.Name == "" && strings.TrimSpace(last.Text) == "" {
			t.Pieces = t.Pieces[:n-1]
		}
		if first := t.Pieces[0]; first.Name == "" && strings.TrimSpace(first.Text) == "" {
			t.Pieces = t.Pieces[1:]
		}
	}
	if len(t.Pieces) == 0 {
		return complaint("it is empty")
	}
	return t, nil
}

func parseExpression(source string, names []string) (piece, error) {
	form := expressionForm.FindStringSubmatch(source)
	if form == nil {
		return piece{}, fmt.Errorf("%q is more than a value with filters", shorten(source))
	}
	p := piece{Name: form[1]}
	known := false
	for _, n := range names {
		known = known || n == p.Name
	}
	if !known {
		return piece{}, fmt.Errorf("nothing is called %q here", p.Name)
	}
	for _, step := range stepForm.FindAllStringSubmatch(form[2], -1) {
		if step[4] != "" {
			i, err := strconv.Atoi(step[4])
			if err != nil {
				return piece{}, err
			}
			p.Path = append(p.Path, i)
			continue
		}
		p.Path = append(p.Path, step[1]+step[2]+step[3])
	}
	if len(p.Path) > 0 && p.Name != "value_json" {
		return piece{}, fmt.Errorf("%q has no parts", p.Name)
	}
	if form[3] == "" {
		return p, nil
	}
	for _, part := range strings.Split(form[3], "|")[1:] {
		f := filterForm.FindStringSubmatch(strings.TrimSpace(part))
		if f == nil {
			return piece{}, fmt.Errorf("the filter %q", shorten(strings.TrimSpace(part)))
		}
		var args []any
		switch arg := f[2]; {
		case arg == "":
		case arg[0] == '\'' || arg[0] == '"':
			args = []any{arg[1 : len(arg)-1]}
		case arg == "none" || arg == "None":
			args = []any{nil}
		case arg == "true" || arg == "True" || arg == "false" || arg == "False":
			args = []any{arg == "true" || arg == "True"}
		default:
			n, err := strconv.ParseFloat(arg, 64)
			if err != nil {
				return piece{}, err
			}
			args = []any{n}
			if !strings.Contains(arg, ".") {
				args = []any{integer(n)}
			}
		}
		switch f[1] {
		case "int", "float", "round", "lower", "upper", "default", "is_defined", "tojson":
			p.Filters = append(p.Filters, filter{Name: f[1], Args: args})
		default:
			return piece{}, fmt.Errorf("the filter %q", f[1])
		}
	}
	return p, nil
}

// plain reports whether the template hands its input through.
func (t template) plain() bool { return len(t.Pieces) == 0 }

// render gives the text for a payload that came in: "value" is its text,
// "value_json" what it says as JSON. It is errUndefined when the payload does
// not have what the template asks for and no default helps.
func (t template) render(p *payload) (string, error) {
	if t.plain() {
		return p.text, nil
	}
	return t.fill(func(name string) (any, error) {
		if name == "value_json" {
			return p.json()
		}
		return p.text, nil
	})
}

// renderWith gives the text for a command with the variables given.
func (t template) renderWith(vars map[string]any) (string, error) {
	if t.plain() {
		return show(vars["value"]), nil
	}
	return t.fill(func(name string) (any, error) {
		v, ok := vars[name]
		if !ok {
			return nil, errUndefined
		}
		return v, nil
	})
}

func (t template) fill(look func(string) (any, error)) (string, error) {
	var b strings.Builder
	for _, p := range t.Pieces {
		if p.Name == "" {
			b.WriteString(p.Text)
			continue
		}
		v, err := look(p.Name)
		if err == nil {
			v, err = walk(v, p.Path)
		}
		if err != nil && !errors.Is(err, errUndefined) {
			return "", err
		}
		v, err = sieve(v, err == nil, p.Filters)
		if err != nil {
			return "", err
		}
		b.WriteString(show(v))
	}
	return b.String(), nil
}

func walk(v any, path []any) (any, error) {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			next, ok := m[step]
			if !ok {
				return nil, errUndefined
			}
			v = next
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil, errUndefined
			}
			v = l[step]
		}
	}
	return v, nil
}

// sieve runs the filters over v. A value that is not defined stays so until
// a default gives one.
func sieve(v any, defined bool, filters []filter) (any, error) {
	for _, f := range filters {
		var arg any
		if len(f.Args) > 0 {
			arg = f.Args[0]
		}
		if f.Name == "default" {
			if !defined {
				v, defined = arg, true
				if len(f.Args) == 0 {
					v = ""
				}
			}
			continue
		}
		if !defined {
			return nil, errUndefined
		}
		switch f.Name {
		case "lower":
			v = strings.ToLower(show(v))
		case "upper":
			v = strings.ToUpper(show(v))
		case "tojson":
			b, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			v = string(b)
		case "int", "float", "round":
			n, ok := number(v)
			if !ok {
				if f.Name == "round" || arg == nil {
					return nil, fmt.Errorf("%q is not a number", shorten(show(v)))
				}
				v = arg
				continue
			}
			switch f.Name {
			case "int":
				v = integer(math.Trunc(n))
			case "float":
				v = n
			case "round":
				places, _ := number(arg)
				scale := math.Pow(10, min(max(math.Trunc(places), -12), 12))
				v = math.RoundToEven(n*scale) / scale
				if arg == nil {
					v = math.RoundToEven(n)
				}
			}
		}
	}
	if !defined {
		return nil, errUndefined
	}
	return v, nil
}

// integer is a number that shows without a fraction.
type integer float64

// show writes a value as Jinja2 does: True, None, 21.0.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case string:
		return v
	case bool:
		if v {
			return "True"
		}
		return "False"
	case integer:
		return strconv.FormatFloat(float64(v), 'f', 0, 64)
	case int:
		return strconv.Itoa(v)
	case float64:
		s := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.ContainsAny(s, ".IN") {
			s += ".0"
		}
		return s
	case json.Number:
		return v.String()
	default:
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(b)
	}
}

// number reads a finite number out of a JSON or Go value, or a text with one.
func number(v any) (float64, bool) {
	var n float64
	switch v := v.(type) {
	case float64:
		n = v
	case float32:
		n = float64(v)
	case integer:
		n = float64(v)
	case int:
		n = float64(v)
	case int64:
		n = float64(v)
	case bool:
		return 0, false
	case json.Number:
		return number(v.String())
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		if err != nil {
			return 0, false
		}
		n = f
	default:
		return 0, false
	}
	return n, !math.IsNaN(n) && !math.IsInf(n, 0)
}

// payload is a message's text, and its JSON once somebody asks.
type payload struct {
	text    string
	parsed  any
	err     error
	decoded bool
}

func (p *payload) json() (any, error) {
	if !p.decoded {
		p.decoded = true
		d := json.NewDecoder(bytes.NewReader([]byte(p.text)))
		d.UseNumber()
		if p.err = d.Decode(&p.parsed); p.err != nil {
			p.err = fmt.Errorf("the payload is not JSON: %w", p.err)
		}
	}
	return p.parsed, p.err
}

// shorten cuts a text that goes into a reason or an error.
func shorten(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:77]) + "..."
	}
	return s
}
