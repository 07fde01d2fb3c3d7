package appliance

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/mqtt"
)

// What Home Assistant takes, by its MQTT documentation: the keys that every entity may
// have, those of a platform, and which of these it must have.
var (
	commonKeys = "platform name unique_id default_entity_id qos icon entity_category device_class enabled_by_default availability availability_topic availability_template availability_mode payload_available payload_not_available json_attributes_topic json_attributes_template encoding"

	platformKeys = map[string]struct{ must, may string }{
		"binary_sensor": {"state_topic", "payload_on payload_off value_template expire_after off_delay force_update"},
		"sensor":        {"state_topic", "options unit_of_measurement state_class value_template expire_after suggested_display_precision force_update last_reset_value_template"},
		"switch":        {"command_topic", "state_topic payload_on payload_off state_on state_off optimistic retain value_template command_template"},
		"select":        {"command_topic options", "state_topic value_template command_template optimistic retain"},
		"number":        {"command_topic", "state_topic min max step mode unit_of_measurement payload_reset optimistic retain value_template command_template"},
		"button":        {"command_topic", "payload_press command_template retain"},
		"event":         {"state_topic event_types", "value_template"},
		"text":          {"command_topic", "state_topic min max mode pattern value_template command_template retain"},
		"notify":        {"command_topic", "command_template retain"},
		"update":        {"command_topic payload_install", "state_topic device_class latest_version_topic title release_url release_summary entity_picture display_precision"},
		"light":         {"command_topic schema", "state_topic brightness brightness_scale supported_color_modes effect effect_list flash transition optimistic retain"}, // schema json
	}
	// The values of device_class and entity_category that are used here.
	classes = map[string]string{"binary_sensor": "connectivity problem", "sensor": "enum temperature", "button": "restart identify update", "update": "firmware"}
)

func TestAnnouncementIsAsHomeAssistantWantsIt(t *testing.T) {
	c := free()
	c.MQTT.TellHeard, c.Room = true, "hall"
	b, _, _ := stillBox(t, c)
	m := newSelfDevice(b.own(), b.entities(), b.client, b.log).own.Announcement()
	t.Cleanup(func() { b.control.Close(); b.closeBook() })

	if !m.Retain || !regexp.MustCompile(`^homeassistant/device/[a-zA-Z0-9_-]+/config$`).MatchString(m.Topic) {
		t.Errorf("topic %s, retained %v", m.Topic, m.Retain)
	}
	var root map[string]any
	if err := json.Unmarshal(m.Payload, &root); err != nil {
		t.Fatal(err)
	}
	only(t, "the root", root, "device origin components availability_topic", "device origin components")
	device := root["device"].(map[string]any)
	only(t, "device", device, "identifiers name manufacturer model sw_version suggested_area", "identifiers name")
	if device["name"] != "Hall Cricket" || device["suggested_area"] != "Hall" {
		t.Errorf("the device is %v", device)
	}
	only(t, "origin", root["origin"].(map[string]any), "name sw_version support_url", "name")
	unique := map[any]string{}
	components := root["components"].(map[string]any)
	if len(components) < 15 {
		t.Fatalf("only %d components", len(components))
	}
	for id, v := range components {
		e := v.(map[string]any)
		platform, _ := e["platform"].(string)
		keys, known := platformKeys[platform]
		if !known {
			t.Errorf("%s: Home Assistant has no MQTT platform %q, or it is not in the table of this test", id, platform)
			continue
		}
		only(t, id, e, commonKeys+" "+keys.must+" "+keys.may, "platform unique_id default_entity_id name qos "+keys.must)
		if !regexp.MustCompile(`^[a-zA-Z0-9_-]+$`).MatchString(id) {
			t.Errorf("the id %q", id)
		}
		if other, twice := unique[e["unique_id"]]; twice {
			t.Errorf("%s and %s have the same unique_id", id, other)
		}
		unique[e["unique_id"]] = id
		if s, _ := e["default_entity_id"].(string); !regexp.MustCompile(`^` + platform + `\.[a-z0-9_]+$`).MatchString(s) {
			t.Errorf("%s: default_entity_id %q", id, s)
		}
		if class, ok := e["device_class"].(string); ok && !slices.Contains(strings.Fields(classes[platform]), class) {
			t.Errorf("%s: device_class %q", id, class)
		}
		if category, ok := e["entity_category"]; ok && category != "config" && category != "diagnostic" {
			t.Errorf("%s: entity_category %v", id, category)
		}
		if category := e["entity_category"]; category == "config" && (platform == "sensor" || platform == "binary_sensor" || platform == "event") {
			t.Errorf("%s: what cannot be set is no configuration", id)
		}
		if platform == "number" && (e["min"] == nil || e["max"] == nil) {
			t.Errorf("%s: its range would be 1 to 100", id)
		}
		if longest, ok := e["max"].(float64); platform == "text" && (!ok || longest > 255) {
			t.Errorf("%s: longer than a state may be", id)
		}
	}
	// Our own reader finds nothing wrong with what it speaks.
	d, err := mqtt.ParseDiscovery("homeassistant", m)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range d.Faults {
		if !strings.Contains(f.Reason, "speak") { // some platforms are not for speech
			t.Error(f)
		}
	}
}

// only checks that an object has keys that are allowed, and all that it must have.
func only(t *testing.T, what string, object map[string]any, may, must string) {
	t.Helper()
	for key := range object {
		if !slices.Contains(strings.Fields(may), key) {
			t.Errorf("%s has the key %q, which is none of its own", what, key)
		}
	}
	for _, key := range strings.Fields(must) {
		if object[key] == nil || object[key] == "" {
			t.Errorf("%s lacks %q", what, key)
		}
	}
}
