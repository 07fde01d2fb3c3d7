package intent

import (
	"strings"
)

// maxSteps bounds the work on one sentence. Ordinary sentences need a few hundred
// to a few thousand; more is refused.
const maxSteps = 30000

// maxText bounds the length of one request, in bytes; maxSentence that of several
// in one sentence.
const (
	maxText     = 400
	maxSentence = 1000
)

// maxSkips bounds the skip words in a row.
const maxSkips = 6

// maxWildWords bounds the words of a wildcard; a list's metadata may say fewer.
const maxWildWords = 40

// maxParses bounds the readings of one text that are weighed against each other.
const maxParses = 64

// capture is something that was read into a slot. Captures form chains.
type capture struct {
	slot, part int32
	value      int32 // of a list: which; of a name: which term; of a number: index in match.nums
	start, end int32
	prev       int32 // the capture before it, 0 for none
}

// found is one way in which a part reads the text from one place.
type found struct {
	end   int32
	caps  int32
	value int32
	next  int32 // 0 ends the list
}

// goal is a part to be read at a place, for devices of one constraint.
type goal struct {
	part, constraint, pos int32
}

type goalSlot struct {
	goal goal
	gen  uint32
	head int32
}

type work struct {
	node, pos, caps int32
}

type visit struct {
	frame, node, pos, caps int32
}

type visitSlot struct {
	visit visit
	gen   uint32
}

type capSlot struct {
	gen uint32
	id  int32
}

// parse is one reading of a whole text.
type parse struct {
	block int32
	caps  int32
}

// match is the working memory for one text. It is kept in a pool; results point into it.
type match struct {
	r       *Resolver
	text    string
	written string // the sentence as it was said
	steps   int
	spent   bool  // out of steps
	more    bool  // the text ends inside a sentence
	leading bool  // the sentences being read begin with another request
	said    int32 // the room that the last request named, or -1
	joined  bool  // the last request has free text with an "and" in it, which may join two requests

	gen    uint32
	goals  []goalSlot // hash table, a power of two long
	ngoals int
	visits []visitSlot
	nvisit int
	capAt  []capSlot
	ncaps  int
	frames int32

	found    []found
	caps     []capture
	stack    []work
	nums     []float64
	parses   []parse
	readings []reading
	devices  []int32       // of the readings
	nameAt   []uint64      // by position: the names that begin there, for opening.fits
	skipTo   []int32       // by position: 1 + end of the skip word that begins there, 0 for none
	commands []int32       // where a request inside the request begins that reaches to the end of the text
	named    []namedDevice // those that have the name being picked
	excepts  []*term       // of the parse that is weighed: what it leaves out
	nested   *match        // for the request inside a request
}

func newMatch() *match {
	return &match{
		goals: make([]goalSlot, 2048), visits: make([]visitSlot, 2048), capAt: make([]capSlot, 512),
		found: make([]found, 1, 1024), caps: make([]capture, 1, 256), stack: make([]work, 0, 256),
	}
}

// begin sets another text, with the steps already spent on the sentence it comes from.
func (m *match) begin(r *Resolver, text string) {
	m.r, m.text = r, text
	m.more = false
	m.gen++
	if m.gen == 0 { // wrapped: old marks could seem new
		clear(m.goals)
		clear(m.visits)
		clear(m.capAt)
		m.gen = 1
	}
	m.ngoals, m.nvisit, m.ncaps, m.frames = 0, 0, 0, 0
	m.found, m.caps = m.found[:1], m.caps[:1]
	m.stack, m.nums, m.parses = m.stack[:0], m.nums[:0], m.parses[:0]
	m.commands = m.commands[:0]
	m.skipTo, m.nameAt = m.skipTo[:0], m.nameAt[:0]
	if len(text) > maxText {
		return
	}
	for range len(text) + 1 {
		m.skipTo = append(m.skipTo, 0)
	}
	for i := range len(text) {
		m.nameAt = append(m.nameAt, 0)
		if boundary(text, i) {
			m.nameAt[i] = r.trie.namesAt(text[i:])
		}
		if i > 0 && text[i-1] != ' ' {
			continue
		}
		for _, w := range r.s.net.skip {
			if strings.HasPrefix(text[i:], w) && boundary(text, i+len(w)) {
				m.skipTo[i] = int32(i+len(w)) + 1
				break
			}
		}
	}
}

// canBegin tells whether what comes next may begin at pos.
func (m *match) canBegin(o *opening, pos int32) bool {
	return o.fits(m.text[pos:], m.nameAt[pos])
}

// run finds every reading of the whole text by sentences of one kind, of those that
// may follow what was said.
func (m *match) run(kind entryKind, said Context) {
	if m.text == "" || len(m.text) > maxText {
		return
	}
	m.leading = kind == entryDelayLast
	n := int32(len(m.text))
	for _, e := range m.r.s.entries {
		if e.kind != kind || kind == entryFollow && !said.holds(e.follows) || !m.canBegin(&m.r.s.net.parts[e.part].begin, 0) {
			continue
		}
		for f := m.read(e.part, e.constraint, 0); f != 0; f = m.found[f].next {
			r := &m.found[f]
			if r.end == n && len(m.parses) < maxParses && m.keywords(&m.r.s.blocks[r.value]) {
				m.parses = append(m.parses, parse{r.value, r.caps})
			}
		}
	}
	if m.spent {
		m.parses = m.parses[:0]
	}
}

func (m *match) keywords(b *block) bool {
	for _, k := range b.keywords {
		if strings.Contains(m.text, k) {
			return true
		}
	}
	return len(b.keywords) == 0
}

func (m *match) step() bool {
	m.steps++
	if m.steps > maxSteps {
		m.spent = true
	}
	return !m.spent
}

func hash(a, b, c, d int32) uint32 {
	h := uint32(a)*0x9E3779B1 ^ uint32(b)*0x85EBCA77 ^ uint32(c)*0xC2B2AE3D ^ uint32(d)*0x27D4EB2F
	return h ^ h>>15
}

// read returns the list of ways in which a part reads the text from pos.
func (m *match) read(p, con, pos int32) int32 {
	pt := &m.r.s.net.parts[p]
	if !pt.named {
		con = -1
	}
	g := goal{p, con, pos}
	mask := uint32(len(m.goals) - 1)
	i := hash(p, con, pos, 0) & mask
	for m.goals[i].gen == m.gen {
		if m.goals[i].goal == g {
			return m.goals[i].head
		}
		i = (i + 1) & mask
	}
	var head int32
	switch pt.kind {
	case partRule, partList:
		head = m.readNodes(pt.start, con, pos)
	case partName, partArea, partFloor:
		head = m.readNames(pt.kind, con, pos)
	case partNumber:
		head = m.readNumbers(pt, pos)
	case partWild:
		m.more = true
		head = m.readWild(pt.list, pos)
	case partCommand:
		head = m.readCommand(pt.list, pos)
	}
	m.remember(g, head)
	return head
}

func (m *match) remember(g goal, head int32) {
	if m.ngoals*2 >= len(m.goals) {
		old := m.goals
		m.goals = make([]goalSlot, len(old)*2)
		m.ngoals = 0
		for _, s := range old {
			if s.gen == m.gen {
				m.remember(s.goal, s.head)
			}
		}
	}
	mask := uint32(len(m.goals) - 1)
	i := hash(g.part, g.constraint, g.pos, 0) & mask
	for m.goals[i].gen == m.gen {
		i = (i + 1) & mask
	}
	m.goals[i] = goalSlot{g, m.gen, head}
	m.ngoals++
}

// visited tells whether a join was reached before in the same way.
func (m *match) visited(v visit) bool {
	if m.nvisit*2 >= len(m.visits) {
		old := m.visits
		m.visits = make([]visitSlot, len(old)*2)
		m.nvisit = 0
		for _, s := range old {
			if s.gen == m.gen {
				m.visited(s.visit)
			}
		}
	}
	mask := uint32(len(m.visits) - 1)
	i := hash(v.node, v.pos, v.caps, v.frame) & mask
	for m.visits[i].gen == m.gen {
		if m.visits[i].visit == v {
			return true
		}
		i = (i + 1) & mask
	}
	m.visits[i] = visitSlot{v, m.gen}
	m.nvisit++
	return false
}

// readNodes walks the nodes of a rule or list.
func (m *match) readNodes(start, con, pos int32) (head int32) {
	net := &m.r.s.net
	m.frames++
	frame := m.frames
	base := len(m.stack)
	n := int32(len(m.text))
	m.stack = append(m.stack, work{start, pos, 0})
	for len(m.stack) > base {
		w := m.stack[len(m.stack)-1]
		m.stack = m.stack[:len(m.stack)-1]
		node := &net.nodes[w.node]
		if w.pos == n {
			if !node.nullable {
				m.more = true
				continue
			}
		} else if !node.nullable && !m.canBegin(&node.begin, w.pos) {
			continue
		}
		if !m.step() {
			m.stack = m.stack[:base]
			return 0
		}
		if node.join && m.visited(visit{frame, w.node, w.pos, w.caps}) {
			continue
		}
		switch node.kind {
		case nodeAccept:
			head = m.result(head, w.pos, w.caps, node.value)
		case nodeLit:
			rest := m.text[w.pos:]
			if strings.HasPrefix(rest, node.text) {
				m.stack = append(m.stack, work{node.next, w.pos + int32(len(node.text)), w.caps})
			} else if strings.HasPrefix(node.text, rest) {
				m.more = true
			}
		case nodeSpace:
			m.space(node.next, w)
		case nodeSplit:
			for _, a := range node.alts {
				t := &net.nodes[a]
				if w.pos < n && !t.nullable && !m.canBegin(&t.begin, w.pos) {
					continue
				}
				m.stack = append(m.stack, work{a, w.pos, w.caps})
			}
		case nodeCall:
			list := net.parts[node.part].kind != partRule
			for f := m.read(node.part, con, w.pos); f != 0; f = m.found[f].next {
				r := m.found[f]
				caps := w.caps
				if list {
					caps = m.capture(capture{int32(node.slot), node.part, r.value, w.pos, r.end, caps})
				} else {
					caps = m.chain(caps, r.caps)
				}
				m.stack = append(m.stack, work{node.next, r.end, caps})
			}
		}
	}
	return head
}

// space goes on at next behind a boundary of words, and behind each skip word there.
func (m *match) space(next int32, w work) {
	pos := w.pos
	if !boundary(m.text, int(pos)) {
		return
	}
	n := int32(len(m.text))
	for skips := 0; ; skips++ {
		if pos < n && m.text[pos] == ' ' {
			pos++
		}
		m.stack = append(m.stack, work{next, pos, w.caps})
		if m.skipTo[pos] == 0 || skips == maxSkips {
			break
		}
		pos = m.skipTo[pos] - 1
	}
	if pos < n && pos > 0 && m.text[pos-1] != ' ' {
		return
	}
	for _, s := range m.r.s.net.skip {
		if rest := m.text[pos:]; len(rest) > 0 && len(rest) < len(s) && strings.HasPrefix(s, rest) {
			m.more = true
		}
	}
}

// result adds a way to read a part, unless it is known already.
func (m *match) result(head, end, caps, value int32) int32 {
	for f := head; f != 0; f = m.found[f].next {
		if r := &m.found[f]; r.end == end && r.caps == caps && r.value == value {
			return head
		}
		m.steps++
	}
	m.found = append(m.found, found{end, caps, value, head})
	return int32(len(m.found) - 1)
}

// capture returns the number of a capture; equal ones have the same.
func (m *match) capture(c capture) int32 {
	if m.ncaps*2 >= len(m.capAt) {
		m.capAt = make([]capSlot, len(m.capAt)*2)
		m.ncaps = 0
		for id := 1; id < len(m.caps); id++ {
			m.place(int32(id))
		}
	}
	mask := uint32(len(m.capAt) - 1)
	i := m.capHash(c) & mask
	for m.capAt[i].gen == m.gen {
		if m.caps[m.capAt[i].id] == c {
			return m.capAt[i].id
		}
		i = (i + 1) & mask
	}
	m.caps = append(m.caps, c)
	id := int32(len(m.caps) - 1)
	m.capAt[i] = capSlot{m.gen, id}
	m.ncaps++
	return id
}

func (m *match) capHash(c capture) uint32 {
	return hash(c.part<<8^c.slot, c.value, c.start<<10^c.end, c.prev)
}

func (m *match) place(id int32) {
	mask := uint32(len(m.capAt) - 1)
	i := m.capHash(m.caps[id]) & mask
	for m.capAt[i].gen == m.gen {
		i = (i + 1) & mask
	}
	m.capAt[i] = capSlot{m.gen, id}
	m.ncaps++
}

// chain puts the captures b behind the captures a.
func (m *match) chain(a, b int32) int32 {
	if b == 0 || a == 0 {
		return a + b
	}
	c := m.caps[b]
	c.prev = m.chain(a, c.prev)
	return m.capture(c)
}
