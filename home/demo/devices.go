package demo

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/mqtt"
)

// maxLines is the number of connections that the devices of a home use at most.
// A connection costs the broker and the client about ten goroutines, so that a
// thousand devices of their own would not fit beside an assistant on a small
// board; and up to fifty devices, each has its own, as in a real home.
const maxLines = 50

// Options say which broker the devices connect to.
type Options struct {
	Broker   string // tcp://127.0.0.1:1883
	Username string
	Password string
	Log      *slog.Logger
}

// Devices are the devices of a home as MQTT clients.
type Devices struct {
	lines []*line
}

// New makes the devices of a home. Nothing is dialled before Run.
func New(h *home.Home, o Options) (*Devices, error) {
	var played, announced []*home.Device
	for _, d := range h.Devices {
		if d.Discovery == nil {
			played = append(played, d)
		} else {
			announced = append(announced, d)
		}
	}
	all := &Devices{}
	add := func(name, availability string, devices []*home.Device) error {
		l, err := newLine(h, o, name, availability, devices)
		if err != nil {
			return err
		}
		all.lines = append(all.lines, l)
		return nil
	}
	if len(played) <= maxLines {
		for _, d := range played {
			if err := add(d.ID, "", []*home.Device{d}); err != nil {
				return nil, err
			}
		}
	} else {
		n := 0
		for share := range slices.Chunk(played, (len(played)+maxLines-1)/maxLines) {
			n++
			name := strconv.Itoa(n)
			if err := add("line "+name, "cricket/demo/line/"+name+"/availability", share); err != nil {
				return nil, err
			}
		}
	}
	if len(announced) > 0 {
		if err := add("announcements", "", announced); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Run plays the devices until ctx ends; then they say that they are offline.
// A broker that is not there is waited for. Run may be called once.
func (all *Devices) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	errs := make([]error, len(all.lines))
	for i, l := range all.lines {
		wg.Go(func() { errs[i] = l.run(ctx) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Stop takes one device off the network while Run goes on: its availability
// says offline, and it hears nothing more.
func (all *Devices) Stop(ctx context.Context, id string) error { return all.fault(ctx, id, stopped) }

// Freeze makes one device hang while Run goes on: it is still there, but it
// obeys nothing.
func (all *Devices) Freeze(ctx context.Context, id string) error { return all.fault(ctx, id, frozen) }

func (all *Devices) fault(ctx context.Context, id string, c condition) error {
	for _, l := range all.lines {
		if !slices.ContainsFunc(l.devices, func(d *device) bool { return d.id == id && d.thing != nil }) {
			continue
		}
		done := make(chan struct{})
		select {
		case l.faults <- fault{id, c, done}:
		case <-ctx.Done():
			return fmt.Errorf("break demo device %q: %w", id, ctx.Err())
		}
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("break demo device %q: %w", id, ctx.Err())
		}
	}
	return fmt.Errorf("break demo device %q: there is none", id)
}

// condition is whether a device works.
type condition int

const (
	working condition = iota
	frozen
	stopped
)

// fault is what Stop and Freeze ask of a line.
type fault struct {
	id   string
	what condition
	done chan struct{} // closed by the line
}

// device is one device on a line, or one that is only announced: that has no
// thing.
type device struct {
	id           string
	announcement mqtt.Message
	availability string // topic
	set, state   string // topics
	thing        *thing
	condition    condition
}

// line is one MQTT connection with its devices. Its goroutine owns them.
type line struct {
	name      string
	client    *mqtt.Client
	up        string // topic of its own availability, where it has several devices
	devices   []*device
	connected chan struct{}
	commands  chan mqtt.Message
	faults    chan fault
	log       *slog.Logger
}

func newLine(h *home.Home, o Options, name, availability string, devices []*home.Device) (*line, error) {
	l := &line{
		name: name, up: availability, connected: make(chan struct{}, 1), commands: make(chan mqtt.Message),
		faults: make(chan fault), log: o.Log.With("device", name),
	}
	for _, d := range devices {
		m, err := announcement(h, d, availability)
		if err != nil {
			return nil, err
		}
		one := &device{id: d.ID, announcement: m}
		if d.Discovery == nil {
			one.availability, one.set, one.state = topic(d, "availability"), topic(d, "set"), topic(d, "state")
			one.thing = newThing(d)
		}
		l.devices = append(l.devices, one)
	}
	options := mqtt.ClientOptions{
		Broker: o.Broker, Username: o.Username, Password: o.Password, Log: l.log,
		OnStatus: func(s mqtt.Status) {
			if s.Connected {
				select {
				case l.connected <- struct{}{}:
				default: // it has not looked at the last one yet
				}
			}
		},
	}
	will := availability
	if will == "" {
		will = l.devices[0].availability
	}
	if will != "" {
		options.Will = &mqtt.Message{Topic: will, Payload: []byte("offline"), QoS: 1, Retain: true}
	}
	var err error
	if l.client, err = mqtt.NewClient(options); err != nil {
		return nil, fmt.Errorf("connect demo device %q: %w", name, err)
	}
	return l, nil
}

func (l *line) run(ctx context.Context) error {
	online, unplug := context.WithCancel(ctx)
	defer unplug()
	var sets []string
	for _, d := range l.devices {
		if d.thing != nil {
			sets = append(sets, d.set)
		}
	}
	hear := func(m mqtt.Message) {
		if m.Retain {
			return // an old command: obeyed again, it would undo what happened since
		}
		select {
		case l.commands <- m:
		case <-online.Done():
		}
	}
	if err := l.client.Subscribe(ctx, hear, sets...); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- l.client.Run(online) }()
	for {
		select {
		case <-l.connected:
			l.announce(online)
		case m := <-l.commands:
			l.obey(online, m)
		case f := <-l.faults:
			l.take(online, f, unplug, ended)
		case <-ctx.Done():
			unplug()
			return <-ended
		}
	}
}

// announce publishes all that is retained; a new broker may have forgotten it.
func (l *line) announce(ctx context.Context) {
	for _, d := range l.devices {
		l.publish(ctx, d.announcement)
		if d.thing != nil && d.condition != stopped {
			l.report(ctx, d)
			l.retain(ctx, d.availability, "online")
		}
	}
	if l.up != "" {
		l.retain(ctx, l.up, "online")
	}
}

func (l *line) obey(ctx context.Context, m mqtt.Message) {
	for _, d := range l.devices {
		if d.thing == nil || d.set != m.Topic || d.condition != working {
			continue
		}
		if err := d.thing.obey(m.Payload); err != nil {
			l.log.Warn("command not obeyed", "topic", m.Topic, "err", err)
			return
		}
		l.report(ctx, d)
	}
}

// take breaks a device. The only device of a line loses its connection.
func (l *line) take(ctx context.Context, f fault, unplug func(), ended chan error) {
	defer close(f.done)
	for _, d := range l.devices {
		if d.id != f.id || d.condition == stopped {
			continue
		}
		d.condition = f.what
		switch {
		case f.what == frozen:
		case l.up == "":
			unplug()
			ended <- <-ended // the client has said offline by now
		default:
			l.retain(ctx, d.availability, "offline")
		}
	}
}

// report publishes a device's state, where it has one.
func (l *line) report(ctx context.Context, d *device) {
	if state := d.thing.report(); state != nil {
		l.retain(ctx, d.state, string(state))
	}
}

func (l *line) retain(ctx context.Context, topic, text string) {
	l.publish(ctx, mqtt.Message{Topic: topic, Payload: []byte(text), QoS: 1, Retain: true})
}

// publish leaves what cannot be sent: the next connection announces all again.
func (l *line) publish(ctx context.Context, m mqtt.Message) {
	if err := l.client.Publish(ctx, m); err != nil && ctx.Err() == nil {
		l.log.Warn("state not published, it will be with the next connection", "topic", m.Topic, "err", err)
	}
}
