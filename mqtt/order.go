package mqtt

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// CannotError says why an entity does not do what a call asks.
type CannotError struct {
	Entity  string // id
	Service string
	Reason  string // plain words: "it has no brightness"
}

func (e *CannotError) Error() string {
	return fmt.Sprintf("call %s on %s: %s", e.Service, e.Entity, e.Reason)
}

// Messages returns the messages that carry out a call, in the order to publish
// them. The error is a *CannotError.
func (e *Entity) Messages(c Call) ([]Message, error) {
	o := e.order(c)
	if o.err != nil {
		return nil, o.err
	}
	return o.messages, nil
}

// Want returns the state that confirms a call: only the value and attributes
// that the call asks for and that the entity has a topic to tell. It is zero
// where no topic can confirm the call, and where Messages gives an error.
func (e *Entity) Want(c Call) State {
	o := e.order(c)
	if o.err != nil {
		return State{}
	}
	return o.want
}

// order is a call on its way to messages. The first thing that cannot be done
// ends it; later steps then do nothing.
type order struct {
	e        *Entity
	call     Call
	messages []Message
	want     State
	err      error
}

func (e *Entity) order(c Call) *order {
	o := &order{e: e, call: c}
	carry := platforms(e.Platform, e.schema()).carry
	if e.outside {
		carry = carryOutside
	}
	if carry == nil {
		o.cannot("entities of %s are not spoken to", e.Platform)
		return o
	}
	carry(o)
	if o.err == nil && len(o.messages) == 0 {
		o.cannot("there is nothing to send")
	}
	return o
}

func (o *order) cannot(format string, args ...any) {
	if o.err == nil {
		o.err = &CannotError{Entity: o.e.ID, Service: o.call.Service, Reason: fmt.Sprintf(format, args...)}
	}
}

// unknownService is what carry ends with.
func (o *order) unknownService() { o.cannot("a %s has no such service", o.e.Platform) }

// only refuses data that the service does not know.
func (o *order) only(keys ...string) {
	for _, k := range slices.Sorted(maps.Keys(o.call.Data)) {
		if !slices.Contains(keys, k) {
			o.cannot("it does not know %q", k)
			return
		}
	}
}

func (o *order) has(key string) bool { return o.call.Data[key] != nil }

// number reads data that must be a number.
func (o *order) number(key string) float64 {
	n, ok := number(o.call.Data[key])
	if !ok {
		o.cannot("%q must be a number", key)
	}
	return n
}

// between reads data that must be a number in a range.
func (o *order) between(key string, low, high float64) float64 {
	n := o.number(key)
	if o.err == nil && (n < low || n > high) {
		o.cannot("%s must be from %s to %s", strings.ReplaceAll(key, "_", " "), numeral(low), numeral(high))
	}
	return n
}

// word reads data that must be one of some texts; any text where there are none.
func (o *order) word(key string, choices []string) string {
	w, ok := o.call.Data[key].(string)
	if !ok || w == "" {
		o.cannot("%q must be text", key)
		return ""
	}
	if len(choices) > 0 && !slices.Contains(choices, w) {
		o.cannot("its %s can be %s, not %q", strings.ReplaceAll(key, "_", " "), strings.Join(choices, ", "), shorten(w))
	}
	return w
}

// commandQoS is the least that a command is sent at: the broker must say that it has
// it. A command is never retained, whatever its entity's config says: the device would
// obey it again whenever it connects.
const commandQoS = 1

// send publishes a value to a role's command topic.
func (o *order) send(role string, value any) { o.sendWith(role, map[string]any{"value": value}) }

func (o *order) sendWith(role string, vars map[string]any) {
	if o.err != nil {
		return
	}
	c, ok := o.e.commands[role]
	if !ok {
		o.cannot("it has no %s", strings.ReplaceAll(role, "_", " "))
		return
	}
	text, err := c.Template.renderWith(vars)
	if err != nil {
		o.cannot("its command cannot be written: %v", err)
		return
	}
	o.messages = append(o.messages, Message{Topic: c.Topic, Payload: []byte(text), QoS: max(o.e.qos, commandQoS)})
}

// expect notes the value that confirms the call, where a topic tells it.
func (o *order) expect(value string) {
	if o.e.follows("state") {
		o.want.Value = value
	}
}

// expectAttribute notes an attribute that confirms the call, where a topic of
// that role tells it.
func (o *order) expectAttribute(role, attribute string, value any) {
	if !o.e.follows(role) {
		return
	}
	if o.want.Attributes == nil {
		o.want.Attributes = map[string]any{}
	}
	o.want.Attributes[attribute] = value
}
