package mqtt

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// filterOf is a filter, or with a dot before its name a method. An argument
// that is not given is undefined.
type filterOf struct {
	params  []string
	needs   int  // of them must be given
	lenient bool // it is handed what is not defined
	check   func(literals []string) error
	run     func(v any, a []any) (any, error)
}

// filters are those of Jinja2 and of Home Assistant that devices use. Nobody
// writes to the map. None of them repeats, sorts or reads anything.
var filters = map[string]filterOf{
	"default":    {params: []string{"default_value", "boolean"}, lenient: true, run: orDefault},
	"d":          {params: []string{"default_value", "boolean"}, lenient: true, run: orDefault},
	"is_defined": {run: func(v any, _ []any) (any, error) { return v, nil }},
	"iif":        {params: []string{"if_true", "if_false", "if_none"}, lenient: true, run: iif},

	"int":           {params: []string{"default", "base"}, run: toInt},
	"float":         {params: []string{"default"}, run: toFloat},
	"bool":          {params: []string{"default"}, run: toBool},
	"round":         {params: []string{"precision", "method", "default"}, run: round},
	"abs":           {run: absolute},
	"multiply":      {params: []string{"amount", "default"}, needs: 1, run: reckon(func(n, m float64) float64 { return n * m })},
	"add":           {params: []string{"amount", "default"}, needs: 1, run: reckon(func(n, m float64) float64 { return n + m })},
	"bitwise_and":   {params: []string{"other"}, needs: 1, run: bits(func(a, b int64) int64 { return a & b })},
	"bitwise_or":    {params: []string{"other"}, needs: 1, run: bits(func(a, b int64) int64 { return a | b })},
	"bitwise_xor":   {params: []string{"other"}, needs: 1, run: bits(func(a, b int64) int64 { return a ^ b })},
	"min":           {run: extreme(-1)},
	"max":           {run: extreme(1)},
	"is_number":     {run: func(v any, _ []any) (any, error) { _, ok := number(v); return ok, nil }},
	"string":        {run: text(func(s string) string { return s })},
	"lower":         {run: text(strings.ToLower)},
	"upper":         {run: text(strings.ToUpper)},
	"trim":          {params: []string{"chars"}, run: trim(strings.Trim)},
	"title":         {run: text(title)},
	"capitalize":    {run: text(capitalize)},
	"replace":       {params: []string{"old", "new", "count"}, needs: 2, run: replace},
	"format":        {params: []string{"a", "b", "c", "d"}, run: func(v any, a []any) (any, error) { return format(show(v), given(a)) }},
	"tojson":        {params: []string{"indent"}, run: toJSON},
	"to_json":       {params: []string{"ensure_ascii"}, run: toJSON},
	"from_json":     {params: []string{"default"}, run: fromJSON},
	"length":        {run: length},
	"count":         {run: length},
	"first":         {run: func(v any, _ []any) (any, error) { return at(v, int64(0)), nil }},
	"last":          {run: func(v any, _ []any) (any, error) { return at(v, int64(-1)), nil }},
	"list":          {run: list},
	"join":          {params: []string{"d"}, run: joined},
	"split":         {params: []string{"sep", "maxsplit"}, run: split},
	"contains":      {params: []string{"value"}, needs: 1, run: func(v any, a []any) (any, error) { return contains(v, a[0]) }},
	"regex_replace": {params: []string{"find", "replace"}, check: expressions, run: regexReplace},
	"regex_match":   {params: []string{"find"}, check: expressions, run: regexFind(true)},
	"regex_search":  {params: []string{"find"}, check: expressions, run: regexFind(false)},

	"as_timestamp":     {params: []string{"default"}, run: asTimestamp},
	"timestamp_local":  {params: []string{"default"}, run: timestamp(time.Local)},
	"timestamp_utc":    {params: []string{"default"}, run: timestamp(time.UTC)},
	"timestamp_custom": {params: []string{"format_string", "local", "default"}, run: timestampCustom},

	".lower":      {run: text(strings.ToLower)},
	".upper":      {run: text(strings.ToUpper)},
	".title":      {run: text(title)},
	".capitalize": {run: text(capitalize)},
	".strip":      {params: []string{"chars"}, run: trim(strings.Trim)},
	".lstrip":     {params: []string{"chars"}, run: trim(strings.TrimLeft)},
	".rstrip":     {params: []string{"chars"}, run: trim(strings.TrimRight)},
	".replace":    {params: []string{"old", "new", "count"}, needs: 2, run: replace},
	".split":      {params: []string{"sep", "maxsplit"}, run: split},
	".join":       {params: []string{"items"}, needs: 1, run: func(v any, a []any) (any, error) { return joined(a[0], []any{v}) }},
	".startswith": {params: []string{"start"}, needs: 1, run: func(v any, a []any) (any, error) { return strings.HasPrefix(show(v), show(a[0])), nil }},
	".endswith":   {params: []string{"end"}, needs: 1, run: func(v any, a []any) (any, error) { return strings.HasSuffix(show(v), show(a[0])), nil }},
	".find":       {params: []string{"part"}, needs: 1, run: func(v any, a []any) (any, error) { return int64(strings.Index(show(v), show(a[0]))), nil }},
	".isdigit":    {run: func(v any, _ []any) (any, error) { return digits(show(v)), nil }},
	".isnumeric":  {run: func(v any, _ []any) (any, error) { return digits(show(v)), nil }},
	".get":        {params: []string{"key", "default"}, needs: 1, run: get},
}

// testOf is a test: {{ x is name }} or {{ x is name(value) }}.
type testOf struct {
	args int
	run  func(v, arg any) (bool, error)
}

func kind(is func(v any) bool) testOf {
	return testOf{run: func(v, _ any) (bool, error) { return is(v), nil }}
}

func compared(op func(order int) bool) testOf {
	return testOf{args: 1, run: func(v, arg any) (bool, error) {
		n, ok := figure(v)
		m, both := figure(arg)
		if !ok || !both {
			return false, fmt.Errorf("%s and %s cannot be compared", shorten(show(v)), shorten(show(arg)))
		}
		switch {
		case n < m:
			return op(-1), nil
		case n > m:
			return op(1), nil
		}
		return op(0), nil
	}}
}

// tests are those of Jinja2 and Home Assistant. Nobody writes to the map.
var tests = map[string]testOf{
	"defined":   kind(func(v any) bool { _, missing := v.(undefined); return !missing }),
	"undefined": kind(func(v any) bool { _, missing := v.(undefined); return missing }),
	"none":      kind(func(v any) bool { return v == nil }),
	"string":    kind(func(v any) bool { _, ok := v.(string); return ok }),
	"boolean":   kind(func(v any) bool { _, ok := v.(bool); return ok }),
	"true":      kind(func(v any) bool { return v == true }),
	"false":     kind(func(v any) bool { return v == false }),
	"integer":   kind(func(v any) bool { _, ok := v.(int64); return ok }),
	"float":     kind(func(v any) bool { _, ok := v.(float64); return ok }),
	"number":    kind(func(v any) bool { _, ok := figure(v); return ok }),
	"is_number": kind(func(v any) bool { _, ok := number(v); return ok }),
	"mapping": kind(func(v any) bool {
		_, object := v.(map[string]any)
		_, dict := v.(table)
		return object || dict
	}),
	"sequence": kind(iterable),
	"iterable": kind(iterable),
	"list":     kind(func(v any) bool { _, ok := v.([]any); return ok }),
	"odd":      kind(func(v any) bool { n, ok := v.(int64); return ok && n%2 != 0 }),
	"even":     kind(func(v any) bool { n, ok := v.(int64); return ok && n%2 == 0 }),
	"eq":       {args: 1, run: func(v, arg any) (bool, error) { return equal(v, arg), nil }},
	"equalto":  {args: 1, run: func(v, arg any) (bool, error) { return equal(v, arg), nil }},
	"ne":       {args: 1, run: func(v, arg any) (bool, error) { return !equal(v, arg), nil }},
	"lt":       compared(func(order int) bool { return order < 0 }),
	"le":       compared(func(order int) bool { return order <= 0 }),
	"gt":       compared(func(order int) bool { return order > 0 }),
	"ge":       compared(func(order int) bool { return order >= 0 }),
	"in": {args: 1, run: func(v, arg any) (bool, error) {
		if _, missing := v.(undefined); missing {
			return false, nil
		}
		return contains(arg, v)
	}},
	"divisibleby": {args: 1, run: func(v, arg any) (bool, error) {
		n, ok := v.(int64)
		m, both := arg.(int64)
		return ok && both && m != 0 && n%m == 0, nil
	}},
}

func iterable(v any) bool {
	switch v.(type) {
	case string, []any, map[string]any, table:
		return true
	}
	return false
}

// there reports whether an argument was given.
func there(arg any) bool { _, missing := arg.(undefined); return !missing }

func given(a []any) []any {
	return slices.DeleteFunc(slices.Clone(a), func(arg any) bool { return !there(arg) })
}

func orDefault(v any, a []any) (any, error) {
	if there(v) && !(there(a[1]) && truth(a[1]) && !truth(v)) {
		return v, nil
	}
	if !there(a[0]) {
		return "", nil
	}
	return a[0], nil
}

func iif(v any, a []any) (any, error) {
	yes, no := any(true), any(false)
	if there(a[0]) {
		yes = a[0]
	}
	if there(a[1]) {
		no = a[1]
	}
	switch {
	case v == nil && there(a[2]):
		return a[2], nil
	case truth(v):
		return yes, nil
	}
	return no, nil
}

// otherwise is the default of a filter for a value that is not a number.
func otherwise(v, fallback any) (any, error) {
	if !there(fallback) {
		return nil, fmt.Errorf("%q is not a number", shorten(show(v)))
	}
	return fallback, nil
}

// measure is a number, or a text or truth that can be read as one.
func measure(v any) (float64, bool) {
	if n, ok := figure(v); ok {
		return n, true
	}
	return number(v)
}

func toInt(v any, a []any) (any, error) {
	if base, ok := a[1].(int64); ok && base != 10 {
		digits := strings.ToLower(strings.TrimSpace(show(v)))
		if base == 16 {
			digits = strings.TrimPrefix(digits, "0x")
		}
		if base < 2 || base > 36 {
			return nil, errors.New("a base is from 2 to 36")
		}
		n, err := strconv.ParseInt(digits, int(base), 64)
		if err != nil {
			return otherwise(v, a[0])
		}
		return n, nil
	}
	if n, ok := v.(int64); ok {
		return n, nil
	}
	n, ok := measure(v)
	if !ok || math.Abs(n) >= 1<<63 {
		return otherwise(v, a[0])
	}
	return int64(n), nil
}

func toFloat(v any, a []any) (any, error) {
	n, ok := measure(v)
	if !ok {
		return otherwise(v, a[0])
	}
	return n, nil
}

func toBool(v any, a []any) (any, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case int64, float64:
		return truth(v), nil
	}
	switch strings.ToLower(show(v)) {
	case "true", "yes", "on", "enable", "1":
		return true, nil
	case "false", "no", "off", "disable", "0":
		return false, nil
	}
	if !there(a[0]) {
		return nil, fmt.Errorf("%q is neither true nor false", shorten(show(v)))
	}
	return a[0], nil
}

func round(v any, a []any) (any, error) {
	n, ok := measure(v)
	if !ok {
		return otherwise(v, a[2])
	}
	places, _ := figure(a[0])
	scale := math.Pow(10, min(max(math.Trunc(places), -12), 12))
	switch a[1] {
	case "floor":
		n = math.Floor(n*scale) / scale
	case "ceil":
		n = math.Ceil(n*scale) / scale
	case "half":
		n = math.RoundToEven(n*2) / 2
	default:
		n = math.RoundToEven(n*scale) / scale
	}
	if places == 0 && a[1] != "half" && math.Abs(n) < 1<<53 {
		return int64(n), nil // as Home Assistant's round does
	}
	return n, nil
}

func absolute(v any, _ []any) (any, error) {
	if n, ok := v.(int64); ok {
		return max(n, -n), nil
	}
	n, ok := measure(v)
	if !ok {
		return otherwise(v, undefined{})
	}
	return math.Abs(n), nil
}

func reckon(f func(n, m float64) float64) func(v any, a []any) (any, error) {
	return func(v any, a []any) (any, error) {
		n, ok := measure(v)
		m, both := measure(a[0])
		out := f(n, m)
		if !ok || !both || math.IsInf(out, 0) || math.IsNaN(out) {
			return otherwise(v, a[1])
		}
		_, whole := a[0].(int64)
		if _, also := v.(int64); whole && also && math.Abs(out) < 1<<53 {
			return int64(out), nil
		}
		return out, nil
	}
}

func bits(f func(a, b int64) int64) func(v any, a []any) (any, error) {
	return func(v any, a []any) (any, error) {
		n, ok := v.(int64)
		m, both := a[0].(int64)
		if !ok || !both {
			return nil, errors.New("bits are of whole numbers only")
		}
		return f(n, m), nil
	}
}

func extreme(sign float64) func(v any, a []any) (any, error) {
	return func(v any, _ []any) (any, error) {
		items, ok := v.([]any)
		if !ok || len(items) == 0 {
			return nil, errors.New("the least and the greatest are of a list")
		}
		best := simple(items[0])
		for _, item := range items {
			n, ok := figure(simple(item))
			m, both := figure(best)
			if !ok || !both {
				return nil, errors.New("the least and the greatest are of numbers")
			}
			if (n-m)*sign > 0 {
				best = simple(item)
			}
		}
		return best, nil
	}
}

func text(f func(string) string) func(v any, a []any) (any, error) {
	return func(v any, _ []any) (any, error) { return f(show(v)), nil }
}

func trim(f func(s, cutset string) string) func(v any, a []any) (any, error) {
	return func(v any, a []any) (any, error) {
		if !there(a[0]) || a[0] == nil {
			return f(show(v), " \t\r\n\v\f"), nil
		}
		return f(show(v), show(a[0])), nil
	}
}

func capitalize(s string) string {
	letters := []rune(strings.ToLower(s))
	if len(letters) > 0 {
		letters[0] = unicode.ToUpper(letters[0])
	}
	return string(letters)
}

func title(s string) string {
	inside := false
	return strings.Map(func(r rune) rune {
		defer func() { inside = unicode.IsLetter(r) }()
		if inside {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func replace(v any, a []any) (any, error) {
	s, old, by := show(v), show(a[0]), show(a[1])
	count := int64(-1)
	if there(a[2]) && a[2] != nil {
		count, _ = a[2].(int64)
	}
	if n := strings.Count(s, old); len(s)+n*len(by) > maxTemplated {
		return nil, fmt.Errorf("a text has more than %d bytes", maxTemplated)
	}
	return strings.Replace(s, old, by, int(min(max(count, -1), maxTemplated))), nil
}

func toJSON(v any, _ []any) (any, error) { return compact(v) }

func fromJSON(v any, a []any) (any, error) {
	p := &payload{text: show(v)}
	out, err := p.json()
	if err != nil && there(a[0]) {
		return a[0], nil
	}
	return simple(out), err
}

func length(v any, _ []any) (any, error) {
	switch v := v.(type) {
	case string:
		return int64(len([]rune(v))), nil
	case []any:
		return int64(len(v)), nil
	case map[string]any:
		return int64(len(v)), nil
	case table:
		return int64(len(v)), nil
	}
	return nil, fmt.Errorf("%q has no length", shorten(show(v)))
}

func list(v any, _ []any) (any, error) {
	switch v := v.(type) {
	case []any:
		return v, nil
	case map[string]any:
		var out []any
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, k)
		}
		return out, nil
	}
	return nil, fmt.Errorf("%q is no list", shorten(show(v)))
}

func joined(v any, a []any) (any, error) {
	items, ok := v.([]any)
	if !ok {
		return nil, errors.New("only a list can be joined")
	}
	between := ""
	if there(a[0]) {
		between = show(a[0])
	}
	var parts []string
	size := 0
	for _, item := range items {
		parts = append(parts, show(simple(item)))
		if size += len(parts[len(parts)-1]) + len(between); size > maxTemplated {
			return nil, fmt.Errorf("a text has more than %d bytes", maxTemplated)
		}
	}
	return strings.Join(parts, between), nil
}

// maxParts is how many parts a text is split into.
const maxParts = 1000

func split(v any, a []any) (any, error) {
	s, most := show(v), maxParts
	if n, ok := a[1].(int64); ok && n >= 0 {
		most = int(min(n+1, maxParts))
	}
	var parts []string
	switch {
	case !there(a[0]) || a[0] == nil:
		parts = strings.Fields(s)
	case show(a[0]) == "":
		return nil, errors.New("what separates is empty")
	default:
		parts = strings.SplitN(s, show(a[0]), most)
	}
	if len(parts) > maxParts {
		return nil, fmt.Errorf("a text has more than %d parts", maxParts)
	}
	out := make([]any, len(parts))
	for i, part := range parts {
		out[i] = part
	}
	return out, nil
}

func get(v any, a []any) (any, error) {
	switch v.(type) {
	case map[string]any, table:
	default:
		return nil, errors.New("only an object has keys")
	}
	item := at(v, a[0])
	if there(item) {
		return item, nil
	}
	if !there(a[1]) {
		return nil, nil
	}
	return a[1], nil
}

// Regular expressions are Go's (RE2), which take time in proportion to the
// text; what only Python's have is refused where an announcement is read.

const (
	maxExpression = 256     // bytes of a regular expression or of what it puts in
	maxSearched   = 4 << 10 // bytes of a text that one looks at
)

func expressions(literals []string) error {
	for i, s := range literals {
		if len(s) > maxExpression {
			return errors.New("a regular expression is too long")
		}
		if i > 0 {
			break // what is put in
		}
		if _, err := regexp.Compile(s); err != nil {
			return fmt.Errorf("its regular expression cannot be used: %w", err)
		}
	}
	return nil
}

func search(v, find any) (string, *regexp.Regexp, error) {
	s, pattern := show(v), ""
	if there(find) {
		pattern = show(find)
	}
	if len(s) > maxSearched || len(pattern) > maxExpression {
		return "", nil, errors.New("a text is too long for a regular expression")
	}
	re, err := regexp.Compile(pattern)
	return s, re, err
}

// group is how Python writes a group in what is put in.
var group = regexp.MustCompile(`\\(?:g<)?([0-9])>?`)

func regexReplace(v any, a []any) (any, error) {
	s, re, err := search(v, a[0])
	if err != nil {
		return nil, err
	}
	by := ""
	if there(a[1]) {
		by = show(a[1])
	}
	if len(by) > maxExpression {
		return nil, errors.New("what a regular expression puts in is too long")
	}
	by = group.ReplaceAllString(strings.ReplaceAll(by, "$", "$$"), "$${$1}")
	out := make([]byte, 0, len(s))
	last := 0
	for _, at := range re.FindAllStringSubmatchIndex(s, -1) {
		out = append(out, s[last:at[0]]...)
		if out = re.ExpandString(out, by, s, at); len(out) > maxTemplated {
			return nil, fmt.Errorf("a text has more than %d bytes", maxTemplated)
		}
		last = at[1]
	}
	return string(append(out, s[last:]...)), nil
}

func regexFind(start bool) func(v any, a []any) (any, error) {
	return func(v any, a []any) (any, error) {
		s, re, err := search(v, a[0])
		if err != nil {
			return nil, err
		}
		at := re.FindStringIndex(s)
		return at != nil && (!start || at[0] == 0), nil
	}
}

// Times are seconds since 1970.

func asTimestamp(v any, a []any) (any, error) {
	if n, ok := figure(v); ok {
		return n, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, show(v), time.Local); err == nil {
			return float64(t.UnixNano()) / 1e9, nil
		}
	}
	return otherwise(v, a[0])
}

func moment(v any, zone *time.Location) (time.Time, bool) {
	n, ok := measure(v)
	if !ok || n < 0 || n >= 1<<38 { // some year after 10000
		return time.Time{}, false
	}
	return time.Unix(int64(n), 0).In(zone), true
}

func timestamp(zone *time.Location) func(v any, a []any) (any, error) {
	return func(v any, a []any) (any, error) {
		t, ok := moment(v, zone)
		if !ok {
			return otherwise(v, a[0])
		}
		return t.Format("2006-01-02T15:04:05-07:00"), nil
	}
}

func timestampCustom(v any, a []any) (any, error) {
	zone := time.Local
	if there(a[1]) && !truth(a[1]) {
		zone = time.UTC
	}
	t, ok := moment(v, zone)
	if !ok {
		return otherwise(v, a[2])
	}
	form := "%Y-%m-%d %H:%M:%S"
	if there(a[0]) {
		form = show(a[0])
	}
	parts := map[byte]string{'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM",
		'A': "Monday", 'a': "Mon", 'B': "January", 'b': "Jan", 'y': "06", 'j': "002", 'z': "-0700", 'Z': "MST"}
	var out strings.Builder
	for i := 0; i < len(form); i++ {
		if form[i] != '%' || i+1 == len(form) {
			out.WriteByte(form[i])
			continue
		}
		i++
		layout, ok := parts[form[i]]
		switch {
		case form[i] == '%':
			out.WriteByte('%')
		case !ok:
			return nil, fmt.Errorf("a time has no %%%c", form[i])
		default:
			out.WriteString(t.Format(layout))
		}
	}
	return out.String(), nil
}

// verb is one place of a printf form: at most two digits of width, so that no
// form makes much of little.
var verb = regexp.MustCompile(`%([-+0# ]*)([0-9]{0,2})(?:\.([0-9]{1,2}))?([a-zA-Z%])`)

// format writes values into a form: '%02x' | format(red).
func format(form string, items []any) (any, error) {
	var out strings.Builder
	last, next := 0, 0
	for _, at := range verb.FindAllStringSubmatchIndex(form, -1) {
		out.WriteString(form[last:at[0]])
		last = at[1]
		letter := form[at[8]]
		if letter == '%' {
			out.WriteByte('%')
			continue
		}
		if next == len(items) {
			return nil, errors.New("a form has more places than values")
		}
		v := simple(items[next])
		next++
		spec := form[at[0]:at[8]]
		n, numeric := figure(v)
		switch {
		case letter == 's':
			out.WriteString(fmt.Sprintf(spec+"s", show(v)))
		case !numeric:
			return nil, fmt.Errorf("%q is not a number", shorten(show(v)))
		case strings.IndexByte("dixXo", letter) >= 0:
			if letter == 'i' {
				letter = 'd'
			}
			out.WriteString(fmt.Sprintf(spec+string(letter), int64(n)))
		case strings.IndexByte("feEgG", letter) >= 0:
			out.WriteString(fmt.Sprintf(spec+string(letter), n))
		default:
			return nil, fmt.Errorf("a form has no %%%c", letter)
		}
	}
	out.WriteString(form[last:])
	if next < len(items) {
		return nil, errors.New("a form has fewer places than values")
	}
	if out.Len() > maxTemplated {
		return nil, fmt.Errorf("a text has more than %d bytes", maxTemplated)
	}
	return out.String(), nil
}
