package intent

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// wordGraph is the minimal automaton of words of a template.
type wordGraph struct {
	g     *grammar
	nodes []phraseNode
	same  map[string]int32 // equal nodes are one node
	sets  map[string]int32 // sets of nodes to states
	state []wordState
	ids   map[string]int32 // equal states are one state
	work  int
}

// maxWordWork bounds the ways to put words together from letters. A template
// that has more is not spoken.
const maxWordWork = 20_000

// phraseNode is a node of the sentences, letter by letter, all rules written out.
type phraseNode struct {
	kind phraseKind
	text string // letters, or the name of a rule
	next int32
	alts []int32
}

type phraseKind uint8

const (
	phraseText phraseKind = iota
	phraseSpace
	phraseSplit
	phraseRule
	phraseEnd
)

func (g *wordGraph) add(n phraseNode) int32 {
	key := fmt.Sprint(n)
	if i, ok := g.same[key]; ok {
		return i
	}
	g.nodes = append(g.nodes, n)
	g.same[key] = int32(len(g.nodes) - 1)
	return int32(len(g.nodes) - 1)
}

// build returns the node where e begins, with next behind it.
func (g *wordGraph) build(e expr, next int32, sc *scope, con int32) int32 {
	switch e.kind {
	case exprText:
		text := g.g.r.s.lang.letters.template(e.text)
		for text != "" {
			i := strings.LastIndexByte(text, ' ')
			if text[i+1:] != "" {
				next = g.add(phraseNode{kind: phraseText, text: text[i+1:], next: next})
			}
			if i < 0 {
				break
			}
			next = g.add(phraseNode{kind: phraseSpace, next: next})
			text = text[:i]
		}
		return next
	case exprSeq:
		for _, k := range slices.Backward(e.kids) {
			next = g.build(k, next, sc, con)
		}
		return next
	case exprOpt:
		return g.add(phraseNode{kind: phraseSplit, alts: []int32{g.build(e.kids[0], next, sc, con), next}})
	case exprAlt, exprPerm:
		kids := e.kids
		if e.kind == exprPerm {
			kids = permutations(kids)
		}
		var alts []int32
		for _, k := range kids {
			alts = append(alts, g.build(k, next, sc, con))
		}
		return g.add(phraseNode{kind: phraseSplit, alts: alts})
	case exprRule:
		return g.build(sc.rules[e.text].expr, next, sc, con)
	}
	if l := sc.lists[e.text]; l != nil && l.numbers == nil && !l.wildcard {
		var alts []int32
		for _, v := range l.values {
			alts = append(alts, g.build(v.in.expr, next, sc, con))
		}
		return g.add(phraseNode{kind: phraseSplit, alts: alts})
	}
	rule, ok := g.g.list(e.text, sc, con)
	if !ok {
		return g.add(phraseNode{kind: phraseSplit}) // leads nowhere
	}
	return g.add(phraseNode{kind: phraseRule, text: rule, next: next})
}

// wordState is a state of the minimal automaton of words.
type wordState struct {
	end   bool // a sentence may end here
	steps []wordStep
}

// wordStep is a word, or a rule in angle brackets.
type wordStep struct {
	word string
	to   int32
}

// determine makes the minimal deterministic automaton of the sentences that
// begin at starts. States are made from the end, so equal ones are found at once.
func (g *wordGraph) determine(starts []int32) int32 {
	slices.Sort(starts)
	starts = slices.Compact(starts)
	set := fmt.Sprint(starts)
	if s, ok := g.sets[set]; ok {
		return s
	}
	var s wordState
	to := map[string][]int32{}
	for _, n := range starts {
		g.tokens(n, "", "", to, &s.end)
	}
	for word, nodes := range to {
		q := g.determine(nodes)
		if q >= 0 && (g.state[q].end || len(g.state[q].steps) > 0) {
			s.steps = append(s.steps, wordStep{word, q})
		}
	}
	slices.SortFunc(s.steps, func(a, b wordStep) int { return strings.Compare(a.word, b.word) })
	key := fmt.Sprint(s)
	id, ok := g.ids[key]
	if !ok {
		id = int32(len(g.state))
		g.state = append(g.state, s)
		g.ids[key] = id
	}
	g.sets[set] = id
	return id
}

// tokens collects the words that begin at node n and the nodes behind them.
// word is what of a word was read already, rule the rule that was just read:
// only the end of a word may follow that.
func (g *wordGraph) tokens(n int32, word, rule string, to map[string][]int32, end *bool) {
	if g.work++; g.work > maxWordWork {
		return
	}
	node := &g.nodes[n]
	found := func(next int32) {
		switch {
		case rule != "":
			to[rule] = append(to[rule], next)
		case spoken(word):
			to[word] = append(to[word], next)
		}
	}
	switch node.kind {
	case phraseText:
		if rule == "" {
			g.tokens(node.next, word+node.text, "", to, end)
		}
	case phraseSpace:
		if word == "" && rule == "" {
			g.tokens(node.next, "", "", to, end)
		} else {
			found(node.next)
		}
	case phraseSplit:
		for _, a := range node.alts {
			g.tokens(a, word, rule, to, end)
		}
	case phraseRule:
		if word == "" && rule == "" {
			g.tokens(node.next, "", node.text, to, end)
		}
	case phraseEnd:
		if word == "" && rule == "" {
			*end = true
		} else {
			found(n)
		}
	}
}

// write writes the automaton from state start on as nested choices.
//
// Every way from a state leads through its next gate, the nearest state that no
// way avoids (its immediate post-dominator). What is before the gate is one
// choice, what is behind it is written once.
func (g *wordGraph) write(start int32) string {
	const done = -1 // the state after the end of a sentence
	gate := map[int32]int32{}
	depth := map[int32]int{done: 0}
	var visit func(s int32)
	visit = func(s int32) {
		if _, ok := gate[s]; ok || s == done {
			return
		}
		at := int32(done - 1) // not yet known
		if g.state[s].end {
			at = done
		}
		for _, step := range g.state[s].steps {
			visit(step.to)
			b := step.to
			if at == done-1 {
				at = b
				continue
			}
			for at != b { // the nearest gate of both
				if depth[at] > depth[b] {
					at = gate[at]
				} else {
					b = gate[b]
				}
			}
		}
		gate[s] = at
		depth[s] = depth[at] + 1
	}
	visit(start)

	var write func(s, stop int32) string
	write = func(s, stop int32) string {
		var out []string
		for s != stop {
			if g.work++; g.work > maxWordWork {
				return ""
			}
			next := gate[s]
			if len(g.state[s].steps) == 0 {
				s = next
				continue
			}
			byRest := map[string][]string{} // what follows a word, and the words that it follows
			for _, step := range g.state[s].steps {
				rest := write(step.to, next)
				byRest[rest] = append(byRest[rest], step.word)
				if step.word[0] != '<' {
					g.g.words[step.word] = true
				}
			}
			type alt struct{ words, rest string }
			var alts []alt
			for rest, words := range byRest {
				slices.Sort(words)
				w := strings.Join(words, " | ")
				if len(words) > 1 && rest != "" {
					w = "(" + w + ")"
				}
				alts = append(alts, alt{w, rest})
			}
			slices.SortFunc(alts, func(a, b alt) int { return cmp.Or(strings.Compare(a.words, b.words), strings.Compare(a.rest, b.rest)) })
			var texts []string
			for _, a := range alts {
				texts = append(texts, strings.TrimSpace(a.words+" "+a.rest))
			}
			text := strings.Join(texts, " | ")
			switch {
			case g.state[s].end:
				text = "[" + text + "]"
			case len(g.state[s].steps) > 1:
				text = "(" + text + ")"
			}
			out = append(out, text)
			s = next
		}
		return strings.Join(out, " ")
	}
	return write(start, done)
}
