package main

import (
	"context"
	"fmt"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/mesh"
)

type meshRendezvous struct {
	Box    []string `required:"" placeholder:"ID" help:"A box that is served, by its id in cricket mesh status --json; again for each."`
	Listen string   `default:":7420" help:"Where boxes reach it, over TCP and UDP."`
	Dir    string   `default:"cricket-rendezvous" type:"path" help:"The folder that keeps its key."`
}

func (c *meshRendezvous) Run(ctx context.Context, t *terminal) error {
	var boxes []peer.ID
	for _, text := range c.Box {
		id, err := peer.Decode(text)
		if err != nil {
			return &fault{fmt.Errorf("read box %q: %w", text, err), "cricket mesh status --json", exitUsage}
		}
		boxes = append(boxes, id)
	}
	id, err := mesh.OpenIdentity(c.Dir)
	if err != nil {
		return &fault{err, "ls -l " + c.Dir, exitMissing}
	}
	r, err := mesh.OpenRendezvous(ctx, id, c.Listen, boxes)
	if err != nil {
		return &fault{err, "cricket mesh rendezvous --help", exitMissing}
	}
	defer r.Close()
	fmt.Fprintln(t.out, "On each box, with the address at which the internet reaches this machine, in config.toml, mesh.rendezvous:")
	for _, a := range r.Addresses() {
		fmt.Fprintln(t.out, a)
	}
	<-ctx.Done()
	return nil
}
