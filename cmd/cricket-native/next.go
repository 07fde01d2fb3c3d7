package main

// #include "shim.h"
import "C"

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"unsafe"

	binding "github.com/ggerganov/whisper.cpp/bindings/go"

	"github.com/cricket-home/cricket/voice/whisper"
)

// next says how the utterance that was transcribed last may go on after some
// tokens. What the decoder remembers of the tokens before is used again, so a
// search that asks about one token more pays for one.
func (e *engine) next(_ context.Context, head json.RawMessage, _ []byte) (any, error) {
	var after whisper.After
	if err := json.Unmarshal(head, &after); err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	if !e.whole {
		return nil, fmt.Errorf("go on after %d tokens: no utterance was heard in one window", len(after.Tokens))
	}
	tokens := slices.Clone(e.prompt)
	for _, t := range after.Tokens {
		if t < 0 || t >= int(e.eot) {
			return nil, fmt.Errorf("go on after %d tokens: %d is no sub-word", len(after.Tokens), t)
		}
		tokens = append(tokens, C.int32_t(t))
	}
	if len(tokens) > e.header.TextPlaces {
		return nil, fmt.Errorf("go on after %d tokens: the model holds %d", len(after.Tokens), e.header.TextPlaces-len(e.prompt))
	}
	known := 0 // the last token is decoded in any case: its output is what is wanted
	for known < min(len(e.decoded), len(tokens)-1) && e.decoded[known] == tokens[known] {
		known++
	}
	e.decoded = nil
	var ids [whisper.MostChoices]C.int32_t
	var logs [whisper.MostChoices]C.float
	n := C.cricket_next(unsafe.Pointer(e.model), &tokens[known], C.int(len(tokens)-known), C.int(known), C.int(min(4, runtime.NumCPU())),
		&ids[0], &logs[0], C.int(len(ids)))
	if n < 0 {
		return nil, fmt.Errorf("go on after %d tokens: whisper.cpp does not", len(after.Tokens))
	}
	e.decoded = tokens
	next := whisper.Next{Choices: []whisper.Choice{}}
	for i := range n {
		switch id := binding.Token(ids[i]); {
		case id == e.eot:
			next.Choices = append(next.Choices, whisper.Choice{End: true, Log: float64(logs[i])})
		case id < e.eot:
			next.Choices = append(next.Choices, whisper.Choice{ID: int(id), Text: e.model.Whisper_token_to_str(id), Log: float64(logs[i])})
		}
	}
	return next, nil
}
