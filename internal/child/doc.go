// Package child runs native code in processes of its own and talks to them.
//
// In: a program, its arguments, and requests (a verb, a JSON head, bytes such
// as PCM). Out: JSON replies. Child is the daemon's end: it starts the program,
// starts it again with back-off when it dies, pings it, watches its memory and
// sends its stderr to the log. Serve is the program's end. Between them runs
// the wire of docs/wire.md: length-prefixed frames on a pair of descriptors of
// their own (3 in, 4 out), so that whatever a library prints can do no harm.
//
// A request is in flight on at most one child at a time, and calls are served
// one after another in the order they came. A child that dies with a request
// in flight is started again and the request is sent once more; if that one
// dies as well, the call fails with ErrDied. So a verb must not do anything
// that may not be done twice.
//
// Goroutines: all of them belong to Child.Run or to Serve and end with it.
// Sizes are bytes.
package child
