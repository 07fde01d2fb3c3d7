package appliance

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// inboxSize is how many messages may wait for the owner goroutine. When it is
// full the MQTT client waits, and with it the broker: nothing is dropped.
const inboxSize = 1024

// Snapshot is the home at one moment. Nothing in it changes.
type Snapshot struct {
	Home     *home.Home
	Resolver *intent.Resolver // of the names that the home had at the last rebuild
	Version  int              // how often there were new names
	Faults   []mqtt.Fault     // what announced itself and cannot be used, by topic
	Alerts   []mqtt.Fault     // what Homie devices say is wrong with them
}

// House owns the current home. Messages come in through Discover and Hear, readers load
// the Snapshot; only the goroutine of Run makes a new one.
type House struct {
	prefix    string
	sentences *intent.Sentences
	followed  chan []string    // topic filters whose messages the house wants
	renamed   [3]chan struct{} // have an element when there is a new Resolver: for the recogniser, for that of drafts, for the language model
	log       *slog.Logger

	current atomic.Pointer[Snapshot]
	swapped func() // is called after each change of the home; nil: nobody looks
	inbox   chan func()

	// What follows belongs to the goroutine of Run.
	announced mqtt.Announced
	homie     mqtt.Homie
	followers map[string][]string   // topic -> unique ids; filters with + or # under wildcards
	follows   map[string][]string   // unique id -> topics under which it is a follower
	faulty    map[string]bool       // discovery topics that have faults
	states    map[string]mqtt.State // unique id -> what its topics have said
	watches   map[*Watch]struct{}
	heard     map[string]bool // unique ids that have told their state since the broker was reached
	told      []told          // states that devices told, and that are not in the home yet
	misheard  misheard
	resolved  chan *intent.Resolver // a rebuild that ended
	building  bool                  // a rebuild is under way
	stale     bool                  // names or sentences changed since it began
	reworded  []chan struct{}       // closed when a resolver is of the newest sentences, which it is not yet
	rewording []chan struct{}       // of those, whom the rebuild under way satisfies
	settled   []chan struct{}       // closed when every device has told its state
	news      bool                  // some Homie device has news
	batch     []mqtt.Discovery      // announced, and not yet in the home
	began     time.Time             // when its first came; zero while there is none
	burst     *time.Timer           // fires when the batch is taken in
	bound     intent.Names          // what the newest resolver is made of, or will be
	trust     *home.Trust
	ledger    *ledger // nil where trust is not kept

	done chan struct{} // closed when Run ends
}

// NewHouse returns the house of a home.
func NewHouse(h *home.Home, sentences *intent.Sentences, prefix string, log *slog.Logger) *House {
	house := &House{
		prefix: prefix, sentences: sentences, log: log,
		followed: make(chan []string, inboxSize), renamed: [3]chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 1)},
		inbox:     make(chan func(), inboxSize),
		burst:     time.NewTimer(burstTime),
		followers: map[string][]string{}, follows: map[string][]string{}, faulty: map[string]bool{}, states: map[string]mqtt.State{}, heard: map[string]bool{}, watches: map[*Watch]struct{}{},
		resolved: make(chan *intent.Resolver, 1), done: make(chan struct{}),
	}
	house.burst.Stop()
	house.trust, house.bound = home.NewTrust(nil, nil), h.Names()
	house.announced.Admit = house.admit
	house.current.Store(&Snapshot{Home: h, Resolver: sentences.Bind(h.Names())})
	house.tellRenamed()
	return house
}

// tellRenamed tells those who follow the names that there are new ones.
func (h *House) tellRenamed() {
	for _, renamed := range h.renamed {
		select {
		case renamed <- struct{}{}:
		default: // whoever listens has not come to the last one yet
		}
	}
}

// Now is the current snapshot.
func (h *House) Now() *Snapshot { return h.current.Load() }

// Run owns the home until ctx ends.
func (h *House) Run(ctx context.Context) error {
	defer close(h.done)
	for {
		select {
		case <-ctx.Done():
			return nil
		case f := <-h.inbox:
			f()
			if len(h.inbox) == 0 || len(h.told) >= maxLearned {
				h.learn()
			}
			h.settle()
		case <-h.burst.C:
			h.takeIn()
			h.settle()
		case r := <-h.resolved:
			next := *h.Now()
			next.Resolver, next.Version = r, next.Version+1
			h.current.Store(&next)
			h.building = false
			for _, done := range h.rewording {
				close(done)
			}
			h.rewording = nil
			if h.stale {
				h.rebuild()
			}
			h.tellRenamed()
			h.settle()
		}
	}
}

// Hear takes a message of a topic that was followed.
func (h *House) Hear(m mqtt.Message) {
	h.post(func() {
		for _, unique := range h.followers[m.Topic] {
			h.apply(unique, m)
		}
		for _, unique := range h.followers[wildcards] {
			h.apply(unique, m)
		}
	})
}

// wildcards is the key of followers for filters with + or #, whose entities
// see every message and sort out their own.
const wildcards = "#"

// post leaves f for the goroutine of Run; when that has ended, f is dropped.
func (h *House) post(f func()) {
	select {
	case h.inbox <- f:
	case <-h.done:
	}
}

// follow asks for the messages of an entity's topics.
func (h *House) follow(e mqtt.Entity) {
	topics := e.Topics()
	for _, topic := range topics {
		if strings.ContainsAny(topic, "+#") {
			topic = wildcards
		}
		if !slices.Contains(h.followers[topic], e.UniqueID) {
			h.followers[topic] = append(h.followers[topic], e.UniqueID)
			h.follows[e.UniqueID] = append(h.follows[e.UniqueID], topic)
		}
	}
	if len(topics) > 0 {
		h.followed <- topics
	}
}

func (h *House) unfollow(unique string) {
	for _, topic := range h.follows[unique] {
		followers := h.followers[topic]
		if followers = slices.DeleteFunc(followers, func(u string) bool { return u == unique }); len(followers) == 0 {
			delete(h.followers, topic)
		} else {
			h.followers[topic] = followers
		}
	}
	delete(h.follows, unique)
}

// swap makes next the home that readers see.
func (h *House) swap(next *home.Home, faults []mqtt.Fault) {
	snapshot := *h.Now()
	snapshot.Home, snapshot.Faults = next, faults
	h.current.Store(&snapshot)
	if h.swapped != nil {
		h.swapped()
	}
}

// Watch waits for devices to reach the states that a plan wants.
type Watch struct {
	wants map[string]mqtt.State
	seen  chan string // device ids, once each
	house *House
}

// Watch begins to look at what the devices' topics say from now on. End must
// be called.
func (h *House) Watch(ctx context.Context, wants map[string]mqtt.State) (*Watch, error) {
	w := &Watch{wants: maps.Clone(wants), seen: make(chan string, len(wants)), house: h}
	return w, h.do(ctx, func() { h.watches[w] = struct{}{} })
}

// End stops looking.
func (w *Watch) End() {
	w.house.post(func() { delete(w.house.watches, w) })
}

func (w *Watch) see(id string, state mqtt.State) {
	if want, ok := w.wants[id]; ok && !state.Offline && mqtt.Confirms(want, state) {
		delete(w.wants, id)
		w.seen <- id
	}
}

// confirms returns the devices whose state is what is wanted of them, as far as their
// topics have ever told.
func (h *House) confirms(ctx context.Context, wants map[string]mqtt.State) []string {
	var so []string
	err := h.do(ctx, func() {
		for id, want := range wants {
			d, ok := h.Now().Home.Device(id)
			if ok && d.Entity != nil && !d.Offline && mqtt.Confirms(want, h.states[d.Entity.UniqueID]) {
				so = append(so, id)
			}
		}
	})
	if err != nil {
		return nil
	}
	return so
}

// do runs f in the goroutine of Run and waits for it.
func (h *House) do(ctx context.Context, f func()) error {
	done := make(chan struct{})
	select {
	case h.inbox <- func() { f(); close(done) }:
	case <-h.done:
		return context.Canceled
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Settled returns when every device of the home is announced, has told its
// state and can be named, or with an error that names those that have not when
// ctx ends.
func (h *House) Settled(ctx context.Context) error {
	done := make(chan struct{})
	if err := h.do(ctx, func() { h.settled = append(h.settled, done); h.settle() }); err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	var silent []string
	if err := h.do(context.WithoutCancel(ctx), func() { silent = h.silent() }); err != nil {
		return err
	}
	if len(silent) > 5 {
		silent = append(silent[:5], "…")
	}
	err := fmt.Errorf("wait for devices to announce themselves: %s: %w", strings.Join(silent, ", "), ctx.Err())
	for _, f := range h.Now().Faults {
		err = fmt.Errorf("%w; %s", err, f)
	}
	return err
}

// silent lists the devices that are not announced or have not told their state.
func (h *House) silent() []string {
	var ids []string
	for _, d := range h.Now().Home.Devices {
		if d.Entity == nil || (d.Discovery == nil && d.Entity.Config["state_topic"] != nil && h.states[d.Entity.UniqueID].Value == "") {
			ids = append(ids, d.ID)
		}
	}
	return ids
}

// settle tells those who wait in Settled, if it is so.
func (h *House) settle() {
	if len(h.settled) == 0 || h.building || len(h.batch) > 0 || h.news || len(h.silent()) > 0 {
		return
	}
	for _, done := range h.settled {
		close(done)
	}
	h.settled = nil
}
