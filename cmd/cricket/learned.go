package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"

	"github.com/cricket-home/cricket/home/learned"
)

type learnedShow struct {
	JSON bool `help:"JSON, as docs/cli.md describes it."`
}

func (c *learnedShow) Run(ctx context.Context, t *terminal) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	var items []learned.Item
	if err := s.get(ctx, "/learned", url.Values{}, &items); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(t.out).Encode(items)
	}
	if len(items) == 0 {
		fmt.Fprintln(t.out, "Nothing has been learned yet.")
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, i := range items {
		fmt.Fprintf(w, "%s\t%s\n", i.ID, i.Text)
	}
	return w.Flush()
}

type learnedExport struct{}

func (c *learnedExport) Run(ctx context.Context, t *terminal) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	body, err := s.call(ctx, "GET", "/learned/export", url.Values{}, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(t.out, body)
	return err
}

type learnedErase struct {
	IDs []string `arg:"" optional:"" name:"id" help:"What to forget, as cricket learned show lists it."`
	All bool     `help:"Everything."`
}

func (c *learnedErase) Run(ctx context.Context, t *terminal) error {
	if c.All == (len(c.IDs) > 0) {
		return &fault{fmt.Errorf("erase: name what to forget, or --all"), "cricket learned show", exitUsage}
	}
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	erase := func(query url.Values) error {
		body, err := s.call(ctx, "POST", "/learned/erase", query, nil)
		if err != nil {
			return err
		}
		return body.Close()
	}
	if c.All {
		return erase(url.Values{"all": {"true"}})
	}
	for _, id := range c.IDs {
		if err := erase(url.Values{"id": {id}}); err != nil {
			return err
		}
	}
	return nil
}
