// Live is a simulated evening: `make live-test`. It is no test of go test's, since it
// takes ten minutes.
//
// In: the demo home, what people say to it (requests.txt) by several voices of espeak-ng,
// and what else sounds in a room: babble, music, other people's talk, the box's own
// voice. They interrupt it, say "stop" and unplug its microphone, and its engines are
// killed. Out: hits, misses, false wakes, wrong actions, delays, memory, in words or with
// -json; exit status 1 where something hung, or was done that nobody asked for more often than
// the limits in judge.go allow.
//
// The box is the whole one, in this process, with its broker, its devices and its
// children; only the air between it and the people is made up. Sound runs as fast as it
// can be heard; while an engine works it runs at its own pace, so that delays are true.
package main
