// Package weights gives the files of models to siblings, and takes them from
// siblings, so that a home fetches a model from outside once.
//
// A file is named by its SHA-256, which the asker knows from its own catalogue.
// It goes in chunks of 4 MiB, the leaves of a hash tree as in RFC 6962, section
// 2.1. A [Node] asks all siblings that are connected who has a file, takes the
// list of its leaves from each, and then chunks from several at once. The list
// is a sibling's word and no more: it tells at once which of several sources
// sends other bytes than it promised, but whether the whole is what was wanted
// only the file's own SHA-256 tells, which the caller checks; [Node.Wrong] tells
// of it, and that list's siblings are not asked for the file again.
//
// Where no sibling has the file, they settle who of those that want it fetches
// it from outside ([Node.Turn]); the others wait and take it from that box.
//
// In: a libp2p host that admits paired boxes only, and a [Shelf]. Out: a reader
// of bytes in order. At most [window] chunks are in memory. A box whose own
// household talks to it stops sending at once ([Node.Pause]). Methods may be
// called from any goroutine.
package weights
