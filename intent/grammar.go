package intent

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Grammar is what a recogniser of closed phrases needs: everything that can be
// said to one home, as far as the sentences are marked as spoken.
type Grammar struct {
	JSGF  string   // JSGF V1.0; the public rule is <cricket.sentence>; words lower case, numbers spelled
	Words []string // every word of it, sorted
}

// spokenSentence is a template of the grammar.
type spokenSentence struct {
	expr       expr
	scope      *scope
	constraint int32 // of the devices that it may name
}

// maxSpokenSize bounds a sentence of the grammar, in which every rule is written
// out wherever it is named.
const maxSpokenSize = 20_000

// spokenSize is the number of parts of an expression with its rules written out;
// sizes are those of rules that were seen.
func spokenSize(e expr, sc *scope, sizes map[string]float64) float64 {
	if e.kind == exprRule {
		n, seen := sizes[e.text]
		if !seen {
			n = spokenSize(sc.rules[e.text].expr, sc, sizes)
			sizes[e.text] = n
		}
		return n
	}
	n := 1.0
	for _, k := range e.kids {
		n += spokenSize(k, sc, sizes)
	}
	if e.kind == exprPerm { // written out in every order
		for i := range e.kids {
			n *= float64(i + 1)
		}
	}
	return n
}

// maxSpoken is the largest number that the grammar spells.
const maxSpoken = 100

// Grammar writes what can be said to this home as a JSGF grammar.
//
// A recogniser copies a rule at every place that refers to it, so what counts is
// the number of words after copying. Templates are therefore written as they
// are, choice for choice, not as the sentences that they stand for; only where
// a word is put together from pieces are those written out. Names are shared
// out room by room, numbers are put together from tens and ones.
func (r *Resolver) Grammar() Grammar {
	g := &grammar{r: r, rules: map[string]string{}, words: map[string]bool{}}
	var all []string
	for _, sp := range r.s.spoken {
		text, possible := g.phrase(sp.expr, sp.scope, sp.constraint)
		if possible && text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	var out strings.Builder
	out.WriteString("#JSGF V1.0;\ngrammar cricket;\n\n")
	if len(all) == 0 { // sentences of a custom set may name only what this home lacks; a grammar must say something
		all = []string{g.learn(r.s.lang.fallback)}
	}
	fmt.Fprintf(&out, "public <sentence> = %s( %s )%s;\n", g.politeness(r.s.lang.before, "", " "), strings.Join(all, "\n  | "), g.politeness(r.s.lang.after, " ", ""))
	for _, name := range slices.Sorted(maps.Keys(g.rules)) {
		fmt.Fprintf(&out, "<%s> = %s;\n", name, g.rules[name])
	}
	return Grammar{JSGF: out.String(), Words: slices.Sorted(maps.Keys(g.words))}
}

// politeness may stand before and after every request of the grammar.
func (g *grammar) politeness(words []string, before, after string) string {
	if len(words) == 0 {
		return ""
	}
	for _, w := range words {
		g.learn(w)
	}
	return before + "[" + strings.Join(words, " | ") + "]" + after
}

// grammar is the work of writing one Grammar.
type grammar struct {
	r     *Resolver
	rules map[string]string // rules for names and numbers
	words map[string]bool
}

// phrase writes a template. It is not possible where it needs a name that the
// home does not have, or what cannot be spoken.
func (g *grammar) phrase(e expr, sc *scope, con int32) (text string, possible bool) {
	switch e.kind {
	case exprText:
		words := g.r.s.lang.letters.normalize(e.text)
		if words != "" && !spoken(words) {
			return "", false
		}
		return g.learn(words), true
	case exprSeq:
		var parts []string
		for _, chunk := range g.chunks(e.kids) {
			var text string
			var ok bool
			if len(chunk) == 1 {
				text, ok = g.phrase(chunk[0], sc, con)
			} else {
				text, ok = g.glued(expr{kind: exprSeq, kids: chunk}, sc, con)
			}
			if !ok {
				return "", false
			}
			if text != "" {
				parts = append(parts, text)
			}
		}
		return strings.Join(parts, " "), true
	case exprOpt:
		text, ok := g.phrase(e.kids[0], sc, con)
		if !ok || text == "" {
			return "", true
		}
		return "[" + unwrapped(text) + "]", true
	case exprAlt, exprPerm:
		kids := e.kids
		if e.kind == exprPerm {
			kids = permutations(kids)
		}
		var alts []string
		optional := false
		for _, k := range kids {
			text, ok := g.phrase(k, sc, con)
			switch {
			case ok && text == "":
				optional = true
			case ok && !slices.Contains(alts, text):
				alts = append(alts, text)
			}
		}
		text := strings.Join(alts, " | ")
		switch {
		case text == "":
			return "", optional
		case optional:
			return "[" + text + "]", true
		case len(alts) > 1:
			return "(" + text + ")", true
		}
		return text, true
	case exprRule:
		return g.phrase(sc.rules[e.text].expr, sc, con)
	}
	return g.list(e.text, sc, con)
}

// unwrapped drops the brackets around a choice that is going to have others.
func unwrapped(text string) string {
	if text[0] != '(' || text[len(text)-1] != ')' {
		return text
	}
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 && i < len(text)-1 {
				return text
			}
		}
	}
	return text[1 : len(text)-1]
}

// chunks parts a sequence at the spaces of its own texts.
func (g *grammar) chunks(kids []expr) [][]expr {
	var out [][]expr
	open := false // the last chunk goes on
	add := func(e expr) {
		if open {
			out[len(out)-1] = append(out[len(out)-1], e)
		} else {
			out = append(out, []expr{e})
		}
		open = true
	}
	for _, k := range kids {
		if k.kind != exprText {
			add(k)
			continue
		}
		text := g.r.s.lang.letters.template(k.text)
		for i, w := range strings.Split(text, " ") {
			if i > 0 {
				open = false
			}
			if w != "" {
				add(expr{kind: exprText, text: w})
			}
		}
	}
	return out
}

// glued writes a piece in which letters and choices touch: light[s], [the ]{name}.
func (g *grammar) glued(e expr, sc *scope, con int32) (text string, possible bool) {
	w := &wordGraph{g: g, same: map[string]int32{}, sets: map[string]int32{}, ids: map[string]int32{}}
	start := w.determine([]int32{w.build(e, w.add(phraseNode{kind: phraseEnd}), sc, con)})
	if w.work <= maxWordWork && len(w.state[start].steps) == 0 {
		return "", w.state[start].end
	}
	text = w.write(start)
	return text, w.work <= maxWordWork
}

// list writes a list: its values, or a rule for names and numbers.
func (g *grammar) list(name string, sc *scope, con int32) (text string, possible bool) {
	l := sc.lists[name]
	if l != nil && l.numbers == nil && !l.wildcard {
		alts := expr{kind: exprAlt}
		for _, v := range l.values {
			alts.kids = append(alts.kids, v.in.expr)
		}
		return g.phrase(alts, sc, con)
	}
	var rule, body string
	switch {
	case l == nil && builtinLists[name] == partName:
		rule, body = fmt.Sprintf("name_%d", con), g.devices(con)
	case l == nil && builtinLists[name] == partArea:
		rule, body = "area", g.places(partArea)
	case l == nil:
		rule, body = "floor", g.places(partFloor)
	case l.numbers != nil:
		rule, body = g.numbers(l.numbers)
	}
	if body == "" {
		return "", false
	}
	g.rules[rule] = body
	return "<" + rule + ">", true
}

// spoken tells whether a recogniser can say the words of a text.
func spoken(text string) bool {
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '\'' && r != ' ' {
			return false
		}
	}
	return text != ""
}

// said keeps the spellings that are spoken, and one of those that sound the same.
func said(names []spelling) []string {
	var out []string
	for _, n := range names {
		if spoken(n.text) && n.near != alike && n.near != tail && !slices.ContainsFunc(out, func(o string) bool {
			return strings.ReplaceAll(o, "'", "") == strings.ReplaceAll(n.text, "'", "")
		}) {
			out = append(out, n.text)
		}
	}
	return out
}

// devices writes the devices of a constraint, room by room. The room may be said
// before a name that does not say it, and behind a name that several rooms have.
func (g *grammar) devices(con int32) string {
	r := g.r
	byRoom := map[int32][]string{}
	rooms := map[string]int{} // by name: in how many rooms
	for i := range r.names.Entities {
		if r.allows(con, int32(i)) {
			byRoom[r.rooms[i]] = append(byRoom[r.rooms[i]], said(r.deviceSpellings(nil, int32(i)))...)
		}
	}
	for room, names := range byRoom {
		slices.Sort(names)
		byRoom[room] = slices.Compact(names)
		for _, n := range byRoom[room] {
			rooms[n]++
		}
	}
	var parts []string
	add := func(format string, texts ...string) {
		args := make([]any, len(texts))
		for i, t := range texts {
			if t == "" {
				return
			}
			args[i] = t
		}
		parts = append(parts, fmt.Sprintf(format, args...))
	}
	for _, room := range slices.Sorted(maps.Keys(byRoom)) {
		where := ""
		var plain, full, shared []string
		if room >= 0 {
			where = g.choice(g.areaNames(room))
		}
		for _, n := range byRoom[room] {
			inName := where == "" || slices.ContainsFunc(r.roomNames[room], func(a string) bool { return strings.HasPrefix(n, a) })
			switch {
			case inName:
				full = append(full, n)
			case rooms[n] > 1:
				shared = append(shared, n)
				fallthrough
			default:
				plain = append(plain, n)
			}
		}
		add("%s", g.choice(full))
		add("[%s] %s", where, g.choice(plain))
		add("%s in the %s", g.choice(shared), where)
		if len(shared) > 0 {
			g.learn("in the")
		}
	}
	return strings.Join(parts, " | ")
}

func (g *grammar) areaNames(i int32) []string {
	a := &g.r.names.Areas[i]
	names := g.r.s.lang.spellings(nil, a.Name, partArea, i)
	for _, alias := range a.Aliases {
		names = append(names, g.r.s.lang.spellings(nil, alias, partArea, i)...)
	}
	return said(names)
}

// places writes the names of all rooms or storeys.
func (g *grammar) places(kind partKind) string {
	var all []string
	if kind == partArea {
		for i := range g.r.names.Areas {
			all = append(all, g.areaNames(int32(i))...)
		}
	} else {
		for i, f := range g.r.names.Floors {
			names := g.r.s.lang.spellings(nil, f.Name, partFloor, int32(i))
			for _, alias := range f.Aliases {
				names = append(names, g.r.s.lang.spellings(nil, alias, partFloor, int32(i))...)
			}
			all = append(all, said(names)...)
		}
	}
	return g.choice(all)
}

// choice writes texts as one choice in which common first words are shared.
func (g *grammar) choice(texts []string) string {
	slices.Sort(texts)
	texts = slices.Compact(texts)
	var alts []string
	for i := 0; i < len(texts); {
		head, _, _ := strings.Cut(texts[i], " ")
		g.words[head] = true
		var rest []string
		ends := false
		for ; i < len(texts); i++ {
			h, tail, _ := strings.Cut(texts[i], " ")
			if h != head {
				break
			}
			if tail == "" {
				ends = true
			} else {
				rest = append(rest, tail)
			}
		}
		switch tail := g.choice(rest); {
		case tail == "":
			alts = append(alts, head)
		case ends:
			alts = append(alts, head+" ["+tail+"]")
		default:
			alts = append(alts, head+" "+tail)
		}
	}
	if len(alts) > 1 {
		return "(" + strings.Join(alts, " | ") + ")"
	}
	return strings.Join(alts, "")
}

func (g *grammar) learn(text string) string {
	for w := range strings.FieldsSeq(text) {
		g.words[w] = true
	}
	return text
}

// numbers writes the whole numbers of a range, put together from tens and ones.
func (g *grammar) numbers(of *numberRange) (rule, body string) {
	if of.to > maxSpoken || of.from < 0 || of.step != 1 {
		return "", ""
	}
	from, to, n := int(of.from), int(of.to), g.r.s.lang.numbers
	parted := n.say(21) == n.say(20)+" "+n.say(1)
	rule = "number_" + strconv.Itoa(from) + "_" + strconv.Itoa(to)
	var alts []string
	for i := from; i <= min(to, 19); i++ {
		alts = append(alts, g.learn(n.say(i)))
	}
	var open []string // tens of which all ones are in the range
	for t := max(20, (from+9)/10*10); t < 100 && t <= to; t += 10 {
		if parted && t+9 <= to {
			open = append(open, g.learn(n.say(t)))
			continue
		}
		for i := t; i <= to; i++ {
			alts = append(alts, g.learn(n.say(i)))
		}
	}
	if len(open) > 0 {
		alts = append(alts, fmt.Sprintf("(%s) [%s]", strings.Join(open, " | "), g.learn(strings.Join(n.said[1:10], " | "))))
		delete(g.words, "|")
	}
	if to == 100 {
		for _, text := range n.hundred1 {
			alts = append(alts, g.learn(text))
		}
	}
	return rule, strings.Join(alts, " | ")
}
