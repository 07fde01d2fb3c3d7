package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/mesh"
)

type meshCommands struct {
	Status     meshStatus     `cmd:"" help:"Show this box's siblings, and why one is not reached."`
	Pair       meshPair       `cmd:"" help:"Show a code for another box, or take the code that another box shows."`
	Route      meshRoute      `cmd:"" help:"Say which box's language model would be asked a sentence, and why."`
	Split      meshSplit      `cmd:"" help:"Run a language model that is too big for one box on this one and on siblings."`
	Talk       meshTalk       `cmd:"" help:"Let what is said into this box's microphone be heard on another box."`
	Export     meshExport     `cmd:"" help:"Print what the boxes of the home know together: lists, reminders and taught names, as JSON."`
	Erase      meshErase      `cmd:"" help:"Remove all lists, reminders and taught names from all boxes of the home."`
	Rendezvous meshRendezvous `cmd:"" help:"Be a place on the internet where the boxes of two houses find each other. It belongs to no home."`
	Revoke     meshRevoke     `cmd:"" help:"Take a box out of the home for good. It needs the owner's code."`
}

type meshStatus struct {
	JSON bool `help:"JSON, as docs/mesh.md describes it."`
}

func (c *meshStatus) Run(ctx context.Context, t *terminal) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	var status mesh.Status
	if err := s.get(ctx, "/mesh", nil, &status); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(t.out).Encode(status)
	}
	fmt.Fprintln(t.out, status.Summary())
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, b := range status.Siblings {
		switch {
		case b.Connected:
			fmt.Fprintf(w, "%s\tconnected\t%s\t%s\n", b.Name, b.Address, b.Fault)
		default:
			fmt.Fprintf(w, "%s\taway\t%s\t%s\n", b.Name, b.Address, b.Fault)
		}
	}
	if status.Site != "" {
		fmt.Fprintf(w, "site\t%s\n", status.Site)
	}
	for _, r := range status.Rendezvous {
		state := "away"
		if r.Connected {
			state = "connected"
		}
		fmt.Fprintf(w, "rendezvous %s\t%s\t%s\n", r.ID, state, r.Fault)
	}
	return w.Flush()
}

type meshPair struct {
	Code    string `arg:"" optional:"" help:"The six digits that the other box shows."`
	Address string `arg:"" optional:"" help:"Where the other box is, if it is not found by itself: host:port."`
}

func (c *meshPair) Run(ctx context.Context, t *terminal) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	body, err := s.call(ctx, "POST", "/mesh/pair", url.Values{"code": {c.Code}, "address": {c.Address}}, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	lines := json.NewDecoder(body)
	for {
		var l appliance.PairLine
		if err := lines.Decode(&l); err != nil {
			return &fault{fmt.Errorf("read answer of the box: %w", err), "cricket doctor", exitMissing}
		}
		if l.OwnerCode != "" {
			fmt.Fprintf(t.out, "\nThis is the owner's code of your home:\n\n    %s\n\nWrite it down and keep it: it is shown this once, and without it no lost or stolen box can be revoked.\n\n", l.OwnerCode)
		}
		switch {
		case l.Error != "" && l.Refused:
			return &fault{fmt.Errorf("%s", l.Error), "cricket mesh pair", exitRefused}
		case l.Error != "":
			return &fault{fmt.Errorf("%s", l.Error), "cricket doctor", exitMissing}
		case l.Paired != "":
			fmt.Fprintf(t.out, "Paired with %s.\n", l.Paired)
			return nil
		}
		fmt.Fprintf(t.out, "The code is %s. It counts for two minutes. On the other box type:\n\n    cricket mesh pair %s\n\n", l.Code, strings.ReplaceAll(l.Code, " ", ""))
		if len(l.Addresses) > 0 {
			fmt.Fprintf(t.out, "or, if that does not find this box,\n\n    cricket mesh pair %s %s\n\n", strings.ReplaceAll(l.Code, " ", ""), l.Addresses[0])
		}
	}
}

type meshRevoke struct {
	Name    string `arg:"" help:"The name of the box, as cricket mesh status shows it, or its id."`
	Vouched bool   `help:"Revoke those, too, that it vouched for."`
}

func (c *meshRevoke) Run(ctx context.Context, t *terminal) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	var box appliance.Sponsored
	if err := s.get(ctx, "/mesh/vouched", url.Values{"name": {c.Name}}, &box); err != nil {
		return err
	}
	revoke := appliance.RevokeRequest{IDs: []string{box.ID}}
	for _, v := range box.Vouched {
		if c.Vouched {
			revoke.IDs = append(revoke.IDs, v.ID)
			fmt.Fprintf(t.out, "%s vouched for %s, which is revoked, too.\n", box.Name, v.Name)
		} else {
			fmt.Fprintf(t.out, "%s vouched for %s, which stays; to revoke it, too: --vouched\n", box.Name, v.Name)
		}
	}
	fmt.Fprint(t.out, "The owner's code: ")
	code, err := bufio.NewReader(t.in).ReadString('\n')
	if err != nil && code == "" {
		return &fault{fmt.Errorf("read the owner's code: %w", err), "type it, or  echo CODE | cricket mesh revoke NAME", exitUsage}
	}
	revoke.Code = strings.TrimSpace(code)
	request, err := json.Marshal(revoke)
	if err != nil {
		return err
	}
	body, err := s.call(ctx, "POST", "/mesh/revoke", nil, strings.NewReader(string(request)))
	if err != nil {
		return err
	}
	body.Close()
	fmt.Fprintf(t.out, "\n%s is revoked. Siblings that are reached know it now, the others when they return.\n", box.Name)
	return nil
}
