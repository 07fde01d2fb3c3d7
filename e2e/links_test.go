package e2e

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// text is a page, whole.
type text struct {
	path  string // from the root of the repository
	whole string
}

// texts are README.md and all pages of docs.
func texts(t *testing.T) (all []text) {
	t.Helper()
	add := func(path string) {
		data, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text{path, string(data)})
	}
	add("README.md")
	if err := fs.WalkDir(os.DirFS(".."), "docs", func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			add(path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(all) < 30 {
		t.Fatalf("there are %d pages, which is not all of them", len(all))
	}
	return all
}

var (
	fence   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	span    = regexp.MustCompile("`[^`\n]+`")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
)

// links are the addresses that a page has, but for those elsewhere.
func (p text) links() (all []string) {
	for _, m := range link.FindAllStringSubmatch(span.ReplaceAllString(fence.ReplaceAllString(p.whole, ""), ""), -1) {
		if u, err := url.Parse(m[1]); err != nil || u.Scheme == "" {
			all = append(all, m[1])
		}
	}
	return all
}

// anchors are what a link to a part of the page can name, by the rule of GitHub: the
// heading in lower case, without punctuation, with a hyphen for each space; the second
// of the same name ends in -1.
func (p text) anchors() (all []string) {
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(p.whole, ""), -1) {
		title := regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`).ReplaceAllString(m[1], "$1")
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, title)
		again := name
		for i := 1; slices.Contains(all, again); i++ {
			again = fmt.Sprintf("%s-%d", name, i)
		}
		all = append(all, again)
	}
	return all
}

// leads is where a link of a page leads to, from the root of the repository.
func (p text) leads(address string) (path, anchor string) {
	path, anchor, _ = strings.Cut(address, "#")
	if path == "" {
		return p.path, anchor
	}
	return filepath.ToSlash(filepath.Join(filepath.Dir(p.path), path)), anchor
}

func TestLinksOfThePagesLeadSomewhere(t *testing.T) {
	pages, found := texts(t), 0
	for _, p := range pages {
		for _, address := range p.links() {
			found++
			path, anchor := p.leads(address)
			if _, err := os.Stat(filepath.Join("..", path)); err != nil || strings.HasPrefix(path, "..") {
				t.Errorf("%s: (%s): there is no %s", p.path, address, path)
				continue
			}
			if anchor == "" {
				continue
			}
			i := slices.IndexFunc(pages, func(o text) bool { return o.path == path })
			if i < 0 || !slices.Contains(pages[i].anchors(), anchor) {
				t.Errorf("%s: (%s): %s has no heading for #%s", p.path, address, path, anchor)
			}
		}
	}
	if found < 100 {
		t.Errorf("%d links were found, which is not all of them", found)
	}
}

// TestEachPageIsReached begins at docs/README.md, as a reader does.
func TestEachPageIsReached(t *testing.T) {
	pages := texts(t)
	reached := []string{"docs/README.md"}
	for i := 0; i < len(reached); i++ {
		for _, p := range pages {
			if p.path != reached[i] {
				continue
			}
			for _, address := range p.links() {
				if path, _ := p.leads(address); strings.HasPrefix(path, "docs/") && !slices.Contains(reached, path) {
					reached = append(reached, path)
				}
			}
		}
	}
	for _, p := range pages {
		if strings.HasPrefix(p.path, "docs/") && !slices.Contains(reached, p.path) {
			t.Errorf("no way leads from docs/README.md to %s", p.path)
		}
	}
}

var (
	made   = regexp.MustCompile(`(?m)(?:^|[\x60;&$] ?|sudo |\w+=\S+ )make((?: +[^\s;&|#<>\x60)]+)+)`)
	target = regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):(?:[^=]|$)`)
)

// TestPagesNameTargetsOfMakeThatExist looks at blocks and at what is between backticks.
func TestPagesNameTargetsOfMakeThatExist(t *testing.T) {
	data, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, m := range target.FindAllStringSubmatch(string(data), -1) {
		targets = append(targets, m[1])
	}
	found := 0
	for _, p := range texts(t) {
		code := append(fence.FindAllString(p.whole, -1), span.FindAllString(fence.ReplaceAllString(p.whole, ""), -1)...)
		for _, m := range made.FindAllStringSubmatch(strings.Join(code, "\n"), -1) {
			for word := range strings.FieldsSeq(m[1]) {
				if strings.ContainsAny(word, `="'…`) || strings.HasPrefix(word, "-") {
					break // variables, which end what is made here
				}
				if found++; !slices.Contains(targets, word) {
					t.Errorf("%s: make%s: the Makefile has no target %s", p.path, m[1], word)
				}
			}
		}
	}
	if found < 30 {
		t.Errorf("%d targets were found, which is not all of them", found)
	}
}
