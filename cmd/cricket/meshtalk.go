package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"github.com/cricket-home/cricket/appliance"
)

type meshTalk struct {
	To      string `arg:"" help:"The name of the box, or its room."`
	Seconds int    `default:"5" help:"How long the microphone is listened to, 1 to 30."`
}

func (c *meshTalk) Run(ctx context.Context, t *terminal) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	body, err := s.call(ctx, "POST", "/mesh/talk", url.Values{"to": {c.To}, "seconds": {strconv.Itoa(c.Seconds)}}, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	return talked(t.out, body, c.Seconds)
}

// talked says when to speak, and what became of it.
func talked(out io.Writer, body io.Reader, seconds int) error {
	for lines := json.NewDecoder(body); ; {
		var l appliance.TalkLine
		err := lines.Decode(&l)
		switch {
		case err != nil:
			return &fault{fmt.Errorf("read answer of the box: %w", err), "cricket doctor", exitMissing}
		case l.Error != "" && l.Refused:
			return &fault{errors.New(l.Error), "", exitRefused}
		case l.Error != "":
			return &fault{errors.New(l.Error), "cricket doctor", exitMissing}
		case l.Heard:
			fmt.Fprintln(out, "It is heard there.")
			return nil
		case l.Speak:
			fmt.Fprintf(out, "Speak now, for %d s.\n", seconds)
		}
	}
}
