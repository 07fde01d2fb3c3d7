// Package sphinx recognises a closed set of phrases with pocketsphinx, which
// runs in the child process `cricket-native sphinx`.
//
// In: a grammar in JSGF (every word lower case, numbers spelled) and an
// utterance. Out: a transcript whose text is one of the grammar's phrases, or
// NotCommand where what was said is none of them, or no text at all where
// nothing was said. Words that the CMU dictionary lacks get pronunciations
// from Options.Pronounce, in the 39 phones of that dictionary.
//
// Engine.Run supervises the child; SetPhrases and Transcribe may be called from
// any goroutine and are served one after another. The phrases survive a
// restart of the child.
package sphinx
