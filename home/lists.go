package home

import (
	"slices"
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
	l, _ := s.at.Book.List(name)
	items := s.items(l, text(in, "item"))
	if len(items) == 0 {
		return asked(in, intent.AsksItem, s.say("list.what"))
	}
	if do == schedule.Add && len(l.Items)+len(items) > longestList {
		return refused(in, CannotDo, s.say("book.full"))
	}
	p := part{in: in}
	var changed []string
	for _, item := range items {
		i, found := s.onList(l, item)
		if do != schedule.Add && !found {
			i, found = s.ofList(l, item)
		}
		done := found && l.Items[i].Done
		if found && do != schedule.Add {
			item = l.Items[i].Text
		}
		switch {
		case do == schedule.Add && found && !done, do != schedule.Add && !found, do == schedule.Complete && done: // it is so already
		default:
			changed = append(changed, item)
			p.changes = append(p.changes, schedule.Change{List: name, Item: item, Do: do})
		}
	}
	key := "list.removed"
	switch {
	case do == schedule.Add && len(changed) == 0:
		key, changed = "list.has", items
	case len(changed) == 0:
		key, changed, p.refusal = "list.has_not", items, UnknownDevice
	case do == schedule.Add:
		key = "list.added"
	case do == schedule.Complete:
		key = "list.completed"
	}
	p.answer = s.say(key, "item", s.list(changed), "list", s.listName(name))
	return p
}

// items are the things that were said, which commas and the language's word for
// "and" join. What is on the list under that name is one thing, and so is what
// belongs together: salt and vinegar crisps.
func (s speaker) items(l schedule.List, said string) []string {
	if _, found := s.onList(l, strings.TrimSpace(said)); found {
		return []string{strings.TrimSpace(said)}
	}
	and := strings.NewReplacer("{first}", "", "{last}", "").Replace(s.Say["list.two"])
	const kept = "\x00" // stands for an "and" that parts nothing
	for _, w := range s.Together {
		low := strings.ToLower(said)
		if i := strings.Index(low, w); i >= 0 && len(low) == len(said) {
			said = said[:i] + strings.Replace(said[i:i+len(w)], and, kept, 1) + said[i+len(w):]
		}
	}
	var items []string
	for _, item := range strings.Split(strings.ReplaceAll(said, and, ","), ",") {
		item = strings.TrimSpace(strings.ReplaceAll(item, kept, and))
		if item = strings.TrimPrefix(item, strings.TrimLeft(and, " ")); item != "" { // "milk, and bread"
			items = append(items, item)
		}
	}
	return items
}

// onList looks for an item as people say it: "the eggs" are "eggs".
func (s speaker) onList(l schedule.List, item string) (int, bool) {
	if i, found := l.Find(item); found {
		return i, true
	}
	i := slices.IndexFunc(l.Items, func(it schedule.Item) bool { return alike(it.Text) == alike(item) })
	if i < 0 && s.replies.Letters == "turkish" {
		said := stems(item)
		i = slices.IndexFunc(l.Items, func(it schedule.Item) bool {
			return slices.ContainsFunc(stems(it.Text), func(stem string) bool { return slices.Contains(said, stem) })
		})
	}
	return i, i >= 0
}

// ofList looks for an item of which more or less was said than stands there: "the milk"
// is "a carton of milk", "the eggs" are "some eggs".
func (s speaker) ofList(l schedule.List, item string) (int, bool) {
	said := s.withoutAmount(item)
	i := slices.IndexFunc(l.Items, func(it schedule.Item) bool { return s.withoutAmount(it.Text) == said })
	return i, i >= 0
}

// withoutAmount is what an item is, however much of it.
func (s speaker) withoutAmount(item string) string {
	said := alike(item)
	for again := true; again; {
		again = false
		for _, amount := range s.Amounts {
			if rest, ok := strings.CutPrefix(said, alike(amount)+" "); ok {
				said, again = alike(rest), true
			}
		}
		if first, rest, ok := strings.Cut(said, " "); ok && strings.Trim(first, "0123456789") == "" {
			said, again = rest, true
		}
	}
	return said
}

func (s speaker) readList(in intent.Intent, name string) part {
	l, _ := s.at.Book.List(name)
	open := l.Open()
	if item := text(in, "item"); item != "" {
		i, found := s.onList(l, item)
		if found {
			item = l.Items[i].Text
		} else if i, found = s.ofList(l, item); found {
			item = l.Items[i].Text
		}
		if found && !l.Items[i].Done {
			return part{in: in, answer: s.say("yes", "answer", s.say("list.has", "item", item, "list", s.listName(name)))}
		}
		return part{in: in, answer: s.say("no", "answer", s.say("list.has_not", "item", item, "list", s.listName(name)))}
	}
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
