package mqtt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/nikolalohinski/gonja/v2/tokens"
)

// What values are and how they are calculated with, as Python does it.

// simple is a value of Go or of JSON as one of a template.
func simple(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case float32:
		return float64(v)
	case json.Number:
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return n
		}
		n, err := strconv.ParseFloat(string(v), 64)
		if err != nil { // beyond what a float64 holds
			return string(v)
		}
		return n
	}
	return v
}

// truth is what counts as true: whatever is neither zero nor empty.
func truth(v any) bool {
	switch v := v.(type) {
	case nil, undefined:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	case table:
		return len(v) > 0
	}
	n, _ := figure(v)
	return n != 0
}

// figure is the number that a value is; a text is none, True is 1.
func figure(v any) (float64, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

func equal(a, b any) bool {
	x, numeric := figure(a)
	y, both := figure(b)
	if numeric || both {
		return numeric && both && x == y
	}
	_, noA := a.(undefined)
	_, noB := b.(undefined)
	if noA || noB {
		return noA && noB
	}
	return reflect.DeepEqual(a, b)
}

// contains is "needle in hay".
func contains(hay, needle any) (bool, error) {
	switch hay := hay.(type) {
	case string:
		text, ok := needle.(string)
		if !ok {
			return false, errors.New("only text can be in text")
		}
		return strings.Contains(hay, text), nil
	case []any:
		return slices.ContainsFunc(hay, func(item any) bool { return equal(simple(item), needle) }), nil
	case map[string]any:
		text, ok := needle.(string)
		_, found := hay[text]
		return ok && found, nil
	case table:
		key, ok := tableKey(needle)
		_, found := hay[key]
		return ok && found, nil
	}
	return false, fmt.Errorf("nothing can be in %s", shorten(show(hay)))
}

// calculate is an operator on two values that are there.
func calculate(op tokens.Type, a, b any) (any, error) {
	if op == tokens.Tilde {
		return join(show(a), show(b))
	}
	x, left := a.(string)
	y, right := b.(string)
	switch {
	case left && op == tokens.Modulo:
		items, many := b.([]any)
		if !many {
			items = []any{b}
		}
		return format(x, items)
	case left && right:
		switch op {
		case tokens.Addition:
			return join(x, y)
		case tokens.LowerThan:
			return x < y, nil
		case tokens.LowerThanOrEqual:
			return x <= y, nil
		case tokens.GreaterThan:
			return x > y, nil
		case tokens.GreaterThanOrEqual:
			return x >= y, nil
		}
	}
	n, ok := figure(a)
	m, both := figure(b)
	if !ok || !both {
		return nil, fmt.Errorf("%q and %q cannot be calculated with", shorten(show(a)), shorten(show(b)))
	}
	out := 0.0
	switch op {
	case tokens.LowerThan:
		return n < m, nil
	case tokens.LowerThanOrEqual:
		return n <= m, nil
	case tokens.GreaterThan:
		return n > m, nil
	case tokens.GreaterThanOrEqual:
		return n >= m, nil
	case tokens.Addition:
		out = n + m
	case tokens.Subtraction:
		out = n - m
	case tokens.Multiply:
		out = n * m
	case tokens.Power:
		out = math.Pow(n, m)
	case tokens.Division, tokens.FloorDivision, tokens.Modulo:
		if m == 0 {
			return nil, errors.New("it divides by zero")
		}
		switch op {
		case tokens.Division:
			return n / m, nil
		case tokens.FloorDivision:
			out = math.Floor(n / m)
		default:
			out = n - m*math.Floor(n/m)
		}
	default:
		return nil, errors.New("an operator is not evaluated")
	}
	if math.IsNaN(out) || math.IsInf(out, 0) {
		return nil, errors.New("the result is too large")
	}
	_, wide := a.(float64)
	_, also := b.(float64)
	if !wide && !also && out == math.Trunc(out) && math.Abs(out) < 1<<53 {
		return int64(out), nil
	}
	return out, nil
}

func join(a, b string) (any, error) {
	if len(a)+len(b) > maxTemplated {
		return nil, fmt.Errorf("a text has more than %d bytes", maxTemplated)
	}
	return a + b, nil
}

// show writes a value as Jinja2 does: True, None, 21.0. Lists and objects are
// written as JSON.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case undefined:
		return ""
	case string:
		return v
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		s := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.ContainsAny(s, ".IN") {
			s += ".0"
		}
		return s
	case json.Number:
		return v.String()
	case table:
		m := make(map[string]any, len(v))
		for k, item := range v {
			m[show(k)] = item
		}
		return show(m)
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
		d := json.NewDecoder(strings.NewReader(p.text))
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

// compact is a value as JSON without needless space or escapes.
func compact(v any) (string, error) {
	if t, ok := v.(table); ok {
		return show(t), nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.String()), nil
}
