// Package espeak speaks text and pronounces words with the program espeak-ng.
//
// In: plain text and a BCP 47 language. Out: voice.Speech at the program's own
// rate (22,050 Hz), and pronunciations in the 39 phones of the CMU dictionary,
// for recognisers that meet a name which their dictionary lacks.
//
// Every call runs the program once and waits for it; nothing stays running. The
// text goes to its standard input, never on its command line, so that no text can
// be taken for an option; markup and espeak-ng's own [[phoneme]] notation are
// spoken as text. Methods may be called from any goroutine.
package espeak
