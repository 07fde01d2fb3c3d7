package intent

import (
	"slices"
	"strings"
)

// readNames walks the trie of names.
func (m *match) readNames(kind partKind, con, pos int32) (head int32) {
	bit := uint64(maskArea)
	switch kind {
	case partFloor:
		bit = maskFloor
	case partName:
		bit = m.r.bit(con)
	}
	if int(pos) == len(m.text) || !boundary(m.text, int(pos)) {
		return 0
	}
	t := m.r.trie
	node := int32(0)
	for i := int(pos); ; i++ {
		if end := t.nodes[node].term; end != 0 && m.fits(kind, con, &t.terms[end]) {
			head = m.result(head, int32(i), 0, end)
		}
		child := t.nodes[node].child
		if i == len(m.text) {
			for ; child != 0; child = t.nodes[child].sibling {
				if t.nodes[child].mask&bit != 0 {
					m.more = true
				}
			}
			return head
		}
		if !m.step() {
			return 0
		}
		for child != 0 && (t.nodes[child].label != m.text[i] || t.nodes[child].mask&bit == 0) {
			child = t.nodes[child].sibling
		}
		if child == 0 {
			return head
		}
		node = child
	}
}

// fits tells whether a name stands for something of the kind that is wanted.
func (m *match) fits(kind partKind, con int32, t *term) bool {
	switch kind {
	case partArea:
		return len(t.areas) > 0
	case partFloor:
		return len(t.floors) > 0
	}
	for _, d := range t.devices {
		if m.r.allows(con, d.index) {
			return true
		}
	}
	return false
}

func (m *match) readNumbers(p *part, pos int32) (head int32) {
	if !boundary(m.text, int(pos)) {
		return 0
	}
	more := m.r.s.lang.numbers.parse(m.text, int(pos), func(end int, v float64) {
		m.steps += 4
		if p.numbers.contains(v) {
			m.nums = append(m.nums, p.numbers.value(v))
			head = m.result(head, int32(end), 0, int32(len(m.nums)-1))
		}
	})
	m.more = m.more || more
	return head
}

// readWild takes anything up to the end of any word, as far as the list allows.
func (m *match) readWild(l *list, pos int32) (head int32) {
	if !boundary(m.text, int(pos)) {
		return 0
	}
	for _, w := range l.never {
		if w == anyNumber && m.numberAt(int(pos)) {
			return 0
		}
		if strings.HasPrefix(m.text[pos:], w) && boundary(m.text, int(pos)+len(w)) {
			return 0
		}
	}
	words := 0
	for i := int(pos) + 1; i <= len(m.text) && m.step(); i++ {
		if i == len(m.text) || m.text[i] == ' ' {
			head = m.result(head, int32(i), 0, 0)
			if words++; words == l.most {
				break
			}
		} else if m.compound(l, int(pos), i) {
			head = m.result(head, int32(i), 0, 0)
		}
	}
	return head
}

// compound tells whether the text up to i is the beginning of a compound that ends in
// one of the list's nouns: pizza in pizzatimer.
func (m *match) compound(l *list, pos, i int) bool {
	for _, noun := range l.heads {
		if strings.HasPrefix(m.text[i:], noun) && boundary(m.text, i+len(noun)) {
			begin := m.text[pos:i]
			return !boundary(m.text, i) && !strings.Contains(begin, " ") && !slices.Contains(l.never, begin)
		}
	}
	return false
}

// anyNumber in metadata.never stands for every number.
const anyNumber = "#"

// numberAt tells whether a number begins at pos.
func (m *match) numberAt(pos int) (begins bool) {
	m.r.s.lang.numbers.parse(m.text, pos, func(int, float64) { begins = true })
	return begins
}

// readCommand takes a request inside a request. One that the sentence begins with
// ends before the sentence does; where another may reach to its end is noted.
func (m *match) readCommand(l *list, pos int32) (head int32) {
	end := int32(len(m.text))
	for f := m.readWild(l, pos); f != 0; f = m.found[f].next {
		switch r := m.found[f]; {
		case r.end < end:
			head = m.result(head, r.end, 0, 0)
		case !m.leading:
			head = m.result(head, r.end, 0, 0)
			if !slices.Contains(m.commands, pos) {
				m.commands = append(m.commands, pos)
			}
		}
	}
	return head
}
