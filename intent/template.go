package intent

import (
	"fmt"
	"strings"
)

// expr is a parsed template: a tree of texts, choices and references.
type expr struct {
	kind exprKind
	text string // of a text: as written; of a list or rule: its name
	slot string // of a list: where its value goes
	kids []expr
}

type exprKind uint8

const (
	exprText exprKind = iota
	exprSeq           // one after the other
	exprAlt           // (a|b)
	exprOpt           // [a]
	exprPerm          // (a;b): in any order, spaces between
	exprList          // {list} or {list:slot}
	exprRule          // <rule>
)

// maxDepth bounds the brackets inside brackets of a template.
const maxDepth = 50

// maxPermutation bounds the parts of (a;b;c): they are written out in every order.
const maxPermutation = 5

// parseTemplate reads one sentence template of Home Assistant's format.
func parseTemplate(s string) (expr, error) {
	p := templateParser{s: s}
	e, err := p.group(0, 0)
	if err != nil {
		return expr{}, err
	}
	return e, nil
}

type templateParser struct {
	s string
	i int
}

func (p *templateParser) errorf(format string, args ...any) error {
	return fmt.Errorf("column %d: %s", p.i+1, fmt.Sprintf(format, args...))
}

// group reads up to the closing bracket end, or to the end of the template where end is 0.
func (p *templateParser) group(end byte, depth int) (expr, error) {
	if depth > maxDepth {
		return expr{}, p.errorf("brackets more than %d deep", maxDepth)
	}
	var branches []expr
	var seq []expr
	var text strings.Builder
	var sep byte
	flush := func() {
		if text.Len() > 0 {
			seq = append(seq, expr{kind: exprText, text: text.String()})
			text.Reset()
		}
	}
	branch := func() {
		flush()
		branches = append(branches, sequence(seq))
		seq = nil
	}
	opened := p.i
	for p.i < len(p.s) {
		c := p.s[p.i]
		switch c {
		case '\\':
			if p.i+1 == len(p.s) {
				return expr{}, p.errorf(`\ at the end`)
			}
			text.WriteByte(p.s[p.i+1])
			p.i += 2
		case '(', '[':
			flush()
			p.i++
			closing := byte(')')
			if c == '[' {
				closing = ']'
			}
			e, err := p.group(closing, depth+1)
			if err != nil {
				return expr{}, err
			}
			if c == '[' {
				e = expr{kind: exprOpt, kids: []expr{e}}
			}
			seq = append(seq, e)
		case '{', '<':
			flush()
			e, err := p.reference(c)
			if err != nil {
				return expr{}, err
			}
			seq = append(seq, e)
		case '|', ';':
			if c == ';' && end == 0 {
				text.WriteByte(c)
				p.i++
				continue
			}
			if sep != 0 && sep != c {
				return expr{}, p.errorf("| and ; in the same brackets")
			}
			sep = c
			branch()
			p.i++
		case ')', ']', '}', '>':
			if c != end {
				return expr{}, p.errorf("%q without its opening bracket", c)
			}
			branch()
			p.i++
			return choice(branches, sep), p.permutable(branches, sep)
		default:
			text.WriteByte(c)
			p.i++
		}
	}
	if end != 0 {
		p.i = opened
		return expr{}, p.errorf("bracket is never closed with %q", end)
	}
	branch()
	return choice(branches, sep), nil
}

func (p *templateParser) permutable(branches []expr, sep byte) error {
	if sep == ';' && len(branches) > maxPermutation {
		return p.errorf("permutation of %d parts: at most %d", len(branches), maxPermutation)
	}
	return nil
}

// reference reads {list}, {list:slot} or <rule>.
func (p *templateParser) reference(open byte) (expr, error) {
	closing := byte('}')
	if open == '<' {
		closing = '>'
	}
	n := strings.IndexByte(p.s[p.i:], closing)
	if n < 0 {
		return expr{}, p.errorf("%q is never closed", open)
	}
	name := strings.TrimSpace(p.s[p.i+1 : p.i+n])
	e := expr{kind: exprRule, text: name}
	if open == '{' {
		list, slot, renamed := strings.Cut(name, ":")
		e = expr{kind: exprList, text: strings.TrimSpace(list), slot: strings.TrimSpace(slot)}
		if !renamed {
			e.slot = e.text
		}
		if !plainName(e.slot) {
			return expr{}, p.errorf("%q is no name of a slot", e.slot)
		}
	}
	if !plainName(e.text) {
		return expr{}, p.errorf("%q is no name of a list or rule", e.text)
	}
	p.i += n + 1
	return e, nil
}

func plainName(s string) bool {
	return s != "" && !strings.ContainsAny(s, `{}<>()[]|;:\ `)
}

// sequence joins parts, texts that touch into one text.
func sequence(parts []expr) expr {
	var out []expr
	var add func(parts []expr)
	add = func(parts []expr) {
		for _, p := range parts {
			n := len(out)
			switch {
			case p.kind == exprSeq:
				add(p.kids)
			case p.kind == exprText && n > 0 && out[n-1].kind == exprText:
				out[n-1].text += p.text
			default:
				out = append(out, p)
			}
		}
	}
	add(parts)
	if len(out) == 1 {
		return out[0]
	}
	return expr{kind: exprSeq, kids: out}
}

func choice(branches []expr, sep byte) expr {
	if len(branches) == 1 {
		return branches[0]
	}
	if sep == ';' {
		return expr{kind: exprPerm, kids: branches}
	}
	return expr{kind: exprAlt, kids: branches}
}

// String writes the template so that parsing it gives the same tree.
func (e expr) String() string {
	var b strings.Builder
	e.write(&b)
	return b.String()
}

func (e expr) write(b *strings.Builder) {
	switch e.kind {
	case exprText:
		for i := range len(e.text) {
			if strings.IndexByte(`\()[]{}<>|;`, e.text[i]) >= 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(e.text[i])
		}
	case exprSeq:
		for _, k := range e.kids {
			k.write(b)
		}
	case exprAlt, exprPerm:
		sep := byte('|')
		if e.kind == exprPerm {
			sep = ';'
		}
		b.WriteByte('(')
		for i, k := range e.kids {
			if i > 0 {
				b.WriteByte(sep)
			}
			k.write(b)
		}
		b.WriteByte(')')
	case exprOpt:
		b.WriteByte('[')
		k := e.kids[0]
		if k.kind == exprAlt { // [a|b] is the same as [(a|b)]
			for i, a := range k.kids {
				if i > 0 {
					b.WriteByte('|')
				}
				a.write(b)
			}
		} else {
			k.write(b)
		}
		b.WriteByte(']')
	case exprList:
		b.WriteString("{" + e.text)
		if e.slot != e.text {
			b.WriteString(":" + e.slot)
		}
		b.WriteByte('}')
	case exprRule:
		b.WriteString("<" + e.text + ">")
	}
}

// permutations writes (a;b;c) out in every order, with spaces between.
func permutations(kids []expr) []expr {
	if len(kids) == 1 {
		return []expr{kids[0]}
	}
	var out []expr
	for i := range kids {
		rest := make([]expr, 0, len(kids)-1)
		rest = append(append(rest, kids[:i]...), kids[i+1:]...)
		for _, tail := range permutations(rest) {
			out = append(out, sequence([]expr{kids[i], {kind: exprText, text: " "}, tail}))
		}
	}
	return out
}
