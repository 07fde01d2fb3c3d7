// Package learned is what a household has taught its box: the names that people
// use, which of several devices they mean, how far repair is to be believed, and
// what they do at which hour.
//
// In: what was taught, confirmed, corrected or done, as values. Out: a new Book;
// the old one never changes. Nothing here has a side effect but Open and Save,
// and time is passed in.
//
// A Book is bounded: what is oldest or rarest goes first. It has no transcripts:
// of what was said only the names that somebody taught are kept.
//
// Weights shift the confidence of what the repair tier understood. Each answer to
// "did you mean" and each correction moves them by a bounded step of logistic
// regression; a step that would make the fixed self-test worse is not made, and
// is counted.
package learned
