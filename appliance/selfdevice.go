package appliance

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/cricket-home/cricket/mqtt"
)

// entity is one entity of the box in the home's MQTT, and what is behind it.
type entity struct {
	mqtt.OwnEntity // State, Attributes and Commands follow from the functions below

	// told is its state and its attributes (nil: it has none) at this moment.
	told func() (state string, attributes any)
	// fleeting says that the broker is not to keep the state: what people ask for is on
	// no disk unless they want it.
	fleeting bool
	// lost says why it is not there for now: then it is taken back until it is; nil: it
	// is there as long as the box is.
	lost func() error
	// event says that it has events in place of a state.
	event bool
	// obey does what a command says. An error is logged, and the state told again.
	obey func(ctx context.Context, payload string) error
}

func (e entity) absent() bool { return e.Gone || e.lost != nil && e.lost() != nil }

const (
	// birthDelay is the longest that the box waits before it announces itself again
	// to a Home Assistant that has started: a home's devices must not all do it at once.
	birthDelay = 10 * time.Second

	// obeyTime is how long a command may take.
	obeyTime = 10 * time.Second

	maxCommand = 4096 // bytes; speech longer than that nobody listens to
)

// selfDevice is the box as a device of the home's MQTT: it announces its entities,
// tells their states when they change, and obeys their commands, one after another.
// docs/mqtt.md has the topics.
type selfDevice struct {
	own      mqtt.Own
	entities []entity // of own, in its order
	client   publisher
	delay    func() time.Duration // before it answers a birth
	log      *slog.Logger

	connected chan struct{}     // has an element after a connection was made
	born      chan struct{}     // has an element when Home Assistant has started
	denied    chan struct{}     // has an element when somebody says that the box is not there
	changed   chan struct{}     // has an element when a state may be new
	events    chan mqtt.Message // that nobody has published yet; what comes when it is full is lost, and logged
	commands  chan mqtt.Message // the same for commands
}

// publisher is an MQTT client.
type publisher interface {
	Publish(ctx context.Context, m mqtt.Message) error
}

func newSelfDevice(own mqtt.Own, entities []entity, client publisher, log *slog.Logger) *selfDevice {
	for i, e := range entities {
		e.State, e.Commands = e.told != nil || e.event, e.obey != nil
		entities[i] = e
		own.Entities = append(own.Entities, e.OwnEntity)
	}
	return &selfDevice{
		own: own, entities: entities, client: client, log: log,
		delay:     func() time.Duration { return rand.N(birthDelay) },
		connected: make(chan struct{}, 1), born: make(chan struct{}, 1), denied: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		events: make(chan mqtt.Message, 64), commands: make(chan mqtt.Message, 16),
	}
}

// signal leaves an element in c, unless there is one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// put leaves a message in c, or logs that it is lost.
func (d *selfDevice) put(c chan mqtt.Message, m mqtt.Message) {
	select {
	case c <- m:
	default:
		d.log.Warn("message lost, the box is busy with others", "topic", m.Topic)
	}
}

// hear takes a message of the topics of Filters. It does not wait.
func (d *selfDevice) hear(m mqtt.Message) {
	switch {
	case m.Retain: // an old command, or an old birth
	case m.Topic == d.own.Prefix+"/status":
		if string(m.Payload) == "online" {
			signal(d.born)
		}
	case m.Topic == d.own.Topic("availability"):
		if string(m.Payload) == "offline" {
			signal(d.denied)
		}
	case len(m.Payload) > maxCommand:
		d.log.Warn("command not obeyed", "topic", m.Topic, "err", "it is too long")
	default:
		d.put(d.commands, m)
	}
}

// filters are the topics whose messages hear wants.
func (d *selfDevice) filters() []string {
	all := []string{d.own.Prefix + "/status", d.own.Topic("availability")}
	for _, e := range d.entities {
		if e.obey != nil {
			all = append(all, d.own.Topic(e.ID)+"/set")
		}
	}
	return all
}

// tell publishes an event of an entity. It does not wait. fields must have
// "event_type".
func (d *selfDevice) tell(id string, fields map[string]any) {
	for _, e := range d.entities {
		if e.ID == id && e.event {
			d.put(d.events, mqtt.Message{Topic: d.own.Topic(id), Payload: encode(fields), QoS: 1})
		}
	}
}

// encode writes JSON of a value that is made of JSON's own kinds, markup as it is.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

// Run announces, tells and obeys until ctx ends. What cannot be told while the broker
// is away is told with the next connection, the newest only; events are not.
func (d *selfDevice) Run(ctx context.Context) error {
	obeyed := make(chan struct{})
	go func() {
		defer close(obeyed)
		for {
			select {
			case <-ctx.Done():
				return
			case m := <-d.commands:
				d.obey(ctx, m)
			}
		}
	}()
	defer func() { <-obeyed }()
	told := map[string]string{} // by topic, since the last announcement
	announce := func() {
		clear(told)
		for i, e := range d.entities {
			d.own.Entities[i].Gone = e.absent()
		}
		d.publish(ctx, d.own.Announcement())
	}
	takeBack := func() {
		for _, m := range d.gone() {
			d.publish(ctx, m)
		}
	}
	var answer <-chan time.Time // to a birth
	warned := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.connected:
			announce()
			takeBack()
		case <-d.born:
			if answer == nil {
				answer = time.After(d.delay())
			}
			continue
		case <-d.denied: // the will of a run that crashed comes after the next one has begun
			if !warned {
				warned = true
				d.log.Warn("the box was said to be gone, by an earlier run or by another box of its name", "topic", d.own.Topic("availability"))
			}
			d.publish(ctx, d.own.Available(true))
			continue
		case <-answer:
			answer = nil
			announce()
			d.publish(ctx, d.own.Available(true))
		case <-d.changed:
			if d.moved() {
				announce()
				takeBack()
			}
		case m := <-d.events:
			d.publish(ctx, m)
			continue
		}
		for _, m := range d.states() {
			if before, ok := told[m.Topic]; (!ok || before != string(m.Payload)) && d.publish(ctx, m) {
				told[m.Topic] = string(m.Payload)
			}
		}
	}
}

// moved says whether an entity has come or gone since the last announcement.
func (d *selfDevice) moved() bool {
	for i, e := range d.entities {
		if e.absent() != d.own.Entities[i].Gone {
			return true
		}
	}
	return false
}

// states are the messages that tell all states, of what was announced.
func (d *selfDevice) states() []mqtt.Message {
	var all []mqtt.Message
	for i, e := range d.entities {
		if e.told == nil || d.own.Entities[i].Gone {
			continue
		}
		state, attributes := e.told()
		topic := d.own.Topic(e.ID)
		all = append(all, mqtt.Message{Topic: topic, Payload: []byte(state), QoS: 1, Retain: !e.fleeting})
		if e.Attributes {
			all = append(all, mqtt.Message{Topic: topic + "/attributes", Payload: encode(attributes), QoS: 1, Retain: !e.fleeting})
		}
	}
	return all
}

// gone are the messages that take back what entities told that are not here now.
func (d *selfDevice) gone() []mqtt.Message {
	var all []mqtt.Message
	for i, e := range d.entities {
		if e.told != nil && d.own.Entities[i].Gone {
			all = append(all, mqtt.Message{Topic: d.own.Topic(e.ID), QoS: 1, Retain: true})
		}
	}
	return all
}

// publish reports whether the broker has a message. Each connection tells all again.
func (d *selfDevice) publish(ctx context.Context, m mqtt.Message) bool {
	ctx, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	if err := d.client.Publish(ctx, m); err != nil {
		d.log.Debug("not told", "topic", m.Topic, "err", err)
		return false
	}
	return true
}

func (d *selfDevice) obey(ctx context.Context, m mqtt.Message) {
	ctx, cancel := context.WithTimeout(ctx, obeyTime)
	defer cancel()
	id := strings.TrimSuffix(strings.TrimPrefix(m.Topic, d.own.Topic("")+"/"), "/set")
	for _, e := range d.entities {
		if e.ID != id || e.obey == nil || e.absent() {
			continue
		}
		if err := e.obey(ctx, strings.TrimSpace(string(m.Payload))); err != nil && ctx.Err() == nil {
			d.log.Warn("command not obeyed", "topic", m.Topic, "err", err)
		}
		signal(d.changed)
	}
}
