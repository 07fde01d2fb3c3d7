// Package hasstest is a Home Assistant for tests: a server that speaks the
// documented WebSocket API over a home that the test makes, and carries out
// service calls on it. It can be told to refuse, to be silent, to cut the
// connection, and to say what no Home Assistant would.
//
// The protocol: https://developers.home-assistant.io/docs/api/websocket. What it
// does not document (the registries' lists, the exposed entities) has the fields
// that Home Assistant 2026.4 sends.
package hasstest
