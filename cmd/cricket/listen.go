package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
)

type listen struct {
	Room   string `help:"The room that hears it." placeholder:"R"`
	DryRun bool   `help:"Show what would be published, and publish nothing."`
	JSON   bool   `help:"JSON lines, as docs/cli.md describes them."`
}

// Run has the daemon take one request from its microphone, without the wake word.
func (c *listen) Run(ctx context.Context, t *terminal) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	fmt.Fprintln(t.err, "Listening.")
	q := url.Values{"room": {c.Room}, "dry_run": {strconv.FormatBool(c.DryRun)}}
	answer, err := s.call(ctx, "POST", "/listen", q, nil)
	if err != nil {
		return err
	}
	defer answer.Close()
	_, err = t.results(answer, c.JSON)
	return err
}
