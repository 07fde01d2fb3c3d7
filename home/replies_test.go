package home

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Every reply is used, and every reply that the source names is there.
func TestRepliesAreUsedAndThere(t *testing.T) {
	r, err := loadReplies("en")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	set := token.NewFileSet()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	literal := func(e ast.Expr) (string, bool) {
		l, ok := e.(*ast.BasicLit)
		if !ok || l.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(l.Value)
		return s, err == nil
	}
	need := func(key string) {
		named[key] = true
		if _, ok := r.Say[key]; !ok {
			t.Errorf("the source says %q, which replies/en.yaml has not", key)
		}
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		source, err := parser.ParseFile(set, f, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(source, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				name := ""
				switch f := n.Fun.(type) {
				case *ast.SelectorExpr:
					name = f.Sel.Name
				case *ast.Ident:
					name = f.Name
				}
				key, ok := "", false
				if len(n.Args) > 0 {
					key, ok = literal(n.Args[0])
				}
				switch {
				case name == "say" && ok, name == "said" && ok:
					calls++
					need(key)
				case name == "isAre" && ok:
					calls++
					need(key + ".is")
					need(key + ".are")
				case name == "joined":
					if key, ok := literal(n.Args[1]); ok {
						need(key)
					}
				}
			case *ast.KeyValueExpr: // exception{key: "..."}
				if id, ok := n.Key.(*ast.Ident); ok && id.Name == "key" {
					if key, ok := literal(n.Value); ok {
						need(key)
					}
				}
			case *ast.AssignStmt: // key = "...", why.key = "..."
				if len(n.Lhs) != len(n.Rhs) {
					return true
				}
				for i, left := range n.Lhs {
					name := ""
					switch l := left.(type) {
					case *ast.Ident:
						name = l.Name
					case *ast.SelectorExpr:
						name = l.Sel.Name
					}
					if name == "key" {
						if key, ok := literal(n.Rhs[i]); ok && key != "silent" {
							need(key)
						}
					}
				}
			}
			return true
		})
	}
	if calls < 40 {
		t.Fatalf("only %d uses of replies found: this test does not see them any more", calls)
	}
	for key := range r.Say {
		if !named[key] {
			t.Errorf("nothing says %q", key)
		}
	}
}

// forOthers are placeholders that English has no use for, by how their keys begin.
var forOthers = map[string][]string{"room.": {"{place}"}, "number.": {"{one}"}, "time.": {"{hour}", "{next}", "{minutes}", "{oclock}", "{past}", "{to}"}}

// Every language says all that English does, with the same placeholders, and
// no placeholder is left in what is said.
func TestRepliesOfEveryLanguage(t *testing.T) {
	english, err := loadReplies("en")
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(replyFiles, "replies/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no replies: %v", err)
	}
	placeholder := regexp.MustCompile(`\{[^}]*\}`)
	for _, f := range files {
		r, err := loadReplies(strings.TrimSuffix(strings.TrimPrefix(f, "replies/"), ".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for key, text := range english.Say {
			if r.Say[key] == "" {
				t.Errorf("%s has no %q", f, key)
			}
			want := map[string]bool{}
			for _, p := range placeholder.FindAllString(text, -1) {
				want[p] = true
			}
			for begin, more := range forOthers {
				for _, p := range more {
					want[p] = want[p] || strings.HasPrefix(key, begin)
				}
			}
			for _, p := range placeholder.FindAllString(r.Say[key], -1) {
				if !want[p] {
					t.Errorf("%s: %q has a placeholder %s that English has not", f, key, p)
				}
			}
		}
		if len(r.Numbers) < 30 || len(r.Ordinals) != 31 || len(r.Weekdays) != 7 || len(r.Months) != 12 {
			t.Errorf("%s: %d numbers, %d ordinals, %d weekdays, %d months", f, len(r.Numbers), len(r.Ordinals), len(r.Weekdays), len(r.Months))
		}
		for key := range english.States {
			if r.States[key] == "" {
				t.Errorf("%s has no word for the state %q", f, key)
			}
		}
		for key := range english.Modes {
			if r.Modes[key] == "" {
				t.Errorf("%s has no word for the mode %q", f, key)
			}
		}
		for key := range english.Things {
			if r.Things[key][0] == "" || r.Things[key][1] == "" {
				t.Errorf("%s has no words for %q", f, key)
			}
		}
	}
}

func TestNamesInASentence(t *testing.T) {
	r, err := loadReplies("en")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Hall lamp": "the hall lamp", "TV": "the TV", "Anna's lamp": "Anna's lamp", "The cave": "the cave", "My lamp": "my lamp",
		"iPad": "the iPad", "3D printer": "the 3D printer", "Ölheizung": "the ölheizung",
	} {
		if got := r.the(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	for _, tt := range []struct {
		names []string
		want  string
	}{{nil, ""}, {[]string{"a"}, "a"}, {[]string{"a", "b"}, "a and b"}, {[]string{"a", "b", "c"}, "a, b and c"}} {
		if got := r.list(tt.names); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.names, got, tt.want)
		}
	}
}

// In French it is never "douze heures".
func TestFrenchMidnightAndNoon(t *testing.T) {
	r, err := loadReplies("fr")
	if err != nil {
		t.Fatal(err)
	}
	for clock, want := range map[string]string{
		"00:06": "il est minuit six", "12:15": "il est midi et quart", "11:40": "il est midi moins vingt", "23:45": "il est minuit moins le quart",
		"15:00": "il est trois heures", "01:30": "il est une heure et demie",
	} {
		now, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.clock(now); got != want {
			t.Errorf("%s: %q, want %q", clock, got, want)
		}
	}
}
