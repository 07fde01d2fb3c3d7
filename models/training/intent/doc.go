// Intent makes the sentences that the bundled intent model is trained on, and
// measures the model.
//
// In: families of sentences (families.txt), each of one meaning that the
// templates do not cover, and made-up homes from package phrases. Out: lines of
// JSON with the prompt exactly as package llm sends it to a small model
// (Vocabulary.Brief) and the answer that its grammar allows and its check
// believes; the same seed gives the same lines.
//
// Families whose name begins with "-" are never trained on; neither are the
// words that package phrases keeps, which half the names of the homes of the
// evaluation hold. With -model the program asks a GGUF about those families in
// such homes, through the real llama-server and the real grammar, counts what
// templates and repair make of the same sentences, and writes the model card.
//
// train.py learns from the lines, tokens.py is the tokenizer, gguf.py writes
// the file; make.sh runs all of it.
package main
