// Package permission decides who may have what done in the home.
//
// In: an Action (what would be done to which device, and which intent asked for
// it), an Asker (the room and the source of the request) and the time. Out: a
// Judgement: allow, ask for a yes, ask for the spoken code, or refuse, and which
// row said so. Nothing here has a side effect, and time is passed in.
//
// The owner's rows come first, and the first that fits decides. After them come
// the rows that every home has (Default): what opens the house to the street, or
// sets it free, is done after a yes of somebody in the room, or after the code
// where the owner has set one, and for nobody else; all else is allowed.
//
// A yes and a code can only be asked of somebody who is there: a voice in the
// room, or whoever types at the box's own command line. From elsewhere, and for
// what is carried out later, both are a refusal.
//
// While the box does not know the time, a row with hours holds if it restricts,
// and does not if it allows.
package permission
