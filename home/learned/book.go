package learned

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// How much a Book keeps.
const (
	maxNames   = 200
	maxChoices = 100
	maxHabits  = 300
	maxWords   = 60 // bytes of a name
)

// Book is all that was learned. The zero Book is nothing.
type Book struct {
	Names   []Name   `json:"names,omitempty"`   // the newest last
	Choices []Choice `json:"choices,omitempty"` // the newest last
	Weights Weights  `json:"weights,omitempty"`
	Steps   int      `json:"steps,omitempty"`   // of learning that were made
	Refused int      `json:"refused,omitempty"` // that would have made the self-test worse
	Habits  []Habit  `json:"habits,omitempty"`
}

// Name is what people call a device.
type Name struct {
	Name   string `json:"name"`
	Device string `json:"device"` // id of a device or group
}

// Choice is which device people mean, in one room, by words that fit several.
type Choice struct {
	Room   string `json:"room,omitempty"` // area id
	Words  string `json:"words"`          // the name that fits several, as the home has it, or their kind
	Among  string `json:"among"`          // ids, with commas
	Device string `json:"device"`
	Times  int    `json:"times"` // in a row, up to chosenOften
}

// chosenOften is how often the same answer to a question makes the question needless.
const chosenOften = 2

// WithName is the Book after somebody gave a device a name. The same name for another
// device is taken from that.
func (b Book) WithName(name, device string) (Book, error) {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > maxWords || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return b, fmt.Errorf("learn a name: it must have 1 to %d bytes on one line", maxWords)
	}
	b.Names = slices.DeleteFunc(slices.Clone(b.Names), func(n Name) bool { return strings.EqualFold(n.Name, name) })
	b.Names = last(append(b.Names, Name{Name: name, Device: device}), maxNames)
	return b, nil
}

// NamesOf are the names of each device, by id.
func (b Book) NamesOf() map[string][]string {
	out := map[string][]string{}
	for _, n := range b.Names {
		out[n.Device] = append(out[n.Device], n.Name)
	}
	return out
}

// WithChoice is the Book after a question which of several was meant was answered.
func (b Book) WithChoice(room, words string, among []string, device string) Book {
	c := Choice{Room: room, Words: words, Among: join(among), Device: device, Times: 1}
	b.Choices = slices.Clone(b.Choices)
	for i, o := range b.Choices {
		if o.Room != c.Room || o.Words != c.Words || o.Among != c.Among {
			continue
		}
		if o.Device == c.Device {
			c.Times = min(o.Times+1, chosenOften)
		}
		b.Choices = slices.Delete(b.Choices, i, i+1)
		break
	}
	b.Choices = last(append(b.Choices, c), maxChoices)
	return b
}

// Chosen is the device that people have meant before, by the same words, of the same
// devices, in the same room, or "".
func (b Book) Chosen(room, words string, among []string) string {
	for _, c := range b.Choices {
		if c.Room == room && c.Words == words && c.Among == join(among) && c.Times >= chosenOften {
			return c.Device
		}
	}
	return ""
}

// WithoutChoice is the Book after somebody was not content with a device that was Chosen.
func (b Book) WithoutChoice(room, device string) Book {
	b.Choices = slices.DeleteFunc(slices.Clone(b.Choices), func(c Choice) bool { return c.Room == room && c.Device == device })
	return b
}

// Item is one thing that can be looked at and erased.
type Item struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Items are all that was learned.
func (b Book) Items() []Item {
	out := []Item{}
	for _, n := range b.Names {
		out = append(out, Item{"name:" + n.Name, fmt.Sprintf("%q is %s", n.Name, n.Device)})
	}
	for _, c := range b.Choices {
		text := fmt.Sprintf("%q of %s is mostly %s", c.Words, strings.ReplaceAll(c.Among, ",", ", "), c.Device)
		if c.Times < chosenOften {
			text = fmt.Sprintf("%q of %s was %s, once", c.Words, strings.ReplaceAll(c.Among, ",", ", "), c.Device)
		}
		if c.Room != "" {
			text += ", said in " + c.Room
		}
		out = append(out, Item{"choice:" + c.Room + ":" + c.Words + ":" + c.Device, text})
	}
	if b.Steps+b.Refused > 0 {
		out = append(out, Item{"weights", fmt.Sprintf("how far repair is believed: %d steps, %d refused by the self-test", b.Steps, b.Refused)})
	}
	for _, h := range b.Habits {
		out = append(out, Item{h.id(), h.String()})
	}
	return out
}

// Without is the Book without one item; false where there is none.
func (b Book) Without(id string) (Book, bool) {
	before := len(b.Items())
	b.Names = slices.DeleteFunc(slices.Clone(b.Names), func(n Name) bool { return "name:"+n.Name == id })
	b.Choices = slices.DeleteFunc(slices.Clone(b.Choices), func(c Choice) bool { return "choice:"+c.Room+":"+c.Words+":"+c.Device == id })
	b.Habits = slices.DeleteFunc(slices.Clone(b.Habits), func(h Habit) bool { return h.id() == id })
	if id == "weights" {
		b.Weights, b.Steps, b.Refused = nil, 0, 0
	}
	return b, len(b.Items()) < before
}

// sound is the Book as far as it can be believed: what a damaged or foreign file may
// have beyond the bounds is left out.
func (b Book) sound() Book {
	ok := func(s string) bool { return s != "" && len(s) <= 4*maxWords }
	b.Names = last(slices.DeleteFunc(b.Names, func(n Name) bool { return !ok(n.Name) || !ok(n.Device) }), maxNames)
	b.Choices = last(slices.DeleteFunc(b.Choices, func(c Choice) bool { return !ok(c.Device) || c.Times < 0 || c.Times > chosenOften }), maxChoices)
	b.Habits = last(slices.DeleteFunc(b.Habits, func(h Habit) bool { return !h.sound() }), maxHabits)
	b.Weights = b.Weights.sound()
	b.Steps, b.Refused = max(0, b.Steps), max(0, b.Refused)
	return b
}

func last[T any](list []T, n int) []T { return list[max(0, len(list)-n):] }

func join(ids []string) string {
	return strings.Join(slices.Sorted(slices.Values(ids)), ",")
}

// Habit is how often people did one thing at one hour of working days or of weekends.
type Habit struct {
	Intent string `json:"intent"`
	Device string `json:"device"`
	Half   int    `json:"half"` // of the day: 0 is from midnight to half past
	Free   bool   `json:"free"` // Saturday and Sunday
	Days   int    `json:"days"` // on which it was done, less those on which it was not wanted
	Last   string `json:"last"` // day, 2006-01-02
	Told   string `json:"told,omitempty"`
}

const (
	usual     = 5                   // days make a habit
	forgotten = 21 * 24 * time.Hour // and so long without it no more
	day       = "2006-01-02"
)

func (h Habit) id() string {
	return fmt.Sprintf("habit:%s:%s:%d:%t", h.Intent, h.Device, h.Half, h.Free)
}

// String is the habit in words, for people.
func (h Habit) String() string {
	days := "working days"
	if h.Free {
		days = "weekends"
	}
	return fmt.Sprintf("%s %s about %02d:%02d on %s, %d times", h.Intent, h.Device, h.Half/2, h.Half%2*30, days, h.Days)
}

func (h Habit) sound() bool {
	_, err := time.Parse(day, h.Last)
	return h.Intent != "" && h.Device != "" && len(h.Intent)+len(h.Device) <= 4*maxWords && h.Half >= 0 && h.Half < 48 && h.Days >= 0 && err == nil
}

func slot(at time.Time) (half int, free bool) {
	return at.Hour()*2 + at.Minute()/30, at.Weekday() == time.Saturday || at.Weekday() == time.Sunday
}

// WithDone is the Book after somebody did something with one device.
func (b Book) WithDone(intent, device string, at time.Time) Book {
	half, free := slot(at)
	h := Habit{Intent: intent, Device: device, Half: half, Free: free}
	b.Habits = slices.Clone(b.Habits)
	for i, o := range b.Habits {
		if o.id() == h.id() {
			h = o
			b.Habits = slices.Delete(b.Habits, i, i+1)
			break
		}
	}
	if today := at.Format(day); h.Last != today {
		h.Days, h.Last = h.Days+1, today
	}
	b.Habits = slices.DeleteFunc(b.Habits, func(h Habit) bool { return h.stale(at) })
	b.Habits = append(b.Habits, h)
	if len(b.Habits) > maxHabits { // the rarest goes, of those the one that was done longest ago
		rare := slices.MinFunc(b.Habits[:maxHabits], func(a, b Habit) int { return cmp.Or(cmp.Compare(a.Days, b.Days), cmp.Compare(a.Last, b.Last)) })
		b.Habits = slices.DeleteFunc(b.Habits, func(h Habit) bool { return h.id() == rare.id() })
	}
	return b
}

func (h Habit) stale(at time.Time) bool {
	last, err := time.Parse(day, h.Last)
	return err != nil || at.Sub(last) > forgotten
}

// Usual is what people usually do at this hour, have not done today, and have not been
// told of today; false where there is nothing.
func (b Book) Usual(at time.Time) (Habit, bool) {
	half, free := slot(at)
	today := at.Format(day)
	best, found := Habit{}, false
	for _, h := range b.Habits {
		if h.Half == half && h.Free == free && h.Days >= usual && h.Last != today && h.Told != today && !h.stale(at) && h.Days > best.Days {
			best, found = h, true
		}
	}
	return best, found
}

// WithTold is the Book after people were told of a habit. Until somebody does it, it counts
// for less, so that what nobody wants ends by itself.
func (b Book) WithTold(h Habit, at time.Time) Book {
	b.Habits = slices.Clone(b.Habits)
	for i, o := range b.Habits {
		if o.id() == h.id() {
			b.Habits[i].Told = at.Format(day)
			b.Habits[i].Days = max(0, o.Days-1)
		}
	}
	return b
}
