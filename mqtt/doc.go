// Package mqtt speaks MQTT 3.1.1 and Home Assistant's MQTT discovery: a client
// of the home's broker, a broker for homes that have none, and the entities
// that announce themselves there.
//
// Devices of the Homie convention become the same entities (Homie).
//
// In: discovery and state messages. Out: entities, their states, and the
// messages that carry out a service call (turn_on, open_cover, ...) on one of
// them.
//
//	Message --ParseDiscovery--> []Entity       Announced: all topics together
//	State, Message --Entity.Apply--> State     Entity.Topics: what to subscribe to
//	Call --Entity.Messages--> []Message        Call --Entity.Want--> State, for Confirms
//
// States are Home Assistant's: "on", "open", "locked", "heat", "21.5";
// brightness is 0 to 255, positions and speeds are per cent, color
// temperatures kelvin, colors rgb_color of three ints from 0 to 255.
//
// Entity and its methods are plain functions over values, for any goroutine;
// Announced and Homie belong to one. Only Client and Broker have goroutines of their
// own, and those end with the context of their Run. Payloads are never logged
// above debug.
//
// Templates are Jinja2 without loops, files and the rest of Home Assistant's
// state (template). A payload that needs more, or is wrong, is a Fault with the
// reason, and never a panic: the entity, or only the ability that needs it, is
// left out.
package mqtt
