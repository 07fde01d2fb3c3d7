package intent

import (
	"reflect"
	"testing"
)

func TestParseTemplate(t *testing.T) {
	for _, c := range []struct{ template, printed string }{
		{"turn on", "turn on"},
		{"a|b", "(a|b)"},
		{"(turn|switch) on [the] {name}", "(turn|switch) on [the] {name}"},
		{"light[s]", "light[s]"},
		{"[a|b]", "[a|b]"},
		{"[(a|b)]", "[a|b]"},
		{"((a))", "a"},
		{"(a;b)", "(a;b)"},
		{"{ brightness : level }", "{brightness:level}"},
		{"<area> x", "<area> x"},
		{`\[x\] \| \\`, `\[x\] \| \\`},
		{"(a|)", "(a|)"},
		{"a;b", `a\;b`},
	} {
		e, err := parseTemplate(c.template)
		if err != nil {
			t.Errorf("%q: %v", c.template, err)
		} else if e.String() != c.printed {
			t.Errorf("%q is printed as %q, want %q", c.template, e, c.printed)
		}
	}
}

// What is printed parses to the same tree.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"(turn|switch) on [the] {name:n} <x>[s] (a;b) \\{", "[[a]|(b|c;)]", "((((", "a]|[", "{:}", "<>", "(a;b;c;d;e;f)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := parseTemplate(s)
		if err != nil {
			return
		}
		again, err := parseTemplate(e.String())
		if err != nil {
			t.Fatalf("%q is printed as %q: %v", s, e, err)
		}
		if !reflect.DeepEqual(e, again) {
			t.Fatalf("%q is printed as %q, which is %q", s, e, again)
		}
	})
}

func TestNormalize(t *testing.T) {
	english := mustLanguage(t, "en").letters
	for _, c := range []struct{ in, want string }{
		{"  Turn ON,  the Lamp! ", "turn on the lamp"},
		{"Anna’s ‘lamp’", "anna's lamp"},
		{"Wi-Fi plug", "wi fi plug"},
		{"50 % and 21 °C", "50% and 21°c"},
		{"21.5 degrees.", "21.5 degrees"},
		{"4,000 K, 3,5", "4000 k 3.5"},
		{"minus -5 a-5", "minus -5 a 5"},
		{"CAFÉ Cafe\u0301", "cafe cafe"},
		{"Straße", "strasse"},
		{"salt & pepper", "salt and pepper"},
		{"what's on? 'em", "what's on em"},
		{"a\u200bb \U0001F600 c", "ab c"},
		{"\xff\xfe", ""},
		{"", ""},
	} {
		if got := english.normalize(c.in); got != c.want {
			t.Errorf("normalize(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add("50 % - -5 'x' 4,000 a\u0301")
	f.Add("I\u0307 ß \xff & &")
	english := mustLanguage(f, "en").letters
	f.Fuzz(func(t *testing.T, s string) {
		once := english.normalize(s)
		if twice := english.normalize(once); twice != once {
			t.Fatalf("%q becomes %q, then %q", s, once, twice)
		}
	})
}

func TestNumbers(t *testing.T) {
	numbers := mustLanguage(t, "en").numbers
	for _, c := range []struct {
		text string
		want float64
	}{
		{"7", 7}, {"seven", 7}, {"seventeen", 17}, {"twenty one", 21}, {"zero", 0},
		{"a hundred", 100}, {"one hundred", 100}, {"hundred", 100}, {"one hundred and five", 105}, {"one hundred five", 105},
		{"two hundred and twenty two", 222}, {"four thousand", 4000}, {"twenty seven hundred", 2700}, {"2 thousand", 2000},
		{"six thousand five hundred", 6500}, {"one thousand and one", 1001}, {"a thousand", 1000},
		{"minus five", -5}, {"-5", -5}, {"negative two point five", -2.5},
		{"21.5", 21.5}, {"twenty one point five", 21.5}, {"zero point two five", 0.25}, {"21 point 75", 21.75}, {"one point oh five", 1.05},
		{"half", 0.5}, {"a half", 0.5}, {"twenty one and a half", 21.5}, {"21 and a half", 21.5}, {"three and a quarter", 3.25},
	} {
		got, whole := 0.0, false
		numbers.parse(c.text, 0, func(end int, v float64) {
			if end == len(c.text) {
				got, whole = v, true
			}
		})
		if !whole || got < c.want-1e-9 || got > c.want+1e-9 {
			t.Errorf("%q is %v (%v), want %v", c.text, got, whole, c.want)
		}
	}
	for _, text := range []string{"", "and", "a", "twenty thirty", "twenty and five", "hundred hundred", "point", "point five", "one zero", "five twenty", "minus", "twelve one", "a five", "and a half", "one hundred and", "half half", "minus minus one", "thousand thousand", "ten oneish"} {
		numbers.parse(text, 0, func(end int, v float64) {
			if end == len(text) {
				t.Errorf("%q is taken for %v", text, v)
			}
		})
	}
}

func TestSpelledNumbersAreRead(t *testing.T) {
	numbers := mustLanguage(t, "en").numbers
	for n := range 1000 {
		ok := false
		text := numbers.say(n)
		numbers.parse(text, 0, func(end int, v float64) { ok = ok || end == len(text) && v == float64(n) })
		if !ok {
			t.Errorf("%q is not %d", text, n)
		}
	}
}
