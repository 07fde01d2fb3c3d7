package intent

import (
	"encoding/binary"
	"slices"
)

// nodeKind says what a node of the network reads.
type nodeKind uint8

const (
	nodeLit    nodeKind = iota // its text
	nodeSpace                  // the boundary of words, and skip words behind it
	nodeSplit                  // nothing: any of alts goes on
	nodeCall                   // what another part reads
	nodeAccept                 // nothing: its part ends here
)

// netNode is one node of the network.
type netNode struct {
	kind     nodeKind
	nullable bool // its part can end from here without reading anything
	join     bool // several nodes lead here
	slot     int16
	text     string
	part     int32 // of a call
	next     int32
	value    int32 // of an accept: which value of its list
	alts     []int32
	begin    opening // what may come next
}

// partKind says how a part is read.
type partKind uint8

const (
	partRule    partKind = iota // nodes from start on; what it captures is its caller's
	partList                    // nodes from start on; its accept has the value
	partName                    // a device in the trie
	partArea                    // a room in the trie
	partFloor                   // a storey in the trie
	partNumber                  // a number
	partWild                    // anything, up to the end of a word
	partCommand                 // another request, to be carried out later
)

// part is what a call reads: a rule, a list or a block of sentences.
type part struct {
	kind    partKind
	start   int32
	named   bool // reads devices' names, so depends on the block's condition on devices
	numbers numberRange
	list    *list
	begin   opening
	empty   bool // can be read from nothing
}

// opening is what something that is read may begin with: its first byte, and its
// first two. A text that cannot begin so is not tried.
type opening struct {
	first, pairs byteSet
}

type byteSet [4]uint64

func (s *byteSet) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *byteSet) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }
func (s *byteSet) union(o byteSet) {
	for i := range s {
		s[i] |= o[i]
	}
}

// pair is where two bytes are in opening.pairs; several pairs are in one place.
// The second byte 0 stands for any.
func pair(a, b byte) byte { return a*29 + b*151 }

// add adds a text, of which more may follow.
func (o *opening) add(text string) {
	o.first.add(text[0])
	if len(text) == 1 {
		o.pairs.add(pair(text[0], 0))
	} else {
		o.pairs.add(pair(text[0], text[1]))
	}
}

func (o *opening) union(p opening) {
	o.first.union(p.first)
	o.pairs.union(p.pairs)
}

// Three values that no byte of a text has stand for a name that may come next: of a
// room, a storey, a device. Where such names begin in a text, the home says.
const (
	floorNext  = 0xFD
	areaNext   = 0xFE
	deviceNext = 0xFF
)

// fits tells whether text may be what is read. names are the bits of the names
// that begin there, as trie.namesAt gives them.
func (o *opening) fits(text string, names uint64) bool {
	if o.first[3]&names != 0 {
		return true
	}
	c := text[0]
	if !o.first.has(c) {
		return false
	}
	return len(text) == 1 || o.pairs.has(pair(c, text[1])) || o.pairs.has(pair(c, 0))
}

// anything begins in any way.
func anything() opening {
	var o opening
	for i := range o.first {
		o.first[i], o.pairs[i] = ^uint64(0), ^uint64(0)
	}
	return o
}

// network is everything that does not depend on the names of a home.
type network struct {
	nodes []netNode
	parts []part
	same  map[nodeKey]int32 // equal nodes are one node
	split map[string]int32  // equal choices are made once
	skip  []string          // normalised skip words, the longest first
}

type nodeKey struct {
	kind       nodeKind
	slot       int16
	text       string
	part, next int32
	value      int32
	alts       string
}

// add returns a node like n, whose next and alts exist already.
func (w *network) add(n netNode) int32 {
	key := nodeKey{n.kind, n.slot, n.text, n.part, n.next, n.value, ""}
	if n.kind == nodeSplit {
		key.alts = nodesKey(n.alts)
	}
	if i, ok := w.same[key]; ok {
		return i
	}
	switch n.kind {
	case nodeLit:
		n.begin.add(n.text)
	case nodeSpace:
		n.nullable = w.nodes[n.next].nullable
		n.begin = w.nodes[n.next].begin
		n.begin.add(" ")
		for _, s := range w.skip {
			n.begin.add(s)
		}
	case nodeSplit:
		for _, a := range n.alts {
			n.nullable = n.nullable || w.nodes[a].nullable
			n.begin.union(w.nodes[a].begin)
		}
	case nodeCall:
		p := &w.parts[n.part]
		n.begin = p.begin
		if p.empty {
			n.begin.union(w.nodes[n.next].begin)
			n.nullable = w.nodes[n.next].nullable
		}
	case nodeAccept:
		n.nullable = true
	}
	i := int32(len(w.nodes))
	w.nodes = append(w.nodes, n)
	w.same[key] = i
	return i
}

// either returns a node that goes on with any of alts.
func (w *network) either(alts []int32) int32 {
	var flat []int32
	seen := map[int32]bool{}
	var collect func(alts []int32)
	collect = func(alts []int32) {
		for _, a := range alts {
			if n := &w.nodes[a]; n.kind == nodeSplit {
				collect(n.alts)
			} else if !seen[a] {
				seen[a] = true
				flat = append(flat, a)
			}
		}
	}
	collect(alts)
	slices.Sort(flat)
	key := nodesKey(flat)
	if i, ok := w.split[key]; ok {
		return i
	}
	i := int32(-1)
	if flat = w.factor(flat); len(flat) == 1 {
		i = flat[0]
	} else {
		i = w.add(netNode{kind: nodeSplit, alts: flat, slot: -1})
	}
	w.split[key] = i
	return i
}

// nodesKey makes a list of nodes the key of a map.
func nodesKey(nodes []int32) string {
	b := make([]byte, 0, 4*len(nodes))
	for _, n := range nodes {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return string(b)
}

// maxFactored bounds the nodes made by factor: there are templates of which it
// would make exponentially many. Behind it alternatives stay apart, which costs
// steps, not memory.
const maxFactored = 100_000

// factor joins alternatives that begin with the same node, so that it is read once.
func (w *network) factor(alts []int32) []int32 {
	type head struct {
		kind nodeKind
		slot int16
		text string
		part int32
	}
	var order []head
	groups := map[head][]int32{}
	for _, a := range alts {
		n := &w.nodes[a]
		h := head{n.kind, n.slot, n.text, n.part}
		if n.kind == nodeAccept || n.kind == nodeSplit {
			h.part = -2 - a // never joined
		}
		if groups[h] == nil {
			order = append(order, h)
		}
		groups[h] = append(groups[h], a)
	}
	if len(order) == len(alts) || len(w.nodes) > maxFactored {
		return alts
	}
	var out []int32
	for _, h := range order {
		g := groups[h]
		if len(g) == 1 {
			out = append(out, g[0])
			continue
		}
		var nexts []int32
		for _, a := range g {
			nexts = append(nexts, w.nodes[a].next)
		}
		n := w.nodes[g[0]]
		out = append(out, w.add(netNode{kind: n.kind, slot: n.slot, text: n.text, part: n.part, next: w.either(nexts)}))
	}
	return out
}

// finish marks the nodes that several nodes lead to.
func (w *network) finish() {
	in := make([]int, len(w.nodes))
	for i := range w.nodes {
		n := &w.nodes[i]
		if n.kind == nodeSplit {
			for _, a := range n.alts {
				in[a]++
			}
		} else if n.kind != nodeAccept {
			in[n.next]++
		}
	}
	for i := range w.nodes {
		w.nodes[i].join = in[i] > 1
	}
	w.same, w.split = nil, nil
}
