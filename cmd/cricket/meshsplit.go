package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/internal/cell"
)

type meshSplit struct {
	Model    string   `arg:"" optional:"" help:"An installed language model, or a file.gguf. Without it: what is split now."`
	Siblings []string `arg:"" optional:"" help:"The boxes that are to hold a part of it, by name; each must lend memory."`
	Off      bool     `help:"End it."`
}

func (c *meshSplit) Run(ctx context.Context, t *terminal) error {
	if c.Model != "" && (c.Off || len(c.Siblings) == 0) {
		return &fault{errors.New("split: name the model and the siblings"), "cricket mesh split MODEL SIBLING...", exitUsage}
	}
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	if c.Off {
		body, err := s.call(ctx, "POST", "/mesh/unsplit", nil, nil)
		if err != nil {
			return err
		}
		fmt.Fprintln(t.out, "Nothing is split from this box.")
		return body.Close()
	}
	if c.Model == "" {
		var now appliance.SplitReport
		if err := s.get(ctx, "/mesh/split", nil, &now); err != nil {
			return err
		}
		printSplit(t, now)
		return nil
	}
	if filepath.Ext(c.Model) == ".gguf" {
		if c.Model, err = filepath.Abs(c.Model); err != nil {
			return err
		}
	}
	body, err := s.call(ctx, "POST", "/mesh/split", url.Values{"model": {c.Model}, "sibling": c.Siblings}, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	for lines := json.NewDecoder(body); ; {
		var l appliance.SplitLine
		if err := lines.Decode(&l); err != nil {
			return &fault{fmt.Errorf("read answer of the box: %w", err), "cricket doctor", exitMissing}
		}
		switch {
		case l.Refused:
			return &fault{fmt.Errorf("split %s: %s", c.Model, l.Error), "docs/heavy-prompts.md", exitRefused}
		case l.Error != "":
			return &fault{fmt.Errorf("split %s: %s", c.Model, l.Error), "cricket mesh status", exitMissing}
		}
		fmt.Fprintln(t.out, l.Text)
		if l.Done {
			return nil
		}
	}
}

func printSplit(t *terminal, now appliance.SplitReport) {
	if now.Model == "" {
		fmt.Fprintln(t.out, "Nothing is split from this box.")
	} else {
		fmt.Fprintf(t.out, "%s, %.1f tokens a second; %d bytes sent, %d received.\n", now.Model, now.Tokens, now.Sent, now.Received)
	}
	for _, s := range now.Shares {
		fmt.Fprintf(t.out, "  %s holds %d layers, %d MiB.\n", s.Name, s.Layers, s.Bytes>>20)
	}
	if now.Lost != "" {
		fmt.Fprintln(t.out, "The one before ended: "+now.Lost+".")
	}
	if now.Lent != "" {
		fmt.Fprintf(t.out, "%s has the memory that this box lends.\n", now.Lent)
	}
}

// cellCommand is the process that the daemon starts around an engine that is to reach nobody.
type cellCommand struct {
	Cell string `arg:""`
}

func (c *cellCommand) Run() error {
	code, err := cell.Main(c.Cell)
	if err != nil {
		return &fault{err, "cricket doctor", exitMissing}
	}
	os.Exit(code)
	return nil
}
