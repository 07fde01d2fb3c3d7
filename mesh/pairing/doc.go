// Package pairing makes sure that two boxes that never met are the two that their
// owner stands before: one shows a code of six digits, the owner types it into the
// other.
//
// The code never travels. Both sides run CPace (draft-irtf-cfrg-cpace-21, suite
// CPACE-RISTR255-SHA512, initiator and responder), a key exchange that agrees on
// a key only where both used the same code, and tells whoever tried another
// nothing but that it was wrong. The peer ids of both, as the encrypted
// connection proved them, are part of what must agree; so a box in the middle,
// which has an id of its own, fails even with all messages relayed. Each side
// then proves to the other that it has the key.
//
// A code lives in a [Window]: two minutes, three tries, one success, whoever
// the tries come from. [Show] and [Enter] run the two sides on a stream. Nothing
// here logs, and a [Code] shows itself as stars in a log.
package pairing
