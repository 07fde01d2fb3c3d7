package intent

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Resolver resolves sentences in one home. It never changes; its methods may be
// called from any goroutine.
type Resolver struct {
	s     *Sentences
	names Names
	trie  *trie
	pool  *sync.Pool
	spent *atomic.Int64

	masks   []uint64 // by device: the constraints that it satisfies, as bits of the trie's masks
	domains []string // by device
	rooms   []int32  // by device: its area, or -1
	floors  []int32  // by area: its floor, or -1
	words   map[string]bool
	index   map[string]int32  // of devices, by id
	members map[int32][]int32 // of groups: the devices in them

	roomNames [][]string      // by area: its spellings
	places    map[string]bool // every spelling of an area or floor
	lexicon   func() *lexicon
}

// Bind gives sentences the names of a home. A change of the home needs only this.
func (s *Sentences) Bind(n Names) *Resolver {
	r := &Resolver{
		s: s, names: n, spent: new(atomic.Int64),
		pool:    &sync.Pool{New: func() any { return newMatch() }},
		masks:   make([]uint64, len(n.Entities)),
		domains: make([]string, len(n.Entities)),
		rooms:   make([]int32, len(n.Entities)),
		floors:  make([]int32, len(n.Areas)),
		words:   map[string]bool{},
		index:   make(map[string]int32, len(n.Entities)),
		members: map[int32][]int32{},
	}
	for i := range n.Entities {
		if _, ok := r.index[n.Entities[i].ID]; !ok {
			r.index[n.Entities[i].ID] = int32(i)
		}
	}
	for i := range n.Entities {
		for _, id := range n.Entities[i].Members {
			if j, ok := r.index[id]; ok {
				r.members[int32(i)] = append(r.members[int32(i)], j)
			}
		}
	}
	floors := map[string]int32{}
	for i, f := range n.Floors {
		floors[f.ID] = int32(i)
	}
	areas := map[string]int32{}
	names := make([]spelling, 0, 4*len(n.Entities))
	r.roomNames = make([][]string, len(n.Areas))
	for i, a := range n.Areas {
		areas[a.ID] = int32(i)
		base := len(names)
		r.floors[i] = -1
		if f, ok := floors[a.Floor]; ok && a.Floor != "" {
			r.floors[i] = f
		}
		names = r.s.lang.spellings(names, a.Name, partArea, int32(i))
		for _, alias := range a.Aliases {
			names = r.s.lang.spellings(names, alias, partArea, int32(i))
		}
		names = r.shortRoom(names, base, int32(i))
		for _, s := range names[base:] {
			r.roomNames[i] = append(r.roomNames[i], s.text)
		}
	}
	for i, f := range n.Floors {
		names = r.s.lang.spellings(names, f.Name, partFloor, int32(i))
		for _, alias := range f.Aliases {
			names = r.s.lang.spellings(names, alias, partFloor, int32(i))
		}
	}
	r.places = make(map[string]bool, len(names))
	for _, s := range names {
		r.places[s.text] = true
	}
	type kind struct{ domain, class string }
	masks := map[kind]uint64{}
	for i := range n.Entities {
		e := &n.Entities[i]
		k := kind{class: e.DeviceClass}
		k.domain = e.Domain()
		mask, ok := masks[k]
		if !ok {
			for c, con := range s.constraints {
				if con.holds(k.domain, k.class) {
					mask |= r.bit(int32(c))
				}
			}
			masks[k] = mask
		}
		r.masks[i], r.domains[i], r.rooms[i] = mask, k.domain, -1
		if a, ok := areas[e.Area]; ok && e.Area != "" {
			r.rooms[i] = a
		}
		names = r.deviceSpellings(names, int32(i))
	}
	for _, s := range names {
		for w := range strings.FieldsSeq(s.text) {
			r.words[w] = true
		}
	}
	r.lexicon = sync.OnceValue(func() *lexicon { return s.lexicon().with(names) })
	r.trie = newTrie(names, r.masks)
	return r
}

// shortRoom adds what a room is called for short: "the bedroom" for the "Main
// bedroom" where no other room ends so, "leo's" for "Leo's room".
func (r *Resolver) shortRoom(out []spelling, base int, area int32) []spelling {
	noun := func(name string) (noun, owner string) {
		words := strings.Fields(r.s.lang.letters.normalize(name))
		if len(words) < 2 {
			return "", ""
		}
		if r.s.lang.headFirst {
			return words[0], ""
		}
		if owner, ok := strings.CutSuffix(strings.Join(words[:len(words)-1], " "), "'s"); ok {
			return words[len(words)-1], owner + "'s"
		}
		return words[len(words)-1], ""
	}
	short, owner := noun(r.names.Areas[area].Name)
	for i, a := range r.names.Areas {
		other, _ := noun(a.Name)
		if short == "" || int32(i) != area && (other == short || slices.ContainsFunc(append([]string{a.Name}, a.Aliases...), func(s string) bool { return r.s.lang.letters.normalize(s) == short })) {
			short = ""
		}
	}
	for _, text := range []string{short, owner} {
		if text != "" && !r.s.words[text] && !slices.ContainsFunc(out[base:], func(s spelling) bool { return s.text == text }) {
			out = append(out, spelling{text, partArea, area, tail})
		}
	}
	return out
}

// Guarded says that an entity opens the house to the street, or watches over it.
func (e *Entity) Guarded() bool {
	switch e.Domain() {
	case "lock", "alarm_control_panel":
		return true
	case "cover":
		return e.DeviceClass == "garage" || e.DeviceClass == "gate" || e.DeviceClass == "door"
	}
	return false
}

// Domain is what sentences take an entity for: the domain of its id, or for a
// group that of its members, where they have one in common.
func (e *Entity) Domain() string {
	domain, _, _ := strings.Cut(e.ID, ".")
	for i, id := range e.Members {
		of, _, _ := strings.Cut(id, ".")
		if i == 0 {
			domain = of
		} else if domain != of {
			domain, _, _ = strings.Cut(e.ID, ".")
			break
		}
	}
	return domain
}

// bit is where constraint con is in the masks.
func (r *Resolver) bit(con int32) uint64 {
	if con+maskFirst >= 63 {
		return maskRest
	}
	return 1 << (con + maskFirst)
}

// allows tells whether device i satisfies constraint con, the state aside.
func (r *Resolver) allows(con, i int32) bool {
	bit := r.bit(con)
	if bit != maskRest {
		return r.masks[i]&bit != 0
	}
	return r.s.constraints[con].holds(r.domains[i], r.names.Entities[i].DeviceClass)
}

// Exhausted counts the sentences that were refused because they needed too many steps.
func (r *Resolver) Exhausted() int64 { return r.spent.Load() }

// room finds an area by id, name or alias; -1 where there is none.
func (r *Resolver) room(name string) int32 {
	if name == "" {
		return -1
	}
	for i, a := range r.names.Areas {
		if a.ID == name {
			return int32(i)
		}
	}
	want := r.s.lang.letters.normalize(name)
	for i, a := range r.names.Areas {
		if r.s.lang.letters.normalize(a.Name) == want || slices.ContainsFunc(a.Aliases, func(s string) bool { return r.s.lang.letters.normalize(s) == want }) {
			return int32(i)
		}
	}
	return -1
}
