package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/internal/trace"
	"github.com/cricket-home/cricket/mqtt"
)

// Planned is an entry of the book as `cricket ring` shows it; docs/cli.md
// documents the fields.
type Planned struct {
	ID     int        `json:"id"`
	Kind   string     `json:"kind"`           // "timer", "alarm", "reminder", "command"
	Name   string     `json:"name,omitempty"` // of a timer or an alarm; a reminder's message; what a command does
	Room   string     `json:"room,omitempty"`
	State  string     `json:"state"`              // "running", "paused", "waiting", "ringing"
	Left   float64    `json:"left_s"`             // seconds; negative since it was due
	Length float64    `json:"length_s,omitempty"` // of a countdown: what was asked for, in seconds
	Due    *time.Time `json:"due,omitempty"`      // by the wall clock, where that is known
	Repeat bool       `json:"repeat,omitempty"`
}

// Planned is all that is planned or rings, what is due next first.
func (b *Box) Planned() []Planned {
	now := b.clock.now()
	out := []Planned{}
	for _, e := range b.agenda.Book().Entries {
		p := Planned{ID: e.ID, Kind: string(e.Kind), Name: e.Name, Room: e.Room, State: "running",
			Left: math.Round(e.Remaining(now).Seconds()), Length: e.Length.Seconds(), Repeat: e.Rule != nil && e.Rule.Repeats()}
		if a, ok := b.house.Now().Home.Area(e.Room); ok && e.Room != "" {
			p.Room = a.Name
		}
		due := e.At
		if e.Rule == nil {
			due = now.Wall.Add(e.Remaining(now)).Round(time.Second)
		}
		switch {
		case e.Ringing:
			p.State = "ringing"
		case e.Paused:
			p.State = "paused"
		case e.Rule != nil:
			p.State = "waiting"
		}
		if due = due.In(now.Wall.Location()); now.Known && !e.Paused {
			p.Due = &due
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b Planned) int { return int(math.Copysign(1, a.Left-b.Left)) })
	return out
}

// StopRinging stops all that rings.
func (b *Box) StopRinging(ctx context.Context) error {
	rang := b.agenda.Book().Ringing()
	err := b.agenda.StopRinging(ctx)
	b.tellStopped(ctx, rang)
	return err
}

// alter changes the book, and tells of what has stopped ringing by that.
func (b *Box) alter(ctx context.Context, changes []schedule.Change) ([]schedule.Change, error) {
	rang := b.agenda.Book().Ringing()
	undo, err := b.agenda.Change(ctx, changes)
	b.tellStopped(ctx, rang)
	return undo, err
}

// tellStopped tells of what rang and does not ring any more.
func (b *Box) tellStopped(ctx context.Context, rang []schedule.Entry) {
	for _, e := range rang {
		if now, ok := b.agenda.Book().Entry(e.ID); !ok || !now.Ringing {
			b.tell(ctx, "stopped", e)
		}
	}
}

// ring lets the mouth ring with whatever rings, until ctx ends.
func (b *Box) ring(ctx context.Context) error {
	for {
		var texts []string
		for _, e := range b.agenda.Book().Ringing() {
			texts = append(texts, b.house.Now().Home.Ring(e))
		}
		b.speech.Ring(strings.Join(texts, " "))
		if b.live != nil {
			b.live.rings(ctx, len(texts) > 0)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-b.agenda.rung:
		}
	}
}

// attend sees to what is due until ctx ends. What was due while the box was off
// is told once the broker is there; meanwhile it rings already.
func (b *Box) attend(ctx context.Context) error {
	up, cancel := context.WithTimeout(ctx, awaitTime)
	_ = b.client.Connected(up) // without the broker, events are lost, and the rest is done
	cancel()
	for {
		select {
		case <-ctx.Done():
			return nil
		case d := <-b.agenda.due:
			if d.Entry.Kind == schedule.Command && !d.Missed {
				go b.carryDue(ctx, d.Entry) // a device that does not answer must keep nothing else waiting
				continue
			}
			b.announce(ctx, d)
		}
	}
}

// carryDue carries out a command for later. Nobody waits for its reply, so it is
// spoken only where it has something to say: an answer, or what was not done.
func (b *Box) carryDue(ctx context.Context, e schedule.Entry) {
	b.await(ctx, e)
	t := &trace.Trace{Time: time.Now()}
	r := b.keep(b.carryOut(ctx, Result{Due: string(e.Kind), Planned: e.Name}, *e.Command, Request{Room: e.Room, Source: e.Source}, t), t)
	if !r.Done() || len(r.Actions) == 0 && e.Command.Name != "HassBroadcast" {
		b.speech.Tell(r.Reply, false)
	}
	if !r.Done() {
		b.log.Warn("a command for later was not carried out", "entry", e.ID, "refusal", string(r.Refusal)+string(r.Plan))
	}
	b.tell(ctx, "done", e)
}

// awaitTime is how long a command that is due waits for the broker and its
// devices: after a power cut they are up later than this box.
const awaitTime = time.Minute

// await returns when a command's devices are there, or after awaitTime.
func (b *Box) await(ctx context.Context, e schedule.Entry) {
	ctx, cancel := context.WithTimeout(ctx, awaitTime)
	defer cancel()
	if b.client.Connected(ctx) != nil {
		return
	}
	look := time.NewTicker(time.Second)
	defer look.Stop()
	at := home.Setting{Room: e.Room, Now: b.clock.now(), Place: b.place, Book: b.agenda.Book()}
	for b.house.Now().Home.Plan(*e.Command, at).Refusal == home.Offline {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

// announce tells of what rings now, and of what was missed.
func (b *Box) announce(ctx context.Context, d Due) {
	h := b.house.Now().Home
	e := d.Entry
	r := Result{Due: string(e.Kind), Planned: e.Name, Actions: []Action{}}
	what := "ringing"
	switch {
	case d.Unkept:
		what, r.Reply = "missed", h.Unkept(e)
		b.speech.Tell(r.Reply, false)
	case d.Missed:
		what, r.Reply = "missed", h.Missed(e, b.clock.now())
		b.speech.Tell(r.Reply, false)
	case d.Ended:
		what, r.Reply = "unheard", h.Ring(e)
	default:
		r.Reply = h.Ring(e)
	}
	b.log.Info("planned", "event", what, "kind", string(e.Kind), "entry", e.ID)
	b.keep(r, &trace.Trace{Time: time.Now()})
	b.tell(ctx, what, e)
}

// node is this box's name in topics.
func node() string {
	name, err := os.Hostname()
	name = strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(name)), "_")
	if err != nil || name == "" {
		return "box"
	}
	return name
}

// tell publishes an event about an entry, for whoever follows; docs/timers.md
// has the format. A broker that is away misses it.
func (b *Box) tell(ctx context.Context, event string, e schedule.Entry) {
	payload, err := json.Marshal(map[string]any{"event": event, "kind": e.Kind, "id": e.ID, "name": e.Name, "room": e.Room})
	if err != nil {
		panic(err) // texts and a number
	}
	if err := b.send(ctx, "schedule", payload); err != nil && ctx.Err() == nil {
		b.log.Warn("event not published", "err", err)
	}
}

// send publishes under the box's own topic.
func (b *Box) send(ctx context.Context, topic string, payload []byte) error {
	return b.publish(ctx, mqtt.Message{Topic: "cricket/" + node() + "/" + topic, Payload: payload, QoS: 1})
}

// openAgenda reads the book, where it is to be kept.
func (b *Box) openAgenda() error {
	var err error
	b.place = schedule.Place{Latitude: b.config.Place.Latitude, Longitude: b.config.Place.Longitude}
	var book schedule.Book
	var keep keeper = forgetful{}
	if b.options.Keep {
		b.store, book, err = schedule.Open(b.options.HomeDir + "/schedule.json")
		if damaged, ok := errors.AsType[*schedule.DamagedError](err); ok {
			b.log.Error("timers, alarms or lists may be missing", "err", err)
			b.damaged = damaged
			b.speech.Tell(b.house.Now().Home.LostBook(), false)
			err = nil
		}
		keep = b.store
		if err != nil { // lights work without a book; what needs one is refused aloud
			b.log.Error("nothing can be planned", "err", err)
			keep = unwritable{err}
		}
	}
	b.agenda = newAgenda(book, keep, b.clock.now, b.place, b.log)
	b.agenda.swapped = func() { b.events.put("planned", nil) }
	if err != nil {
		text := err.Error()
		b.agenda.fault.Store(&text)
	}
	return nil
}

// closeBook lets go of the book's file.
func (b *Box) closeBook() error {
	if b.store == nil {
		return nil
	}
	return b.store.Close()
}
