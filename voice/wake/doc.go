// Package wake hears when the box is called: several wake words at once, out of
// the bundled network (voice/wake/net), of the community's models
// (voice/wake/microwakeword), and of words that people enrolled with a few
// recordings of their own.
//
// In: voice.Frames, which must follow one another without gaps. Out: a voice.Wake
// each time that a word was heard, and a count of the times that one nearly was.
// A Detector runs each model file once, however many of its words are listened
// for, and allocates nothing per frame; it belongs to one goroutine.
//
// A score is 0..1. What score wakes is the model's own threshold, moved by the
// word's sensitivity (0..1, 0.5 leaves it where it is). Times count from the
// beginning of the stream, signal-to-noise ratios are in decibel.
//
// Personal words are matched by dynamic time warping of the sound's spectrum against
// the recordings, and by the pitch of the voice; Enrol says how well that will work
// before anything is stored. They do not depend on the bundled network, so that
// a new one leaves them as they are.
//
// Sound is kept for three seconds in memory. It leaves the Detector only through the
// functions that its owner hands in: for verifying a wake, and for near-misses.
package wake
