package llm

import (
	"bytes"
	"io"
	"os"
)

// maxBrief is how many devices a brief prompt has.
const maxBrief = 10

// Brief is the vocabulary for a small model that was trained on nothing but this: no
// instructions, and only the devices nearest to each sentence, with it.
func (v *Vocabulary) Brief() *Vocabulary {
	b := *v
	b.brief = true
	return &b
}

// briefKey is the first key of a file of such a model, as GGUF writes it: lengths of 64
// bits before texts, 8 for a text (ggml, docs/gguf.md).
var briefKey = []byte("\x0e\x00\x00\x00\x00\x00\x00\x00cricket.prompt\x08\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00brief")

// wantsBrief tells whether a GGUF says that it was trained on brief prompts. A file that
// cannot be read does not; the server that loads it says why.
func wantsBrief(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	const header = 24 // bytes: magic, version, number of tensors, number of keys
	data := make([]byte, header+len(briefKey))
	if _, err := io.ReadFull(f, data); err != nil {
		return false
	}
	return bytes.HasPrefix(data, []byte("GGUF")) && bytes.Equal(data[header:], briefKey)
}
