package schedule

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Book is everything that is planned, and the lists. It is a value: no method
// changes it.
type Book struct {
	Boot    string // the Now.Boot that Ends and Rang of the entries count from
	LastID  int
	Entries []Entry // by ID
	Lists   []List  // in the order they were begun
}

// List is a list of things to buy or to do.
type List struct {
	Name  string // lower case, without the word for list: "shopping"
	Items []Item
}

// Item is one thing of a list.
type Item struct {
	Text string
	Done bool `json:",omitempty"`
}

// Change is one change of a Book: of an entry, or of an item of a list.
type Change struct {
	Put     *Entry // put in place of the entry with its ID, if that is still there; ID 0: a new one
	Restore *Entry // put back, there or not: what takes another change back
	Remove  int    // the ID of the entry to take out

	List string // lower case
	Item string
	Do   ItemChange
}

// ItemChange is what a Change does to an item.
type ItemChange string

const (
	Add      ItemChange = "add"      // also what is done and wanted again
	Complete ItemChange = "complete" // it stays, as done
	Drop     ItemChange = "drop"
)

// With is the book after a change, and the change that takes it back. What is
// there already, or not there any more, changes nothing; then undo does
// nothing. Nor does it make an entry ring again.
func (b Book) With(c Change) (next Book, undo Change) {
	switch {
	case c.Put != nil:
		if _, there := b.find(c.Put.ID); c.Put.ID != 0 && !there {
			return b, Change{} // somebody took it out since the change was thought of
		}
		return b.put(*c.Put)
	case c.Restore != nil:
		return b.put(*c.Restore)
	case c.Remove != 0:
		return b.remove(c.Remove)
	case c.Do != "":
		return b.item(c)
	}
	return b, Change{}
}

func (b Book) put(e Entry) (Book, Change) {
	b.Entries = slices.Clone(b.Entries)
	if e.ID == 0 {
		b.LastID++
		e.ID = b.LastID
	}
	i, found := b.find(e.ID)
	if !found {
		b.Entries = slices.Insert(b.Entries, i, e)
		return b, Change{Remove: e.ID}
	}
	old := b.Entries[i]
	b.Entries[i] = e
	return b, old.back()
}

func (b Book) remove(id int) (Book, Change) {
	i, found := b.find(id)
	if !found {
		return b, Change{}
	}
	old := b.Entries[i]
	b.Entries = slices.Delete(slices.Clone(b.Entries), i, i+1)
	return b, old.back()
}

func (e Entry) back() Change {
	if e.Ringing {
		return Change{}
	}
	return Change{Restore: &e}
}

func (b Book) find(id int) (int, bool) {
	return slices.BinarySearchFunc(b.Entries, id, func(e Entry, id int) int { return e.ID - id })
}

// Entry finds an entry by its ID.
func (b Book) Entry(id int) (Entry, bool) {
	i, found := b.find(id)
	if !found {
		return Entry{}, false
	}
	return b.Entries[i], true
}

// List finds a list by its name.
func (b Book) List(name string) (List, bool) {
	i := slices.IndexFunc(b.Lists, func(l List) bool { return strings.EqualFold(l.Name, name) })
	if i < 0 {
		return List{}, false
	}
	return b.Lists[i], true
}

// Find looks for an item by its text, in any case.
func (l List) Find(text string) (int, bool) {
	i := slices.IndexFunc(l.Items, func(it Item) bool { return strings.EqualFold(it.Text, text) })
	return i, i >= 0
}

// Open are the items that are still to be bought or done.
func (l List) Open() []string {
	var out []string
	for _, it := range l.Items {
		if !it.Done {
			out = append(out, it.Text)
		}
	}
	return out
}

func (b Book) item(c Change) (Book, Change) {
	b.Lists = slices.Clone(b.Lists)
	n := slices.IndexFunc(b.Lists, func(l List) bool { return strings.EqualFold(l.Name, c.List) })
	if n < 0 {
		if c.Do != Add {
			return b, Change{}
		}
		n = len(b.Lists)
		b.Lists = append(b.Lists, List{Name: c.List})
	}
	l := b.Lists[n]
	l.Items = slices.Clone(l.Items)
	i, found := l.Find(c.Item)
	undo := Change{List: c.List, Item: c.Item}
	switch {
	case !found && c.Do == Add:
		l.Items = append(l.Items, Item{Text: c.Item})
		undo.Do = Drop
	case !found, c.Do == Add && !l.Items[i].Done, c.Do == Complete && l.Items[i].Done:
		return b, Change{}
	case c.Do == Add:
		l.Items[i].Done = false
		undo.Do = Complete
	case c.Do == Complete:
		l.Items[i].Done = true
		undo.Do = Add
	default:
		// What was done comes back as open: better bought twice than forgotten.
		l.Items = slices.Delete(l.Items, i, i+1)
		undo.Do = Add
		if len(l.Items) == 0 { // nothing is left of it, not even its name
			b.Lists = slices.Delete(b.Lists, n, n+1)
			return b, undo
		}
	}
	b.Lists[n] = l
	return b, undo
}

// Reckon brings the book up to date after a start or after a clock was set: see
// the package on what becomes of countdowns. changed says that it is another
// book than before.
func (b Book) Reckon(now Now, p Place) (next Book, changed bool) {
	rebooted := b.Boot != now.Boot
	next = b
	next.Boot = now.Boot
	next.Entries = slices.Clone(b.Entries)
	for i, e := range b.Entries {
		next.Entries[i] = e.reckon(now, rebooted, p)
		changed = changed || next.Entries[i] != e
	}
	return next, changed || rebooted
}

// Due are the entries whose time has come and that do not ring yet.
func (b Book) Due(now Now) []Entry {
	var due []Entry
	for _, e := range b.Entries {
		if e.Due(now) {
			due = append(due, e)
		}
	}
	slices.SortStableFunc(due, func(a, b Entry) int { return cmp.Compare(a.Remaining(now), b.Remaining(now)) })
	return due
}

// Wait is how long until the next entry is due; false where none will be.
func (b Book) Wait(now Now) (wait time.Duration, ok bool) {
	for _, e := range b.Entries {
		if e.Ringing || e.Paused || e.Rule != nil && !now.Known {
			continue
		}
		if left := max(e.Remaining(now), 0); !ok || left < wait {
			wait, ok = left, true
		}
	}
	return wait, ok
}

// Ring is the book with a due entry ringing.
func (b Book) Ring(id int, now Now) Book {
	e, ok := b.Entry(id)
	if !ok {
		return b
	}
	e.Ringing, e.Rang, e.Last = true, now.Up, e.At
	b, _ = b.put(e)
	return b
}

// Finish is what becomes of an entry that was carried out, was stopped, or was
// missed: a repeating one waits for its next time, any other is gone.
func (e Entry) Finish(now Now, p Place) Change {
	if !e.Ringing {
		e.Last = e.At
	}
	if next, repeats := e.advance(now, p); repeats {
		return Change{Put: &next}
	}
	return Change{Remove: e.ID}
}

// Ringing are the entries that ring.
func (b Book) Ringing() []Entry {
	return slices.DeleteFunc(slices.Clone(b.Entries), func(e Entry) bool { return !e.Ringing })
}
