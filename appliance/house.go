package appliance

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

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
	inbox   chan func()

	// What follows belongs to the goroutine of Run.
	announced mqtt.Announced
	homie     mqtt.Homie
	followers map[string][]string   // topic -> unique ids; filters with + or # under wildcards
	follows   map[string][]string   // unique id -> topics under which it is a follower
	faulty    map[string]bool       // discovery topics that have faults
	states    map[string]mqtt.State // unique id -> what its topics have said
	watches   map[*Watch]struct{}
	told      []told                // states that devices told, and that are not in the home yet
	misheard  misheard
	resolved  chan *intent.Resolver // a rebuild that ended
	building  bool                  // a rebuild is under way
	stale     bool                  // names changed since it began
	settled   []chan struct{}       // closed when every device has told its state
	news      bool                  // some Homie device has news

	done chan struct{} // closed when Run ends
}

// NewHouse returns the house of a home.
func NewHouse(h *home.Home, sentences *intent.Sentences, prefix string, log *slog.Logger) *House {
	house := &House{
		prefix: prefix, sentences: sentences, log: log,
		followed: make(chan []string, inboxSize), renamed: [3]chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 1)},
		inbox:     make(chan func(), inboxSize),
		followers: map[string][]string{}, follows: map[string][]string{}, faulty: map[string]bool{}, states: map[string]mqtt.State{}, watches: map[*Watch]struct{}{},
		resolved: make(chan *intent.Resolver, 1), done: make(chan struct{}),
	}
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
			if len(h.inbox) == 0 { // what a Homie device says of itself comes in many messages
				h.assemble()
			}
			if len(h.inbox) == 0 || len(h.told) >= maxLearned {
				h.learn()
			}
			h.settle()
		case r := <-h.resolved:
			next := *h.Now()
			next.Resolver = r
			h.current.Store(&next)
			h.building = false
			if h.stale {
				h.rebuild()
			}
			h.tellRenamed()
			h.settle()
		}
	}
}

// Discover takes a discovery message. It returns when the message is in the
// inbox.
func (h *House) Discover(m mqtt.Message) { h.post(func() { h.discover(m) }) }

// DiscoverHomie takes a message of mqtt.HomieFilter; those that are no
// discovery are left to Hear.
func (h *House) DiscoverHomie(m mqtt.Message) {
	if strings.Contains(m.Topic, "/$") {
		h.post(func() {
			if h.homie.Take(m) {
				h.news = true
			}
		})
	}
}

// assemble takes over what the Homie devices that had news have become.
func (h *House) assemble() {
	if !h.news {
		return
	}
	h.news = false
	changed := h.homie.Changed()
	for _, d := range changed {
		h.note(h.announced.Note(d))
	}
	snapshot := *h.Now()
	snapshot.Alerts = h.homie.Alerts()
	h.current.Store(&snapshot)
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

func (h *House) discover(m mqtt.Message) {
	d, err := h.announced.Take(h.prefix, m)
	if err != nil { // ErrNotDiscovery: somebody else's topic
		return
	}
	h.note(d)
}

// note makes the home what a discovery says.
func (h *House) note(d mqtt.Discovery) {
	next := h.Now().Home
	for _, unique := range d.Removed {
		next = next.WithoutEntity(unique)
		h.unfollow(unique)
		delete(h.states, unique)
	}
	for _, e := range d.Entities {
		next = next.WithEntity(e)
		h.unfollow(e.UniqueID)
		h.follow(e)
	}
	faults := h.Now().Faults
	if len(d.Faults) > 0 || h.faulty[d.Topic] {
		faults = h.announced.Faults()
		h.faulty[d.Topic] = len(d.Faults) > 0
	}
	h.swap(next, faults)
	if len(d.Entities)+len(d.Removed) > 0 {
		h.rebuild()
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
}

// rebuild binds the sentences to the home's names in a goroutine of its own,
// one at a time: names that change meanwhile wait for the next.
func (h *House) rebuild() {
	if h.stale = h.building; h.building {
		return
	}
	h.building = true
	names := h.Now().Home.Names()
	go func() { h.resolved <- h.sentences.Bind(names) }()
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

// Confirmed returns the devices that reached their state before ctx ended.
func (w *Watch) Confirmed(ctx context.Context) []string {
	var ids []string
	for len(ids) < cap(w.seen) {
		select {
		case id := <-w.seen:
			ids = append(ids, id)
		case <-ctx.Done():
			return ids
		}
	}
	return ids
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
	if len(h.settled) == 0 || h.building || len(h.silent()) > 0 {
		return
	}
	for _, done := range h.settled {
		close(done)
	}
	h.settled = nil
}
