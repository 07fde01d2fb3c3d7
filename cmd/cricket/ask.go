package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
)

type ask struct {
	Text []string `arg:"" help:"What to ask for."`
	where
	DryRun bool `help:"Show what would be published, and publish nothing."`
	JSON   bool `help:"JSON, as docs/cli.md describes it."`
}

func (c *ask) Run(ctx context.Context, t *terminal) error {
	s, err := c.open(ctx, t, false)
	if err != nil {
		return err
	}
	defer s.end()
	body, err := json.Marshal(map[string]any{"text": strings.Join(c.Text, " "), "room": c.Room, "dry_run": c.DryRun})
	if err != nil {
		return err
	}
	answer, err := s.call(ctx, "POST", "/ask", nil, bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Close()
	_, err = t.results(answer, c.JSON)
	return err
}
