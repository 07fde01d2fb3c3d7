// Package mqtt speaks MQTT 3.1.1 and Home Assistant's MQTT discovery: a client
// of the home's broker, a broker for homes that have none, and the entities
// that announce themselves there.
//
// In: discovery and state messages. Out: entities, their states, and the
// messages that carry out a service call (light.turn_on, ...) on one of them.
// Entity and its methods are plain functions over values; only Client and
// Broker have goroutines, and both end with the context of their Run.
package mqtt
