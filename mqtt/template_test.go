package mqtt

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rendered is what a value template makes of a payload: "undefined" where the
// payload has not got it, "error: ..." where it fails.
func rendered(t testing.TB, source, payloadText string) string {
	t.Helper()
	tpl, err := parseTemplate(source, "value", "value_json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := tpl.render(&payload{text: payloadText})
	switch {
	case errors.Is(err, errUndefined):
		return "undefined"
	case err != nil:
		return "error: " + err.Error()
	}
	return got
}

func TestTemplates(t *testing.T) {
	for _, test := range []struct{ template, payload, want string }{
		// values and paths
		{"{{ value }}", "x", "x"},
		{"{{value_json.a.b}}", `{"a":{"b":1.50}}`, "1.5"},
		{"{{ value_json['a b'][1] }}", `{"a b":[1,2]}`, "2"},
		{`{{ value_json["a"].b }}`, `{"a":{"b":true}}`, "True"},
		{"{{ value_json.a[-1] }}", `{"a":[1,2,3]}`, "3"},
		{"{{ value_json.a }}", `{"a":null}`, "None"},
		{"{{ value_json.a }}", `{"a":{"b":1}}`, `{"b":1}`},
		{"{{ value_json.a }}", `{"a":12345678901234567890}`, "12345678901234567000.0"},
		{"{{- value -}}\n", "x", "x"},
		{`{"a": {{ value }}, "b": 2}`, "1", `{"a": 1, "b": 2}`},
		{"fixed", "x", "fixed"},
		{"{# a remark #}{{ value }}", "x", "x"},

		// what the payload has not got
		{"{{ value_json.a }}", `{}`, "undefined"},
		{"{{ value_json.a | is_defined }}", `{}`, "undefined"},
		{"{{ value_json.a[3] }}", `{"a":[1]}`, "undefined"},
		{"{{ value_json.a.b }}", `{"a":3}`, "undefined"},
		{"{{ value_json.a | default }}", `{}`, "undefined"},
		{"{{ value_json.a | default('x') }}", `{}`, "x"},
		{"{{ value_json.a | default(7) | int }}", `{}`, "7"},
		{"{{ value_json.a | default('x', true) }}", `{"a":""}`, "x"},
		{"{{ value_json.a | default(value_json.b) }}", `{"b":2}`, "2"},
		{"{{ value_json.get('a', 'x') }}", `{}`, "x"},
		{"{{ value_json.a }}", `ON`, "error: the payload is not JSON: invalid character 'O' looking for beginning of value"},
		{"{% if value_json is defined %}{{ value_json.state }}{% else %}{{ value }}{% endif %}", "ON", "ON"},

		// numbers
		{"{{ value | float }}", "21", "21.0"},
		{"{{ value | int }}", "21.9", "21"},
		{"{{ value | int(0) }}", "many", "0"},
		{"{{ value | int(default=-1) }}", "many", "-1"},
		{"{{ value | int(base=16) }}", "ff", "255"},
		{"{{ int(value) + 1 }}", "41", "42"},
		{"{{ value | float | round(1) }}", "21.25", "21.2"},
		{"{{ value | round }}", "21.5", "22"},
		{"{{ value | float | round(0, 'floor') }}", "21.9", "21"},
		{"{{ value | round(1, default='None') }}", "broken", "None"},
		{"{{ (value_json.t / 10) | round(1) }}", `{"t":215}`, "21.5"},
		{"{{ value_json.t * 1.8 + 32 }}", `{"t":20}`, "68.0"},
		{"{{ value_json.mv // 1000 }}", `{"mv":3300}`, "3"},
		{"{{ value_json.n % 2 }}", `{"n":-3}`, "1"},
		{"{{ 2 ** value_json.n }}", `{"n":8}`, "256"},
		{"{{ -value_json.n }}", `{"n":8}`, "-8"},
		{"{{ value_json.n | multiply(0.001) }}", `{"n":1500}`, "1.5"},
		{"{{ value_json.n | abs }}", `{"n":-1.5}`, "1.5"},
		{"{{ [value_json.a, value_json.b] | max }}", `{"a":1,"b":2}`, "2"},
		{"{{ value_json.flags | bitwise_and(4) }}", `{"flags":6}`, "4"},
		{"{{ 1 / value_json.n }}", `{"n":0}`, "error: it divides by zero"},
		{"{{ value * 3 }}", "abc", `error: "abc" and "3" cannot be calculated with`},

		// text
		{"{{ value | upper }}", "on", "ON"},
		{"{{ value|lower }}", "ON", "on"},
		{"{{ value.title() }}", "living room", "Living Room"},
		{"{{ value | replace('_', ' ') | capitalize }}", "half_open", "Half open"},
		{"{{ value.split(',')[1] | trim }}", "a, b ,c", "b"},
		{"{{ value[0:2] }}-{{ value[-2:] }}", "abcdef", "ab-ef"},
		{"{{ value | regex_replace('^0x', '') }}", "0xff", "ff"},
		{`{{ value | regex_replace('(\\w+)@(\\w+)', '\\2') }}`, "a@home", "home"},
		{"{{ value | regex_match('O.$') }}", "ON", "True"},
		{"{{ value ~ '%' }}", "50", "50%"},
		{"{{ value + '!' }}", "50", "50!"},
		{"{{ '%02x' | format(value_json.r) }}{{ '%.1f' % value_json.t }}", `{"r":10,"t":3.14159}`, "0a3.1"},
		{"{{ value_json.a | length }}", `{"a":[1,2]}`, "2"},
		{"{{ value_json.a | join('/') }}", `{"a":[1,"b"]}`, "1/b"},
		{"{{ value_json | tojson }}", `{"b":1,"a":[true]}`, `{"a":[true],"b":1}`},
		{"{{ (value_json.inner | from_json).state }}", `{"inner":"{\"state\":\"ON\"}"}`, "ON"},
		{"{{ value_json.t | timestamp_utc }}", `{"t":1700000000}`, "2023-11-14T22:13:20+00:00"},
		{"{{ value_json.t | timestamp_custom('%H:%M', false) }}", `{"t":1700000000}`, "22:13"},

		// choices
		{"{{ 'ON' if value_json.p > 5 else 'OFF' }}", `{"p":6}`, "ON"},
		{"{{ 'ON' if value_json.p > 5 else 'OFF' }}", `{"p":5}`, "OFF"},
		{"{{ 'a' if value_json.p > 5 else 'b' if value_json.p > 3 else 'c' }}", `{"p":6}`, "a"},
		{"{{ 'a' if value_json.p > 5 else 'b' if value_json.p > 3 else 'c' }}", `{"p":4}`, "b"},
		{"{{- 'a' if value_json.p > 5 else 'b' if value_json.p > 3 else 'c' -}}", `{"p":1}`, "c"},
		{"{{ (1 if value_json.p else 2) + 10 }}", `{"p":1}`, "11"},
		{"{{ (1 if value_json.p else 2) + 10 }}", `{"p":0}`, "12"},
		{"{{ {'a': 'x' if value_json.p else 'y', 'b': (1 if value_json.p else (2 if value_json.q else 3))}[value_json.k] }}", `{"p":0,"q":0,"k":"b"}`, "3"},
		{"{{ {'a': 'x' if value_json.p else 'y'}[value_json.k] }}", `{"p":0,"k":"a"}`, "y"},
		{"{{ value_json.p | default('x' if value_json.q else 'y') }}", `{"q":1}`, "x"},
		{"{{ ['if', 'a if b else c'][0 if value_json.p == 1 else 1] }}", `{"p":2}`, "a if b else c"},
		{"{% set v = 1 if value_json.p else 2 if value_json.q else 3 %}{{ v }}", `{"p":0,"q":1}`, "2"},
		{"{% if (1 if value_json.p else 0) == 1 %}yes{% else %}no{% endif %}", `{"p":1}`, "yes"},
		{"{% if value_json.p -%} a if b else c {%- endif %}", `{"p":1}`, "a if b else c"},
		{"{{ value_json.iffy if value_json.else_ else value_json['if'] }}", `{"else_":0,"if":7,"iffy":8}`, "7"},
		{"{{ value_json.missing.deeper if false else (5 if true else value_json.missing) }}", `{}`, "5"},
		{`{"a": {{ 1 if value == 'x' else 2 if value == 'y' else 3 }}, "b": {"c": 2}}`, "y", `{"a": 2, "b": {"c": 2}}`},
		{"{{ ('a' if value_json.p) ~ 'z' }}", `{"p":0}`, "z"},
		{"{{ value_json.up | iif('open', 'closed') }}", `{"up":false}`, "closed"},
		{"{{ iif(value == 'yes', 1, 0) }}", "yes", "1"},
		{"{% if value_json.a is defined %}{{ value_json.a }}{% endif %}", `{"b":1}`, "undefined"},
		{"{% if value == 'a' %}1{% elif value == 'b' %}2{% else %}3{% endif %}", "b", "2"},
		{"{% if value == 'a' %}1{% elif value == 'b' %}2{% else %}3{% endif %}", "c", "3"},
		{"{% set v = value_json.a | int %}{{ v + 1 }}", `{"a":"4"}`, "5"},
		{"{% set words = {None: 'off', 'heat': 'heating', 0: 'zero'} %}{{ words[value_json.a] }}", `{"a":"heat"}`, "heating"},
		{"{% set words = {None: 'off', 'heat': 'heating', 0: 'zero'} %}{{ words[value_json.a] }}", `{"a":null}`, "off"},
		{"{{ {'0': 'low', '1': 'high'}.get(value, 'other') }}", "7", "other"},
		{"{{ ['low', 'mid', 'high'][value_json.n] }}", `{"n":2}`, "high"},
		{"{{ value in ['a', 'b'] }}", "b", "True"},
		{"{{ value not in ['a', 'b'] and not value == 'c' }}", "d", "True"},
		{"{{ value_json.a is number }}", `{"a":1}`, "True"},
		{"{{ value_json.a is none or value_json.b is not none }}", `{"a":1,"b":2}`, "True"},
		{"{{ value_json.missing == 'x' or value_json.a == 1.0 }}", `{"a":1}`, "True"},
		{"{{ value_json.missing or 'nothing' }}", `{}`, "nothing"},
	} {
		t.Run(test.template, func(t *testing.T) {
			if got := rendered(t, test.template, test.payload); got != test.want {
				t.Fatalf("got %q, want %q", got, test.want)
			}
		})
	}
}

// A template comes from whoever may publish on the broker. It can reach no file,
// no Go method and no loop: all of it is refused where it is announced, by name.
func TestTemplatesRefused(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("the secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ template, want string }{
		{"{% include '" + secret + "' %}", "{% include %} is not evaluated"},
		{"{% extends '" + secret + "' %}", "{% extends %} is not evaluated"},
		{"{% import '" + secret + "' as x %}{{ x }}", "{% import %} is not evaluated"},
		{"{% from '" + secret + "' import x %}", "{% from %} is not evaluated"},
		{"{% macro m() %}x{% endmacro %}{{ m() }}", "{% macro %} is not evaluated"},
		{"{% for i in value %}x{% endfor %}", "{% for %} is not evaluated"},
		{"{% if value %}{% for i in value %}x{% endfor %}{% endif %}", "{% for %} is not evaluated"},
		{"{% block a %}{% endblock %}", "{% block %} is not evaluated"},
		{"{{ range(1000000) }}", `the function "range" is not evaluated`},
		{"{{ states('light.lamp') }}", `the function "states" is not evaluated`},
		{"{{ now() }}", `the function "now" is not evaluated`},
		{"{{ lipsum() }}", `the function "lipsum" is not evaluated`},
		{"{{ self }}", `nothing is called "self" here`},
		{"{{ this.state }}", `nothing is called "this" here`},
		{"{{ 'x' * 1000000 }}", "it repeats text or lists"},
		{"{{ value | center(1000000) }}", `the filter "center" is not evaluated`},
		{"{{ value | map('upper') }}", `the filter "map" is not evaluated`},
		{"{{ value.ljust(1000000) }}", `the method "ljust" is not evaluated`},
		{"{{ value.__class__() }}", `the method "__class__" is not evaluated`},
		{"{{ value is callable }}", `the test "callable" is not evaluated`},
		{"{{ value | regex_replace('(?=a)') }}", "its regular expression cannot be used"},
		{"{{ value | round(1, 2, 3, 4) }}", "takes 3 values"},
		{"{{ value | multiply }}", "needs amount"},
		{"{{ value | int(bass=16) }}", "takes no bass"},
		{"{{ 'a' if value else 'b' if value else }}", "cannot be used"},
		{"{{ (if value else 2) }}", "cannot be used"},
		{"{{ choose__(1) }}", "is not evaluated"},
		{"{{ value", "'}}' expected"},
		{"{% if value %}x", "Unexpected EOF"},
		{"{{ }}", "expected"},
		{"", "it is empty"},
		{strings.Repeat("x", maxTemplate+1), "4096 are allowed"},
	} {
		t.Run(test.template[:min(len(test.template), 40)], func(t *testing.T) {
			_, err := parseTemplate(test.template, "value", "value_json")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
		})
	}
}

// What is not refused is bounded: every step counts what it makes.
func TestTemplatesAreBounded(t *testing.T) {
	long := strings.Repeat("x", 100<<10)
	for _, test := range []struct{ name, template, payload, want string }{
		{"doubling", "{% set a = value %}" + strings.Repeat("{% set a = a ~ a %}", 100) + "{{ a }}", "xxxxxxxx", "more than"},
		{"joining", "{{ " + strings.Repeat("value ~ ", 300) + "value }}", long, "more than"},
		{"replacing", "{{ value" + strings.Repeat("|replace('x','xxxxxxxx')", 50) + " }}", "xxxxxxxx", "more than"},
		{"replacing by an expression", "{{ value" + strings.Repeat("|regex_replace('x','xxxxxxxxxxxxxxxx')", 50) + " }}", "xxxxxxxx", "too long"},
		{"a wide form", "{{ '%99d' | format(1) ~ '%99d' | format(1) }}" + strings.Repeat("{{ value }}", 300), strings.Repeat("x", 100), "writes more than"},
		{"writing", strings.Repeat("{{ value }}", 300), long, "writes more than"},
		{"a payload", "{{ value }}", long + long, "a template looks at 131072 at most"},
		{"splitting", "{{ value.split() | length }}", strings.Repeat("x ", 60<<10), "more than 1000 parts"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := rendered(t, test.template, test.payload); !strings.HasPrefix(got, "error: ") || !strings.Contains(got, test.want) {
				t.Fatalf("got %.100q, want %q", got, test.want)
			}
		})
	}
}

// FuzzTemplate: whatever a template is, it is refused or gives the same text
// each time, within the limits, and one parsed on its own gives it too.
func FuzzTemplate(f *testing.F) {
	for _, source := range []string{
		"{{ value }}", "{{ value_json.a | float | round(1) }}", "{% if value_json.a is defined %}{{ value_json.a }}{% else %}x{% endif %}",
		"{% set m = {'a': 1} %}{{ m[value] | default(2) }}", "{{ '%02x%s' | format(255, value) }}", "{{ value.split(',')[0][1:-1] ~ 'x' }}",
		"{{ (1, [2, 3], {'a': 'b'})[1][0] ** 2 // 3 % 4 }}", "{{ 'a' if value in ['x'] else none }}",
		"{{ value | regex_replace('(a)', '\\\\1\\\\1') | tojson | from_json }}", "{{- value -}} {#- x -#} y",
	} {
		f.Add(source, `{"a": [1, 2.5, null, {"b": "c"}]}`)
		f.Add(source, "x,y")
	}
	f.Fuzz(func(t *testing.T, source, payloadText string) {
		tpl, err := parseTemplate(source, "value", "value_json")
		if err != nil {
			return
		}
		twin, err := parseTemplate(source, "value", "value_json")
		if err != nil {
			t.Fatal(err)
		}
		first, why := tpl.render(&payload{text: payloadText})
		second, again := twin.render(&payload{text: payloadText})
		if first != second || (why == nil) != (again == nil) {
			t.Fatalf("%q, %v and then %q, %v", first, why, second, again)
		}
		if len(first) > maxRendered {
			t.Fatalf("%d bytes", len(first))
		}
		if why != nil && why.Error() == "" {
			t.Fatal("an error that says nothing")
		}
		if _, err := tpl.renderWith(map[string]any{"value": payloadText}); err != nil && err.Error() == "" {
			t.Fatal("an error that says nothing")
		}
	})
}

// What a state message costs, with a template and without.
func BenchmarkApplyTemplate(b *testing.B) {
	message := Message{Topic: "a", Payload: []byte(`{"state":"ON","brightness":128,"color_temp":250,"linkquality":70,"update":{"state":"idle"}}`)}
	for _, test := range []struct{ name, config, payload string }{
		{"without", `"cmd_t":"c","stat_t":"a"`, "ON"},
		{"path", `"cmd_t":"c","stat_t":"a","val_tpl":"{{ value_json.state }}"`, ""},
		{"filters", `"cmd_t":"c","stat_t":"a","val_tpl":"{{ value_json.state | default('OFF') | upper }}"`, ""},
		{"choice", `"cmd_t":"c","stat_t":"a","val_tpl":"{% if value_json.brightness | int > 0 %}ON{% else %}OFF{% endif %}"`, ""},
	} {
		b.Run(test.name, func(b *testing.B) {
			e := small(b, "switch", test.config)
			m := message
			if test.payload != "" {
				m.Payload = []byte(test.payload)
			}
			var s State
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if s, err = e.Apply(s, m); err != nil {
					b.Fatal(err)
				}
			}
			if s.Value != "on" {
				b.Fatal(s.Value)
			}
		})
	}
}

// The manual names every filter, method and test that there is.
func TestTemplateManual(t *testing.T) {
	manual, err := os.ReadFile("../docs/mqtt.md")
	if err != nil {
		t.Fatal(err)
	}
	_, in, found := strings.Cut(string(manual), "### Templates")
	if !found {
		t.Fatal("docs/mqtt.md has no section Templates")
	}
	words := map[string]bool{"equalto": true} // eq
	for _, word := range strings.FieldsFunc(in, func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz_", r) }) {
		words[word] = true
	}
	words["bitwise_or"], words["bitwise_xor"] = words["bitwise_and"], words["bitwise_and"]
	for name := range filters {
		if !words[strings.TrimPrefix(name, ".")] {
			t.Errorf("docs/mqtt.md does not name the filter %s", name)
		}
	}
	for name := range tests {
		if !words[name] {
			t.Errorf("docs/mqtt.md does not name the test %s", name)
		}
	}
}

// What is written anew for the parser takes no time that grows faster than what came,
// whatever is nested in what.
func TestNestedConditionalsAreBounded(t *testing.T) {
	for _, s := range []string{
		"{{ " + strings.Repeat("(", 2000) + "1 if value else 2" + strings.Repeat(")", 2000) + " }}",
		"{{ " + strings.Repeat("1 if value else ", 250) + "2 }}",
		"{{ " + strings.Repeat("(1 if value else ", 200) + "2" + strings.Repeat(")", 200) + " }}",
		"{{ " + strings.Repeat("[", 4000) + " }}", "{{ " + strings.Repeat("'", 4001) + " }}", strings.Repeat("{{", 2000), strings.Repeat("{% if", 800),
	} {
		if got := inline(s); len(got) > 8*len(s) {
			t.Errorf("%q becomes %d bytes", shorten(s), len(got))
		}
		if tpl, err := parseTemplate(s, "value"); err == nil {
			if _, err := tpl.render(&payload{text: "x"}); err != nil && !errors.Is(err, errUndefined) {
				t.Errorf("%q: %v", shorten(s), err)
			}
		}
	}
}
