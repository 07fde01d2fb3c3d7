package intent

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// language is what is not in sentences: how one language writes words and
// numbers, joins requests, and calls things. It is read from
// sentences/<language>/language.yaml; docs/languages.md describes the keys.
type language struct {
	code      string
	letters   letters
	headFirst bool // the noun of a name stands first: "lampe de chevet"
	capitals  bool // belong to words, and are kept in what goes on a list
	numbers   *numbers

	conjunctions []string // normalised, with a space before and behind, the longest first
	commas       *strings.Replacer
	determiners  []string // stand before names; two in a row are never said
	outdoors     []string // parts of the names of what is out of doors
	articles     []string // those that a name may be given with, with a space behind
	negations    []string
	before       []string // politeness before a request, in the grammar of a closed-phrase recogniser
	after        []string // and behind it
	fallback     string   // what that grammar says where it has no sentence at all
	generic      []string // words for a kind of device: no shortened name may be one

	alikes  map[string]map[string][]string // by domain: endings of names, and what people say for them
	nouns   map[string][]string            // by domain: what people add to a name that does not say what the device is
	leftOut map[string]string              // by domain: the last word of a name that nobody says
	of      []string                       // what stands between a name and its room: "de la", "in der"; "" is nothing
	links   []string                       // letters that join a room to the noun behind it in one word; nil: there are no such words
	softens map[string]string              // the last letter of a name, and what it becomes before an ending
}

// languageFile is language.yaml.
type languageFile struct {
	Language     string                         `yaml:"language"`
	Apostrophe   string                         `yaml:"apostrophe"`
	Digraphs     bool                           `yaml:"digraphs"`
	Capitals     bool                           `yaml:"capitals"`
	HeadFirst    bool                           `yaml:"head_first"`
	Conjunctions []string                       `yaml:"conjunctions"`
	Articles     []string                       `yaml:"articles"`
	Outdoors     []string                       `yaml:"outdoors"`
	Determiners  []string                       `yaml:"determiners"`
	Negations    []string                       `yaml:"negations"`
	Before       []string                       `yaml:"polite_before"`
	After        []string                       `yaml:"polite_after"`
	Fallback     string                         `yaml:"never_mind"`
	Generic      []string                       `yaml:"generic"`
	Alikes       map[string]map[string][]string `yaml:"alikes"`
	Nouns        map[string][]string            `yaml:"nouns"`
	LeftOut      map[string]string              `yaml:"left_out"`
	Of           []string                       `yaml:"of"`
	Links        []string                       `yaml:"links"`
	Softens      map[string]string              `yaml:"softens"`
	Numbers      numberFile                     `yaml:"numbers"`
}

// languageName is the file of a language that is not sentences.
const languageName = "language.yaml"

// Languages lists those that Cricket has sentences for, sorted.
func Languages() []string {
	var out []string
	dirs, err := builtin.ReadDir("sentences")
	if err != nil {
		return nil // embedded: cannot happen
	}
	for _, d := range dirs {
		out = append(out, d.Name())
	}
	return out
}

// known is the language that has a file here: "de" for "de-AT".
func known(code string) (string, error) {
	base, _, _ := strings.Cut(code, "-")
	have := Languages()
	for _, c := range []string{code, base} {
		if slices.Contains(have, c) {
			return c, nil
		}
	}
	return "", fmt.Errorf("no language %q: there are %s", code, strings.Join(have, ", "))
}

func loadLanguage(code string) (*language, error) {
	code, err := known(code)
	if err != nil {
		return nil, err
	}
	file := path.Join("sentences", code, languageName)
	data, err := builtin.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read language %q: %w", code, err)
	}
	return readLanguage(code, file, data)
}

func readLanguage(code, file string, data []byte) (*language, error) {
	var f languageFile
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if f.Language != code {
		return nil, fmt.Errorf("read %s: language is %q, wanted %q", file, f.Language, code)
	}
	l := &language{code: code, softens: map[string]string{}, leftOut: f.LeftOut, links: f.Links, capitals: f.Capitals, headFirst: f.HeadFirst}
	switch f.Apostrophe {
	case "keep":
	case "drop":
		l.letters.apostrophe = apostropheDropped
	case "part":
		l.letters.apostrophe = apostropheParts
	default:
		return nil, fmt.Errorf("read %s: apostrophe %q: keep, drop or part", file, f.Apostrophe)
	}
	if len(f.Conjunctions) == 0 || len(f.Negations) == 0 || f.Fallback == "" {
		return nil, fmt.Errorf("read %s: conjunctions, negations and never_mind are needed", file)
	}
	l.letters.digraphs = f.Digraphs
	l.letters.and = f.Conjunctions[len(f.Conjunctions)-1]
	normal := func(in []string) (out []string) {
		for _, s := range in {
			out = append(out, l.letters.normalize(s))
		}
		return out
	}
	for _, c := range normal(f.Conjunctions) {
		l.conjunctions = append(l.conjunctions, " "+c+" ")
	}
	slices.SortStableFunc(l.conjunctions, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, c := range f.Conjunctions {
		pairs = append(pairs, ", "+c+" ", " "+c+" ")
	}
	l.commas = strings.NewReplacer(append(pairs, ", ", " "+l.letters.and+" ")...)
	l.outdoors = normal(f.Outdoors)
	l.determiners = append(normal(f.Articles), normal(f.Determiners)...)
	for _, a := range normal(f.Articles) {
		l.articles = append(l.articles, a+" ")
	}
	l.negations, l.generic, l.of = normal(f.Negations), normal(f.Generic), normal(f.Of)
	l.before, l.after, l.fallback = normal(f.Before), normal(f.After), l.letters.normalize(f.Fallback)
	for end, soft := range f.Softens {
		l.softens[l.letters.normalize(end)] = l.letters.normalize(soft)
	}
	l.nouns = map[string][]string{}
	for domain, nouns := range f.Nouns {
		l.nouns[domain] = normal(nouns)
	}
	l.alikes = map[string]map[string][]string{}
	for domain, ends := range f.Alikes {
		l.alikes[domain] = map[string][]string{}
		for end, others := range ends {
			l.alikes[domain][l.letters.normalize(end)] = normal(others)
		}
	}
	numbers, err := f.Numbers.read(&l.letters)
	if err != nil {
		return nil, fmt.Errorf("read %s: numbers: %w", file, err)
	}
	l.numbers = numbers
	return l, nil
}
