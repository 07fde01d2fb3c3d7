package mqtt

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// builder checks a config and fills an Entity from it. A method that meets a
// fault notes it and goes on, so that all of them are reported.
type builder struct {
	e *Entity
	templates
	errs []error // the entity cannot be used
	lost []error // an ability of it cannot be used
}

func (b *builder) fail(format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf(format, args...))
}

// ability runs f, which declares one optional ability. When f fails, the
// entity stays and only the ability is lost.
func (b *builder) ability(name string, f func()) {
	errs, readings, features := len(b.errs), len(b.e.readings), len(b.e.Features)
	commands := make(map[string]command, len(b.e.commands))
	for k, v := range b.e.commands {
		commands[k] = v
	}
	f()
	if len(b.errs) > errs {
		why := errors.Join(b.errs[errs:]...)
		b.lost = append(b.lost, fmt.Errorf("%s cannot be used: %w", name, why))
		b.errs, b.e.readings, b.e.Features, b.e.commands = b.errs[:errs], b.e.readings[:readings], b.e.Features[:features], commands
	}
}

// follow declares the topic that tells a role. The first template key that the
// config has is its template. It reports whether the topic is there.
func (b *builder) follow(role, topicKey string, templateKeys ...string) bool {
	topic, ok := b.topic(topicKey)
	if !ok {
		return false
	}
	if err := checkFilter(topic); err != nil {
		b.fail("%s: %w", topicKey, err)
		return false
	}
	r := reading{Filter: topic, Role: role}
	for _, key := range templateKeys {
		if source := b.e.text(key, ""); source != "" {
			t, err := b.parse(source, "value", "value_json")
			if err != nil {
				b.fail("%s: %w", key, err)
				return false
			}
			r.Template = t
			break
		}
	}
	b.e.readings = append(b.e.readings, r)
	return true
}

// command declares where a role's commands go. names are the variables that
// its template may use beside "value".
func (b *builder) command(role, topicKey, templateKey string, names ...string) bool {
	topic, ok := b.topic(topicKey)
	if !ok {
		return false
	}
	if err := checkTopic(topic); err != nil {
		b.fail("%s: %w", topicKey, err)
		return false
	}
	c := command{Topic: topic}
	if source := b.e.text(templateKey, ""); templateKey != "" && source != "" {
		t, err := b.parse(source, append(names, "value")...)
		if err != nil {
			b.fail("%s: %w", templateKey, err)
			return false
		}
		c.Template = t
	}
	b.e.commands[role] = c
	return true
}

// need is command or follow for what the platform cannot be without.
func (b *builder) need(found bool, key string) {
	if !found && b.e.Config[key] == nil {
		b.fail("%s is missing", key)
	}
}

func (b *builder) topic(key string) (string, bool) {
	v, ok := b.e.Config[key]
	if !ok || v == nil {
		return "", false
	}
	s, ok := v.(string)
	if !ok {
		b.fail("%s must be text", key)
		return "", false
	}
	return s, true
}

// texts checks that keys, where given, are payloads: text, number or flag.
func (b *builder) texts(keys ...string) {
	for _, key := range keys {
		switch b.e.Config[key].(type) {
		case nil, string, float64, bool:
		default:
			b.fail("%s must be text", key)
		}
	}
}

func (b *builder) numbers(keys ...string) {
	for _, key := range keys {
		if v := b.e.Config[key]; v != nil {
			if _, ok := number(v); !ok {
				b.fail("%s must be a number", key)
			}
		}
	}
}

func (b *builder) flags(keys ...string) {
	for _, key := range keys {
		if _, err := boolean(b.e.Config[key]); err != nil {
			b.fail("%s %w", key, err)
		}
	}
}

// list returns a list of texts.
func (b *builder) list(key string) []string {
	v := b.e.Config[key]
	if v == nil {
		return nil
	}
	l, ok := v.([]any)
	if !ok {
		b.fail("%s must be a list", key)
		return nil
	}
	var out []string
	for _, item := range l {
		switch item := item.(type) {
		case string:
			out = append(out, item)
		case float64:
			out = append(out, numeral(item))
		case bool:
			out = append(out, show(item))
		default:
			b.fail("%s must be a list of text", key)
			return nil
		}
	}
	return out
}

func (b *builder) feature(name string) {
	if !slices.Contains(b.e.Features, name) {
		b.e.Features = append(b.e.Features, name)
	}
}

// common reads what entities of every platform have.
func (b *builder) common() {
	e := b.e
	b.texts("unique_id", "default_entity_id", "object_id", "device_class", "unit_of_measurement",
		"availability_mode", "entity_category", "payload_available", "payload_not_available", "schema")
	b.numbers("qos")
	b.flags("retain", "enabled_by_default", "optimistic")
	e.DeviceClass = e.text("device_class", "")
	e.Unit = e.text("unit_of_measurement", "")
	switch q := e.number("qos", 0); q {
	case 0, 1, 2:
		e.qos = byte(q)
	default:
		b.fail("qos must be 0, 1 or 2")
	}
	if v, ok := e.Config["enabled_by_default"]; ok {
		on, err := boolean(v)
		e.Hidden = err == nil && !on
	}
	e.Hidden = e.Hidden || e.text("entity_category", "") != ""
	switch e.text("availability_mode", "latest") {
	case "all", "any", "latest":
	default:
		b.fail("availability_mode must be all, any or latest")
	}
	b.availability()
	b.ability("json_attributes_topic", func() {
		b.follow("attributes", "json_attributes_topic", "json_attributes_template")
	})
}

// maxAvailability is how many availability topics one entity may have: each
// message on one of them looks at all.
const maxAvailability = 64

func (b *builder) availability() {
	e := b.e
	if b.follow("availability", "availability_topic", "availability_template") {
		r := &e.readings[len(e.readings)-1]
		r.On, r.Off = e.text("payload_available", "online"), e.text("payload_not_available", "offline")
	}
	v := e.Config["availability"]
	if v == nil {
		return
	}
	entries, ok := v.([]any)
	if one, single := v.(map[string]any); single {
		entries, ok = []any{one}, true
	}
	if !ok {
		b.fail("availability must be a list")
		return
	}
	if len(entries) > maxAvailability {
		b.fail("availability has %d topics, %d are allowed", len(entries), maxAvailability)
		return
	}
	for _, entry := range entries {
		m, ok := entry.(map[string]any)
		if !ok {
			b.fail("availability must be a list of objects")
			return
		}
		part := &builder{e: &Entity{Config: m}, templates: b.templates}
		part.texts("payload_available", "payload_not_available", "value_template")
		part.need(part.follow("availability", "topic", "value_template"), "topic")
		for _, err := range part.errs {
			b.fail("availability: %w", err)
		}
		for _, r := range part.e.readings {
			r.On, r.Off = part.e.text("payload_available", "online"), part.e.text("payload_not_available", "offline")
			e.readings = append(e.readings, r)
		}
	}
}

// numeral writes a number the short way: 21, 21.5.
func numeral(n float64) string {
	if n == math.Trunc(n) && math.Abs(n) < 1e15 {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	return strconv.FormatFloat(n, 'g', -1, 64)
}
