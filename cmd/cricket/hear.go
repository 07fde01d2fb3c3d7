package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
)

type hear struct {
	Files []string `arg:"" name:"file" help:"WAV files, any rate, mono or stereo." type:"existingfile"`
	where
	NoWake bool `help:"Take every spoken sentence as a request: for files without a wake word."`
	DryRun bool `help:"Show what would be published, and publish nothing."`
	JSON   bool `help:"JSON lines, as docs/cli.md describes them."`
}

func (c *hear) Run(ctx context.Context, t *terminal) error {
	s, err := c.open(ctx, t, true)
	if err != nil {
		return err
	}
	defer s.end()
	var worst *fault
	for _, file := range c.Files {
		err := c.file(ctx, t, s, file)
		f, ok := errors.AsType[*fault](err)
		if err != nil && !ok {
			f = &fault{err: err, code: exitUsage}
		}
		if f == nil {
			continue
		}
		if f.err != nil && len(c.Files) > 1 {
			fmt.Fprintf(t.err, "cricket: error: %v\n", f.err)
			f = &fault{code: f.code}
		}
		if worst == nil || f.code > worst.code {
			worst = f
		}
	}
	if worst != nil {
		return worst
	}
	return nil
}

func (c *hear) file(ctx context.Context, t *terminal, s *session, file string) error {
	f, err := open(ctx, file)
	if err != nil {
		return fmt.Errorf("open sound file: %w", err)
	}
	defer f.Close()
	q := url.Values{"file": {file}, "room": {c.Room}, "dry_run": {strconv.FormatBool(c.DryRun)}, "no_wake": {strconv.FormatBool(c.NoWake)}}
	answer, err := s.call(ctx, "POST", "/hear", q, f)
	if err != nil {
		return err
	}
	defer answer.Close()
	heard, err := t.results(answer, c.JSON)
	if f, ok := errors.AsType[*fault](err); ok && f.err != nil {
		f.err = fmt.Errorf("hear %s: %w", file, f.err)
		if f.code == exitRefused {
			f.hint = "cricket wake try " + file + "   (or --no-wake for a file without a wake word)"
		}
	}
	if err == nil && heard == 0 {
		return &fault{fmt.Errorf("hear %s: no speech in it", file), "", exitRefused}
	}
	return err
}

// open opens a file; a FIFO that nobody writes to is given up when ctx ends.
func open(ctx context.Context, file string) (*os.File, error) {
	type opened struct {
		f   *os.File
		err error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := os.Open(file)
		done <- opened{f, err}
	}()
	select {
	case o := <-done:
		return o.f, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
