// Package hass speaks to a Home Assistant by its WebSocket API, for devices
// that are not on MQTT.
//
// In: its address and a long-lived access token. Out: its floors, areas, names
// and aliases (home.Registry), the entities that its owner exposed to
// conversation as mqtt.Entity values that no broker serves, and their states as
// they change. Call carries out a service call and returns when Home Assistant
// has said what became of it.
//
// Entities of the integration "mqtt" are left out: the box speaks to those
// devices itself. A connection that is lost is made again; meanwhile all of
// Home Assistant's entities are offline, and calls are refused, never queued.
//
// The protocol: https://developers.home-assistant.io/docs/api/websocket
package hass
