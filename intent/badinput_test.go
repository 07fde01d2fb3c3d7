package intent

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Whatever is said, it is refused or understood within bounds, and never panics.
func TestBadTexts(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	for _, c := range []struct{ name, text string }{
		{"nothing", ""},
		{"blanks", " \t\n  "},
		{"10,000 letters", strings.Repeat("a", 10_000)},
		{"10,000 words", strings.Repeat("and turn on the lamp ", 500)},
		{"10,000 conjunctions", strings.Repeat("and ", 2500)},
		{"commas", strings.Repeat("turn on the lamp, ", 600)},
		{"control characters", "\x00\x01\x02turn\x07 \x1b[31moff\x7f"},
		{"not UTF-8", "\xff\xfe\xfd"},
		{"combining marks", "a" + strings.Repeat("\u0301", 5000)},
		{"a long number", "set the reading light to " + strings.Repeat("9", 300) + " percent"},
		{"many numbers", "set the reading light to " + strings.Repeat("one hundred and ", 60)},
		{"emoji", strings.Repeat("💡", 300)},
		{"template letters", "turn on {name} [the] (lamp|light) <area>"},
		{"JSON", `{"text": "turn on the lamp"}`},
	} {
		m := newMatch()
		_, list, _ := m.understand(r, c.text, setting{room: -1})
		if list != nil {
			t.Errorf("%s: got %v", c.name, list)
		}
		if m.steps > maxSteps+maxSteps/10 {
			t.Errorf("%s: %d steps", c.name, m.steps)
		}
		in := r.Resolve(Query{Text: c.text, Alternatives: []Alternative{{Text: c.text, Confidence: 1}}, Tokens: []Token{{Text: c.text}}})
		if in.Refusal == "" || in.Name != "" || in.Targets != nil || in.Also != nil || in.Command != nil {
			t.Errorf("%s: got %+v", c.name, in)
		}
		r.Check(c.text)
	}
	if in := r.Resolve(Query{Text: "turn on the desk lamp"}); in.Name != "HassTurnOn" {
		t.Errorf("afterwards an ordinary request is refused: %+v", in)
	}
}

// Marks that are written and not said change nothing.
func TestUnspokenMarks(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	for _, text := range []string{
		"\u202aturn on the desk lamp\u202c", "\u200fturn on\u200e the desk lamp\u2069", "\ufeffturn on the desk lamp", "turn\u00a0on\u2003the desk\tlamp\r\n",
		"“turn on the desk lamp!”", "TURN ON THE DESK LAMP", "turn on the desk lamp\x00", "ｔｕｒｎ ｏｎ ｔｈｅ ｄｅｓｋ ｌａｍｐ",
	} {
		in := r.Resolve(Query{Text: text})
		if len(in.Targets) != 1 || in.Targets[0] != "light.desk" {
			t.Errorf("%q: got %s", text, show(in))
		}
	}
}

// Names of a home may be anything, and the others still work.
func TestStrangeNames(t *testing.T) {
	home := testHome()
	for i, name := range []string{
		"", "", "  ", "\u200b", "🙂", "Off", "On", "Light", "Lights", "All", "Everything", "The", "Turn on", "and", "Timer", "It",
		"Desk lamp", "Desk lamp", "Kitchen", "Ground floor", "100", "50 percent", "Lamp and lamp", "Please", strings.Repeat("very long ", 400), "(a|b) {name} <x>", "Ten minutes", "Yes", "Now",
	} {
		home.Entities = append(home.Entities, Entity{ID: fmt.Sprintf("switch.strange_%d", i), Name: name, Area: "garage", Aliases: []string{"", name}})
	}
	home.Entities = append(home.Entities, Entity{}, Entity{ID: "nodomain"}, Entity{ID: "light.desk", Name: "Same id", Members: []string{"light.desk", "light.none"}})
	home.Areas = append(home.Areas, Area{}, Area{ID: "x", Name: "Off"}, Area{ID: "kitchen", Name: "Kitchen"})
	home.Floors = append(home.Floors, Floor{}, Floor{ID: "y", Name: "Light"})
	r := compileBuiltin(t).Bind(home)
	for _, c := range []struct{ say, want string }{
		{"turn on the coffee machine", "HassTurnOn name=Coffee machine [switch.coffee_machine]"},
		{"turn off the coffee machine in ten minutes", "HassStartTimer conversation_command=turn off the coffee machine,minutes=10 CMD(HassTurnOff name=Coffee machine [switch.coffee_machine])"},
		{"turn off off", "HassTurnOff name=Off [switch.strange_5]"},
		{"turn on the on", "HassTurnOn name=On [switch.strange_6]"},
		{"turn off the tv and the printer", "HassTurnOff name=TV [media_player.tv] ALSO(HassTurnOff name=Printer [switch.printer])"},
		{"set the reading light to 50 percent", "HassLightSet brightness=50,name=Reading light [light.reading]"},
		{"what time is it", "HassGetCurrentTime "},
		{"set a timer for ten minutes", "HassStartTimer minutes=10"},
	} {
		if got := show(r.Resolve(Query{Text: c.say, Room: "hall"})); got != c.want {
			t.Errorf("%q: got  %s\nwant %s", c.say, got, c.want)
		}
	}
	for _, text := range []string{"turn on", "turn off", "turn on  ", "and", "off", "the"} {
		if in := r.Resolve(Query{Text: text, Room: "hall"}); len(in.Targets) > 0 {
			t.Errorf("%q: got %s", text, show(in))
		}
	}
	in := r.Resolve(Query{Text: "turn on the desk lamp", Room: "hall"})
	if in.Refusal != Ambiguous || len(in.Candidates) != 3 {
		t.Errorf("three desk lamps: got %s", show(in))
	}
	r.Grammar()
}

// In a home of 5,000 devices a request costs no more steps than in one of 1,000, and names no cliff of states.
func TestHugeHome(t *testing.T) {
	s := compileBuiltin(t)
	small, big := s.Bind(bigHome(1000)), s.Bind(bigHome(5000))
	if a, b := len(small.trie.nodes), len(big.trie.nodes); b > 6*a {
		t.Errorf("%d nodes of names for 1,000 devices, %d for 5,000", a, b)
	}
	for _, text := range []string{"turn on the red kitchen lamp", "turn off all the lights", "set the red kitchen lights to 20 percent", "turn off everything except the red kitchen", "it was a dark and stormy night", "close the blinds in ten minutes"} {
		steps := func(r *Resolver) int {
			m := newMatch()
			m.understand(r, text, setting{room: 0})
			return m.steps
		}
		if a, b := steps(small), steps(big); b > a+a/4+50 {
			t.Errorf("%q: %d steps with 1,000 devices, %d with 5,000", text, a, b)
		}
	}
	same := Names{Areas: []Area{{ID: "a", Name: "Attic"}}}
	for i := range 5000 {
		same.Entities = append(same.Entities, Entity{ID: fmt.Sprintf("light.l%d", i), Name: "Desk lamp", Area: "a"})
	}
	if in := s.Bind(same).Resolve(Query{Text: "turn on the lamp", Room: "a"}); in.Refusal != Ambiguous || len(in.Candidates) != 5000 {
		t.Errorf("5,000 lamps: %s with %d candidates", in.Refusal, len(in.Candidates))
	}
}

// Hostile sentences are refused with file and line, or read within bounds of steps and states.
func TestPathologicalSentences(t *testing.T) {
	files, err := filepath.Glob("testdata/pathological/*.yaml")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Compile("en", File{Name: file, Data: data})
			asked := 0
			for line := range strings.Lines(string(data)) {
				if why, ok := strings.CutPrefix(strings.TrimSpace(line), "# refused: "); ok {
					asked++
					if err == nil || !strings.Contains(err.Error(), file+":") || !strings.Contains(err.Error(), why) {
						t.Errorf("error %v, wanted file, line and %q", err, why)
					}
				}
				say, ok := strings.CutPrefix(strings.TrimSpace(line), "# say: ")
				if !ok {
					continue
				}
				asked++
				if err != nil {
					t.Fatal(err)
				}
				r := s.Bind(testHome())
				for _, text := range []string{repeated(say), strings.ToUpper(repeated(say)) + " ?"} {
					m := newMatch()
					m.understand(r, text, setting{room: -1})
					if m.steps > maxSteps+maxSteps/10 || len(m.found) > 2*maxSteps || len(m.caps) > 2*maxSteps {
						t.Errorf("%d steps, %d results, %d captures", m.steps, len(m.found), len(m.caps))
					}
					r.Check(text)
				}
				if g := r.Grammar(); len(g.JSGF) > 1_000_000 {
					t.Errorf("a grammar of %d bytes", len(g.JSGF))
				}
			}
			if asked == 0 {
				t.Error("nothing is said and nothing refused")
			}
			if s != nil && len(s.net.nodes) > 2*maxFactored {
				t.Errorf("%d nodes", len(s.net.nodes))
			}
		})
	}
}

// repeated writes "a{3} b" out as "aaa b".
func repeated(say string) string {
	head, rest, ok := strings.Cut(say, "{")
	if !ok {
		return say
	}
	n, tail, _ := strings.Cut(rest, "}")
	times, err := strconv.Atoi(n)
	if err != nil {
		return say
	}
	word := head[strings.LastIndexByte(strings.TrimRight(head, " "), ' ')+1:]
	if strings.HasSuffix(head, " ") && strings.Count(head, " ") > 1 {
		word = head // the whole of several words
	}
	return head + strings.Repeat(word, times-1) + tail
}

// Sentences of any kind are compiled or refused; what compiles can be bound and resolves.
func FuzzCompile(f *testing.F) {
	files, _ := filepath.Glob("testdata/pathological/*.yaml")
	for _, file := range append(files, "testdata/custom/community.yaml", "sentences/en/scene.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	for _, s := range []string{"", "a: [", "&a [*a]", "language: en\nintents: &x {X: {data: [*x]}}", "language: en\nlists: &l {x: *l}", "language: en\nintents: {X: {data: [{sentences: [&s '{x}', *s]}]}}\nlists: {x: {values: &v [a, *v]}}"} {
		f.Add(s)
	}
	home := testHome()
	f.Fuzz(func(t *testing.T, data string) {
		if len(data) > 20_000 {
			return
		}
		s, err := Compile("en", File{Name: "fuzz.yaml", Data: []byte(data)})
		if err != nil {
			if !strings.Contains(err.Error(), "fuzz.yaml") {
				t.Fatalf("the error does not name the file: %v", err)
			}
			return
		}
		r := s.Bind(home)
		m := newMatch()
		for _, text := range []string{"turn on the lamp", "a b c d e f", data[:min(len(data), 300)]} {
			m.steps, m.spent = 0, false
			m.understand(r, text, setting{room: 0})
			if m.steps > maxSteps+maxSteps/10 {
				t.Fatalf("%d steps for %q", m.steps, text)
			}
		}
	})
}

// Words of Home Assistant's that are nearly right are slips; words of the owner's are not.
func TestSlipsInCustomFiles(t *testing.T) {
	files, err := Builtin("en")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, text, want string }{
		{"a domain", "language: en\nintents:\n  HassTurnOn:\n    data:\n      - sentences: [\"fire the {name}\"]\n        requires_context: {domain: lihgt}\n", `mine.yaml:6: no domain "lihgt": "light" is one`},
		{"one of several", "language: en\nintents:\n  Mine:\n    data:\n      - sentences: [\"fire the {name}\"]\n        requires_context:\n          domain: [light, swich]\n", `mine.yaml:7: no domain "swich": "switch" is one`},
		{"in a slot", "language: en\nintents:\n  HassTurnOn:\n    data:\n      - sentences: [\"fire the lot\"]\n        slots: {domain: media-player}\n", `mine.yaml:6: no domain "media-player": "media_player" is one`},
		{"an intent", "language: en\nintents:\n  HassTurnOnn:\n    data:\n      - sentences: [\"fire the lot\"]\n", `no intent "HassTurnOnn": "HassTurnOn" is one`},
		{"its capitals", "language: en\nintents:\n  hassTurnOff:\n    data:\n      - sentences: [\"fire the lot\"]\n", `no intent "hassTurnOff": "HassTurnOff" is one`},
		{"an intent of their own", "language: en\nintents:\n  TurnOnTheFog:\n    data:\n      - sentences: [\"fire the fog\"]\n", ""},
		{"a domain of an integration's", "language: en\nintents:\n  Mine:\n    data:\n      - sentences: [\"fire the {name}\"]\n        requires_context: {domain: pyscript}\n", ""},
		{"a tab", "language: en\nintents:\n\tMine:\n    data:\n", "mine.yaml:3: a tab where the line is indented"},
		{"a tab before an item", "language: en\nintents:\n  Mine:\n    data:\n      - sentences:\n\t- hi there\n", "mine.yaml:6: a tab where the line is indented"},
		{"an open bracket", "language: en\nintents:\n  Mine:\n    data:\n      - sentences: [\"hi there\"\n", "mine.yaml:"},
		{"not UTF-8", "language: en\nintents: \xff\xfe\n", "mine.yaml:"},
		{"an anchor that is not there", "language: en\nintents: *x\n", "mine.yaml:"},
	} {
		_, err := Compile("en", append(slices.Clone(files), File{Name: "mine.yaml", Data: []byte(c.text)})...)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// A misspelt word about the conversation would only never hold: it is an error
// with file and line.
func TestBadConversations(t *testing.T) {
	for _, c := range []struct{ name, context, metadata, want string }{
		{"a value", "{conversation: {value: lenght, slot: answer}}", "", `mine.yaml:7: context "conversation": no value "lenght"`},
		{"one of several", "{conversation: [last, opne]}", "", `mine.yaml:7: context "conversation": no value "opne"`},
		{"a slot", "{conversation: {value: length, slot: answr}}", "", `mine.yaml:7: context "conversation": no slot "answr"`},
		{"a flag", "{conversation: last}", "metadata: {single: perhaps}", "mine.yaml:8: "},
	} {
		text := "language: en\nintents:\n  Mine:\n    data:\n      - sentences:\n          - so it is\n        requires_context: " + c.context + "\n"
		if c.metadata != "" {
			text += "        " + c.metadata + "\n"
		}
		files, err := Builtin("en")
		if err != nil {
			t.Fatal(err)
		}
		if _, err = Compile("en", append(files, File{Name: "mine.yaml", Data: []byte(text)})...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// An answer without a question, in a sentence of somebody's own, is refused.
func TestAnswerWithoutAQuestion(t *testing.T) {
	r := compileBuiltin(t, File{Name: "mine.yaml", Data: []byte("language: en\nintents:\n  Mine:\n    data:\n      - sentences: [so it is]\n        requires_context: {conversation: {value: last, slot: answer}}\n")}).Bind(testHome())
	last := r.Resolve(Query{Text: "turn on the desk lamp"})
	if in := r.Match(Query{Text: "so it is", Context: Context{Last: &last}}); in.Refusal == "" {
		t.Errorf("got %s", show(in))
	}
}
