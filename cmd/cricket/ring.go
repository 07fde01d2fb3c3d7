package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/cricket-home/cricket/appliance"
)

type ring struct {
	Stop bool `help:"Stop what rings."`
	JSON bool `help:"JSON, as docs/cli.md describes it."`
}

func (c *ring) Run(ctx context.Context, t *terminal) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	if c.Stop {
		body, err := s.call(ctx, "POST", "/ring/stop", nil, nil)
		if err != nil {
			return err
		}
		body.Close()
	}
	if !c.Stop && !c.JSON && isTerminal(t.out) {
		return c.watch(ctx, t.out, s)
	}
	var planned []appliance.Planned
	if err := s.get(ctx, "/ring", nil, &planned); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(t.out).Encode(planned)
	}
	fmt.Fprint(t.out, plannedTable(planned))
	return nil
}

// plannedTable is what is planned, a line each.
func plannedTable(planned []appliance.Planned) string {
	if len(planned) == 0 {
		return "Nothing rings, and nothing is planned.\n"
	}
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, p := range planned {
		due := "in " + (time.Duration(p.Left) * time.Second).String()
		switch {
		case p.State == "ringing" || p.State == "paused":
			due = ""
		case p.State == "waiting" && p.Due != nil:
			due = p.Due.Format("Mon 2006-01-02 15:04")
		}
		if p.Repeat {
			due += ", and again"
		}
		name := p.Name
		if name == "" && p.Length > 0 { // two timers without a name differ in how long they are
			name = "of " + (time.Duration(p.Length) * time.Second).String()
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", p.ID, p.State, p.Kind, name, p.Room, due)
	}
	w.Flush() // into memory
	return out.String()
}
