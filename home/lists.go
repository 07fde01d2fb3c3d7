package home

import (
	"strings"

	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
)

// shopping is the list that is meant where none is named.
const shopping = "shopping"

// longestList is how many items a list may have: more is a mistake.
const longestList = 500

// lists is what becomes of an intent about a shopping or to-do list; false for
// any other.
func (s speaker) lists(in intent.Intent) (part, bool) {
	var do schedule.ItemChange
	name := strings.ToLower(text(in, "name"))
	switch in.Name {
	case "HassShoppingListAddItem", "HassShoppingListCompleteItem":
		name = shopping
	}
	if name == "" {
		name = shopping
	}
	switch in.Name {
	case "HassShoppingListAddItem", "HassListAddItem":
		do = schedule.Add
	case "HassShoppingListCompleteItem", "HassListCompleteItem":
		do = schedule.Complete
	case "HassListRemoveItem":
		do = schedule.Drop
	case "CricketListRead":
		return s.readList(in, name), true
	case "CricketListClear":
		return s.clearList(in, name), true
	default:
		return part{}, false
	}
	return s.changeList(in, name, do), true
}

// listName is a list in the middle of a sentence: "the shopping list".
func (s speaker) listName(name string) string {
	if name == shopping {
		return s.the(s.say("list.shopping"))
	}
	return s.the(s.say("list.named", "name", name))
}

func (s speaker) changeList(in intent.Intent, name string, do schedule.ItemChange) part {
	item := strings.TrimSpace(text(in, "item"))
	if item == "" {
		return refused(in, Ambiguous, s.say("list.what"))
	}
	l, _ := s.at.Book.List(name)
	i, found := l.Find(item)
	p := part{in: in, changes: []schedule.Change{{List: name, Item: item, Do: do}}}
	say := func(key string) string { return s.say(key, "item", item, "list", s.listName(name)) }
	var key string
	switch {
	case do == schedule.Add && found && !l.Items[i].Done:
		p.changes = nil
		key = "list.has"
	case do == schedule.Add && len(l.Items) >= longestList:
		return refused(in, CannotDo, s.say("book.full"))
	case do == schedule.Add:
		key = "list.added"
	case !found, do == schedule.Complete && l.Items[i].Done:
		return refused(in, UnknownDevice, say("list.has_not"))
	case do == schedule.Complete:
		key = "list.completed"
	default:
		key = "list.removed"
	}
	p.answer = say(key)
	return p
}

func (s speaker) readList(in intent.Intent, name string) part {
	l, _ := s.at.Book.List(name)
	open := l.Open()
	if len(open) == 0 {
		return part{in: in, answer: s.say("list.empty", "list", s.listName(name))}
	}
	return part{in: in, answer: s.say("list.read", "list", s.listName(name), "items", s.list(open))}
}

func (s speaker) clearList(in intent.Intent, name string) part {
	l, _ := s.at.Book.List(name)
	p := part{in: in, answer: s.say("list.empty", "list", s.listName(name))}
	for _, it := range l.Items {
		p.changes = append(p.changes, schedule.Change{List: name, Item: it.Text, Do: schedule.Drop})
	}
	return p
}
