// Package audio is the daemon's end of `cricket-native audio`, the child that has
// the microphone, the loudspeaker and the front end between them.
//
// In: PCM to be played. Out: frames of 20 ms, 16 kHz, mono, in which what the box
// itself plays is cancelled; what became of what was played; which devices there
// are. The child sends its frames and notices unasked (docs/wire.md); its verbs
// (mute, play, hush, devices) answer at once, so that none waits behind sound.
//
// A microphone that is away is a state, not a crash: Next says so, and waits.
// Muted, the child sends no frame at all.
package audio
