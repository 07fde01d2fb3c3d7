package llm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/cricket-home/cricket/intent"
)

// Answer is what the model made of a sentence: one of the four.
type Answer struct {
	Do  []intent.Intent // in order
	Ask string          // a question back
	Say string          // an answer
	No  bool            // nothing for this house

	Confidence float64 // geometric mean of the probabilities of its tokens, 0..1
}

// SureAt is how sure a model must be of each word, in the mean, to be believed:
// random weights, held to the grammar, are 0.004 sure.
const SureAt = 0.5

// Intent is the answer as a request. Where the model is not sure, or there is
// nothing for this house, it is refused; what is to be said is in "response".
func (a Answer) Intent() intent.Intent {
	in := intent.Intent{Name: "HassRespond", Tier: intent.LLM, Confidence: a.Confidence}
	switch {
	case a.No || a.Confidence < SureAt:
		return intent.Intent{Refusal: intent.NotRecognized, Tier: intent.LLM, Confidence: a.Confidence}
	case a.Ask != "":
		in.Slots, in.Asks = map[string]any{"response": a.Ask}, true
	case a.Say != "":
		in.Slots = map[string]any{"response": a.Say}
	default:
		in = a.Do[0]
		in.Also = a.Do[1:]
	}
	return in
}

// read checks what the model wrote against the vocabulary, as if there had been
// no grammar: everything in it must be a device among the candidates that can do it.
func read(text []byte, candidates []target) (Answer, error) {
	var said struct {
		Do  []map[string]json.RawMessage `json:"do"`
		Ask *string                      `json:"ask"`
		Say *string                      `json:"say"`
		No  *bool                        `json:"no"`
	}
	in := json.NewDecoder(bytes.NewReader(text))
	in.DisallowUnknownFields()
	if err := in.Decode(&said); err != nil {
		return Answer{}, fmt.Errorf("read the model's answer: %w", err)
	}
	if _, err := in.Token(); err != io.EOF {
		return Answer{}, fmt.Errorf("read the model's answer: there is something after it")
	}
	kinds := 0
	for _, is := range []bool{said.Do != nil, said.Ask != nil, said.Say != nil, said.No != nil} {
		if is {
			kinds++
		}
	}
	if kinds != 1 {
		return Answer{}, fmt.Errorf("read the model's answer: it is %d answers, not one", kinds)
	}
	var a Answer
	switch {
	case said.Ask != nil:
		a.Ask = *said.Ask
	case said.Say != nil:
		a.Say = *said.Say
	case said.No != nil:
		a.No = true
	}
	if len(said.Do) > maxActions || said.Do != nil && len(said.Do) == 0 {
		return Answer{}, fmt.Errorf("read the model's answer: %d actions", len(said.Do))
	}
	for _, act := range said.Do {
		in, err := action(act, candidates)
		if err != nil {
			return Answer{}, fmt.Errorf("read the model's answer: %w", err)
		}
		a.Do = append(a.Do, in)
	}
	return a, nil
}

func action(act map[string]json.RawMessage, candidates []target) (intent.Intent, error) {
	for i, ability := range abilities {
		named, ok := act[ability.verb]
		if !ok {
			continue
		}
		fields := 1
		if ability.value != none {
			fields = 2
		}
		var label string
		if err := json.Unmarshal(named, &label); err != nil || len(act) != fields {
			return intent.Intent{}, fmt.Errorf("action %q is not of its form", ability.verb)
		}
		at := slices.IndexFunc(candidates, func(t target) bool { return t.label == label && t.can>>i&1 == 1 })
		if at < 0 {
			return intent.Intent{}, fmt.Errorf("action %q: no such device", ability.verb)
		}
		t := candidates[at]
		in := intent.Intent{Name: ability.intent, Slots: map[string]any{}, Targets: t.ids, Tier: intent.LLM}
		for k, s := range t.slots {
			in.Slots[k] = s
		}
		if ability.value != none {
			v, err := ability.value.read(act["to"])
			if err != nil {
				return intent.Intent{}, fmt.Errorf("action %q: %w", ability.verb, err)
			}
			in.Slots[ability.slot] = v
		}
		return in, nil
	}
	return intent.Intent{}, fmt.Errorf("an action of an unknown kind")
}

// read returns what "to" is: a float64, or a colour's name.
func (v value) read(data json.RawMessage) (any, error) {
	if v == color {
		var name string
		if err := json.Unmarshal(data, &name); err != nil || !slices.Contains(colors, name) {
			return nil, fmt.Errorf("no such color")
		}
		return name, nil
	}
	var n float64
	most := 100.0
	if v == degrees {
		most = 99.5
	}
	if err := json.Unmarshal(data, &n); err != nil || n < 0 || n > most {
		return nil, fmt.Errorf("no such number")
	}
	return n, nil
}
