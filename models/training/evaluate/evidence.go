package main

import (
	"context"
	"encoding/json"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/whisper"
)

// weighed is what spoke for a sentence, and what came of it.
type weighed struct {
	whisper.Evidence
	Home  string `json:"home"`
	Right bool   `json:"right"` // the same would be done
	Wrong bool   `json:"wrong"` // something else would be
}

// weigh writes what speaks for the best sentence of each clip, for confidence.py.
func weigh(e *whisper.Engine, out *json.Encoder) func(context.Context, place, said, []int16) error {
	return func(ctx context.Context, p place, s said, pcm []int16) error {
		h, err := e.Hear(ctx, voice.Utterance{PCM: pcm})
		if err != nil || len(h.Sentences) == 0 {
			return err
		}
		n := score(p, s, voice.Transcript{Text: h.Sentences[0].Text})
		return out.Encode(weighed{Evidence: h.Evidence(), Home: p.name, Right: n.same > 0, Wrong: n.wrong > 0})
	}
}
