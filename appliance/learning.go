package appliance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/learned"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/internal/durable"
	"github.com/cricket-home/cricket/internal/trace"
)

// learning is what the household has taught the box. It is on the disk before anybody
// sees it.
type learning struct {
	mu    sync.Mutex
	file  string // "" where nothing is kept
	book  learned.Book
	fault error // why it is not what it was before the box went off, or was not written
	lost  bool  // there was no file, or a damaged one
	log   *slog.Logger

	changed chan struct{} // has an element when the book is another than before; nil: nobody looks
}

// openLearning reads what was learned. A file that is damaged is put aside. Of a later
// version the one is read that the later Cricket kept; where it kept none, its file is
// left alone, and nothing is learned over it.
func openLearning(file string, log *slog.Logger) *learning {
	l := &learning{file: file, log: log}
	if file == "" {
		return l
	}
	book, err := readLearned(file)
	later, ok := errors.AsType[*learned.VersionError](err)
	if ok {
		back, failed := durable.GoBack(file, later.Version, learned.Version)
		if err = errors.Join(err, failed); back && failed == nil {
			log.Warn("what was learned is as it was before the update that was gone back from", "later", durable.Earlier(file, later.Version))
			book, err = readLearned(file)
		}
	}
	switch {
	case err == nil:
		l.book = book
		return l
	case errors.Is(err, fs.ErrNotExist):
		l.lost = true
		return l
	case ok:
		l.file = ""
	default:
		l.lost, err = true, errors.Join(err, os.Rename(file, file+".damaged"))
	}
	l.fault = err
	log.Error("what was learned is not used", "err", err)
	return l
}

func readLearned(file string) (learned.Book, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return learned.Book{}, err
	}
	return learned.Decode(data)
}

// now is what was learned.
func (l *learning) now() learned.Book {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.book
}

// change makes a new book of the old one.
func (l *learning) change(f func(learned.Book) learned.Book) (learned.Book, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := f(l.book)
	if l.file != "" {
		data, err := next.Encode()
		if err == nil {
			err = durable.Replace(l.file, data)
		}
		if err != nil {
			l.fault = fmt.Errorf("keep what was learned: %w", err)
			return l.book, l.fault
		}
		l.fault = nil
	}
	l.book = next
	if l.changed != nil {
		signal(l.changed)
	}
	return next, nil
}

// openLearned begins with what was learned before.
func (b *Box) openLearned() {
	file := ""
	if b.options.Keep {
		file = filepath.Join(b.options.HomeDir, "learned")
	}
	b.learning = openLearning(file, b.log)
	b.options.Home = b.options.Home.WithLearned(b.learning.now().NamesOf())
}

// learn changes what was learned, beside a request that does not depend on it.
func (b *Box) learn(f func(learned.Book) learned.Book) {
	if _, err := b.learning.change(f); err != nil {
		b.log.Error("what was to be learned is not on the disk", "err", err)
	}
}

// teachName takes a name, or forgets it, and the house knows it.
func (b *Box) teachName(ctx context.Context, t home.Teaching) error {
	var refused error
	book, err := b.learning.change(func(book learned.Book) learned.Book {
		if t.Device == "" {
			for _, n := range book.Names {
				if strings.EqualFold(n.Name, t.Name) {
					book, _ = book.Without("name:" + n.Name)
				}
			}
			return book
		}
		var next learned.Book
		next, refused = book.WithName(t.Name, t.Device)
		return next
	})
	if err := errors.Join(err, refused); err != nil {
		return err
	}
	return b.nameAll(ctx, book)
}

// nameAll lets the house know the names of a book.
func (b *Box) nameAll(ctx context.Context, book learned.Book) error {
	return b.house.do(ctx, func() {
		b.house.swap(b.house.Now().Home.WithLearned(book.NamesOf()), b.house.Now().Faults)
		b.house.rebuild()
	})
}

// Learned is all that was learned, to look at.
func (b *Box) Learned() []learned.Item { return b.learning.now().Items() }

// errNotLearned says that there is no such thing to erase.
var errNotLearned = errors.New("erase: nothing like that was learned")

// Erase forgets one thing, or with "" everything.
func (b *Box) Erase(ctx context.Context, id string) error {
	found := true
	book, err := b.learning.change(func(book learned.Book) learned.Book {
		if id == "" {
			return learned.Book{}
		}
		book, found = book.Without(id)
		return book
	})
	if err != nil {
		return err
	}
	if !found {
		return errNotLearned
	}
	return b.nameAll(ctx, book)
}

// words is what an ambiguous request named: a name that fits several, or their kind.
func words(in intent.Intent) string {
	for _, slot := range []string{"name", "domain", "device_class"} {
		if s, ok := in.Slots[slot].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// heed learns from what somebody said about the request before: raw is as it was
// resolved, in what it stands for.
func (b *Box) heed(before talk, raw, in intent.Intent, q Request) {
	if q.DryRun || q.unbidden || !q.Source.MayConfirm() {
		return
	}
	h, room, open := b.house.Now().Home, b.roomID(q), before.context.Open
	answer := func(in intent.Intent, right bool) {
		f := h.Find(in, b.room(q), b.hour())
		b.learn(func(book learned.Book) learned.Book {
			next, learned := book.WithAnswer(f, right)
			if !learned {
				b.log.Info("not learned: the self-test would be worse", "intent", in.Name)
			}
			return next
		})
	}
	switch which := open != nil && before.context.Asks == intent.AsksWhich; {
	case which && open.Tier == intent.Repair && (raw.Name == "CricketYes" || raw.Name == "CricketNo"):
		answer(*open, raw.Name == "CricketYes")
	case which && open.Tier == intent.Template && in.Refusal == "" && in.Name == open.Name && len(in.Targets) == 1 && len(open.Targets) > 1 && slices.Contains(open.Targets, in.Targets[0]) && words(*open) != "":
		b.learn(func(book learned.Book) learned.Book {
			return book.WithChoice(room, words(*open), open.Targets, in.Targets[0])
		})
	case raw.Name == "CricketUndo" && before.context.Last != nil:
		if last := *before.context.Last; last.Tier == intent.Repair {
			answer(last, false)
		} else if len(last.Targets) == 1 && slices.ContainsFunc(b.learning.now().Choices, func(c learned.Choice) bool { return c.Room == room && c.Device == last.Targets[0] }) {
			b.learn(func(book learned.Book) learned.Book { return book.WithoutChoice(room, last.Targets[0]) })
		}
	}
}

// hour is that of the day, or -1.
func (b *Box) hour() int {
	if now := b.clock.now(); now.Known {
		return now.Wall.Hour()
	}
	return -1
}

// recall is an intent as the household's ways have it: which of several devices is mostly
// meant, and how far repair is to be believed. What opens the house is left as it is.
func (b *Box) recall(in intent.Intent, q Request, t *trace.Trace) intent.Intent {
	book, h := b.learning.now(), b.house.Now().Home
	if open := in.Open; in.Refusal == intent.Ambiguous && open != nil && open.Tier == intent.Template && open.Name != "" && !open.Doubtful {
		id := book.Chosen(b.roomID(q), words(*open), open.Targets)
		if id == "" || h.Guarded(id) {
			return in
		}
		t.Begin("learned")(fmt.Sprintf("%q is mostly %s here", words(*open), id))
		out := *open
		out.Targets = []string{id}
		return out
	}
	found := in
	if in.Refusal == intent.Ambiguous && in.Open != nil {
		found = *in.Open
	}
	if in.Tier != intent.Repair || found.Name == "" || found.Doubtful || len(book.Weights) == 0 {
		return in
	}
	p := book.Weights.Confidence(h.Find(found, b.room(q), b.hour()))
	out := in
	switch {
	case p >= intent.ActAt:
		out = found
	case p >= intent.AskAt && len(found.Targets) > 0:
		open := found
		out = intent.Intent{Tier: intent.Repair, Refusal: intent.Ambiguous, Slots: found.Slots, Candidates: found.Targets, Open: &open}
	default:
		out = intent.Intent{Tier: intent.Repair, Refusal: intent.NotRecognized}
	}
	out.Confidence = p
	if out.Refusal != in.Refusal {
		t.Begin("learned")(fmt.Sprintf("confidence %.2f instead of %.2f", p, in.Confidence))
	}
	return out
}

// notice counts what somebody did towards a habit, where the owner wants that.
func (b *Box) notice(h *home.Home, in intent.Intent, plan home.Plan, r Result, q Request) {
	now := b.clock.now()
	if !b.config.Dialogue.Habits || !now.Known || r.Due != "" || r.Fault != nil || !q.Source.MayConfirm() {
		return
	}
	if device, ok := h.Habitual(in, plan); ok {
		b.learn(func(book learned.Book) learned.Book { return book.WithDone(in.Name, device, now.Wall) })
	}
}

// offerEvery is how often the box looks whether it is time for something usual.
const offerEvery = time.Minute

// offer asks, until ctx ends, whether it shall do what people usually do now.
func (b *Box) offer(ctx context.Context) error {
	tick := time.NewTicker(offerEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if text := b.usual(time.Now()); text != "" {
				b.speech.Tell(text, false)
			}
		}
	}
}

// usual is the offer for now, or "". A yes to it in the next half minute carries it out.
func (b *Box) usual(at time.Time) string {
	clock := b.clock.now()
	_, quiet := b.config.Quiet.holds(clock)
	if !b.config.Dialogue.Habits || !clock.Known || quiet {
		return ""
	}
	habit, ok := b.learning.now().Usual(at.In(clock.Wall.Location()))
	if !ok {
		return ""
	}
	q := Request{Source: home.InTheRoom}
	in, text, ok := b.house.Now().Home.Offer(habit, home.Setting{Room: b.room(q), Now: clock, Place: b.place, Source: q.Source, Table: b.table})
	if !ok {
		return ""
	}
	b.learn(func(book learned.Book) learned.Book { return book.WithTold(habit, at.In(clock.Wall.Location())) })
	before := b.rooms.of(b.dialogue(q), "", time.Now())
	before.context, before.time, before.Reply = intent.Context{Open: &in}, time.Now(), text
	b.rooms.put(b.dialogue(q), "", before)
	return text
}

// checkLearned is what doctor says of learning.
func (b *Box) checkLearned() []Finding {
	b.learning.mu.Lock()
	defer b.learning.mu.Unlock()
	if b.learning.fault == nil {
		return nil
	}
	return []Finding{{Part: "learned", Text: b.learning.fault.Error(), Hint: "cricket learned show"}}
}
