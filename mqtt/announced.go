package mqtt

import (
	"fmt"
	"maps"
	"slices"
)

// Announced is what all discovery topics announce together. It belongs to one
// goroutine. The zero value is ready.
type Announced struct {
	// Admit says of an entity whether it may be taken in, with the entity id that
	// it asks for; one that may not is held until Admitted. nil admits all.
	Admit func(e Entity) bool

	topics map[string]Discovery
	held   map[string][]Entity // by topic
	winner map[string]string   // unique id to the topic whose entity counts: the one that spoke last
	ids    map[string]string   // entity id to unique id
	given  map[string]string   // unique id to entity id
	by     map[string][]string // unique id to the topics that announce it, in order
	known  templates
	double bool // some unique id was announced by two topics at once
}

// Take notes a discovery message. Entities of what comes back are those that
// are new or changed, with ids that no other entity has (a second
// light.lamp becomes light.lamp_2); Removed are the unique ids that no topic
// announces any longer. A payload that is wrong as a whole changes nothing
// but Faults. The only error is ErrNotDiscovery.
func (a *Announced) Take(prefix string, m Message) (Discovery, error) {
	if a.known == nil {
		a.known = templates{}
	}
	d, err := parseDiscovery(prefix, m, a.known)
	if err != nil {
		return d, err
	}
	return a.Note(d), nil
}

// Note is Take for what was read already, as Homie.Changed does.
func (a *Announced) Note(d Discovery) Discovery {
	if a.topics == nil {
		a.topics, a.winner, a.by = map[string]Discovery{}, map[string]string{}, map[string][]string{}
	}
	if a.ids == nil {
		a.ids, a.given = map[string]string{}, map[string]string{}
	}
	before := a.topics[d.Topic]
	if broken := len(d.Entities) == 0 && len(d.Faults) > 0; d.Moving || broken {
		a.topics[d.Topic] = Discovery{Topic: d.Topic, Entities: before.Entities, Faults: d.Faults, Moving: d.Moving}
		d.Held = a.held[d.Topic] // they wait as before
		return d
	}
	delete(a.held, d.Topic)
	said := map[string]bool{}
	kept := d.Entities[:0]
	for _, e := range d.Entities {
		if said[e.UniqueID] {
			d.fault(e.ID, fmt.Sprintf("the unique_id of %s is there twice", e.UniqueID))
			continue
		}
		if a.Admit != nil && !a.Admit(e) {
			d.Held = append(d.Held, e)
			continue
		}
		said[e.UniqueID] = true
		e.ID = a.claim(e.ID, e.UniqueID)
		a.winner[e.UniqueID] = d.Topic
		kept = append(kept, e)
	}
	d.Entities = kept
	if len(d.Held) > 0 {
		if a.held == nil {
			a.held = map[string][]Entity{}
		}
		a.held[d.Topic] = d.Held
	}
	a.topics[d.Topic] = Discovery{Topic: d.Topic, Entities: slices.Clone(d.Entities), Faults: d.Faults}
	if len(d.Entities) == 0 && len(d.Faults) == 0 {
		delete(a.topics, d.Topic)
	}
	for _, e := range before.Entities {
		if !said[e.UniqueID] {
			a.by[e.UniqueID] = slices.DeleteFunc(a.by[e.UniqueID], func(topic string) bool { return topic == d.Topic })
			if len(a.by[e.UniqueID]) == 0 {
				delete(a.by, e.UniqueID)
			}
		}
	}
	for _, e := range d.Entities {
		a.announces(e.UniqueID, d.Topic)
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
	return d
}

// Admitted asks Admit again about all that is held, and returns what may be
// taken in now.
func (a *Announced) Admitted() []Discovery {
	var out []Discovery
	for _, topic := range slices.Sorted(maps.Keys(a.held)) {
		before := a.topics[topic]
		d := Discovery{Topic: topic, Entities: append(slices.Clone(before.Entities), a.held[topic]...), Faults: before.Faults}
		waiting := len(a.held[topic])
		if d = a.Note(d); len(d.Held) < waiting {
			out = append(out, d)
		}
	}
	return out
}

// Reserve keeps an entity id for a unique id that will announce itself again.
func (a *Announced) Reserve(id, unique string) {
	if a.ids == nil {
		a.ids, a.given = map[string]string{}, map[string]string{}
	}
	a.ids[id], a.given[unique] = unique, id
}

// Announces says whether some topic announces a unique id.
func (a *Announced) Announces(unique string) bool {
	_, ok := a.winner[unique]
	return ok
}

// Moving says whether a topic has said that its entities move to another one.
func (a *Announced) Moving(topic string) bool { return a.topics[topic].Moving }

// announces notes that a topic announces a unique id.
func (a *Announced) announces(unique, topic string) {
	topics := a.by[unique]
	at, there := slices.BinarySearch(topics, topic)
	if there {
		return
	}
	a.by[unique] = slices.Insert(topics, at, topic)
	a.double = a.double || len(topics) > 0
}

// Doubles reports whether two topics have ever announced the same unique id at
// once: then Faults may be others after any message.
func (a *Announced) Doubles() bool { return a.double }

// Faults returns what was skipped, by topic, and what another topic announces as well.
func (a *Announced) Faults() []Fault {
	var all []Fault
	for _, topic := range slices.Sorted(maps.Keys(a.topics)) {
		d := a.topics[topic]
		all = append(all, d.Faults...)
		for _, e := range d.Entities {
			if winner := a.winner[e.UniqueID]; winner != topic && !d.Moving {
				all = append(all, Fault{Topic: topic, Entity: e.ID, Reason: "the same unique_id was announced later by " + winner + ", which counts"})
			}
		}
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
	a.ids[free], a.given[unique] = unique, free
	return free
}

func (a *Announced) release(unique string) {
	if id, ok := a.given[unique]; ok {
		delete(a.ids, id)
		delete(a.given, unique)
	}
}

// elsewhere finds another topic that announces a unique id.
func (a *Announced) elsewhere(unique string) (Entity, bool) {
	for _, topic := range a.by[unique] {
		for _, e := range a.topics[topic].Entities {
			if e.UniqueID == unique {
				return e, true
			}
		}
	}
	return Entity{}, false
}
