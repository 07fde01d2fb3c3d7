// Package household is what the boxes of a home know together: names that people use,
// lists, reminders. It is the same on every box, and no box is the one that has it.
//
// A [Record] is the newest word on one thing. Its key is a kind and a hash, so that a record
// that is gone tells nobody what it was. It is signed by the box that wrote it, its
// author, and counted: whoever changes a thing writes the version after the one
// that it knows; whoever removes it, the next multiple of 2^20.
//
// The merge rule: of two records of one key the one with the higher version counts; of
// equal ones the one that says the thing is gone; then the one whose author's id is
// higher; then the one whose bytes are. This is a total order, so boxes that have the same
// records agree, whatever the order and however often they came. A record that is gone is
// kept for ever, and a box that was away for a year cannot bring back what was removed: what
// it has is of a lower version, however often it changed that. Only who knows of the removal
// can bring a thing back: by writing the version after it.
//
// Who is not a member any more writes nothing: its records are refused, whoever
// brings them. What a member had of it already it adopts: it signs it anew in the same
// version. Clocks play no part.
//
// A [Log] keeps the records in a file and compares them with the books that people use
// (the caller's): [Log.Reconcile] signs what was changed there and says what is to be changed
// there. A [Node] makes the logs of siblings equal over libp2p.
package household
