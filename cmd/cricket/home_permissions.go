package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"text/tabwriter"

	"github.com/cricket-home/cricket/appliance"
)

type homePermissions struct {
	JSON bool `help:"JSON, as docs/cli.md describes it."`
}

func (c *homePermissions) Run(ctx context.Context, t *terminal) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	var rows []appliance.PermissionRow
	if err := s.get(ctx, "/home/permissions", url.Values{}, &rows); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(t.out).Encode(rows)
	}
	fmt.Fprintln(t.out, "The first row that fits decides.")
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		where := r.Where
		if where == "" {
			where = "every home"
		}
		fmt.Fprintf(w, "%d\t%s\t%s\n", r.Number, r.Text, where)
		for _, f := range r.Faults {
			fmt.Fprintf(w, "\tFAULT\t%s\n", f)
		}
	}
	return w.Flush()
}
