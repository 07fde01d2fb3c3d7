package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
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
	fmt.Fprintf(t.out, "Speak now, for %d seconds.\n", c.Seconds)
	body, err := s.call(ctx, "POST", "/mesh/talk", url.Values{"to": {c.To}, "seconds": {strconv.Itoa(c.Seconds)}}, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "It is heard there.\n")
	return body.Close()
}
