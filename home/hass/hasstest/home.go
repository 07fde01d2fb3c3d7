package hasstest

import (
	"maps"
	"math"
)

// Entity is an entity of the server's home.
type Entity struct {
	ID         string // "light.desk"
	Platform   string // the integration; empty: it has no unique id, and is in no registry
	State      string
	Attributes map[string]any
	Name       string // of the owner's, in the registry
	Aliases    []string
	Area       string
	Exposed    bool // to conversation
}

// Home is what the server serves.
type Home struct {
	Floors   []map[string]any
	Areas    []map[string]any
	Devices  []map[string]any
	Entities []Entity
}

// Small is a home with a study, where the desk lamp and the blinds are.
func Small() Home {
	return Home{
		Floors: []map[string]any{{"floor_id": "upstairs", "name": "Upstairs", "aliases": []string{}, "level": 1, "icon": nil}},
		Areas: []map[string]any{
			{"area_id": "study", "name": "Study", "aliases": []string{"den"}, "floor_id": "upstairs", "icon": nil, "picture": nil, "labels": []string{}},
		},
		Devices: []map[string]any{{"id": "d1", "area_id": "study", "name": "Desk", "name_by_user": nil, "disabled_by": nil}},
		Entities: []Entity{
			{ID: "light.desk", Platform: "hue", State: "off", Area: "study", Name: "Desk lamp", Aliases: []string{"reading light"}, Exposed: true, Attributes: map[string]any{
				"friendly_name": "Desk lamp", "supported_color_modes": []string{"color_temp", "hs"}, "min_color_temp_kelvin": 2000, "max_color_temp_kelvin": 6500, "supported_features": 44}},
			{ID: "cover.blinds", Platform: "zwave_js", State: "closed", Area: "study", Exposed: true, Attributes: map[string]any{
				"friendly_name": "Blinds", "device_class": "blind", "current_position": 0, "supported_features": 15}},
			{ID: "climate.study", Platform: "tado", State: "heat", Area: "study", Exposed: true, Attributes: map[string]any{
				"friendly_name": "Thermostat", "hvac_modes": []string{"heat", "off"}, "temperature": 20.0, "current_temperature": 19.5, "min_temp": 5, "max_temp": 30, "supported_features": 385}},
			{ID: "media_player.speaker", Platform: "sonos", State: "playing", Area: "study", Exposed: true, Attributes: map[string]any{
				"friendly_name": "Speaker", "volume_level": 0.3, "is_volume_muted": false, "supported_features": 20413}},
			{ID: "lock.back_door", Platform: "august", State: "locked", Area: "study", Exposed: true, Attributes: map[string]any{"friendly_name": "Back door"}},
			{ID: "light.zigbee", Platform: "mqtt", State: "on", Area: "study", Exposed: true, Attributes: map[string]any{"friendly_name": "Zigbee lamp", "supported_color_modes": []string{"onoff"}}},
			{ID: "switch.secret", Platform: "hue", State: "on", Area: "study", Attributes: map[string]any{"friendly_name": "Secret"}},
			{ID: "script.goodnight", State: "off", Exposed: true, Attributes: map[string]any{"friendly_name": "Good night"}},
		},
	}
}

// registered is the entry of config/entity_registry/list.
func (e Entity) registered() map[string]any {
	options := map[string]any{"conversation": map[string]any{"should_expose": e.Exposed}}
	return map[string]any{
		"area_id": null(e.Area), "categories": map[string]any{}, "config_entry_id": "c1", "device_id": nil, "disabled_by": nil, "entity_category": nil,
		"entity_id": e.ID, "has_entity_name": true, "hidden_by": nil, "icon": nil, "id": "r_" + e.ID, "labels": []string{}, "name": null(e.Name),
		"options": options, "original_name": e.Attributes["friendly_name"], "platform": e.Platform, "translation_key": nil, "unique_id": "u_" + e.ID,
	}
}

// entry is the entry of config/entity_registry/get_entries.
func (e Entity) entry() map[string]any {
	r := e.registered()
	aliases := []any{nil} // the entity's own name
	for _, a := range e.Aliases {
		aliases = append(aliases, a)
	}
	maps.Copy(r, map[string]any{"aliases": aliases, "capabilities": nil, "device_class": nil, "original_device_class": nil})
	return r
}

// told is the state object.
func (e Entity) told() map[string]any {
	attributes := e.Attributes
	if e.State == "unavailable" { // nothing but the name and what the class says
		attributes = map[string]any{"friendly_name": e.Attributes["friendly_name"]}
	}
	return map[string]any{
		"entity_id": e.ID, "state": e.State, "attributes": attributes, "last_changed": "2026-11-23T06:00:00.000000+00:00",
		"last_updated": "2026-11-23T06:00:00.000000+00:00", "context": map[string]any{"id": "01", "parent_id": nil, "user_id": nil},
	}
}

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// done is the entity after a service call, as its integration would report it.
func (e Entity) done(c Call) Entity {
	e.Attributes = maps.Clone(e.Attributes)
	set := func(key, attribute string) {
		if v, ok := c.Data[key]; ok {
			e.Attributes[attribute] = v
		}
	}
	switch c.Service {
	case "turn_on":
		e.State = "on"
		set("brightness", "brightness")
		if p, ok := c.Data["brightness_pct"].(float64); ok {
			e.Attributes["brightness"] = math.Round(p * 2.55)
		}
		set("color_temp_kelvin", "color_temp_kelvin")
		set("rgb_color", "rgb_color")
	case "turn_off":
		e.State = "off"
	case "open_cover":
		e.State, e.Attributes["current_position"] = "opening", 0
	case "close_cover":
		e.State = "closing"
	case "set_cover_position":
		e.State = "open"
		set("position", "current_position")
	case "set_temperature":
		set("temperature", "temperature")
	case "set_hvac_mode":
		e.State, _ = c.Data["hvac_mode"].(string)
	case "volume_set":
		set("volume_level", "volume_level")
	case "volume_mute":
		set("is_volume_muted", "is_volume_muted")
	case "media_play":
		e.State = "playing"
	case "media_pause":
		e.State = "paused"
	case "lock", "unlock":
		e.State = c.Service + "ed"
	}
	return e
}
