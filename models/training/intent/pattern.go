package main

import (
	"bufio"
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strings"
)

//go:embed families.txt
var familiesText string

// family is a way to say one thing.
type family struct {
	name     string
	kept     bool // never trained on
	goal     string
	words    []string // that follow the goal
	patterns []string
}

// families reads families.txt, whose head says how it is written.
func families(text string) ([]family, error) {
	var out []family
	lists := map[string]string{}
	in := bufio.NewScanner(strings.NewReader(text))
	for n := 1; in.Scan(); n++ {
		line := strings.TrimSpace(in.Text())
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '@':
			name, entries, ok := strings.Cut(line[1:], " = ")
			if !ok {
				return nil, fmt.Errorf("read families.txt:%d: a list without \" = \"", n)
			}
			lists["<"+name+">"] = "(" + strings.ReplaceAll(entries, ", ", "|") + ")"
		case line[0] == '[' && strings.Contains(line, "] ") && goals[goalOf(line)]:
			name, rest, _ := strings.Cut(line[1:], "] ")
			words := strings.Fields(rest)
			f := family{name: strings.TrimPrefix(name, "-"), kept: name[0] == '-', goal: words[0], words: words[1:]}
			out = append(out, f)
		case len(out) == 0:
			return nil, fmt.Errorf("read families.txt:%d: a sentence before the first family", n)
		default:
			for list, entries := range lists {
				line = strings.ReplaceAll(line, list, entries)
			}
			f := &out[len(out)-1]
			if strings.Contains(line, "<") || strings.Count(line, "(") != strings.Count(line, ")") || strings.Count(line, "[") != strings.Count(line, "]") {
				return nil, fmt.Errorf("read families.txt:%d: %q is not well formed", n, line)
			}
			f.patterns = append(f.patterns, line)
		}
	}
	return out, in.Err()
}

var goals = map[string]bool{"act": true, "except": true, "correct": true, "is": true, "which": true, "ask": true, "lacks": true, "join": true, "no": true}

func goalOf(line string) string {
	_, rest, _ := strings.Cut(line, "] ")
	goal, _, _ := strings.Cut(rest, " ")
	return goal
}

// draw is one of the sentences of a pattern.
func draw(r *rand.Rand, pattern string) string {
	for {
		end := strings.IndexAny(pattern, ")]")
		if end < 0 {
			return strings.TrimRight(strings.Join(strings.Fields(pattern), " "), " ,")
		}
		start := strings.LastIndexAny(pattern[:end], "([")
		inner := ""
		if pattern[start] == '(' || r.IntN(2) == 0 {
			parts := strings.Split(pattern[start+1:end], "|")
			inner = parts[r.IntN(len(parts))]
		}
		pattern = pattern[:start] + inner + pattern[end+1:]
	}
}
