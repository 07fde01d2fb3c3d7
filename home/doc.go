// Package home is the model of a home: floors, areas, devices and their
// states, what an intent does to them, and what the house replies.
//
// In: HOME.toml (Parse), entities and states from MQTT (WithEntity, WithState),
// an intent with its Setting: the room that heard it, the time, what is planned
// and what was before (Plan). Out: what can be named in a sentence (Names); a
// Plan, which is ordered actions with the MQTT messages that carry them out, the
// state that confirms each, changes of what is planned (package schedule), and
// the reply; and HOME.toml again (TOML).
//
// Trust says which of the entities that announce themselves are taken in at once
// and which wait for the owner (Newcomers); a Registry is what was imported from
// Home Assistant. A Trust belongs to one goroutine.
//
// A Home is an immutable snapshot: With… methods return a changed copy that
// shares what did not change, and any goroutine may read one. Nothing here has
// a goroutine, a clock or a connection.
//
// States and device classes are Home Assistant's words. Numbers in attributes
// are brightness 0..255, positions and speeds in percent, temperatures in the
// device's unit, colour temperatures in kelvin. What is said is in
// replies/<language>.yaml; a language that has no file there is spoken to in
// English.
//
// Locks are never unlocked, and garage doors, gates and doors never opened:
// that needs a confirmation, which is a later stage's work.
package home
