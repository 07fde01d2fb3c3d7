package intent

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// jsgf is a grammar read back: enough of JSGF V1.0 for what Grammar writes.
type jsgf struct {
	rules map[string]jsgfNode
}

// jsgfNode is a word, a rule (<name>), a sequence, a choice or an option.
type jsgfNode struct {
	kind byte // 'w', '<', ',', '|', '['
	text string
	kids []jsgfNode
}

func readJSGF(t *testing.T, text string) jsgf {
	t.Helper()
	g := jsgf{map[string]jsgfNode{}}
	rest, ok := strings.CutPrefix(text, "#JSGF V1.0;\ngrammar cricket;\n")
	if !ok {
		t.Fatalf("no JSGF header: %.60q", text)
	}
	for _, line := range strings.Split(rest, ";") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, body, ok := strings.Cut(strings.TrimPrefix(line, "public "), " = ")
		if !ok {
			t.Fatalf("no rule: %q", line)
		}
		for _, c := range "()[]|" {
			body = strings.ReplaceAll(body, string(c), " "+string(c)+" ")
		}
		p := &jsgfParser{t: t, tokens: strings.Fields(body)}
		g.rules[name] = p.choice()
		if len(p.tokens) > 0 {
			t.Fatalf("rule %s: %v left over", name, p.tokens)
		}
	}
	return g
}

type jsgfParser struct {
	t      *testing.T
	tokens []string
}

func (p *jsgfParser) choice() jsgfNode {
	n := jsgfNode{kind: '|'}
	for {
		seq := jsgfNode{kind: ','}
		for len(p.tokens) > 0 && !strings.Contains("|)]", p.tokens[0]) {
			tok := p.tokens[0]
			p.tokens = p.tokens[1:]
			switch {
			case tok == "(" || tok == "[":
				kid := p.choice()
				if len(p.tokens) == 0 || strings.Index("([", tok) != strings.Index(")]", p.tokens[0]) {
					p.t.Fatalf("bracket %q is not closed", tok)
				}
				p.tokens = p.tokens[1:]
				if tok == "[" {
					kid = jsgfNode{kind: '[', kids: []jsgfNode{kid}}
				}
				seq.kids = append(seq.kids, kid)
			case tok[0] == '<':
				seq.kids = append(seq.kids, jsgfNode{kind: '<', text: tok})
			default:
				seq.kids = append(seq.kids, jsgfNode{kind: 'w', text: tok})
			}
		}
		if len(seq.kids) == 0 {
			p.t.Fatal("an empty alternative")
		}
		n.kids = append(n.kids, seq)
		if len(p.tokens) == 0 || p.tokens[0] != "|" {
			return n
		}
		p.tokens = p.tokens[1:]
	}
}

// walk says one sentence of the grammar.
func (g jsgf) walk(n jsgfNode, dice *rand.Rand, out *[]string) {
	switch n.kind {
	case 'w':
		*out = append(*out, n.text)
	case '<':
		g.walk(g.rules[n.text], dice, out)
	case ',':
		for _, k := range n.kids {
			g.walk(k, dice, out)
		}
	case '|':
		g.walk(n.kids[dice.IntN(len(n.kids))], dice, out)
	case '[':
		if dice.IntN(2) == 0 {
			g.walk(n.kids[0], dice, out)
		}
	}
}

// size counts words when every rule is copied to where it is referred to, as recognisers do.
func (g jsgf) size(n jsgfNode) (words int) {
	switch n.kind {
	case 'w':
		return 1
	case '<':
		return g.size(g.rules[n.text])
	}
	for _, k := range n.kids {
		words += g.size(k)
	}
	return words
}

// accepts tells whether the words are a sentence of the grammar.
func (g jsgf) accepts(text string) bool {
	var ends func(n jsgfNode, words []string, then func(rest []string) bool) bool
	ends = func(n jsgfNode, words []string, then func(rest []string) bool) bool {
		switch n.kind {
		case 'w':
			return len(words) > 0 && words[0] == n.text && then(words[1:])
		case '<':
			return ends(g.rules[n.text], words, then)
		case ',':
			if len(n.kids) == 0 {
				return then(words)
			}
			return ends(n.kids[0], words, func(rest []string) bool {
				return ends(jsgfNode{kind: ',', kids: n.kids[1:]}, rest, then)
			})
		case '[':
			return then(words) || ends(n.kids[0], words, then)
		}
		return slices.ContainsFunc(n.kids, func(k jsgfNode) bool { return ends(k, words, then) })
	}
	return ends(g.rules["<sentence>"], strings.Fields(text), func(rest []string) bool { return len(rest) == 0 })
}

// What people say most is in the grammar, and what the house cannot do is not.
func TestGrammarSays(t *testing.T) {
	g := readJSGF(t, compileBuiltin(t).Bind(testHome()).Grammar().JSGF)
	for _, text := range []string{
		"turn on the lights", "turn the kitchen lights off", "turn on the kitchen lights please", "can you turn on all the lights upstairs",
		"switch off the lamp in the bedroom", "turn on the bedroom lamp", "turn on the coffee machine", "coffee machine off",
		"everything off in the bedroom", "turn off all the lights downstairs", "lights off",
		"set the reading light to twenty five percent", "make the night light blue", "dim the lights", "set the kitchen lights to fifty percent",
		"open the blinds", "close the bedroom blinds", "set the curtains to thirty percent", "open the garage door",
		"lock the front door", "unlock the back door", "activate movie night", "press the doorbell",
		"set the thermostat to twenty one", "set the temperature to nineteen degrees", "what's the temperature in the bathroom",
		"is the front door locked", "are any windows open in the kitchen", "which lights are on", "how many lights are on upstairs",
		"what time is it", "never mind", "set the fan to medium", "is the garage door open", "what's the date",
	} {
		if !g.accepts(text) {
			t.Errorf("%q is not in the grammar", text)
		}
	}
	for _, text := range []string{"open the lamp", "turn on the front door", "lock the tv", "set the coffee machine to blue", "turn on the kitchen lamp", "turn on the thermostat in the kitchen"} {
		if g.accepts(text) {
			t.Errorf("%q is in the grammar", text)
		}
	}
}

// Whatever a closed-phrase recogniser can hear, the resolver understands.
func TestGrammarIsUnderstood(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	g := readJSGF(t, r.Grammar().JSGF)
	dice := rand.New(rand.NewPCG(1, 2))
	refused := map[string]int{}
	seen := map[string]bool{}
	for range 20000 {
		var words []string
		g.walk(g.rules["<sentence>"], dice, &words)
		text := strings.Join(words, " ")
		if seen[text] {
			continue
		}
		seen[text] = true
		if s := r.Check(text); !s.Complete() {
			t.Errorf("the grammar says %q, but Check says %s", text, s)
		}
		in := r.Resolve(Query{Text: text, Room: "kitchen"})
		if in.Refusal != "" && in.Refusal != Ambiguous {
			refused[text]++
		}
	}
	if len(seen) < 2000 {
		t.Errorf("only %d different sentences", len(seen))
	}
	// Rooms without fans, storeys without windows: the grammar does not know them all.
	if len(refused)*10 > len(seen) {
		t.Errorf("%d of %d sentences mean nothing in this home", len(refused), len(seen))
		for s := range refused {
			t.Log(s)
		}
	}
}

func TestGrammarIsSmall(t *testing.T) {
	g := compileBuiltin(t).Bind(testHome()).Grammar()
	parsed := readJSGF(t, g.JSGF)
	if n := parsed.size(parsed.rules["<sentence>"]); n > 3000 {
		t.Errorf("%d words after copying rules, at most 3000", n)
	} else {
		t.Logf("%d words after copying rules, %d different, %d bytes", n, len(g.Words), len(g.JSGF))
	}
}

func TestGrammarWords(t *testing.T) {
	g := compileBuiltin(t).Bind(testHome()).Grammar()
	parsed := readJSGF(t, g.JSGF)
	used := map[string]bool{}
	var collect func(n jsgfNode)
	collect = func(n jsgfNode) {
		if n.kind == 'w' {
			used[n.text] = true
		}
		if n.kind == '<' && parsed.rules[n.text].kids == nil {
			t.Errorf("no rule %s", n.text)
		}
		for _, k := range n.kids {
			collect(k)
		}
	}
	for _, n := range parsed.rules {
		collect(n)
	}
	for w := range used {
		if !slices.Contains(g.Words, w) {
			t.Errorf("%q is in the grammar but not in Words", w)
		}
		if strings.ToLower(w) != w || strings.ContainsAny(w, "0123456789%") {
			t.Errorf("%q cannot be pronounced", w)
		}
	}
	for _, w := range g.Words {
		if !used[w] {
			t.Errorf("%q is in Words but not in the grammar", w)
		}
	}
	for _, w := range []string{"what's", "anna's", "coffee", "twenty"} {
		if !used[w] {
			t.Errorf("%q is missing", w)
		}
	}
}

// A home owner's sentences, with letters glued to choices, are in the grammar too.
func TestGrammarOfCustomSentences(t *testing.T) {
	s := compileBuiltin(t, File{Name: "custom.yaml", Data: []byte(`
language: en
intents:
  FeedPets:
    data:
      - sentences: ["feed the (cat|dog)[s] [now]", "[quick ](feed|water) {pet}"]
lists:
  pet: {values: [hamster, "gold[ ]fish"]}
`)})
	r := s.Bind(Names{})
	g := readJSGF(t, r.Grammar().JSGF)
	heard := map[string]bool{}
	dice := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		var words []string
		g.walk(g.rules["<sentence>"], dice, &words)
		heard[strings.Join(words, " ")] = true
	}
	for _, want := range []string{"feed the cats", "feed the dog now", "quick water goldfish", "feed gold fish"} {
		if !heard[want] {
			t.Errorf("%q is not in the grammar", want)
		}
	}
}

func TestGrammarOfNothing(t *testing.T) {
	s, err := Compile("en", File{Name: "x.yaml", Data: []byte(`{language: en, intents: {X: {data: [{sentences: ["go to {floor}"]}]}}}`)})
	if err != nil {
		t.Fatal(err)
	}
	g := readJSGF(t, s.Bind(Names{}).Grammar().JSGF)
	if len(g.rules) != 1 {
		t.Errorf("rules %v for a home without floors", g.rules)
	}
}
