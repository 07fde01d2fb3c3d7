package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// wire is what begins with "cricket" and is not typed: the first words of signed records
// (docs/mesh.md).
var wire = []string{"cricket 2 NAME", "cricket household record 1", "cricket state record 1"}

// TestPagesShowCommandsThatExist reads each command of the pages as the program would.
func TestPagesShowCommandsThatExist(t *testing.T) {
	var files []string
	if err := filepath.WalkDir("../../docs", func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			files = append(files, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, file := range append(files, "../../README.md") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		shown, named := commandsOf(string(data))
		commands += len(shown) + len(named)
		for _, c := range shown {
			if err := understood(c); err != nil {
				t.Errorf("%s: cricket %s: %v", file, c, err)
			}
		}
		for _, c := range named {
			if !isName(c) && !slices.Contains(wire, "cricket "+c) {
				if err := understood(c); err != nil && understood(c+" SOMETHING") != nil { // "ask --json" names a flag
					t.Errorf("%s: `cricket %s`: %v", file, c, err)
				}
			}
		}
	}
	if commands < 100 {
		t.Errorf("%d commands were found in %d pages, which is not all of them", commands, len(files)+1)
	}
}

func TestUnderstoodIsWhatTheProgramReads(t *testing.T) {
	for command, want := range map[string]bool{
		"ask --room Kitchen 'turn off the lights' | jq .reply": true,
		"why [N] [--json]": true,
		`resolve --home HOME.toml [--tier template\|llm]`:   true,
		`resolve --home HOME.toml [--tier template\|magic]`: false,
		"models verify [MODEL…]":                            true,
		"ask":                                               false,
		"why --loud":                                        false,
		"mesh befriend":                                     false,
	} {
		if err := understood(command); (err == nil) != want {
			t.Errorf("%s: %v", command, err)
		}
	}
	if !isName("mesh pair") || !isName("mesh") || isName("mesh befriend") {
		t.Error("a command's name is not told from what is none")
	}
}

var (
	fences = regexp.MustCompile("(?ms)^ *```(\\w*)\n(.*?)^ *```$")
	spans  = regexp.MustCompile("`cricket ([^`\n]+)`")
	typed  = regexp.MustCompile(`(?:^|[|;&(] *)(?:sudo )?(?:bin/|/usr/bin/)?cricket +([^#\n]+)`)
	ends   = regexp.MustCompile(`^(\||\|\||&&?|;|>|>>|<|2>|2>&1|\))$`)
	words  = regexp.MustCompile(`(?:"[^"]*"|'[^']*'|[^\s"'])+`)
	stand  = map[string]string{"N": "1", "S": "0.5", "PURPOSE": "stt"} // what cannot be anything, an example of it
)

// commandsOf are the commands of a page, without the program's name: those that are typed
// in a block, and those between backticks, which may be a command's name alone.
func commandsOf(page string) (shown, named []string) {
	for _, fence := range fences.FindAllStringSubmatch(page, -1) {
		if fence[1] == "toml" || fence[1] == "json" {
			continue
		}
		for line := range strings.Lines(fence[2]) {
			line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
			for _, m := range typed.FindAllStringSubmatch(line, -1) {
				shown = append(shown, strings.TrimSpace(m[1]))
			}
		}
	}
	for _, m := range spans.FindAllStringSubmatch(fences.ReplaceAllString(page, ""), -1) {
		named = append(named, m[1])
	}
	return shown, named
}

// isName says whether a text is the name of a command, or of a group of them.
func isName(text string) bool {
	var c commands
	at := grammar(&c).Model.Node
	for word := range strings.FieldsSeq(text) {
		i := slices.IndexFunc(at.Children, func(n *kong.Node) bool { return n.Name == word })
		if i < 0 {
			return false
		}
		at = at.Children[i]
	}
	return true
}

// understood reads a command with the program's own grammar. What is in brackets is
// taken, and of alternatives first the first ones and then the last ones.
func understood(command string) error {
	command = strings.NewReplacer(`\|`, "|", "…", "").Replace(command)
	var first, last []string
	for _, word := range words.FindAllString(command, -1) {
		if ends.MatchString(word) {
			break
		}
		if quoted := strings.ContainsAny(word, `"'`); quoted {
			word = strings.NewReplacer(`"`, "", `'`, "").Replace(word)
			first, last = append(first, word), append(last, word)
			continue
		}
		any := strings.Split(strings.Trim(word, "[]"), "|")
		for i, one := range any {
			if n, ok := stand[one]; ok {
				any[i] = n
			}
		}
		first, last = append(first, any[0]), append(last, any[len(any)-1])
	}
	return errors.Join(parse(first), parse(last))
}

// parse reads a command whose files need not be there.
func parse(args []string) error {
	var c commands
	file := kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
		if target.Kind() == reflect.String {
			return ctx.Scan.PopValueInto("file", target.Addr().Interface())
		}
		for ctx.Scan.Peek().IsValue() {
			target.Set(reflect.Append(target, reflect.ValueOf(ctx.Scan.Pop().String())))
		}
		return nil
	})
	helped := false
	_, err := grammar(&c, kong.NamedMapper("existingfile", file), kong.NamedMapper("existingdir", file),
		kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) { helped = true })).Parse(args)
	if helped {
		return nil
	}
	return err
}
