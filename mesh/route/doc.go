// Package route sends a heavy prompt, whole, to the box of the home that answers it best,
// and carries the answer back token by token.
//
// [Rank] is a pure function of what boxes say of themselves and of the request: the boxes
// in order, each with a line that says why. A [Brain] answers siblings with a llama-server
// of its own, which local voice stops (SIGSTOP) at once. An [Asker] asks the boxes in
// order: after a known failure the next one, at last the model here. One that fails in the
// middle of an answer is followed by the next from the token ids that were sent already:
// nothing that was heard changes or comes twice. With another tokenizer the answer goes on
// from the last whole sentence, and a [Piece] says so. An answer under a grammar is
// atomic: it is heard whole or not at all, and asked for anew.
//
// Between boxes goes one stream per request, /cricket/ask/1: the brain sends a challenge,
// the asker one frame with the request and that challenge in it, so that no recorded
// request can be asked again; then the brain sends pieces. Closing the stream cancels. A
// request is answered where it arrives and never passed on. What comes back is advice:
// whoever asked checks actions as if they came from a model of its own.
package route
