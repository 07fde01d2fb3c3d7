// Package intent turns text into an intent: what the household meant, in Home
// Assistant's names, with the devices it is meant for.
//
// In: a sentence, the names of the home, the room that heard it. Out: an
// Intent, or a typed refusal (not recognised, ambiguous with the candidates,
// not a command). Nothing here has a side effect, and time is passed in.
package intent
