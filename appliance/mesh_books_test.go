package appliance

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/home/learned"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mesh/household"
)

// kinBox has books, and a log of the household, on clocks of its own.
type kinBox struct {
	t     *testing.T
	books books
	log   *household.Log
	book  schedule.Book
	names learned.Book
	now   schedule.Now
}

func newKinBox(t *testing.T, letter string) *kinBox {
	t.Helper()
	key, _, err := crypto.GenerateEd25519Key(strings.NewReader(strings.Repeat(letter, 64)))
	if err != nil {
		t.Fatal(err)
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := household.Open(household.Options{File: filepath.Join(t.TempDir(), "household.json"), Home: "home", Key: key,
		Member: func(peer.ID) bool { return true }, Kinds: []string{sharedList, sharedReminder, sharedName}})
	if err != nil {
		t.Fatal(err)
	}
	return &kinBox{t: t, books: books{home: "home", self: id}, log: l, book: schedule.Book{Boot: letter}, now: schedule.Now{Wall: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), Known: true, Up: time.Hour, Boot: letter}}
}

// does changes the book as a request does, and compares.
func (k *kinBox) does(changes ...schedule.Change) {
	k.t.Helper()
	for _, c := range changes {
		k.book, _ = k.book.With(c)
	}
	k.reconcile()
}

func (k *kinBox) reconcile() (changed bool) {
	k.t.Helper()
	for _, c := range keyed(k.book, func(taken func(string) bool) string { return k.log.Fresh(sharedReminder, taken) }) {
		k.book, _ = k.book.With(c)
	}
	before := k.log.Sum()
	k.books.shown = k.log.Shown()
	changes, err := k.log.Reconcile(k.books.ofSchedule(k.book), sharedList, sharedReminder)
	if err != nil {
		k.t.Fatal(err)
	}
	out, done := k.books.inSchedule(k.book, changes, k.now, schedule.Place{})
	for _, c := range out {
		k.book, _ = k.book.With(c)
	}
	names, err := k.log.Reconcile(k.books.ofNames(k.names), sharedName)
	if err != nil {
		k.t.Fatal(err)
	}
	var named []household.Change
	k.names, named = k.books.inNames(k.names, names)
	if err := k.log.Show(append(done, named...)); err != nil {
		k.t.Fatal(err)
	}
	return len(done)+len(named) > 0 || k.log.Sum() != before
}

// meets makes two boxes equal. Then nothing is left to be said: neither takes what the other
// told it for a change of its own.
func (k *kinBox) meets(o *kinBox) {
	k.t.Helper()
	ours, theirs := k.log.Differ(o.log.Marks())
	if _, err := k.log.Accept(o.log.Of(theirs)); err != nil {
		k.t.Fatal(err)
	}
	if _, err := o.log.Accept(ours); err != nil {
		k.t.Fatal(err)
	}
	k.reconcile()
	o.reconcile()
	if k.reconcile() || o.reconcile() || k.log.Sum() != o.log.Sum() {
		k.t.Errorf("the two go on telling each other of changes")
	}
}

func (k *kinBox) list() string {
	var out []string
	for _, l := range k.book.Lists {
		for _, it := range l.Items {
			out = append(out, fmt.Sprintf("%s/%s/%t", l.Name, it.Text, it.Done))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func (k *kinBox) reminders() (out []string) {
	for _, e := range k.book.Entries {
		out = append(out, fmt.Sprintf("%s in %v", e.Name, e.Remaining(k.now)))
	}
	slices.Sort(out)
	return out
}

func (k *kinBox) pass(d time.Duration) { k.now.Wall, k.now.Up = k.now.Wall.Add(d), k.now.Up+d }

func TestListsAreTheSameOnTwoBoxes(t *testing.T) {
	kitchen, attic := newKinBox(t, "k"), newKinBox(t, "a")
	kitchen.does(schedule.Change{List: "shopping", Item: "Milk", Do: schedule.Add}, schedule.Change{List: "shopping", Item: "eggs", Do: schedule.Add})
	attic.does(schedule.Change{List: "shopping", Item: "milk", Do: schedule.Add}, schedule.Change{List: "party", Item: "crisps", Do: schedule.Add})
	kitchen.meets(attic)
	if kitchen.list() != attic.list() || len(kitchen.book.Lists) != 2 || len(kitchen.book.Lists[0].Items) != 2 {
		t.Errorf("the kitchen has %s, the attic %s", kitchen.list(), attic.list())
	}
	attic.does(schedule.Change{List: "shopping", Item: "milk", Do: schedule.Complete}, schedule.Change{List: "shopping", Item: "eggs", Do: schedule.Drop})
	kitchen.meets(attic)
	if text := strings.ToLower(kitchen.list()); text != "party/crisps/false shopping/milk/true" || kitchen.list() != attic.list() {
		t.Errorf("the kitchen has %s, the attic %s", text, attic.list())
	}
	kitchen.does(schedule.Change{List: "shopping", Item: "milk", Do: schedule.Add})
	kitchen.meets(attic)
	if text := strings.ToLower(attic.list()); text != "party/crisps/false shopping/milk/false" {
		t.Errorf("what is wanted again: %s", text)
	}
}

func TestNamesAreTheSameOnTwoBoxes(t *testing.T) {
	kitchen, attic := newKinBox(t, "k"), newKinBox(t, "a")
	kitchen.names, _ = kitchen.names.WithName("disco lamp", "light.lamp")
	kitchen.reconcile()
	kitchen.meets(attic)
	if names := attic.names.NamesOf()["light.lamp"]; len(names) != 1 || names[0] != "disco lamp" {
		t.Errorf("%v", attic.names)
	}
	attic.names, _ = attic.names.WithName("Disco Lamp", "light.other")
	attic.reconcile()
	kitchen.meets(attic)
	if len(kitchen.names.Names) != 1 || kitchen.names.Names[0].Device != "light.other" {
		t.Errorf("%v", kitchen.names)
	}
	kitchen.names = learned.Book{}
	kitchen.reconcile()
	kitchen.meets(attic)
	if len(attic.names.Names) != 0 {
		t.Errorf("%v", attic.names)
	}
}

func TestRemindersAreTheSameOnTwoBoxes(t *testing.T) {
	kitchen, attic := newKinBox(t, "k"), newKinBox(t, "a")
	attic.now.Wall = attic.now.Wall.Add(2 * time.Second) // clocks are never quite the same
	anna := schedule.Countdown(schedule.Reminder, 20*time.Minute, kitchen.now)
	anna.Name = "call Anna"
	bins, ok := schedule.ByClock(schedule.Reminder, schedule.Rule{Hour: 18, Days: []time.Weekday{time.Monday, time.Thursday}}, kitchen.now, schedule.Place{})
	if bins.Name = "bins"; !ok {
		t.Fatal("no Monday")
	}
	egg := schedule.Countdown(schedule.Timer, time.Minute, kitchen.now) // a timer is its box's own
	lights := schedule.Countdown(schedule.Command, time.Minute, kitchen.now)
	lights.Command = &intent.Intent{Name: "HassTurnOff"}
	kitchen.does(schedule.Change{Put: &anna}, schedule.Change{Put: &bins}, schedule.Change{Put: &egg}, schedule.Change{Put: &lights})
	kitchen.meets(attic)
	if got := strings.Join(attic.reminders(), ", "); got != "bins in 9h59m58s, call Anna in 19m58s" {
		t.Errorf("the attic has %s", got)
	}
	// A clock that is set moves nothing on other boxes.
	attic.now.Wall = attic.now.Wall.Add(time.Hour)
	attic.book, _ = attic.book.Reckon(attic.now, schedule.Place{})
	attic.reconcile()
	attic.meets(kitchen)
	if got := kitchen.reminders(); !slices.Contains(got, "call Anna in 20m0s") {
		t.Errorf("the kitchen has %v", got)
	}
	attic.now.Wall = attic.now.Wall.Add(-time.Hour)
	attic.book, _ = attic.book.Reckon(attic.now, schedule.Place{})
	// Five minutes more, said in the attic.
	i := slices.IndexFunc(attic.book.Entries, func(e schedule.Entry) bool { return e.Name == "call Anna" })
	more := attic.book.Entries[i].Extend(5*time.Minute, attic.now)
	attic.does(schedule.Change{Put: &more})
	attic.meets(kitchen)
	if got := kitchen.reminders(); !slices.Contains(got, "call Anna in 25m0s") {
		t.Errorf("the kitchen has %v", got)
	}
	// It rings in the kitchen on Monday, and somebody stops it: the attic waits for Thursday.
	kitchen.pass(10 * time.Hour)
	attic.pass(10 * time.Hour)
	for _, e := range kitchen.book.Due(kitchen.now) {
		kitchen.book = kitchen.book.Ring(e.ID, kitchen.now)
	}
	for _, e := range kitchen.book.Ringing() {
		kitchen.does(e.Finish(kitchen.now, schedule.Place{}))
	}
	kitchen.meets(attic)
	if got := strings.Join(attic.reminders(), ", "); got != "bins in 71h59m58s" {
		t.Errorf("the attic has %s", got)
	}
	attic.does(schedule.Change{Remove: attic.book.Entries[0].ID})
	kitchen.meets(attic)
	if got := kitchen.book.Entries; len(got) != 0 {
		t.Errorf("the kitchen has %v", got)
	}
}

// A box that does not know the time keeps what is told to it until it does.
func TestReminderWaitsForTheClock(t *testing.T) {
	kitchen, attic := newKinBox(t, "k"), newKinBox(t, "a")
	attic.now.Known = false
	anna := schedule.Countdown(schedule.Reminder, 20*time.Minute, kitchen.now)
	anna.Name = "call Anna"
	kitchen.does(schedule.Change{Put: &anna})
	kitchen.meets(attic)
	if len(attic.book.Entries) != 0 {
		t.Errorf("%v", attic.book.Entries)
	}
	attic.now.Known = true
	attic.reconcile()
	if len(attic.book.Entries) != 1 || kitchen.log.Sum() != attic.log.Sum() {
		t.Errorf("%v", attic.book.Entries)
	}
}

// On a box that does not know the time a reminder is made longer: it is not gone from the others,
// who hear of the new time when that box does.
func TestReminderIsMovedWithoutAClock(t *testing.T) {
	kitchen, attic := newKinBox(t, "k"), newKinBox(t, "a")
	anna := schedule.Countdown(schedule.Reminder, 20*time.Minute, kitchen.now)
	anna.Name = "call Anna"
	kitchen.does(schedule.Change{Put: &anna})
	kitchen.meets(attic)
	kitchen.now.Known = false
	more := kitchen.book.Entries[0].Extend(5*time.Minute, kitchen.now)
	kitchen.does(schedule.Change{Put: &more})
	kitchen.meets(attic)
	if got := attic.reminders(); len(got) != 1 || len(kitchen.book.Entries) != 1 {
		t.Fatalf("the attic has %v", got)
	}
	kitchen.now.Known = true
	kitchen.book, _ = kitchen.book.Reckon(kitchen.now, schedule.Place{})
	kitchen.reconcile()
	kitchen.meets(attic)
	if got := strings.Join(attic.reminders(), ", "); got != "call Anna in 25m0s" {
		t.Errorf("the attic has %s", got)
	}
}

func TestOverlookedReminder(t *testing.T) {
	now := schedule.Now{Wall: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), Known: true, Up: time.Hour}
	countdown := schedule.Countdown(schedule.Reminder, -time.Hour, now)
	for _, c := range []struct {
		name string
		e    schedule.Entry
		want bool
	}{
		{"due now", schedule.Entry{Rule: &schedule.Rule{}, At: now.Wall}, false},
		{"two minutes ago, and it rings there", schedule.Entry{Rule: &schedule.Rule{}, At: now.Wall.Add(-2 * time.Minute), Last: now.Wall.Add(-2 * time.Minute)}, false},
		{"two minutes ago, and nothing was heard of it", schedule.Entry{Rule: &schedule.Rule{}, At: now.Wall.Add(-2 * time.Minute)}, true},
		{"two minutes ago, and yesterday's was seen to", schedule.Entry{Rule: &schedule.Rule{}, At: now.Wall.Add(-2 * time.Minute), Last: now.Wall.AddDate(0, 0, -1)}, true},
		{"a countdown needs no clock", countdown, false},
	} {
		if got := overlooked(c.e, now); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// Whatever a sibling signs, either it is left out, or the books have just that afterwards. It
// never becomes a command.
func FuzzSharedValue(f *testing.F) {
	id, err := peer.Decode("12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf")
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range []any{sharedItem{"shopping", "milk", true}, sharedAlias{"disco lamp", "light.lamp"},
		reminder{Box: id, Name: "bins", Rule: &schedule.Rule{Hour: 18, Days: []time.Weekday{1}}, Seen: 1795000000}, reminder{Box: id, Name: "tea", Length: 5e9, At: 1795420800e9},
		reminder{Box: id, Name: "tea", Length: 5e9, At: 3e9, Paused: true}, reminder{Box: id, Name: "once", Rule: &schedule.Rule{Hour: 7, Date: "2026-11-24"}}} {
		text, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		now := schedule.Now{Wall: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), Known: true, Up: time.Hour}
		b := books{home: "home", self: id, shown: map[string]string{}}
		var it sharedItem
		var alias sharedAlias
		json.Unmarshal([]byte(text), &it)
		json.Unmarshal([]byte(text), &alias)
		keys := []string{b.itemKey(it.List, it.Item), b.aliasKey(alias.Name), household.Key("home", sharedReminder, "x")}
		for _, key := range keys {
			c := []household.Change{{Key: key, Value: text}}
			out, done := b.inSchedule(schedule.Book{}, c, now, schedule.Place{})
			var book schedule.Book
			for _, o := range out {
				book, _ = book.With(o)
			}
			names, named := b.inNames(learned.Book{}, c)
			for _, e := range book.Entries {
				if e.Kind != schedule.Reminder || e.Command != nil {
					t.Errorf("%s became %+v", text, e)
				}
			}
			b.shown = map[string]string{key: text}
			if own := b.ofSchedule(book); len(done) > 0 && (len(own) != 1 || own[key] != text) {
				t.Errorf("%s: the books have %v", text, own)
			}
			if own := b.ofNames(names); len(named) > 0 && (len(own) != 1 || own[key] != text) {
				t.Errorf("%s: the names are %v", text, own)
			}
			if len(done) == 0 && len(book.Entries)+len(book.Lists) > 0 {
				t.Errorf("%s was left out, and is in the book", text)
			}
		}
	})
}
