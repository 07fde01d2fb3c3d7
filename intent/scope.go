package intent

import "maps"

// scope is where rules and lists are looked up: those of a block, then of its file, then all.
type scope struct {
	id     int
	rules  map[string]ruleText
	lists  map[string]*list
	hidden map[reference]bool // what has another meaning here than in outer
	outer  *scope
}

// reference is a rule or a list that a template names.
type reference struct {
	kind exprKind
	name string
}

// references adds to seen what e refers to in a scope, directly or not.
func (sc *scope) references(e expr, seen map[reference]bool) {
	for _, k := range e.kids {
		sc.references(k, seen)
	}
	if e.kind != exprRule && e.kind != exprList {
		return
	}
	ref := reference{e.kind, e.text}
	if seen[ref] {
		return
	}
	seen[ref] = true
	if e.kind == exprRule {
		sc.references(sc.rules[e.text].expr, seen)
		return
	}
	if l := sc.lists[e.text]; l != nil {
		for _, v := range l.values {
			sc.references(v.in.expr, seen)
		}
	}
}

// home is the outermost scope in which e means the same as in sc, so that it is
// compiled, and read in a sentence, only once for all of them.
func (sc *scope) home(e expr) int {
	refs := map[reference]bool{}
	sc.references(e, refs)
	for s := sc; s.outer != nil; s = s.outer {
		for ref := range refs {
			if s.hidden[ref] {
				return s.id
			}
		}
	}
	return 0
}

func (c *compiler) within(outer *scope, rules map[string]ruleText, lists map[string]*list) *scope {
	if len(rules) == 0 && len(lists) == 0 {
		return outer
	}
	c.scopes++
	in := &scope{id: c.scopes, rules: maps.Clone(outer.rules), lists: maps.Clone(outer.lists), hidden: map[reference]bool{}, outer: outer}
	for n, r := range rules {
		if in.rules[n].text != r.text {
			in.hidden[reference{exprRule, n}] = true
		}
		in.rules[n] = r
	}
	for n, l := range lists {
		if in.lists[n] != l {
			in.hidden[reference{exprList, n}] = true
		}
		in.lists[n] = l
	}
	return in
}
