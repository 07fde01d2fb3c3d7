// Package voicetest has the contract suites that every recogniser (Run) and every
// voice (Speak) passes.
//
// In: a running engine and how to kill it. Out: failed tests. Commands are
// spoken by espeak-ng when the test runs, in several voices. A model that knows
// no words (random weights) is held to everything but the words.
//
// Programs are looked for in the folder that CRICKET_BIN names, then in the
// repository's bin/, then on PATH; where one is missing the test is skipped,
// or fails where CRICKET_NO_SKIP is 1.
package voicetest
