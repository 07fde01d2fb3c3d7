package phrases

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/cricket-home/cricket/intent"
)

// block is one entry of an intent's data: templates that share their rules.
type block struct {
	intent    string
	file      string
	sentences []string
	rules     map[string]string // the block's own
	lists     map[string][]string
	domains   []string // of the {name} that they take; none: any
}

// Grammar is sentences in Home Assistant's format, to be drawn from.
type Grammar struct {
	blocks  []block
	intents [][]block                    // the same, by intent
	rules   map[string]map[string]string // file, then rule; "" is common to all
	lists   map[string][]string          // templates of each list's values
	ranges  map[string][2]int
}

// listNode is a list of values, a range, or free text.
type listNode struct {
	Values []yaml.Node `yaml:"values"`
	Range  *struct{ From, To float64 }
}

// texts are the templates of the values.
func (l listNode) texts() ([]string, error) {
	var out []string
	for _, v := range l.Values {
		text := v.Value
		if v.Kind == yaml.MappingNode {
			var pair struct{ In string }
			if err := v.Decode(&pair); err != nil {
				return nil, err
			}
			text = pair.In
		}
		out = append(out, text)
	}
	return out, nil
}

type document struct {
	Lists   map[string]listNode `yaml:"lists"`
	Rules   map[string]string   `yaml:"expansion_rules"`
	Intents map[string]struct {
		Data []struct {
			Sentences []string            `yaml:"sentences"`
			Rules     map[string]string   `yaml:"expansion_rules"`
			Lists     map[string]listNode `yaml:"lists"`
			Requires  map[string]any      `yaml:"requires_context"`
		} `yaml:"data"`
	} `yaml:"intents"`
}

// Read reads sentence files. A file's rules come before those of the others.
func Read(files ...intent.File) (*Grammar, error) {
	g := &Grammar{rules: map[string]map[string]string{"": {}}, lists: map[string][]string{}, ranges: map[string][2]int{}}
	for _, f := range files {
		var d document
		if err := yaml.Unmarshal(f.Data, &d); err != nil {
			return nil, fmt.Errorf("read sentences %s: %w", f.Name, err)
		}
		scope := f.Name
		g.rules[scope] = d.Rules
		for name, body := range d.Rules {
			if _, taken := g.rules[""][name]; !taken {
				g.rules[""][name] = body
			}
		}
		for name, l := range d.Lists {
			texts, err := l.texts()
			if err != nil {
				return nil, fmt.Errorf("read list %s of %s: %w", name, f.Name, err)
			}
			g.lists[name] = append(g.lists[name], texts...)
			if l.Range != nil {
				g.ranges[name] = [2]int{max(-30, int(l.Range.From)), min(2000, int(l.Range.To))}
			}
		}
		for name, i := range d.Intents {
			for _, data := range i.Data {
				b := block{intent: name, file: scope, sentences: data.Sentences, rules: data.Rules, lists: map[string][]string{}}
				for list, l := range data.Lists {
					texts, err := l.texts()
					if err != nil {
						return nil, fmt.Errorf("read list %s of %s: %w", list, f.Name, err)
					}
					b.lists[list] = texts
				}
				switch domain := data.Requires["domain"].(type) {
				case string:
					b.domains = []string{domain}
				case []any:
					for _, x := range domain {
						b.domains = append(b.domains, fmt.Sprint(x))
					}
				}
				g.blocks = append(g.blocks, b)
			}
		}
	}
	if len(g.blocks) == 0 {
		return nil, fmt.Errorf("read sentences: there are none in %d files", len(files))
	}
	// Maps have no order, and a seed must always draw the same.
	sortBlocks(g.blocks)
	g.intents = byIntent(g.blocks)
	return g, nil
}

// speaker draws one sentence.
type speaker struct {
	g     *Grammar
	b     block
	home  *Home
	rand  *rand.Rand
	depth int
	err   error
}

// errDeep stops rules that call themselves.
var errDeep = fmt.Errorf("rules more than 40 deep")

func (s *speaker) draw(template string) string {
	var b strings.Builder
	s.sequence(&b, template)
	return b.String()
}

// sequence writes template with every choice made.
func (s *speaker) sequence(b *strings.Builder, template string) {
	for i := 0; i < len(template); {
		switch c := template[i]; c {
		case '\\':
			if i+1 < len(template) {
				b.WriteByte(template[i+1])
			}
			i += 2
		case '(', '[':
			end := closing(template, i)
			inner := template[i+1 : end]
			i = end + 1
			if c == '[' && s.rand.IntN(2) == 0 {
				continue
			}
			parts, permuted := branches(inner)
			if permuted {
				s.rand.Shuffle(len(parts), func(x, y int) { parts[x], parts[y] = parts[y], parts[x] })
				for j, p := range parts {
					if j > 0 {
						b.WriteByte(' ')
					}
					s.sequence(b, p)
				}
				continue
			}
			s.sequence(b, parts[s.rand.IntN(len(parts))])
		case '<':
			end := i + strings.IndexByte(template[i:], '>')
			s.rule(b, strings.TrimSpace(template[i+1:end]))
			i = end + 1
		case '{':
			end := i + strings.IndexByte(template[i:], '}')
			name, _, _ := strings.Cut(template[i+1:end], ":")
			s.list(b, strings.TrimSpace(name))
			i = end + 1
		default:
			b.WriteByte(c)
			i++
		}
	}
}

func (s *speaker) rule(b *strings.Builder, name string) {
	for _, rules := range []map[string]string{s.b.rules, s.g.rules[s.b.file], s.g.rules[""]} {
		if body, ok := rules[name]; ok {
			if s.depth++; s.depth > 40 {
				s.err = errDeep
				return
			}
			parts, _ := branches(body)
			s.sequence(b, parts[s.rand.IntN(len(parts))])
			s.depth--
			return
		}
	}
	s.err = fmt.Errorf("no rule <%s> for %s in %s", name, s.b.intent, s.b.file)
}

func (s *speaker) list(b *strings.Builder, name string) {
	if r, ok := s.g.ranges[name]; ok {
		b.WriteString(Number(s.drawNumber(r[0], r[1])))
		return
	}
	values := s.b.lists[name]
	if len(values) == 0 {
		values = s.g.lists[name]
	}
	if len(values) > 0 {
		parts, _ := branches(values[s.rand.IntN(len(values))])
		s.sequence(b, parts[s.rand.IntN(len(parts))])
		return
	}
	text, err := s.home.say(s.rand, name, s.b.domains)
	if err != nil {
		s.err = fmt.Errorf("%s in %s: %w", s.b.intent, s.b.file, err)
	}
	b.WriteString(text)
}

// drawNumber prefers the round numbers that people say.
func (s *speaker) drawNumber(from, to int) int {
	n := from + s.rand.IntN(to-from+1)
	if s.rand.IntN(2) == 0 && to-from > 20 {
		n = n / 5 * 5
	}
	switch {
	case to > 1000 && n > 100:
		n = n / 100 * 100
	case to > 100 && n > 100 && s.rand.IntN(4) > 0:
		n = n % 100
	}
	return max(n, from)
}

// closing is where the bracket that opens at i ends.
func closing(s string, i int) int {
	depth := 0
	for j := i; j < len(s); j++ {
		switch s[j] {
		case '\\':
			j++
		case '(', '[':
			depth++
		case ')', ']':
			if depth--; depth == 0 {
				return j
			}
		}
	}
	return len(s) - 1
}

// branches splits s at | or ; outside of brackets.
func branches(s string) (parts []string, permuted bool) {
	depth, from := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(', '[', '{', '<':
			depth++
		case ')', ']', '}', '>':
			depth--
		case '|', ';':
			if depth == 0 {
				permuted = permuted || s[i] == ';'
				parts = append(parts, s[from:i])
				from = i + 1
			}
		}
	}
	return append(parts, s[from:]), permuted
}

// Number is n in words, as people say it.
func Number(n int) string {
	small := strings.Fields(`zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen`)
	tens := strings.Fields(`twenty thirty forty fifty sixty seventy eighty ninety`)
	switch {
	case n < 0:
		return "minus " + Number(-n)
	case n < 20:
		return small[n]
	case n < 100:
		if n%10 == 0 {
			return tens[n/10-2]
		}
		return tens[n/10-2] + " " + small[n%10]
	case n < 1000:
		rest := ""
		if n%100 != 0 {
			rest = " " + Number(n%100)
		}
		return small[n/100] + " hundred" + rest
	}
	rest := ""
	if n%1000 != 0 {
		rest = " " + Number(n%1000)
	}
	return Number(n/1000) + " thousand" + rest
}

// words writes a drawn sentence as the recogniser is to write it: lower case,
// numbers in words. It is "" where the sentence holds what is not spoken.
func words(text string) string {
	text = strings.ToLower(text)
	var out []string
	for _, w := range strings.Fields(text) {
		w = strings.Trim(w, ",.!?")
		if n, err := strconv.Atoi(w); err == nil {
			out = append(out, Number(n))
			continue
		}
		for _, c := range w {
			if (c < 'a' || c > 'z') && c != '\'' {
				return ""
			}
		}
		if w != "" && w != "'" {
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}
