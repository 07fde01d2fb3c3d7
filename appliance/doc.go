// Package appliance wires the parts of a Cricket box together and runs them.
//
// In: config.toml, home.toml, sound or text. Out: MQTT messages, replies, and
// a Result that explains each request. One goroutine (House.Run) owns the
// current home as an immutable snapshot; every other goroutine loads a pointer.
// Box.Run starts the parts in one errgroup and returns when the context ends.
//
// The command line and the house page reach a running box through the HTTP
// handlers of Control on a unix socket in the runtime directory.
package appliance
