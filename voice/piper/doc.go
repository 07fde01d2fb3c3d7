// Package piper speaks text with voices in Piper's format: a network NAME.onnx
// and beside it NAME.onnx.json, which has the sampling rate and the language.
//
// In: plain text in the voice's language. Out: voice.Speech at the voice's rate.
// The program is piper, in either of its generations (the C++ one of
// rhasspy/piper, the Python one of piper1-gpl). Of both only this is used, which
// they have in common:
//
//	piper --model NAME.onnx --config NAME.onnx.json --output-raw
//
// A text is a line on its standard input, its speech 16-bit little-endian mono PCM
// on its standard output until its end. A program speaks one text and ends, so that
// the end of the speech is certain and cancelling is killing it. Loading the network
// takes most of the time of a short sentence, so that Run keeps one program waiting
// that has loaded it. Without Run every Say starts its own.
//
// Methods may be called from any goroutine.
package piper
