package demo

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/mqtt"
)

// Prefix is Home Assistant's default discovery prefix.
const Prefix = "homeassistant"

// topic is where a device without a discovery table is served.
func topic(d *home.Device, last string) string {
	return "cricket/demo/" + d.Domain() + "/" + d.Object() + "/" + last
}

// Discovery is the retained message by which a device of a HOME.toml announces
// itself: its own discovery table, to which only the ids that tie it to the
// device are added where it has none, or a payload for the demo's topics.
func Discovery(h *home.Home, d *home.Device) (mqtt.Message, error) {
	return announcement(h, d, "")
}

// announcement is Discovery for a device that shares a connection, whose own
// availability topic is line, or "".
func announcement(h *home.Home, d *home.Device, line string) (mqtt.Message, error) {
	config := maps.Clone(d.Discovery)
	if config == nil {
		config = payload(h, d, line)
	} else {
		if config["uniq_id"] == nil && config["unique_id"] == nil {
			config["unique_id"] = d.UniqueID()
		}
		if config["def_ent_id"] == nil && config["default_entity_id"] == nil {
			config["default_entity_id"] = d.ID
		}
	}
	platform, object := d.Domain(), d.Object()
	if d.Discovery == nil && platformOf(d) != platform {
		platform, object = platformOf(d), platform+"_"+object
	}
	text, err := json.Marshal(config)
	if err != nil {
		return mqtt.Message{}, fmt.Errorf("write discovery of %q: %w", d.ID, err)
	}
	return mqtt.Message{
		Topic:   Prefix + "/" + platform + "/cricket_demo/" + object + "/config",
		Payload: text, QoS: 1, Retain: true,
	}, nil
}

// platformOf is the kind of entity that the demo makes of a device. Domains that
// MQTT discovery has not, or not so simple, become a switch where they turn on
// and off, and otherwise a sensor: their state can be asked for.
func platformOf(d *home.Device) string {
	switch domain := d.Domain(); domain {
	case "light", "switch", "media_player", "script", "fan", "cover", "lock", "climate", "sensor", "binary_sensor", "scene", "button", "number", "vacuum":
		return domain
	case "siren", "humidifier", "water_heater", "remote", "automation", "input_boolean":
		return "switch"
	case "input_button":
		return "button"
	case "select":
		if len(texts(d.Attributes["options"])) > 0 {
			return domain
		}
	}
	return "sensor"
}

func payload(h *home.Home, d *home.Device, line string) map[string]any {
	device := map[string]any{
		"identifiers": []string{d.UniqueID()}, "name": d.Name, "manufacturer": "Cricket", "model": "Demo " + d.Domain(),
	}
	if a, ok := h.Area(d.Area); ok && d.Area != "" {
		device["suggested_area"] = a.Name
	}
	available := []map[string]any{{"topic": "~/availability"}}
	if line != "" {
		available = append(available, map[string]any{"topic": line})
	}
	c := map[string]any{
		"~":    "cricket/demo/" + d.Domain() + "/" + d.Object(),
		"name": nil, "unique_id": d.UniqueID(), "default_entity_id": d.ID, "qos": 1,
		"device": device, "origin": map[string]any{"name": "Cricket demo"},
		"availability": available, "availability_mode": "all",
	}
	platform := platformOf(d)
	if d.DeviceClass != "" && platform == d.Domain() {
		c["device_class"] = d.DeviceClass
	}
	set := func(keys ...string) {
		for _, k := range keys {
			c[k] = "~/set"
		}
	}
	state := func(keys ...string) {
		for _, k := range keys {
			c[k] = "~/state"
		}
	}
	switch platform {
	case "light":
		set("command_topic")
		state("state_topic")
		c["schema"] = "json"
		modes := lightModes(d)
		c["brightness"] = modes[0] != "onoff"
		c["supported_color_modes"] = modes
		if has(d, "color_temp") {
			c["color_temp_kelvin"], c["min_kelvin"], c["max_kelvin"] = true, warmest, coldest
		}
	case "switch", "media_player", "script", "vacuum":
		set("command_topic")
		state("state_topic")
		c["payload_on"], c["payload_off"] = "ON", "OFF"
	case "fan":
		set("command_topic")
		state("state_topic")
		c["state_value_template"] = "{{ value_json.state }}"
		if has(d, "percentage") {
			set("percentage_command_topic")
			state("percentage_state_topic")
			c["percentage_value_template"] = "{{ value_json.percentage }}"
		}
	case "cover":
		set("command_topic")
		state("state_topic")
		c["value_template"] = "{{ value_json.state }}"
		if has(d, "position") {
			set("set_position_topic")
			state("position_topic")
			c["position_template"] = "{{ value_json.position }}"
		}
	case "lock":
		set("command_topic")
		state("state_topic")
	case "climate":
		set("mode_command_topic", "temperature_command_topic")
		state("mode_state_topic", "temperature_state_topic", "current_temperature_topic")
		c["mode_state_template"] = "{{ value_json.mode }}"
		c["temperature_state_template"] = "{{ value_json.temperature }}"
		c["current_temperature_template"] = "{{ value_json.current_temperature }}"
		c["modes"] = []string{"off", "heat"}
		copyNumbers(c, d, "min_temp", "max_temp")
	case "sensor":
		state("state_topic")
		if unit, ok := d.Attributes["unit_of_measurement"].(string); ok {
			c["unit_of_measurement"] = unit
		}
	case "binary_sensor":
		state("state_topic")
	case "scene", "button":
		set("command_topic")
		if platform == "scene" {
			c["payload_on"] = "ON"
		}
	case "number":
		set("command_topic")
		state("state_topic")
		copyNumbers(c, d, "min", "max", "step")
	case "select":
		set("command_topic")
		state("state_topic")
		c["options"] = texts(d.Attributes["options"])
	}
	return c
}

// warmest and coldest are the whites of demo lights, in kelvin.
const (
	warmest = 2000
	coldest = 6500
)

// lightModes are Home Assistant's color modes of a light.
func lightModes(d *home.Device) []string {
	var modes []string
	if has(d, "color_temp") {
		modes = append(modes, "color_temp")
	}
	if has(d, "color") {
		modes = append(modes, "rgb")
	}
	switch {
	case len(modes) > 0:
		return modes
	case has(d, "brightness"):
		return []string{"brightness"}
	}
	return []string{"onoff"}
}

func has(d *home.Device, feature string) bool {
	for _, f := range d.Features {
		if f == feature {
			return true
		}
	}
	return false
}

func copyNumbers(c map[string]any, d *home.Device, keys ...string) {
	for _, k := range keys {
		if v, ok := d.Attributes[k].(float64); ok {
			c[k] = v
		}
	}
}

func texts(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
