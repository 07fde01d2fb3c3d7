package intent

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Sentences are compiled sentences, before any names. They never change.
type Sentences struct {
	lang        *language
	net         network
	blocks      []block
	entries     []entry
	constraints []constraint
	slots       []string         // slot names by number
	words       map[string]bool  // every word of every template
	spoken      []spokenSentence // for Grammar
	lexicon     func() *lexicon
	frames      func() *frameWords // nil where the language has none
}

// entry is where the sentences of one kind begin whose devices satisfy one constraint.
type entry struct {
	part    int32
	follows condition // of entryFollow
	entryKey
}

type entryKey struct {
	kind       entryKind
	constraint int32  // -1 for sentences without {name}
	after      string // of entryFollow: what may have been said before, as in the block's condition
}

// entryKind parts the sentences by when they are read at all.
type entryKind uint8

const (
	entryPlain     entryKind = iota
	entryFollow              // only when there was a conversation before
	entryDelay               // with a request in them, which is not read as one that has another in it
	entryDelayLast           // the same, where the request is what they begin with
)

// block is one block of sentences of an intent.
type block struct {
	intentData
	constraint int32
	named      bool        // a {name} is in each of its sentences or in some
	follow     followKind  // what the conversation before it gives
	scoped     bool        // has a domain or device class, so devices are meant even without a name
	context    []condition // the conditions that are not about devices
	without    []condition // the same of excludes_context
	file       int
	own        bool // its sentences are the owner's
}

// deviceKeys are the context keys that tell about a device, not about the request.
var deviceKeys = []string{"domain", "device_class", "state"}

func (k entryKey) compare(o entryKey) int {
	return cmp.Or(cmp.Compare(k.kind, o.kind), cmp.Compare(k.constraint, o.constraint), cmp.Compare(k.after, o.after))
}

// constraint is what a block asks of a device.
type constraint struct {
	requires, excludes []condition
}

func (c constraint) key() string { return fmt.Sprint(c) }

// holds tells whether a device may be meant. The state is not asked here: it changes.
func (c constraint) holds(domain, class string) bool {
	of := func(key string) string {
		if key == "domain" {
			return domain
		}
		return class
	}
	for _, r := range c.requires {
		if r.key == "state" {
			continue
		}
		v := of(r.key)
		if len(r.values) == 0 && v == "" || len(r.values) > 0 && !slices.Contains(r.values, v) {
			return false
		}
	}
	for _, x := range c.excludes {
		if x.key == "state" {
			continue
		}
		v := of(x.key)
		if len(x.values) == 0 && v != "" || slices.Contains(x.values, v) {
			return false
		}
	}
	return true
}

// Compile reads sentences for one language. A file may use the rules and lists
// of the others; where several have one of the same name, it is the file's own,
// or else the first file's. When sentences of two files fit equally well, the
// later file's is taken. The error names file, line, intent and sentence of
// every fault.
func Compile(language string, files ...File) (*Sentences, error) {
	lang, err := loadLanguage(language)
	if err != nil {
		return nil, fmt.Errorf("compile sentences: %w", err)
	}
	c := &compiler{
		s: &Sentences{
			lang:  lang,
			words: map[string]bool{},
			net:   network{same: map[nodeKey]int32{}, split: map[string]int32{}},
		},
		parts: map[partKey]int32{}, starts: map[entryKey][]int32{}, slots: map[string]int16{}, constraints: map[string]int32{},
		global: scope{rules: map[string]ruleText{}, lists: map[string]*list{}},
	}
	var faults []error
	for _, file := range files {
		f, err := readFile(file, language, lang.code)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		c.files = append(c.files, f)
		for name, r := range f.rules {
			if _, ok := c.global.rules[name]; !ok {
				c.global.rules[name] = r
			}
		}
		for name, l := range f.lists {
			if c.global.lists[name] == nil {
				c.global.lists[name] = l
			}
		}
		for _, w := range f.skipWords {
			if n := lang.letters.normalize(w); n != "" && !slices.Contains(c.s.net.skip, n) {
				c.s.net.skip = append(c.s.net.skip, n)
				c.learn(n)
			}
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	slices.SortFunc(c.s.net.skip, func(a, b string) int { return len(b) - len(a) })
	for i, f := range c.files {
		c.compileFile(i, f)
	}
	if len(c.faults) > 0 {
		return nil, errors.Join(c.faults...)
	}
	for _, key := range slices.SortedFunc(maps.Keys(c.starts), entryKey.compare) {
		p := part{kind: partRule, start: c.s.net.either(c.starts[key]), named: key.constraint >= 0}
		p.begin = c.s.net.nodes[p.start].begin
		c.s.entries = append(c.s.entries, entry{c.addPart(p), condition{values: strings.Fields(key.after)}, key})
	}
	c.s.net.finish()
	c.s.lexicon = sync.OnceValue(func() *lexicon { return newLexicon(c.s) })
	c.s.frames = sync.OnceValue(func() *frameWords { return newFrameWords(c.s) })
	return c.s, nil
}

// compiler turns decoded files into a network.
type compiler struct {
	s           *Sentences
	files       []*sentenceFile
	global      scope
	parts       map[partKey]int32
	starts      map[entryKey][]int32 // where sentences begin
	slots       map[string]int16
	constraints map[string]int32
	open        []string // rules being compiled, to refuse recursion
	scopes      int
	work        int // parts built for the template being compiled
	faults      []error
}

type partKey struct {
	scope int
	kind  partKind
	name  string
}

func (c *compiler) compileFile(i int, f *sentenceFile) {
	outer := c.within(&c.global, f.rules, f.lists)
	for _, d := range f.intents {
		sc := c.within(outer, d.rules, d.lists)
		b := block{intentData: d, file: i, own: f.own, constraint: -1}
		var con constraint
		for _, r := range d.requires {
			if slices.Contains(deviceKeys, r.key) {
				con.requires = append(con.requires, r)
			} else {
				b.context = append(b.context, r)
			}
		}
		for _, x := range d.excludes {
			if slices.Contains(deviceKeys, x.key) {
				con.excludes = append(con.excludes, x)
			} else {
				b.without = append(b.without, x)
			}
		}
		for _, key := range []string{"domain", "device_class"} {
			switch v := d.slots[key].(type) {
			case string:
				if v != ownDomain {
					con.requires = append(con.requires, condition{key: key, values: []string{v}})
				}
			case []string:
				con.requires = append(con.requires, condition{key: key, values: v})
			}
		}
		b.scoped = len(con.requires) > 0
		b.constraint = c.constraint(con)
		b.follow = b.follows()

		accept := c.s.net.add(netNode{kind: nodeAccept, slot: -1, value: int32(len(c.s.blocks))})
		end := c.s.net.add(netNode{kind: nodeSpace, next: accept, slot: -1})
		var starts []int32
		var kinds []entryKind
		for _, t := range d.sentences {
			c.work = 0
			start, err := c.build(t.expr, end, sc)
			if err != nil {
				c.faults = append(c.faults, fmt.Errorf("%s:%d: %s: sentence %q: %w", f.name, t.line, d.intent, t.text, err))
				continue
			}
			if c.s.net.nodes[start].nullable {
				c.faults = append(c.faults, fmt.Errorf("%s:%d: %s: sentence %q: fits silence", f.name, t.line, d.intent, t.text))
				continue
			}
			start = c.s.net.add(netNode{kind: nodeSpace, next: start, slot: -1})
			starts = append(starts, start)
			kinds = append(kinds, b.entryKind(t.expr, sc))
		}
		if len(starts) == 0 {
			continue
		}
		// Blocks that ask the same of devices are read together, from one start.
		constraint := int32(-1)
		if slices.ContainsFunc(starts, c.reachesNames) {
			b.named, constraint = true, b.constraint
		}
		for i, start := range starts {
			key := entryKey{kind: kinds[i], constraint: constraint}
			if key.kind == entryFollow {
				key.after = b.after()
			}
			c.starts[key] = append(c.starts[key], start)
		}
		c.s.blocks = append(c.s.blocks, b)
		for _, t := range d.spoken {
			if _, err := c.build(t.expr, end, sc); err != nil { // so that writing the grammar cannot fail
				c.faults = append(c.faults, fmt.Errorf("%s:%d: %s: spoken %q: %w", f.name, t.line, d.intent, t.text, err))
				continue
			}
			if n := spokenSize(t.expr, sc, map[string]float64{}); n > maxSpokenSize {
				c.faults = append(c.faults, fmt.Errorf("%s:%d: %s: spoken %q: its rules written out have %.3g parts: at most %d, or metadata {spoken: false}", f.name, t.line, d.intent, t.text, n, maxSpokenSize))
				continue
			}
			c.s.spoken = append(c.s.spoken, spokenSentence{t.expr, sc, b.constraint})
		}
	}
}

func (c *compiler) constraint(con constraint) int32 {
	key := con.key()
	if i, ok := c.constraints[key]; ok {
		return i
	}
	i := int32(len(c.s.constraints))
	c.s.constraints = append(c.s.constraints, con)
	c.constraints[key] = i
	return i
}

func (c *compiler) addPart(p part) int32 {
	c.s.net.parts = append(c.s.net.parts, p)
	return int32(len(c.s.net.parts) - 1)
}

func (c *compiler) slot(name string) int16 {
	if i, ok := c.slots[name]; ok {
		return i
	}
	i := int16(len(c.s.slots))
	c.s.slots = append(c.s.slots, name)
	c.slots[name] = i
	return i
}

// learn notes the words of a text: what is known is perhaps meant for the house.
func (c *compiler) learn(text string) {
	for _, w := range strings.Fields(text) {
		c.s.words[w] = true
	}
}

// maxWork bounds the parts of one template: (a;b;c) in (a;b;c) is written out in
// every order of every order.
const maxWork = 100_000

// build returns the node where e begins, with next behind it.
func (c *compiler) build(e expr, next int32, sc *scope) (int32, error) {
	w := &c.s.net
	if c.work++; c.work > maxWork {
		return 0, fmt.Errorf("its orders written out have more than %d parts", maxWork)
	}
	switch e.kind {
	case exprText:
		text := c.s.lang.letters.template(e.text)
		c.learn(text)
		for text != "" {
			i := strings.LastIndexByte(text, ' ')
			if lit := text[i+1:]; lit != "" {
				next = w.add(netNode{kind: nodeLit, text: lit, next: next, slot: -1})
			}
			if i < 0 {
				break
			}
			if w.nodes[next].kind != nodeSpace {
				next = w.add(netNode{kind: nodeSpace, next: next, slot: -1})
			}
			text = text[:i]
		}
		return next, nil
	case exprSeq:
		for _, k := range slices.Backward(e.kids) {
			var err error
			if next, err = c.build(k, next, sc); err != nil {
				return 0, err
			}
		}
		return next, nil
	case exprOpt:
		in, err := c.build(e.kids[0], next, sc)
		if err != nil {
			return 0, err
		}
		return w.either([]int32{in, next}), nil
	case exprAlt, exprPerm:
		kids := e.kids
		if e.kind == exprPerm {
			kids = permutations(kids)
		}
		var alts []int32
		for _, k := range kids {
			in, err := c.build(k, next, sc)
			if err != nil {
				return 0, err
			}
			alts = append(alts, in)
		}
		return w.either(alts), nil
	case exprRule:
		p, err := c.rule(e.text, sc)
		if err != nil {
			return 0, err
		}
		return w.add(netNode{kind: nodeCall, part: p, next: next, slot: -1}), nil
	default:
		p, err := c.list(e, sc)
		if err != nil {
			return 0, err
		}
		return w.add(netNode{kind: nodeCall, part: p, next: next, slot: c.slot(e.slot)}), nil
	}
}

func (c *compiler) rule(name string, sc *scope) (int32, error) {
	if slices.Contains(c.open, name) {
		return 0, fmt.Errorf("rule <%s> contains itself: <%s>", name, strings.Join(append(c.open[slices.Index(c.open, name):], name), "> <"))
	}
	key := partKey{sc.home(expr{kind: exprRule, text: name}), partRule, name}
	if p, ok := c.parts[key]; ok {
		return p, nil
	}
	r, ok := sc.rules[name]
	if !ok {
		return 0, fmt.Errorf("no rule <%s>", name)
	}
	c.open = append(c.open, name)
	defer func() { c.open = c.open[:len(c.open)-1] }()
	start, err := c.build(r.expr, c.s.net.add(netNode{kind: nodeAccept, slot: -1}), sc)
	if err != nil {
		if !strings.Contains(err.Error(), "rule <"+name+">") {
			err = fmt.Errorf("rule <%s>: %w", name, err)
		}
		return 0, err
	}
	n := c.s.net.nodes[start]
	p := c.addPart(part{kind: partRule, start: start, begin: n.begin, empty: n.nullable, named: c.reachesNames(start)})
	c.parts[key] = p
	return p, nil
}

// builtinLists are the lists that a home's names fill.
var builtinLists = map[string]partKind{"name": partName, "area": partArea, "floor": partFloor}

func (c *compiler) list(e expr, sc *scope) (int32, error) {
	name := e.text
	l := sc.lists[name]
	kind, builtin := builtinLists[name]
	key := partKey{sc.home(expr{kind: exprList, text: name}), partList, name}
	if sc.command(e) {
		key.kind = partCommand
	}
	if l == nil && !builtin {
		return 0, fmt.Errorf("no list {%s}", name)
	}
	if p, ok := c.parts[key]; ok {
		return p, nil
	}
	p := part{kind: kind, named: kind == partName}
	switch {
	case l == nil:
		p.begin.first.add(map[partKind]byte{partName: deviceNext, partArea: areaNext, partFloor: floorNext}[kind])
	case l.wildcard:
		p = part{kind: partWild, list: l, begin: anything()}
		for i, w := range l.never {
			if w != anyNumber {
				l.never[i] = c.s.lang.letters.normalize(w)
			}
		}
		for i, noun := range l.heads {
			l.heads[i] = c.s.lang.letters.normalize(noun)
		}
		if sc.command(e) {
			p.kind = partCommand
		}
	case l.numbers != nil:
		p = part{kind: partNumber, numbers: *l.numbers}
		for _, b := range []byte("0123456789-") {
			p.begin.add(string(b))
		}
		for _, w := range c.s.lang.numbers.words {
			p.begin.add(w)
			c.s.words[w] = true
		}
	default:
		open := "{" + name + "}"
		if slices.Contains(c.open, open) {
			return 0, fmt.Errorf("list %s contains itself", open)
		}
		c.open = append(c.open, open)
		defer func() { c.open = c.open[:len(c.open)-1] }()
		p = part{kind: partList, list: l}
		var alts []int32
		for i, v := range l.values {
			start, err := c.build(v.in.expr, c.s.net.add(netNode{kind: nodeAccept, value: int32(i), slot: -1}), sc)
			if err != nil {
				return 0, fmt.Errorf("list {%s}: %w", name, err)
			}
			alts = append(alts, start)
		}
		if len(alts) == 0 {
			return 0, fmt.Errorf("list {%s} has no values", name)
		}
		p.start = c.s.net.either(alts)
		p.begin = c.s.net.nodes[p.start].begin
		p.empty = c.s.net.nodes[p.start].nullable
	}
	i := c.addPart(p)
	c.parts[key] = i
	return i, nil
}

// reachesNames tells whether a {name} is read on some way from node start.
func (c *compiler) reachesNames(start int32) bool {
	seen := map[int32]bool{}
	var visit func(i int32) bool
	visit = func(i int32) bool {
		if seen[i] {
			return false
		}
		seen[i] = true
		n := &c.s.net.nodes[i]
		switch n.kind {
		case nodeAccept:
			return false
		case nodeSplit:
			return slices.ContainsFunc(n.alts, visit)
		case nodeCall:
			if c.s.net.parts[n.part].named {
				return true
			}
		}
		return visit(n.next)
	}
	return visit(start)
}
