// Package claim settles which of the boxes that heard a wake word answers.
//
// A box that was called tells its siblings at once how well it heard: that is its [Claim].
// It takes the claims that come within 150 ms of the first one that it knows of, its own or
// another's, and decides by a function that is handed in and that all boxes have in common.
// A box that wins says so. One that loses and does not hear within another 100 ms that
// somebody won answers after all: better two answers than none. Where no sibling is
// connected a box answers without waiting.
//
// All times are those at which something was received, on the monotonic clock of the box that
// received it; no clock of another box is believed. A [Contest] is that without a clock
// and without a network; a [Node] joins it to a libp2p host, on whose gater it relies
// that only the paired are connected.
package claim
