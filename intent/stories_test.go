package intent

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// story is what several ways to say one thing must mean.
type story struct {
	Story      string
	Room       string
	Say        []string
	Intent     string
	Slots      map[string]any
	Targets    []string
	Also       []story
	Command    *story // of a delay
	Response   string
	Refusal    string
	Candidates []string
}

func stories(t testing.TB, file string) []story {
	t.Helper()
	data, err := os.ReadFile("testdata/stories/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var out []story
	if err := yaml.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func compileBuiltin(t testing.TB, more ...File) *Sentences {
	t.Helper()
	files, err := Builtin("en")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Compile("en", append(files, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// differs says how an intent is not the one of the story, or "".
func (s *story) differs(in Intent) string {
	want := map[string]any{}
	for k, v := range s.Slots {
		switch v := v.(type) {
		case int:
			want[k] = float64(v)
		case string:
			if v != "" {
				want[k] = v
			}
		default:
			want[k] = v
		}
	}
	switch {
	case in.Refusal != "":
		return "refused: " + string(in.Refusal)
	case in.Name != s.Intent:
		return "is " + in.Name
	case !maps.Equal(in.Slots, want):
		return "has other slots"
	case !slices.Equal(in.Targets, s.Targets):
		return "has other targets"
	case in.Response != s.Response:
		return "has response " + in.Response
	case len(in.Also) != len(s.Also):
		return "has another number of requests"
	case (in.Command == nil) != (s.Command == nil):
		return "has a command, or has none"
	}
	if s.Command != nil {
		if d := s.Command.differs(*in.Command); d != "" {
			return "its command " + d
		}
	}
	for i := range s.Also {
		if d := s.Also[i].differs(in.Also[i]); d != "" {
			return "also: " + d
		}
	}
	return ""
}

// understood are the stories of all files but that of the refused.
func understood(t testing.TB) []story {
	t.Helper()
	files, err := os.ReadDir("testdata/stories")
	if err != nil {
		t.Fatal(err)
	}
	var out []story
	for _, f := range files {
		if f.Name() != "refused.yaml" && !f.IsDir() { // the folders are other languages
			out = append(out, stories(t, f.Name())...)
		}
	}
	return out
}

func TestUnderstood(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	said := 0
	for _, s := range understood(t) {
		for _, text := range s.Say {
			said++
			in := r.Resolve(Query{Text: text, Room: s.Room})
			if d := s.differs(in); d != "" {
				t.Errorf("%s: %q %s\n got  %s %v %v also %v %v\n want %s %v %v", s.Story, text, d, in.Name, in.Slots, in.Targets, in.Also, in.Candidates, s.Intent, s.Slots, s.Targets)
			}
			if in.Refusal == "" && (in.Tier != Template || in.Confidence < 0.8 || in.Confidence > 1) {
				t.Errorf("%q: tier %s, confidence %v", text, in.Tier, in.Confidence)
			}
			if !r.Check(text).Complete() {
				t.Errorf("%q is understood, but Check says %s", text, r.Check(text))
			}
			checkPrefixes(t, r, text)
		}
	}
	if said < 800 {
		t.Errorf("only %d sentences are tried", said)
	}
}

// checkPrefixes tells that no beginning of a sentence is a dead end.
func checkPrefixes(t *testing.T, r *Resolver, text string) {
	t.Helper()
	words := strings.Fields(text)
	for i := 1; i < len(words); i++ {
		if part := strings.Join(words[:i], " "); r.Check(part) == Dead {
			t.Errorf("%q begins %q, but Check says dead", part, text)
		}
	}
}

func TestRefused(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	said := 0
	for _, s := range stories(t, "refused.yaml") {
		for _, text := range s.Say {
			said++
			in := r.Resolve(Query{Text: text, Room: s.Room})
			switch {
			case in.Refusal == "":
				t.Errorf("%s: %q must not act, got %s %v %v also %v", s.Story, text, in.Name, in.Slots, in.Targets, in.Also)
			case s.Refusal != "" && in.Refusal != Refusal(s.Refusal):
				t.Errorf("%s: %q is refused as %s, want %s", s.Story, text, in.Refusal, s.Refusal)
			case s.Candidates != nil && !slices.Equal(in.Candidates, s.Candidates):
				t.Errorf("%s: %q: candidates %v, want %v", s.Story, text, in.Candidates, s.Candidates)
			case in.Name != "" || in.Targets != nil:
				t.Errorf("%q is refused and yet has %s %v", text, in.Name, in.Targets)
			}
		}
	}
	if said < 150 {
		t.Errorf("only %d sentences are tried", said)
	}
}

// show writes an intent on one line: name, slots, targets, command, also.
func show(in Intent) string {
	if in.Refusal != "" {
		return fmt.Sprintf("-%s %v", in.Refusal, in.Candidates)
	}
	var slots []string
	for _, k := range slices.Sorted(maps.Keys(in.Slots)) {
		slots = append(slots, fmt.Sprintf("%s=%v", k, in.Slots[k]))
	}
	s := in.Name + " " + strings.Join(slots, ",")
	if len(in.Targets) > 0 {
		s += fmt.Sprint(" ", in.Targets)
	}
	if in.Command != nil {
		s += " CMD(" + show(*in.Command) + ")"
	}
	for _, a := range in.Also {
		s += " ALSO(" + show(a) + ")"
	}
	return s
}
