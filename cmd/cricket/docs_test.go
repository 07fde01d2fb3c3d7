package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/alecthomas/kong"

	"github.com/cricket-home/cricket/appliance"
)

// pages are README.md and everything in docs, by their paths from the repository's root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	root, out := os.DirFS("../.."), map[string]string{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && name != "docs" && !strings.HasPrefix(name, "docs/"):
			return fs.SkipDir
		case name != "README.md" && (filepath.Ext(name) != ".md" || !strings.HasPrefix(name, "docs/")):
			return nil
		}
		data, err := fs.ReadFile(root, name)
		out[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 20 {
		t.Fatalf("only %d pages", len(out))
	}
	return out
}

var (
	fence   = regexp.MustCompile("(?ms)^```.*?^```$")
	code    = regexp.MustCompile("`[^`\n]+`")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// anchor is the part of an address that leads to a heading, as GitHub makes it.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

func TestLinksOfTheDocs(t *testing.T) {
	all := pages(t)
	for name, text := range all {
		prose := code.ReplaceAllString(fence.ReplaceAllString(text, ""), "")
		for _, m := range link.FindAllStringSubmatch(prose, -1) {
			target, part, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			to := name
			if target != "" {
				to = filepath.Join(filepath.Dir(name), target)
			}
			if _, err := os.Stat(filepath.Join("../..", to)); err != nil {
				t.Errorf("%s: link to %s, which is not there", name, m[1])
				continue
			}
			if part == "" {
				continue
			}
			if !slices.ContainsFunc(heading.FindAllStringSubmatch(fence.ReplaceAllString(all[to], ""), -1), func(h []string) bool { return anchor(h[1]) == part }) {
				t.Errorf("%s: link to %s, which has no such heading", name, m[1])
			}
		}
	}
	for name := range all {
		if within, _ := filepath.Rel("docs", name); name != "README.md" && name != "docs/README.md" && !strings.Contains(all["docs/README.md"], "("+within+")") {
			t.Errorf("docs/README.md does not lead to %s", name)
		}
	}
}

// written are the lines of code on a page that begin with a program, less what a terminal
// shows before and behind them, each with whether it stands within a sentence, where it
// may be only a name. Forms ("[--json]", "FILE…") are no commands.
func written(text, program string) map[string]bool {
	var out []string
	for _, block := range fence.FindAllString(text, -1) {
		out = append(out, strings.Split(block, "\n")...)
	}
	own := len(out)
	for _, c := range code.FindAllString(fence.ReplaceAllString(text, ""), -1) {
		out = append(out, strings.Trim(c, "`"))
	}
	command := regexp.MustCompile(`^(?:\$ |# )?(?:sudo )?(?:[A-Z]+=\S+ )*(?:bin/)?` + program + ` +(.*)$`)
	lines := map[string]bool{}
	for i, line := range out {
		if m := command.FindStringSubmatch(strings.TrimSpace(line)); m != nil && !strings.ContainsAny(m[1], "[]…|<>{}") {
			said, _, _ := strings.Cut(m[1], " #")
			if said = strings.TrimSpace(said); said != "" {
				lines[said] = i >= own
			}
		}
	}
	return lines
}

// fields are the words of a command line, as a shell makes them.
func fields(line string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		out = append(out, m[1]+m[2]+m[3])
	}
	return out
}

// partial is the error for a command that only lacks something.
var partial = regexp.MustCompile(`^(expected "<|expected one of|missing flags:|expected "\[)`)

// Every command that the docs show is one that the command line takes.
func TestCommandsOfTheDocs(t *testing.T) {
	seen, all := 0, pages(t)
	t.Chdir(t.TempDir())
	for name, text := range all {
		for line, inSentence := range written(text, "cricket") {
			if slices.Contains([]string{"household record 1", "state record 1", "2 NAME"}, line) { // begin signatures, and a line of the wire
				continue
			}
			for _, word := range fields(line) {
				if filepath.Ext(word) != "" && !strings.Contains(word, "://") { // a file that must exist
					if err := errors.Join(os.MkdirAll(filepath.Dir(word), 0o755), os.WriteFile(word, nil, 0o644)); err != nil {
						t.Fatal(err)
					}
				}
			}
			answered := false
			parser, err := kong.New(&commands{}, kong.Vars{"default_config": appliance.ConfigFile}, kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) { answered = true }))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(fields(line)); err != nil && !answered && !(inSentence && partial.MatchString(err.Error())) {
				t.Errorf("%s: cricket %s: %v", name, line, err)
			}
			seen++
		}
	}
	if seen < 50 {
		t.Errorf("only %d commands were found", seen)
	}
}

// Every target of make that the docs name is in the Makefile.
func TestTargetsOfTheDocs(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for name, text := range pages(t) {
		for line := range written(text, "make") {
			for _, word := range strings.Fields(line) {
				if strings.ContainsAny(word, "=-\"/") && !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(word) {
					break // a variable, and what it holds
				}
				if !regexp.MustCompile(`(?m)^` + word + `:`).Match(makefile) {
					t.Errorf("%s: make %s: there is no %s in the Makefile", name, line, word)
				}
				seen++
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d targets were found", seen)
	}
}
