// Package voice carries sound and what is heard in it: frames from a
// microphone or a WAV file, the requests found in them, and what a recogniser
// says they mean.
//
// In: 20 ms frames of 16 kHz mono PCM, from a microphone or from WAV, which takes
// files of any rate, width and number of channels. Out: utterances (one spoken
// request each, found by Endpointer), transcripts (text with a confidence), and
// speech (text turned back into PCM). Recognisers live in one folder per engine
// (voice/sphinx, voice/whisper) and all pass the contract suite in
// voice/voicetest; voice/espeak speaks.
//
// Times count from the beginning of the stream; levels are in decibel to full
// scale. A WAV or an Endpointer belongs to one goroutine.
//
// Nothing here writes what was said to a log; text stays in the values.
package voice
