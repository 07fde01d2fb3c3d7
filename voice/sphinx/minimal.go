package sphinx

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
)

// maxStates of a network: a home with 1,000 devices has some 10,000. Without a
// limit, a few lines of grammar can ask for more than there is memory.
const maxStates = 50_000

// Minimal returns the smallest network that says the same phrases: the search
// then follows shared beginnings and endings once. By Brzozowski: reversed,
// made deterministic, and both once more. It fails where that takes more than
// 200,000 states.
func (n *Network) Minimal() (*Network, error) {
	backwards, err := n.reverse().deterministic()
	if err != nil {
		return nil, err
	}
	return backwards.reverse().deterministic()
}

// reverse says every phrase from its end. It adds a start that leads to all
// final states.
func (n *Network) reverse() *Network {
	r := &Network{start: len(n.arcs), final: make([]bool, len(n.arcs)+1), arcs: make([][]arc, len(n.arcs)+1)}
	for from, arcs := range n.arcs {
		for _, a := range arcs {
			r.arcs[a.to] = append(r.arcs[a.to], arc{a.word, from})
		}
		if n.final[from] {
			r.arcs[r.start] = append(r.arcs[r.start], arc{"", from})
		}
	}
	r.final[n.start] = true
	return r
}

// deterministic has no empty arcs and, from each state, one arc per word.
// States that the start does not reach are gone.
func (n *Network) deterministic() (*Network, error) {
	d := &Network{}
	number := map[string]int{}
	var sets [][]int
	add := func(set []int) int {
		set = n.closure(set)
		var key []byte
		for _, s := range set {
			key = binary.AppendUvarint(key, uint64(s))
		}
		i, known := number[string(key)]
		if !known {
			i = len(sets)
			number[string(key)] = i
			sets = append(sets, set)
			d.arcs = append(d.arcs, nil)
			d.final = append(d.final, slices.ContainsFunc(set, func(s int) bool { return n.final[s] }))
		}
		return i
	}
	d.start = add([]int{n.start})
	for i := 0; i < len(sets); i++ {
		if len(sets) > maxStates {
			return nil, fmt.Errorf("simplify network: more than %d states", maxStates)
		}
		var out []arc
		for _, s := range sets[i] {
			for _, a := range n.arcs[s] {
				if a.word != "" {
					out = append(out, a)
				}
			}
		}
		slices.SortFunc(out, func(a, b arc) int { return cmp.Or(cmp.Compare(a.word, b.word), cmp.Compare(a.to, b.to)) })
		for len(out) > 0 {
			word := out[0].word
			var to []int
			for len(out) > 0 && out[0].word == word {
				to = append(to, out[0].to)
				out = out[1:]
			}
			d.arcs[i] = append(d.arcs[i], arc{word, add(to)})
		}
	}
	return d, nil
}

// closure adds the states that empty arcs lead to; sorted, each once.
func (n *Network) closure(set []int) []int {
	seen := make(map[int]bool, 2*len(set))
	for _, s := range set {
		seen[s] = true
	}
	for todo := slices.Clone(set); len(todo) > 0; {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, a := range n.arcs[s] {
			if a.word == "" && !seen[a.to] {
				seen[a.to] = true
				todo = append(todo, a.to)
			}
		}
	}
	all := make([]int, 0, len(seen))
	for s := range seen {
		all = append(all, s)
	}
	slices.Sort(all)
	return all
}
