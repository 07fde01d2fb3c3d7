// Package random writes models of the right shape that know nothing: a Whisper model in whisper.cpp's ggml format
// and a Llama model in GGUF, both with weights drawn from a seeded generator.
//
// In: a shape and a seed. Out: the file, on an io.Writer, front to back (no seeking); the same shape and seed always
// give the same bytes. Sizes are counted in elements, weights are little-endian, 16-bit floats for matrices and
// 32-bit floats for norms, biases and position tables.
//
// Such a model proves that an engine loads, runs, is cancelled and answers; it costs the same time per step as a
// trained model of its shape, and what it says means nothing. Tests, the self-test of `make setup` and benchmarks use
// it, so that none of them needs a download. Nothing here runs in a goroutine of its own.
//
// The layouts: whisper.cpp's models/convert-pt-to-ggml.py for the first, the GGUF specification (version 3) of the
// ggml project for the second.
package random
