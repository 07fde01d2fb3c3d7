package main

import (
	"context"
	"net/url"
	"strings"
)

type announce struct {
	Text []string `arg:"" help:"What to say."`
	Room string   `help:"The room to be heard in; without it everywhere." placeholder:"ROOM"`
}

func (c *announce) Run(ctx context.Context, t *terminal) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	body, err := s.call(ctx, "POST", "/announce", url.Values{"text": {strings.Join(c.Text, " ")}, "room": {c.Room}}, nil)
	if err != nil {
		return err
	}
	return body.Close()
}
