package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"text/tabwriter"

	"github.com/cricket-home/cricket/appliance"
)

type homePending struct {
	JSON bool `help:"JSON, as docs/cli.md describes it."`
}

func (c *homePending) Run(ctx context.Context, t *terminal) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	pending, err := waiting(ctx, s)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(t.out).Encode(pending)
	}
	if len(pending) == 0 {
		fmt.Fprintln(t.out, "Nothing waits for your approval.")
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, p := range pending {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", p.ID, p.Name, p.Text, p.Topic)
	}
	return w.Flush()
}

func waiting(ctx context.Context, s *session) ([]appliance.Pending, error) {
	var pending []appliance.Pending
	err := s.get(ctx, "/home/pending", url.Values{}, &pending)
	return pending, err
}

type homeApprove struct {
	IDs []string `arg:"" optional:"" name:"id" help:"What waits, as cricket home pending lists it."`
	All bool     `help:"Everything that waits."`
}

func (c *homeApprove) Run(ctx context.Context, t *terminal) error {
	if c.All == (len(c.IDs) > 0) {
		return &fault{fmt.Errorf("approve: name what waits, or --all"), "cricket home pending", exitUsage}
	}
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	ids := c.IDs
	if c.All {
		pending, err := waiting(ctx, s)
		if err != nil {
			return err
		}
		for _, p := range pending {
			ids = append(ids, p.ID)
		}
	}
	for _, id := range ids {
		if err := approve(ctx, s, id); err != nil {
			return err
		}
		fmt.Fprintf(t.out, "%s is taken in.\n", id)
	}
	return nil
}

func approve(ctx context.Context, s *session, id string) error {
	body, err := s.call(ctx, "POST", "/home/approve", url.Values{"id": {id}}, nil)
	if f, ok := errors.AsType[*fault](err); ok && f.code == exitUsage {
		f.hint = "cricket home pending"
	}
	if err == nil {
		body.Close()
	}
	return err
}
