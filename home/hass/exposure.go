package hass

import (
	"context"
	"errors"
	"maps"
)

// seen is what is known of which entities are exposed, beside what the follower keeps. The maps are
// never changed.
type seen struct {
	registered map[string]bool // ids of the entities that have a unique id, and so are in the registry
	loose      map[string]bool // of the others, those that are exposed: no event tells when they are not
	listed     bool            // Home Assistant tells this token's owner what is exposed
	changed    bool            // a registry has changed and was not read since
}

func (c *Client) see(s seen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = s
}

// stale notes that a registry has changed.
func (c *Client) stale() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen.changed = true
}

func (c *Client) saw() seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen
}

// stillShown is ErrHidden where an entity is not exposed any longer and the follower may not know
// that yet: its owner's word holds at once.
func (c *Client) stillShown(ctx context.Context, s *session, id string) error {
	switch now := c.saw(); {
	case now.loose[id]:
		all, err := exposures(ctx, s)
		if err != nil {
			return err
		}
		if all[id]["conversation"] {
			return nil
		}
	case now.changed || s.events.holds(func(e event) bool { return e.Type != "state_changed" }):
		entries, err := list[map[string]*struct {
			Options struct {
				Conversation struct {
					Expose *bool `json:"should_expose"`
				} `json:"conversation"`
			} `json:"options"`
		}](ctx, s, "config/entity_registry/get_entries", map[string]any{"entity_ids": []string{id}})
		if err != nil {
			return err
		}
		if e := entries[id]; e != nil && (e.Options.Conversation.Expose == nil || *e.Options.Conversation.Expose) {
			return nil
		}
	default:
		return nil
	}
	return errors.Join(ErrHidden, s.events.put(event{Type: lookAgain}))
}

// exposures asks which entities are exposed to whom. Only an administrator is told.
func exposures(ctx context.Context, s *session) (map[string]map[string]bool, error) {
	all, err := list[struct {
		Exposed map[string]map[string]bool `json:"exposed_entities"`
	}](ctx, s, "homeassistant/expose_entity/list", nil)
	return all.Exposed, err
}

// watchExposure sees whether entities without a unique id are exposed that were not, or the other
// way round, and has the lists read again then.
func (c *Client) watchExposure(ctx context.Context, s *session) error {
	before := c.saw()
	if !before.listed {
		return nil
	}
	all, err := exposures(ctx, s)
	if err != nil {
		return err
	}
	loose := map[string]bool{}
	for id, where := range all {
		if where["conversation"] && !before.registered[id] {
			loose[id] = true
		}
	}
	if maps.Equal(loose, before.loose) {
		return nil
	}
	return s.events.put(event{Type: lookAgain})
}
