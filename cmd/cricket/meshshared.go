package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"

	"github.com/cricket-home/cricket/appliance"
)

type meshExport struct{}

func (c *meshExport) Run(ctx context.Context, t *terminal) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	body, err := s.call(ctx, "GET", "/mesh/export", nil, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(t.out, body)
	return err
}

type meshErase struct {
	All bool `help:"Everything: there is no way back."`
}

func (c *meshErase) Run(ctx context.Context, t *terminal) error {
	if !c.All {
		return &fault{fmt.Errorf("erase: this removes all lists, reminders and taught names, on all boxes of the home"), "cricket mesh erase --all", exitUsage}
	}
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	body, err := s.call(ctx, "POST", "/mesh/erase", url.Values{"all": {"true"}}, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	var reached []appliance.Reached
	if err := json.NewDecoder(body).Decode(&reached); err != nil {
		return &fault{fmt.Errorf("read answer of the box: %w", err), "cricket doctor", exitMissing}
	}
	fmt.Fprintln(t.out, "Erased here.")
	for _, r := range reached {
		if r.Same {
			fmt.Fprintf(t.out, "Erased on %s.\n", r.Name)
		} else {
			fmt.Fprintf(t.out, "%s has it still: %s.\n", r.Name, r.Fault)
		}
	}
	return nil
}
