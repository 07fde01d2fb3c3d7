// Package corpus reads the sentences of intent/testdata/eval and judges what
// became of them: for the tests of intent, and for the evaluation in e2e/eval.
//
// In: JSON lines, one Example each: a sentence, the home and the room it is said
// in, and what it asks for. Out: the Query to resolve, and whether the Intent
// that came of it is meant. An Example without Want must not act. Slots that
// say where or which are not compared: the targets do.
package corpus
