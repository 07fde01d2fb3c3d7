package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cricket-home/cricket/appliance"
)

type doctor struct {
	JSON bool `help:"JSON, as docs/cli.md describes it."`
}

func (c *doctor) Run(ctx context.Context, t *terminal) error {
	var findings []appliance.Finding
	s, err := reach()
	if err == nil {
		defer s.end()
		if err := s.get(ctx, "/doctor", nil, &findings); err != nil {
			return err
		}
	} else {
		bin, binErr := appliance.Bin()
		if binErr != nil {
			return binErr
		}
		daemon := appliance.Finding{Part: "daemon", Text: "not running"}
		if errors.Is(err, errService) {
			daemon.Text = err.Error()
		}
		if f, ok := errors.AsType[*fault](err); ok {
			daemon.Hint = f.hint
		}
		findings = append(appliance.CheckPrograms(bin), appliance.CheckConfig(), appliance.CheckModels(bin, appliance.StateDir()), daemon)
	}
	sick := false
	for _, f := range findings {
		sick = sick || !f.OK
	}
	if c.JSON {
		if err := json.NewEncoder(t.out).Encode(findings); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			mark := "ok   "
			if !f.OK {
				mark = "FAULT"
			}
			fmt.Fprintf(t.out, "%s  %s: %s\n", mark, f.Part, f.Text)
			if f.Hint != "" {
				fmt.Fprintf(t.out, "       fix: %s\n", f.Hint)
			}
		}
	}
	if sick {
		return &fault{code: exitMissing}
	}
	return nil
}
