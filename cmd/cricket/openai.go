package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/cricket-home/cricket/appliance"
)

type openAI struct {
	JSON bool `help:"JSON, as docs/cli.md describes it."`
}

func (c *openAI) Run(ctx context.Context, t *terminal) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	body, err := s.call(ctx, "GET", "/openai", url.Values{}, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	var state appliance.OpenAIState
	if err := json.NewDecoder(body).Decode(&state); err != nil {
		return fmt.Errorf("read answer of the box: %w", err)
	}
	if c.JSON {
		return json.NewEncoder(t.out).Encode(state)
	}
	fmt.Fprintf(t.out, "Programs ask the language model at %s", state.URL)
	if state.Key {
		fmt.Fprint(t.out, ", with the key of openai.key_file")
	}
	fmt.Fprintln(t.out, ".")
	for _, m := range state.Models {
		how := "asleep: the first request loads it"
		switch {
		case m.Fault != "":
			how = m.Fault
		case m.Loaded && m.Paused:
			how = "it stands still while somebody talks to the box"
		case m.Loaded:
			how = "loaded"
		}
		fmt.Fprintf(t.out, "%s: %s\n", m.ID, how)
	}
	if state.Waiting > 0 {
		fmt.Fprintf(t.out, "%d requests are answered or wait.\n", state.Waiting)
	}
	return nil
}
