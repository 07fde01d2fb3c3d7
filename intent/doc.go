// Package intent turns text into an intent: what the household meant, in Home
// Assistant's names, with the devices it is meant for.
//
// In: a sentence, the names of the home, the room that heard it. Out: an
// Intent, or a typed refusal (not recognised, ambiguous with the candidates,
// not a command). Nothing here has a side effect, and time is passed in.
//
// Sentences are written in Home Assistant's YAML format. Compile turns files of
// them into a network of characters with word boundaries; Bind adds the names
// of one home, all in one trie, and is cheap enough to run at every change of
// the home. A Resolver never changes and serves any number of goroutines.
//
// A {name} is a device, an {area} a room, a {floor} a storey. What
// requires_context and excludes_context say of domain, device_class and state
// is asked of the device; where a sentence names none, it chooses the devices,
// within the room or storey that was said, or in the whole house where slots
// has "name: all". "area: {slot: true}" takes the room that heard it.
//
// These keys are Cricket's own. metadata.rank: of two blocks that fit equally
// well, the higher is taken. metadata.single: one device is meant, several are
// asked about. metadata.anywhere: an area that is said is not where the device is.
// metadata.until: a command is carried out now and taken back later. metadata.each: a slot
// of which every value that is said is a request of its own. A range's offset is added last.
// metadata.spoken: false, or the templates that stand for the block in the grammar
// of a closed-phrase recogniser; settings.spoken: false leaves out the file's other
// blocks. A wildcard list's metadata.words bounds its words, and metadata.never has
// what it does not begin with; "#" is any number; metadata.heads has nouns of which it may be the
// beginning, in one word (Pizzatimer). requires_context.conversation: something was said
// before (see followup.go). In slots, domain and device_class may be lists.
//
// A wildcard in the slot conversation_command is a request inside the request
// (later.go); clock times are put together from several slots (clock.go).
// docs/intents.md has every intent and slot.
//
// A sentence costs at most maxSteps steps of the network, whatever it says; one
// that needs more is refused and counted.
package intent
