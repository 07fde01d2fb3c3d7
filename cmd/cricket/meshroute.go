package main

import (
	"context"
	"fmt"
	"net/url"

	"github.com/cricket-home/cricket/appliance"
)

type meshRoute struct {
	Text string `arg:"" help:"A sentence that only a language model understands."`
	Room string `help:"The room it is said in."`
}

func (c *meshRoute) Run(ctx context.Context, t *terminal) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	var route appliance.RouteReport
	if err := s.get(ctx, "/mesh/route", url.Values{"text": {c.Text}, "room": {c.Room}}, &route); err != nil {
		return err
	}
	if len(route.Can) == 0 {
		fmt.Fprintln(t.out, "No box could answer.")
	}
	for i, why := range route.Can {
		if i == 0 {
			fmt.Fprintln(t.out, why)
			continue
		}
		fmt.Fprintln(t.out, "  then "+why)
	}
	for _, why := range route.Cannot {
		fmt.Fprintln(t.out, "  not  "+why)
	}
	return nil
}
