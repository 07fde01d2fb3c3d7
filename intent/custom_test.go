package intent

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// A file of the community's format works unchanged, beside our own sentences.
func TestCustomSentences(t *testing.T) {
	data, err := os.ReadFile("testdata/custom/community.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r := compileBuiltin(t, File{Name: "community.yaml", Data: data}).Bind(testHome())
	for _, c := range []struct {
		name, say, room string
		intent          string
		slots           map[string]any
		targets         []string
	}{
		{"wildcards", "play the album abbey road by the beatles", "", "PlayAlbum", map[string]any{"album": "abbey road", "artist": "the beatles"}, nil},
		{"one wildcard", "listen to album kind of blue", "", "PlayAlbum", map[string]any{"album": "kind of blue"}, nil},
		{"a wildcard ends where the sentence goes on", "add oat milk to my shopping list", "", "AddTask", map[string]any{"item": "oat milk", "todo": "shopping"}, nil},
		{"no such template, but one of ours", "put call mum on the to-do list", "", "HassListAddItem", map[string]any{"item": "call mum", "name": "to do"}, nil},
		{"a template in a list", "put call mum on to-do list", "", "AddTask", map[string]any{"item": "call mum", "todo": "to[-| ]do"}, nil},
		{"a slot with another name, a multiplier", "set tv volume to 7%", "", "SetVolume", map[string]any{"name": "TV", "volume_level": 70.0}, []string{"media_player.tv"}},
		{"only some domains", "set desk lamp volume to 7", "", "", nil, nil},
		{"out of range, but in ours", "set tv volume to 12", "", "HassSetVolume", map[string]any{"name": "TV", "volume_level": 12.0}, []string{"media_player.tv"}},
		{"escapes are letters, and brackets are not said", "loud tv", "", "SetVolume", map[string]any{"name": "TV"}, []string{"media_player.tv"}},
		{"a rule and a list of the block, glued letters", "make it brighter in the kitchen", "", "SetMood", map[string]any{"mood": "bright", "area": "Kitchen", "source": "voice"}, nil},
		{"out instead of in", "cozy inside the bedroom", "", "SetMood", map[string]any{"mood": "cosy", "area": "Bedroom", "source": "voice"}, nil},
		{"any order", "please cozy mood", "", "SetMood", map[string]any{"mood": "cosy", "source": "voice"}, nil},
		{"any order", "mood cozy please", "", "SetMood", map[string]any{"mood": "cosy", "source": "voice"}, nil},
		{"halves", "brew tea for two and a half minutes", "", "MeasureTea", map[string]any{"minutes": 2.5}, nil},
		{"halves only", "brew tea for 2.3 minutes", "", "", nil, nil},
		{"steps", "tea at eighty degrees", "", "MeasureTea", map[string]any{"degrees_tea": 80.0}, nil},
		{"between steps", "tea at eighty five degrees", "", "", nil, nil},
		{"tenths", "tea strength zero point three", "", "MeasureTea", map[string]any{"strength": 0.3}, nil},
		{"the room as a slot", "where am i", "office", "WhereAmI", map[string]any{"area": "Office"}, nil},
		{"the room is needed", "where am i", "", "", nil, nil},
		{"the room by its value", "what is special here", "Kitchen", "WhereAmI", map[string]any{}, nil},
		{"the context of a list's value", "air the roof window", "", "Ventilate", map[string]any{"opening": "roof"}, nil},
		{"another value's context", "air the patio door", "", "", nil, nil},
		{"no context at all", "air the skylight", "", "", nil, nil},
		{"excluded", "wipe the patio door", "", "", nil, nil},
		{"not excluded", "wipe the skylight", "", "Ventilate", map[string]any{"opening": "skylight"}, nil},
		{"a device in the slots", "engines full", "", "HassTurnOn", map[string]any{"name": "Coffee machine"}, []string{"switch.coffee_machine"}},
		{"a room in the slots", "nap time", "", "HassTurnOn", map[string]any{"area": "Bedroom", "domain": "light"}, []string{"light.bedroom_ceiling", "light.bedroom_lamp"}},
		{"an own rule, the domain as a slot, skip words", "computer, zap on the printer this instant if you would", "", "HassTurnOn", map[string]any{"name": "Printer", "domain": "switch"}, []string{"switch.printer"}},
		{"an own rule does not change ours", "zap on the printer", "", "", nil, nil},
		{"our sentences still work", "turn on the printer", "", "HassTurnOn", map[string]any{"name": "Printer"}, []string{"switch.printer"}},
	} {
		t.Run(c.name+": "+c.say, func(t *testing.T) {
			in := r.Match(Query{Text: c.say, Room: c.room})
			if in.Name != c.intent {
				t.Fatalf("got %q %v (%s), want %q", in.Name, in.Slots, in.Refusal, c.intent)
			}
			if c.intent == "" {
				return
			}
			if !maps.Equal(in.Slots, c.slots) {
				t.Errorf("slots %v, want %v", in.Slots, c.slots)
			}
			if !slices.Equal(in.Targets, c.targets) {
				t.Errorf("targets %v, want %v", in.Targets, c.targets)
			}
			if r.Check(c.say) < Complete {
				t.Errorf("Check says %s", r.Check(c.say))
			}
		})
	}
	if in := r.Resolve(Query{Text: "what is special here", Room: "kitchen"}); in.Response != "kitchen" {
		t.Errorf("response %q in the kitchen", in.Response)
	}
	if in := r.Resolve(Query{Text: "what is special here", Room: "hall"}); in.Response != "elsewhere" {
		t.Errorf("response %q in the hall", in.Response)
	}
	if in := r.Resolve(Query{Text: "play album x"}); in.Confidence >= 1 {
		t.Errorf("confidence %v with a wildcard", in.Confidence)
	}
}

// The state of a device can be a condition; what the query says counts before what the names say.
func TestStateAsContext(t *testing.T) {
	s, err := Compile("en", File{Name: "state.yaml", Data: []byte(`
language: en
intents:
  Quiet:
    data:
      - sentences: ["hush {name}"]
        requires_context: {domain: media_player, state: playing}
`)})
	if err != nil {
		t.Fatal(err)
	}
	r := s.Bind(testHome())
	if in := r.Resolve(Query{Text: "hush tv"}); in.Refusal == "" {
		t.Errorf("understood although nothing plays: %v", in)
	}
	if in := r.Resolve(Query{Text: "hush tv", States: map[string]string{"media_player.tv": "playing"}}); in.Name != "Quiet" {
		t.Errorf("refused although the TV plays: %v", in)
	}
}

func TestCompileFaults(t *testing.T) {
	const head = "language: en\nintents:\n  Do:\n    data:\n      - sentences:\n          - "
	for _, c := range []struct {
		name, file string
		want       []string // all of them in the error
	}{
		{"not YAML", "a: [", []string{"f.yaml"}},
		{"another language", "language: de", []string{"f.yaml:1", `language is "de", wanted "en"`}},
		{"unknown key", "language: en\nintnets: {}", []string{"f.yaml:2", `unknown key "intnets"`}},
		{"unknown key of a block", head + "hello\n        slotz: {}", []string{"f.yaml:7", "Do", `"slotz"`}},
		{"bracket", head + `"turn (on"`, []string{"f.yaml:6", "Do", `"turn (on"`, "never closed"}},
		{"closing bracket", head + `"turn on)"`, []string{"f.yaml:6", "column 8", "without its opening bracket"}},
		{"no such rule", head + `"turn <upside_down>"`, []string{"f.yaml:6", "Do", "no rule <upside_down>"}},
		{"no such list", head + `"turn {thing}"`, []string{"f.yaml:6", "no list {thing}"}},
		{"recursion", head + "\"<a> x\"\nexpansion_rules: {a: \"x <b>\", b: \"[<a>] y\"}", []string{"f.yaml:6", "<a>", "contains itself", "<a> <b> <a>"}},
		{"silence", head + `"[please]"`, []string{"f.yaml:6", "fits silence"}},
		{"no sentences", "language: en\nintents: {Do: {data: [{slots: {a: b}}]}}", []string{"Do: no sentences"}},
		{"list without values", head + "\"{x}\"\nlists: {x: {metadata: 1}}", []string{"{x}", "values, range and wildcard"}},
		{"range", head + "\"{x}\"\nlists: {x: {range: {from: 9, to: 3}}}", []string{"f.yaml:7", "{x}", "from < to"}},
		{"fractions", head + "\"{x}\"\nlists: {x: {range: {from: 1, to: 3, fractions: thirds}}}", []string{"thirds", "halves or tenths"}},
		{"value without in", head + "\"{x}\"\nlists: {x: {values: [{out: 1}]}}", []string{"{x}", `without "in"`}},
		{"both separators", head + `"(a|b;c)"`, []string{"| and ; in the same brackets"}},
		{"too many orders", head + `"(a;b;c;d;e;f)"`, []string{"permutation of 6 parts"}},
		{"key given twice", "language: en\nlanguage: en", []string{"f.yaml"}},
		{"a list in itself", head + "\"{x}\"\nlists: {x: {values: [\"a {x}\"]}}", []string{"f.yaml:6", "list {x} contains itself"}},
		{"orders of orders", head + `"(a;b;c;d;(e;f;g;h;(i;j;k;l;(m;n;o;p;q))))"`, []string{"f.yaml:6", "written out"}},
		{"brackets without end", head + `"` + strings.Repeat("(", 60) + `a"`, []string{"f.yaml:6", "more than 50 deep"}},
		{"sentences are no list", "language: en\nintents: {Do: {data: [{sentences: hello}]}}", []string{"f.yaml:2", "Do: sentences must be a list"}},
		{"data is no list", "language: en\nintents:\n  Do:\n    data: hello", []string{"f.yaml:4", "Do: data must be a list"}},
		{"intents are no mapping", "language: en\nintents: [Do]", []string{"f.yaml:2", "intents must be a mapping"}},
		{"a sentence is no text", head + "{a: b}", []string{"f.yaml:6", "wanted text"}},
		{"a slot is no value", head + "hello\n        slots: {a: {b: c}}", []string{"f.yaml:7", `slot "a"`}},
		{"an empty reference", head + `"turn {}"`, []string{"f.yaml:6", "no name of a"}},
		{"a reference that is never closed", head + `"turn <a"`, []string{"f.yaml:6", "never closed"}},
		{"a backslash at the end", head + `'turn\'`, []string{"f.yaml:6", "at the end"}},
		{"a list of nothing", head + "\"{x}\"\nlists: {x: {values: []}}", []string{"{x}", "no values"}},
		{"two kinds of list", head + "\"{x}\"\nlists: {x: {wildcard: true, values: [a]}}", []string{"f.yaml:7", "{x}", "one of values"}},
		{"unknown key of a list", head + "\"{x}\"\nlists: {x: {valuez: [a]}}", []string{"f.yaml:7", "{x}", `"valuez"`}},
		{"a range of words", head + "\"{x}\"\nlists: {x: {range: {from: one, to: ten}}}", []string{"{x}"}},
		{"a step of nothing", head + "\"{x}\"\nlists: {x: {range: {from: 1, to: 9, step: 0}}}", []string{"f.yaml:7", "step over 0"}},
		{"a value that is no template", head + "\"{x}\"\nlists: {x: {values: [\"(a\"]}}", []string{"f.yaml:7", "{x}", `"(a"`}},
		{"a rule that is no template", head + "\"<x>\"\nexpansion_rules: {x: \"[a\"}", []string{"f.yaml:7", "<x>", "never closed"}},
		{"words of a wildcard", head + "\"a {x}\"\nlists: {x: {wildcard: true, metadata: {words: 0}}}", []string{"f.yaml:7", "{x}", `"0" is not 1 to`}},
		{"a rank that is no number", head + "hello\n        metadata: {rank: high}", []string{"f.yaml:7", `"rank"`, "high"}},
		{"single is neither", head + "hello\n        metadata: {single: maybe}", []string{"f.yaml:7", `"single"`, "maybe"}},
		{"spoken is no template", head + "hello\n        metadata: {spoken: \"(a\"}", []string{"f.yaml:7", `"(a"`}},
		{"spoken names no rule", head + "hello\n        metadata: {spoken: \"<none>\"}", []string{"f.yaml:7", "no rule <none>"}},
		{"a mapping in itself", "language: en\nintents: &x {Do: {data: [*x]}}", []string{"f.yaml:2", `unknown key "Do"`}},
		{"bytes", "\x00\x01\xff", []string{"f.yaml"}},
		{"context", head + "hello\n        requires_context: {area: {slots: true}}", []string{`unknown key "slots"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Compile("en", File{Name: "f.yaml", Data: []byte(c.file)})
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not say %q", err, w)
				}
			}
		})
	}
}

func TestEveryFaultIsReported(t *testing.T) {
	_, err := Compile("en",
		File{Name: "a.yaml", Data: []byte("language: en\nintents: {A: {data: [{sentences: ['<x>', '<y>']}]}}")},
		File{Name: "b.yaml", Data: []byte("language: en\nintents: {B: {data: [{sentences: ['{z}']}]}}")})
	for _, want := range []string{"<x>", "<y>", "{z}", "a.yaml", "b.yaml"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %s", err, want)
		}
	}
}

func TestUnknownLanguage(t *testing.T) {
	if _, err := Compile("xx"); err == nil {
		t.Error("no error for language xx")
	}
	if _, err := Builtin("xx"); err == nil {
		t.Error("no error for the built-in sentences of language xx")
	}
}

// What the owner wrote word for word is meant so, though a built-in sentence and a name
// read it, too; with a word of it in a list, or another word, it is the built-in one.
func TestOwnersWordsGoFirst(t *testing.T) {
	r := compileBuiltin(t, File{Name: "mine.yaml", Own: true, Data: []byte(`
language: en
intents:
  WatchFilm:
    data:
      - sentences: ["turn on the tv", "{what} off the tv"]
lists:
  what: {values: [turn]}
`)}).Bind(testHome())
	for say, want := range map[string]string{
		"turn on the tv":                      "WatchFilm",
		"please turn on the tv":               "WatchFilm",
		"turn on the printer and the tv":      "HassTurnOn",
		"turn off the tv":                     "HassTurnOff",
		"turn on tv":                          "HassTurnOn",
		"turn on the tv in thirty seconds":    "HassStartTimer",
		"turn on the printer, turn on the tv": "HassTurnOn",
	} {
		if in := r.Match(Query{Text: say}); in.Name != want {
			t.Errorf("%s: %q %v (%s), want %q", say, in.Name, in.Slots, in.Refusal, want)
		}
	}
}
