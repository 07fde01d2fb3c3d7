package llm

import (
	"fmt"
	"strings"

	"github.com/cricket-home/cricket/intent"
)

// Question is a sentence as a model elsewhere is asked it: with the same prompt, the same
// grammar, and the same check of the answer as the model here.
type Question struct {
	Messages   []Message
	Grammar    string
	Tokens     int // of an answer, at most
	candidates []target
}

// Question makes a sentence one for a model elsewhere.
func (v *Vocabulary) Question(q intent.Query) Question {
	candidates := v.candidates(q)
	return Question{v.chat(q, candidates), grammar(candidates), maxTokens, candidates}
}

// Candidate is a device, or all of a room's devices of one kind, as a model is told of it.
type Candidate struct {
	Label string
	IDs   []string
	Verbs []string // what can be done to it
}

// Candidates are those that the question may be about, in the order of the prompt.
func (q Question) Candidates() []Candidate {
	var out []Candidate
	for _, t := range q.candidates {
		out = append(out, Candidate{t.label, t.ids, strings.Fields(t.verbs())})
	}
	return out
}

// Begins is the first sentence of an answer that a model elsewhere is still writing, to be said
// at once; "" where it is not there yet, the answer is none to be said, or the model is not sure
// enough of it, 0..1. Only what Read makes of the whole text may follow it.
func (q Question) Begins(text string, sure float64) string { return begins(text, sure) }

// Read checks what a model elsewhere wrote, as if there had been no grammar. sure is its
// word for how sure it was, 0..1.
func (q Question) Read(text string, sure float64) (Answer, error) {
	if len(text) > maxOutput {
		return Answer{}, fmt.Errorf("read the model's answer: it has %d bytes", len(text))
	}
	a, err := read([]byte(text), q.candidates)
	if err != nil {
		return Answer{}, err
	}
	a.Confidence = min(max(sure, 0), 1)
	for i := range a.Do {
		a.Do[i].Confidence = a.Confidence
	}
	return a, nil
}
