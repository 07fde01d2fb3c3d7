package appliance

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/home/learned"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/mesh/household"
)

// What the boxes of a home have in common, each a kind of the household's records. There
// is no kind for permissions, or for anything that acts: what comes from a sibling is read
// out, rung, or is a name, and its records are of these kinds only.
const (
	sharedList     = "list"
	sharedReminder = "reminder"
	sharedName     = "alias"
)

// sharedItem is an item of a list as a value of the household.
type sharedItem struct {
	List string `json:"list"`
	Item string `json:"item"`
	Done bool   `json:"done,omitempty"`
}

// sharedAlias is what people call a device.
type sharedAlias struct {
	Name   string `json:"name"`
	Device string `json:"device"`
}

// reminder is one that every box knows. It rings on the box where it was set, and on the
// others only where that one is not there.
type reminder struct {
	Box    peer.ID        `json:"box"`
	Name   string         `json:"name"`
	Room   string         `json:"room,omitempty"`
	Rule   *schedule.Rule `json:"rule,omitempty"`
	Seen   int64          `json:"seen,omitempty"`   // Unix seconds: the time by Rule that was seen to last
	Length time.Duration  `json:"length,omitempty"` // of a countdown
	Paused bool           `json:"paused,omitempty"`
	At     int64          `json:"at,omitempty"` // Unix nanoseconds: when a countdown ends; paused, what is left of it
}

// books turns what this box keeps into values of the household and back. It is pure.
type books struct {
	home  string // the name of the home
	self  peer.ID
	shown map[string]string // by key: what siblings were told, or told
}

// value is the JSON of v, or what siblings know where that says the same: a later version of
// cricket may have written more into it.
func value[T any](b books, key string, v T) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts, numbers and a time of day
	}
	var known T
	if json.Unmarshal([]byte(b.shown[key]), &known) == nil {
		if same, err := json.Marshal(known); err == nil && string(same) == string(text) {
			return b.shown[key]
		}
	}
	return string(text)
}

func (b books) itemKey(list, item string) string {
	return household.Key(b.home, sharedList, strings.ToLower(list)+"\n"+strings.ToLower(item))
}

func (b books) aliasKey(name string) string {
	return household.Key(b.home, sharedName, strings.ToLower(name))
}

// plain says whether a text may come from a sibling: it is one line that can be said.
func plain(text string, most int) bool {
	return text != "" && len(text) <= most && strings.TrimSpace(text) == text && !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar })
}

// ofSchedule are the lists and reminders of a book. A countdown on a box that does not know
// the time stays there until it does.
func (b books) ofSchedule(book schedule.Book) map[string]string {
	out := map[string]string{}
	for _, l := range book.Lists {
		for _, it := range l.Items {
			key := b.itemKey(l.Name, it.Text)
			out[key] = value(b, key, sharedItem{strings.ToLower(l.Name), it.Text, it.Done})
		}
	}
	for _, e := range book.Entries {
		if e.Kind != schedule.Reminder || e.Key == "" {
			continue
		}
		if r, ok := b.reminder(e); ok {
			out[e.Key] = value(b, e.Key, r)
		} else if was, told := b.shown[e.Key]; told { // it is not gone
			out[e.Key] = was
		}
	}
	return out
}

func (b books) reminder(e schedule.Entry) (reminder, bool) {
	var was reminder
	known := json.Unmarshal([]byte(b.shown[e.Key]), &was) == nil
	r := reminder{Box: b.self, Name: e.Name, Room: e.Room, Rule: e.Rule}
	if known {
		r.Box = was.Box
	}
	switch {
	case e.Rule != nil:
		if !e.Last.IsZero() {
			r.Seen = e.Last.Unix()
		}
	case known && was.Length == e.Length && was.Paused == e.Paused && was.Rule == nil && was.At != 0:
		r.Length, r.Paused, r.At = was.Length, was.Paused, was.At // else every clock that is set would move it on all boxes
	case e.Paused:
		r.Length, r.Paused, r.At = e.Length, true, int64(e.Left)
	case e.EndsAt.IsZero():
		return r, false
	default:
		r.Length, r.At = e.Length, e.EndsAt.UnixNano()
	}
	return r, true
}

// keyed gives a key to each reminder that has none, or the one of another.
func keyed(book schedule.Book, fresh func(taken func(string) bool) string) []schedule.Change {
	var out []schedule.Change
	taken := map[string]bool{}
	for _, e := range book.Entries {
		if e.Kind == schedule.Reminder && e.Key != "" && !taken[e.Key] {
			taken[e.Key] = true
			continue
		}
		if e.Kind == schedule.Reminder {
			e.Key = fresh(func(key string) bool {
				return taken[key] || slices.ContainsFunc(book.Entries, func(o schedule.Entry) bool { return o.Key == key })
			})
			taken[e.Key] = true
			out = append(out, schedule.Change{Put: &e})
		}
	}
	return out
}

// inSchedule is what siblings changed, as changes of a book, and those of them that are done
// by that. What cannot be done yet, or makes no sense, is left out.
func (b books) inSchedule(book schedule.Book, changes []household.Change, now schedule.Now, p schedule.Place) (out []schedule.Change, done []household.Change) {
	for _, c := range changes {
		var make []schedule.Change
		ok := true
		switch kind, _, _ := strings.Cut(c.Key, "/"); kind {
		case sharedList:
			make, ok = b.itemChanges(book, c)
		case sharedReminder:
			make, ok = b.reminderChanges(book, c, now, p)
		default:
			ok = false
		}
		if ok {
			out, done = append(out, make...), append(done, c)
		}
	}
	return out, done
}

func (b books) itemChanges(book schedule.Book, c household.Change) (out []schedule.Change, ok bool) {
	var v sharedItem
	if !c.Gone && (json.Unmarshal([]byte(c.Value), &v) != nil || !plain(v.Item, 500) || !plain(v.List, 100) || v.List != strings.ToLower(v.List) || c.Key != b.itemKey(v.List, v.Item)) {
		return nil, false
	}
	for _, l := range book.Lists {
		for _, it := range l.Items {
			if b.itemKey(l.Name, it.Text) == c.Key && (c.Gone || it.Text != v.Item) {
				out = append(out, schedule.Change{List: l.Name, Item: it.Text, Do: schedule.Drop})
			}
		}
	}
	if !c.Gone {
		out = append(out, schedule.Change{List: v.List, Item: v.Item, Do: schedule.Add})
	}
	if v.Done {
		out = append(out, schedule.Change{List: v.List, Item: v.Item, Do: schedule.Complete})
	}
	return out, true
}

func (b books) reminderChanges(book schedule.Book, c household.Change, now schedule.Now, p schedule.Place) ([]schedule.Change, bool) {
	i := slices.IndexFunc(book.Entries, func(e schedule.Entry) bool { return e.Key == c.Key })
	if c.Gone {
		if i < 0 {
			return nil, true
		}
		return []schedule.Change{{Remove: book.Entries[i].ID}}, true
	}
	var r reminder
	if json.Unmarshal([]byte(c.Value), &r) != nil || !now.Known {
		return nil, false
	}
	e, ok := r.entry(now, p)
	if !ok {
		return nil, false
	}
	e.Key = c.Key
	if i >= 0 {
		e.ID = book.Entries[i].ID
	}
	return []schedule.Change{{Put: &e}}, true
}

// entry is a reminder in the book of this box.
func (r reminder) entry(now schedule.Now, p schedule.Place) (schedule.Entry, bool) {
	e := schedule.Entry{Kind: schedule.Reminder, Name: r.Name, Room: r.Room, Rule: r.Rule}
	if !plain(r.Name, 500) || r.Room != "" && !plain(r.Room, 100) || r.Box.Validate() != nil {
		return e, false
	}
	if r.Rule == nil {
		if r.Length < 0 || r.At <= 0 {
			return e, false
		}
		left := time.Duration(r.At)
		if !r.Paused {
			left = max(0, time.Unix(0, r.At).Sub(now.Wall))
		}
		e = schedule.Countdown(schedule.Reminder, left, now)
		e.Name, e.Room, e.Length = r.Name, r.Room, r.Length
		if r.Paused {
			e = e.Pause(now)
		}
		return e, true
	}
	if r.Rule.Hour < 0 || r.Rule.Hour > 23 || r.Rule.Minute < 0 || r.Rule.Minute > 59 || r.Rule.Offset.Abs() > 24*time.Hour || len(r.Rule.Days) > 7 || r.Seen < 0 {
		return e, false
	}
	after := now.Wall
	if r.Seen > 0 {
		e.Last = time.Unix(r.Seen, 0).In(now.Wall.Location())
		after = e.Last
	}
	if day, err := time.ParseInLocation(time.DateOnly, r.Rule.Date, now.Wall.Location()); err == nil && !r.Rule.Repeats() {
		after = day.AddDate(0, 0, -2) // it may be past: then it is late
	}
	at, ok := r.Rule.Next(after, p)
	e.At = at
	return e, ok
}

// ofNames are the names that people taught.
func (b books) ofNames(book learned.Book) map[string]string {
	out := map[string]string{}
	for _, n := range book.Names {
		key := b.aliasKey(n.Name)
		out[key] = value(b, key, sharedAlias{n.Name, n.Device})
	}
	return out
}

// inNames is a book after what siblings changed, and those changes that are done.
func (b books) inNames(book learned.Book, changes []household.Change) (next learned.Book, done []household.Change) {
	for _, c := range changes {
		if c.Gone {
			for _, n := range book.Names {
				if b.aliasKey(n.Name) == c.Key {
					book, _ = book.Without("name:" + n.Name)
				}
			}
			done = append(done, c)
			continue
		}
		var v sharedAlias
		if json.Unmarshal([]byte(c.Value), &v) != nil || !plain(v.Name, 100) || !plain(v.Device, 200) || b.aliasKey(v.Name) != c.Key {
			continue
		}
		if with, err := book.WithName(v.Name, v.Device); err == nil {
			book, done = with, append(done, c)
		}
	}
	return book, done
}
