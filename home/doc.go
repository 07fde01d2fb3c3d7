// Package home is the model of a home: floors, areas, devices and their
// states, and what an intent does to them.
//
// In: HOME.toml, entities and states from MQTT, an intent. Out: a Plan, which
// is ordered actions with the messages that carry them out, and the reply. A
// Home is an immutable snapshot: With… methods return a changed copy, and any
// goroutine may read one.
package home
