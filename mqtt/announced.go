package mqtt

import (
	"fmt"
	"maps"
	"slices"
)

// Announced is what all discovery topics announce together. It belongs to one
// goroutine. The zero value is ready.
type Announced struct {
	topics map[string]Discovery
	winner map[string]string // unique id to the topic whose entity counts: the one that spoke last
	ids    map[string]string // entity id to unique id
	known  templates
}

// Take notes a discovery message. Entities of what comes back are those that
// are new or changed, with ids that no other entity has (a second
// light.lamp becomes light.lamp_2); Removed are the unique ids that no topic
// announces any longer. A payload that is wrong as a whole changes nothing
// but Faults. The only error is ErrNotDiscovery.
func (a *Announced) Take(prefix string, m Message) (Discovery, error) {
	if a.topics == nil {
		a.topics, a.winner, a.ids, a.known = map[string]Discovery{}, map[string]string{}, map[string]string{}, templates{}
	}
	d, err := parseDiscovery(prefix, m, a.known)
	if err != nil {
		return d, err
	}
	before := a.topics[d.Topic]
	if broken := len(d.Entities) == 0 && len(d.Faults) > 0; d.Moving || broken {
		a.topics[d.Topic] = Discovery{Topic: d.Topic, Entities: before.Entities, Faults: d.Faults, Moving: d.Moving}
		return d, nil
	}
	said := map[string]bool{}
	kept := d.Entities[:0]
	for _, e := range d.Entities {
		if said[e.UniqueID] {
			d.fault(e.ID, fmt.Sprintf("the unique_id of %s is there twice", e.UniqueID))
			continue
		}
		said[e.UniqueID] = true
		e.ID = a.claim(e.ID, e.UniqueID)
		a.winner[e.UniqueID] = d.Topic
		kept = append(kept, e)
	}
	d.Entities = kept
	a.topics[d.Topic] = Discovery{Topic: d.Topic, Entities: slices.Clone(d.Entities), Faults: d.Faults}
	if len(d.Entities) == 0 && len(d.Faults) == 0 {
		delete(a.topics, d.Topic)
	}
	for _, e := range before.Entities {
		if said[e.UniqueID] || a.winner[e.UniqueID] != d.Topic {
			continue
		}
		if other, ok := a.elsewhere(e.UniqueID); ok {
			a.winner[e.UniqueID] = other.Source
			d.Entities = append(d.Entities, other)
			continue
		}
		delete(a.winner, e.UniqueID)
		a.release(e.UniqueID)
		d.Removed = append(d.Removed, e.UniqueID)
	}
	return d, nil
}

// Faults returns what was skipped, by topic.
func (a *Announced) Faults() []Fault {
	var all []Fault
	for _, topic := range slices.Sorted(maps.Keys(a.topics)) {
		all = append(all, a.topics[topic].Faults...)
	}
	return all
}

// claim returns the id for an entity: the one it asks for, or that with a number.
func (a *Announced) claim(id, unique string) string {
	free := id
	for n := 2; ; n++ {
		owner, taken := a.ids[free]
		if owner == unique {
			return free
		}
		if !taken {
			break
		}
		free = fmt.Sprintf("%s_%d", id, n)
	}
	a.release(unique)
	a.ids[free] = unique
	return free
}

func (a *Announced) release(unique string) {
	maps.DeleteFunc(a.ids, func(_, owner string) bool { return owner == unique })
}

// elsewhere finds another topic that announces a unique id.
func (a *Announced) elsewhere(unique string) (Entity, bool) {
	for _, topic := range slices.Sorted(maps.Keys(a.topics)) {
		for _, e := range a.topics[topic].Entities {
			if e.UniqueID == unique {
				return e, true
			}
		}
	}
	return Entity{}, false
}
