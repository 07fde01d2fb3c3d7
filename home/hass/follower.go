package hass

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/mqtt"
)

// changes are the events after which the lists are read again.
var changes = []string{"area_registry_updated", "floor_registry_updated", "device_registry_updated", "entity_registry_updated"}

// lookAgain is the type of an event that the client itself puts in: the lists are read at once.
const lookAgain = "cricket look again"

// settleTime is how long the lists must have been quiet until they are read again.
const settleTime = time.Second

// follower keeps the home as one connection tells it.
type follower struct {
	client  *Client
	session *session
	known   map[string]bool        // unique ids that were announced, also by connections before
	exposed map[string]mqtt.Entity // by entity id
	foreign map[string]bool        // entity ids that are exposed, and not of the integration "mqtt"
	seen    seen                   // what the lists have said that are being read
}

// begin reads everything. Events are asked for first, so that nothing is lost between.
func (f *follower) begin(ctx context.Context) error {
	for _, kind := range append([]string{"state_changed"}, changes...) {
		if _, err := f.session.ask(ctx, "subscribe_events", map[string]any{"event_type": kind}); err != nil {
			return fmt.Errorf("follow %s: %w", kind, err)
		}
	}
	return f.lists(ctx)
}

// follow takes events until ctx ends or Home Assistant does not answer any longer.
func (f *follower) follow(ctx context.Context) error {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	settle := time.NewTimer(time.Hour)
	defer settle.Stop()
	settle.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.session.events.ready:
			for _, e := range f.session.events.take() {
				switch {
				case e.Type == lookAgain:
					settle.Reset(0)
				case e.Type != "state_changed":
					f.client.stale()
					settle.Reset(settleTime)
				case e.Data.New == nil:
					f.gone(e.Data.ID)
				default:
					f.state(e.Data.New)
				}
			}
		case <-settle.C:
			if err := f.lists(ctx); err != nil {
				return err
			}
		case <-ping.C:
			// Apart, so that events are still taken while the answer is on its way.
			go func() {
				_, err := f.session.ask(ctx, "ping", nil)
				if err == nil {
					err = f.client.watchExposure(ctx, f.session)
				}
				if err != nil {
					f.session.wire.close()
				}
			}()
		}
	}
}

// list asks for a list.
func list[T any](ctx context.Context, s *session, kind string, fields map[string]any) (out T, err error) {
	data, err := s.ask(ctx, kind, fields)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		return out, fmt.Errorf("read %s: %w", kind, err)
	}
	return out, nil
}

// area is an entry of config/area_registry/list.
type area struct {
	home.RegistryArea
	ID string `json:"area_id"`
}

// lists reads the registries, which entities are exposed, and all states.
func (f *follower) lists(ctx context.Context) error {
	r, err := f.registry(ctx)
	if err != nil {
		return err
	}
	text, err := r.Save()
	if err != nil {
		return err
	}
	if !bytes.Equal(text, f.client.told) { // it is written to a card
		f.client.o.Registry(r)
		f.client.told = text
	}
	states, err := list[[]state](ctx, f.session, "get_states", nil)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for i := range states {
		_, speakable := states[i].entity()
		there[states[i].ID] = speakable && f.foreign[states[i].ID]
	}
	for unique := range maps.Clone(f.known) {
		if id := strings.TrimPrefix(unique, home.FromHomeAssistant); !there[id] {
			f.gone(id)
		}
	}
	for i := range states {
		f.state(&states[i])
	}
	f.client.see(f.seen)
	return nil
}

// registry reads the registries, and with them which entities are exposed.
func (f *follower) registry(ctx context.Context) (home.Registry, error) {
	r := home.Registry{Areas: []home.RegistryArea{}}
	var err error
	if r.Floors, err = list[[]home.RegistryFloor](ctx, f.session, "config/floor_registry/list", nil); err != nil && !unknown(err) { // there are none before 2024.4
		return r, err
	}
	areas, err := list[[]area](ctx, f.session, "config/area_registry/list", nil)
	if err != nil {
		return r, err
	}
	for _, a := range areas {
		a.RegistryArea.ID = a.ID
		r.Areas = append(r.Areas, a.RegistryArea)
	}
	if r.Devices, err = list[[]home.RegistryDevice](ctx, f.session, "config/device_registry/list", nil); err != nil {
		return r, err
	}
	if r.Entities, err = list[[]home.RegistryEntity](ctx, f.session, "config/entity_registry/list", nil); err != nil {
		return r, err
	}
	if f.foreign, err = f.shown(ctx, r.Entities); err != nil {
		return r, err
	}
	var ids []string // of those in the registry whose aliases are wanted
	for _, e := range r.Entities {
		if expose := e.Options.Conversation.Expose; expose != nil && *expose {
			ids = append(ids, e.ID)
		}
	}
	if len(ids) == 0 {
		return r, nil
	}
	// The list has no aliases; the entries have.
	entries, err := list[map[string]*struct {
		Aliases []*string `json:"aliases"`
		Class   *string   `json:"device_class"`
	}](ctx, f.session, "config/entity_registry/get_entries", map[string]any{"entity_ids": ids})
	if err != nil {
		return r, err
	}
	for i := range r.Entities {
		if e := entries[r.Entities[i].ID]; e != nil {
			r.Entities[i].Aliases, r.Entities[i].Class = e.Aliases, e.Class
		}
	}
	return r, nil
}

// shown finds which entities are exposed to conversation, notes it in the registry's,
// and returns those that are not on MQTT. The registry says it of its own entities; of
// those without a unique id only a list says it, and only to an administrator.
func (f *follower) shown(ctx context.Context, entities []home.RegistryEntity) (map[string]bool, error) {
	all, err := exposures(ctx, f.session)
	said := err == nil
	now := seen{registered: map[string]bool{}, loose: map[string]bool{}, listed: said}
	if _, refused := errors.AsType[*refusal](err); refused {
		f.client.o.Log.Info("Home Assistant does not list the exposed entities, those without a unique id cannot be spoken to", "err", err)
	} else if err != nil {
		return nil, err
	}
	foreign := map[string]bool{}
	for id, where := range all {
		if where["conversation"] {
			foreign[id], now.loose[id] = true, true
		}
	}
	for i := range entities {
		e := &entities[i]
		now.registered[e.ID] = true
		delete(now.loose, e.ID)
		own := &e.Options.Conversation.Expose
		said = said || *own != nil
		if *own == nil && foreign[e.ID] {
			yes := true
			*own = &yes
		}
		if foreign[e.ID] = *own != nil && **own && e.Platform != "mqtt"; !foreign[e.ID] {
			delete(foreign, e.ID)
		}
	}
	if !said {
		return nil, fmt.Errorf("%w: it does not say which entities are exposed: it is older than 2023.5, or none is", err)
	}
	f.seen = now
	return foreign, nil
}

// unknown says that Home Assistant does not know a command.
func unknown(err error) bool {
	why, ok := errors.AsType[*refusal](err)
	return ok && why.Code == "unknown_command"
}

// topic stands for where an entity was announced.
func topic(id string) string { return "Home Assistant " + id }

func (f *follower) announce(e mqtt.Entity) {
	f.known[e.UniqueID] = true
	f.client.o.Entities(mqtt.Discovery{Topic: topic(e.ID), Entities: []mqtt.Entity{e}})
}

func (f *follower) gone(id string) {
	delete(f.exposed, id)
	if f.known[home.FromHomeAssistant+id] {
		delete(f.known, home.FromHomeAssistant+id)
		f.client.o.Entities(mqtt.Discovery{Topic: topic(id)})
	}
}

// state takes a new state. What an entity can do is part of it: a lamp that was
// unavailable tells it only now.
func (f *follower) state(s *state) {
	e, ok := s.entity()
	if !ok || !f.foreign[s.ID] {
		return
	}
	if was, there := f.exposed[s.ID]; !there || !alike(was, e) && s.Value != "unavailable" {
		f.exposed[s.ID] = e
		f.announce(e)
	}
	f.client.o.State(e.UniqueID, s.told())
}

// alike tells whether two announcements say the same.
func alike(a, b mqtt.Entity) bool {
	return a.Name == b.Name && a.DeviceClass == b.DeviceClass && a.Unit == b.Unit && slices.Equal(a.Features, b.Features) && slices.Equal(a.Options, b.Options) &&
		a.Min == b.Min && a.Max == b.Max && a.Step == b.Step && reflect.DeepEqual(a.Config, b.Config)
}
