// Package net is Cricket's own wake-word detector: one small streaming network
// that hears its words ("hey cricket", "stop") and whether somebody speaks.
//
// In: 16 kHz mono PCM in pieces of any size. Out: every 30 ms a score from 0 to
// 1 for each word and for speech, and an embedding, from which words enrolled by
// example are made. A score says what was heard up to now: a word's rises in
// the 200 ms after its end. The caller compares it with Word.Threshold and
// decides how long to ignore what follows; "stop" is meant to be asked only
// while Cricket itself speaks or rings.
//
// Sound passes FrontEnd (40 mel bands each 10 ms, against their own slow mean);
// three frames make a step; a step passes a linear stem, some blocks of causal
// convolutions and two linear outputs. Nothing is allocated after NewStream.
//
// Parse reads the model file that models/training/wake writes (make train-wake);
// the layout is in file.go. Bundled is such a file in the program.
//
// A Model may be shared; a Stream belongs to one goroutine.
package net
