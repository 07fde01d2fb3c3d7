package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/pelletier/go-toml/v2"

	"github.com/cricket-home/cricket/home"
)

type homeShow struct {
	where
	TOML bool `name:"toml" xor:"format" help:"As HOME.toml, to write to a file and edit."`
	JSON bool `xor:"format" help:"JSON, as docs/cli.md describes it."`
}

func (c *homeShow) Run(ctx context.Context, t *terminal) error {
	s, err := c.open(ctx, t, false)
	if err != nil {
		return err
	}
	defer s.end()
	body, err := s.call(ctx, "GET", "/home", url.Values{}, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	if c.TOML {
		_, err := io.Copy(t.out, body)
		return err
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("read answer of the box: %w", err)
	}
	if c.JSON {
		var fields map[string]any
		if err := toml.Unmarshal(text, &fields); err != nil {
			return fmt.Errorf("read answer of the box: %w", err)
		}
		return json.NewEncoder(t.out).Encode(fields)
	}
	h, err := home.Parse("the daemon's home", text)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	rooms := append(h.Areas, home.Area{Name: "no room"})
	for _, room := range rooms {
		first := true
		for _, d := range h.Devices {
			if d.Area != room.ID {
				continue
			}
			if first {
				fmt.Fprintf(w, "%s\n", room.Name)
				first = false
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", d.Name, d.ID, d.State, strings.Join(d.Features, " "))
		}
	}
	if len(h.Devices) == 0 {
		fmt.Fprintln(w, "No device has announced itself yet.")
	}
	return w.Flush()
}
