// Package split runs a language model that is too big for one box on several: llama.cpp's RPC
// engine, whose bytes go through libp2p streams between paired boxes.
//
// A box that lends memory ([Node.Lend]) gives it to one sibling at a time: it runs
// ggml-rpc-server for as long as that sibling holds on to it. A box that borrows
// ([Node.Begin]) runs llama-server, with the last layers of the model on the boxes that lend.
// Both programs trust whoever reaches them (llama.cpp, tools/rpc/README.md: "never run the RPC
// server on an open network"), so each runs in a cell (internal/cell), without any network but
// the doors to these streams.
//
// In: a libp2p host that admits paired boxes only, the engine, a GGUF file. Out: a [Running],
// which answers on a unix socket until a box is lost. A split is refused, with a [Refusal], where
// a box's round trip is above [MaxRoundTrip], where its engine is another build, where the memory
// is not enough, and where it was measured to be slower than the best single box.
//
// Methods may be called from any goroutine.
package split
