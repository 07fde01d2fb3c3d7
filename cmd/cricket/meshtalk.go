package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	lines := json.NewDecoder(body)
	for {
		var l appliance.TalkLine
		if err := lines.Decode(&l); err != nil {
			return &fault{fmt.Errorf("read answer of the box: %w", err), "cricket doctor", exitMissing}
		}
		switch {
		case l.Speak:
			fmt.Fprintf(t.out, "Speak now, for %d s.\n", c.Seconds)
		case l.Refused:
			return &fault{errors.New(l.Error), "", exitRefused}
		case l.Error != "":
			return &fault{errors.New(l.Error), "cricket doctor", exitMissing}
		case l.Heard:
			fmt.Fprintf(t.out, "It is heard there.\n")
			return nil
		}
	}
}
