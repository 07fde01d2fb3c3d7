package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/cricket-home/cricket/appliance"
)

type why struct {
	N    int  `arg:"" optional:"" default:"1" help:"How many requests to look back."`
	JSON bool `help:"JSON, as docs/cli.md describes it."`
}

func (c *why) Run(ctx context.Context, t *terminal) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	var last []appliance.Result
	if err := s.get(ctx, "/why", url.Values{"n": {strconv.Itoa(c.N)}}, &last); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(t.out).Encode(last)
	}
	if len(last) == 0 {
		fmt.Fprintln(t.out, "Nothing has been asked since the daemon started.")
	}
	for _, r := range last {
		fmt.Fprintf(t.out, "%d  %s\n", r.Number, r.Time.Local().Format(time.TimeOnly))
		explain(t, r)
	}
	return nil
}

// explain prints what each stage made of a request.
func explain(t *terminal, r appliance.Result) {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "   %s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	switch {
	case r.Due != "":
		what := r.Due
		if r.Planned != "" { // a timer may have no name
			what += ": " + r.Planned
		}
		row("planned", "%s", what)
	case r.Transcript != nil:
		row("heard", "%q in %s, confidence %.2f", *r.Transcript, r.File, *r.TranscriptConfidence)
	default:
		row("text", "%q", r.Text)
	}
	if r.Intent != nil {
		row("intent", "%s", r.Resolved)
	} else if r.Due == "" {
		row("refused", "%s", r.Resolved)
	}
	if r.Plan != "" {
		row("refused", "%s", r.Plan)
	}
	for _, j := range r.Judged {
		row("permission", "%s", j)
	}
	for _, a := range r.Actions {
		answer := "not to be confirmed"
		if a.Confirmed != nil && *a.Confirmed {
			answer = "confirmed"
		} else if a.Confirmed != nil {
			answer = "no answer"
		}
		row("message", "%s %s, %s", a.Topic, a.Payload, answer)
	}
	row("reply", "%q", r.Reply)
	if r.Fault != nil {
		row("fault", "%s: %s", r.Fault.Part, r.Fault.Error)
	}
	for _, s := range r.Stages {
		row("time", "%s\t%8.2f ms\t%s", s.Name, float64(s.Duration.Microseconds())/1000, s.Decision)
	}
}
