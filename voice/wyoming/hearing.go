package wyoming

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/cricket-home/cricket/voice"
)

// longest is the most that is heard of one request.
const longest = time.Minute

// transcribe hears a sound. What was spoken before a pause is recognised while
// the rest still comes, and told as it is known: transcript-start, -chunk, -stop.
// The whole is told as a transcript before the stop.
func (c *talk) transcribe(ctx context.Context, in *chunks) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	parts := make(chan voice.Utterance, longest/time.Second) // more pauses than that no sound has
	told := make(chan error, 1)
	go func() { told <- c.tell(ctx, parts) }()

	cut := newCutter()
	err := in.frames(func(f voice.Frame) (bool, error) {
		if part, ok := cut.push(f); ok && len(parts) < cap(parts) {
			parts <- part
		}
		return cut.heard < longest, nil
	})
	if err != nil || cut.heard >= longest {
		stop()
		close(parts)
		<-told
	}
	if err != nil {
		return err
	}
	if cut.heard >= longest {
		return c.refuse("too-long", fmt.Errorf("a request of more than %v", longest))
	}
	if part, ok := cut.rest(); ok {
		parts <- part
	}
	close(parts)
	return <-told
}

// tell recognises the parts of a request and tells what they are.
func (c *talk) tell(ctx context.Context, parts <-chan voice.Utterance) error {
	var texts []string
	language := c.language
	fault, begun := error(nil), false
	for part := range parts {
		if fault != nil {
			continue
		}
		if c.services.Transcribe == nil {
			fault = errMissing
			continue
		}
		heard, err := c.services.Transcribe(ctx, part, c.language)
		if fault = err; err != nil || heard.NotCommand || heard.Text == "" {
			continue
		}
		if language = heard.Language; !begun {
			begun = true
			if err := c.send("transcript-start", map[string]string{"language": language}, nil); err != nil {
				return err
			}
		} else {
			heard.Text = " " + heard.Text
		}
		texts = append(texts, heard.Text)
		if err := c.send("transcript-chunk", map[string]string{"text": heard.Text}, nil); err != nil {
			return err
		}
	}
	if ctx.Err() != nil { // nobody waits for it
		return ctx.Err()
	}
	switch {
	case fault == errMissing:
		return c.missing("recogniser")
	case fault != nil:
		return c.refuse("recogniser", fault)
	}
	whole := transcript{Text: strings.Join(texts, ""), Language: language, Context: c.context}
	if err := c.send("transcript", whole, nil); err != nil || !begun {
		return err
	}
	return c.send("transcript-stop", nil, nil)
}

// transcript is the data of the event.
type transcript struct {
	Text     string          `json:"text"`
	Language string          `json:"language"`
	Context  json.RawMessage `json:"context,omitempty"`
}

// errMissing stands for a service that is not there.
var errMissing = fmt.Errorf("there is none")

// cutter cuts a sound where somebody pauses; no sample is lost by that.
type cutter struct {
	endpointer *voice.Endpointer
	whole      []int16 // since the last cut
	cuts       int
	heard      time.Duration
}

func newCutter() *cutter { return &cutter{endpointer: voice.NewEndpointer()} }

// push takes a frame and returns what was spoken up to it, where that is a part.
func (c *cutter) push(f voice.Frame) (voice.Utterance, bool) {
	c.whole = append(c.whole, f.PCM...)
	c.heard += time.Duration(len(f.PCM)) * time.Second / voice.SampleRate
	u, ok := c.endpointer.Push(f)
	if !ok || u.Truncated { // in the middle of a word
		return voice.Utterance{}, false
	}
	return c.part(), true
}

// rest is what was spoken since the last pause. Where nothing was cut off it is
// everything: somebody thinks that there is something in it.
func (c *cutter) rest() (voice.Utterance, bool) {
	if _, spoken := c.endpointer.Flush(); !spoken && c.cuts > 0 {
		return voice.Utterance{}, false
	}
	return c.part(), true
}

func (c *cutter) part() voice.Utterance {
	u := voice.Utterance{Mic: "wyoming", PCM: c.whole}
	u.End = u.Duration()
	c.whole, c.cuts = nil, c.cuts+1
	return u
}

// detect tells of each wake word in a sound, or at its end that there was none.
func (c *talk) detect(in *chunks) error {
	c.detects = false
	var d Detector
	var fault error
	if c.services.Detector != nil {
		d, fault = c.services.Detector(c.names)
	}
	woke := false
	if err := in.frames(func(f voice.Frame) (bool, error) {
		if d == nil || fault != nil {
			return false, nil
		}
		for _, w := range d.Push(f) {
			woke = true
			if err := c.send("detection", map[string]any{"name": w.Word, "timestamp": w.End.Milliseconds()}, nil); err != nil {
				return false, err
			}
		}
		return true, nil
	}); err != nil {
		return err
	}
	switch {
	case fault != nil:
		return c.refuse("wake", fault)
	case d == nil:
		return c.missing("wake word")
	case !woke:
		return c.send("not-detected", nil, nil)
	}
	return nil
}
