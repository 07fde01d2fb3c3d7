package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/cricket-home/cricket/appliance"
)

type pageCommands struct {
	Show   pageShow   `cmd:"" default:"withargs" help:"Show where the house page is, and its certificate's fingerprint."`
	Code   pageCode   `cmd:"" help:"Show a code by which the owner's password of the house page can be set."`
	Forget pageForget `cmd:"" help:"Forget the passwords, tokens and logged-in browsers of the house page."`
}

type pageShow struct {
	JSON bool `help:"JSON, as docs/cli.md describes it."`
}

func (c *pageShow) Run(ctx context.Context, t *terminal) error {
	return tellPage(ctx, t, "GET", "/page", c.JSON)
}

type pageCode struct {
	JSON bool `help:"JSON, as docs/cli.md describes it."`
}

func (c *pageCode) Run(ctx context.Context, t *terminal) error {
	return tellPage(ctx, t, "POST", "/page/code", c.JSON)
}

// tellPage prints what the daemon says of its page.
func tellPage(ctx context.Context, t *terminal, method, path string, asJSON bool) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	body, err := s.call(ctx, method, path, url.Values{}, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	var state appliance.PageState
	if err := json.NewDecoder(body).Decode(&state); err != nil {
		return fmt.Errorf("read answer of the box: %w", err)
	}
	if asJSON {
		return json.NewEncoder(t.out).Encode(state)
	}
	fmt.Fprintf(t.out, "The house page is at %s\n", strings.Join(state.Addresses, " or "))
	fmt.Fprintf(t.out, "Its certificate's SHA-256 fingerprint is %s\n", state.Fingerprint)
	switch {
	case state.Code != "":
		fmt.Fprintf(t.out, "The code for setting the owner's password is %s %s, for ten minutes.\n", state.Code[:3], state.Code[3:])
	case path == "/page/code":
		return &fault{fmt.Errorf("the owner's password is set already"), "cricket page forget   (logs everybody out, and the page can be set up again)", exitRefused}
	case !state.Owned:
		fmt.Fprintln(t.out, "Nobody has set its password yet. A code for that: cricket page code")
	}
	return nil
}

type pageForget struct{}

func (c *pageForget) Run(ctx context.Context, t *terminal) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	body, err := s.call(ctx, "POST", "/page/forget", url.Values{}, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(io.Discard, body)
	return err
}
