package main

import (
	"fmt"

	"github.com/cricket-home/cricket/firmware/firstboot"
	"github.com/cricket-home/cricket/intent"
)

// firstBoot is run by the card image at each start, as root.
type firstBoot struct {
	Firmware string `required:"" type:"existingdir" help:"The card's FAT partition."`
	System   string `required:"" type:"path" help:"The folder of the data partition for the system."`
	Etc      string `default:"/etc" type:"existingdir" help:"Where the system is configured."`
}

func (c *firstBoot) Run(t *terminal) error {
	faults, err := firstboot.Apply(firstboot.Places{Firmware: c.Firmware, System: c.System, Etc: c.Etc, Languages: intent.Languages()})
	if err != nil {
		return &fault{err, "look at the card's FAT partition", exitMissing}
	}
	for _, f := range faults {
		fmt.Fprintf(t.err, "cricket: not taken over: %v\n", f)
	}
	return nil
}
