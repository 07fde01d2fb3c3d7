package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cricket-home/cricket/appliance"
)

type updateCommands struct {
	Check    updateCheck    `cmd:"" help:"Look for a newer version."`
	Install  updateInstall  `cmd:"" help:"Install the newest version, or a bundle; the machine starts again with it."`
	Status   updateStatus   `cmd:"" help:"Show both systems, and what became of the last update."`
	Rollback updateRollback `cmd:"" help:"Go back to the system before; the machine starts again with it."`
}

type updateStatus struct {
	JSON bool `help:"JSON, as docs/updates.md describes it."`
}

func (c *updateStatus) Run(ctx context.Context, t *terminal) error {
	return t.update(ctx, "GET", "/update", c.JSON)
}

type updateCheck struct {
	JSON bool `help:"JSON, as docs/updates.md describes it."`
}

func (c *updateCheck) Run(ctx context.Context, t *terminal) error {
	return t.update(ctx, "POST", "/update/check", c.JSON)
}

type updateRollback struct{}

func (c *updateRollback) Run(ctx context.Context, t *terminal) error {
	return t.update(ctx, "POST", "/update/rollback", false)
}

// update asks one thing, and prints how updates are then.
func (t *terminal) update(ctx context.Context, method, path string, asJSON bool) error {
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	status, err := s.update(ctx, method, path, nil, nil)
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(t.out).Encode(status)
	}
	fmt.Fprint(t.out, updateText(status))
	return nil
}

func (s *session) update(ctx context.Context, method, path string, query url.Values, body io.Reader) (appliance.UpdateStatus, error) {
	var status appliance.UpdateStatus
	answer, err := s.call(ctx, method, path, query, body)
	if err != nil {
		return status, err
	}
	defer answer.Close()
	return status, json.NewDecoder(answer).Decode(&status)
}

// updateText is how updates are, for people.
func updateText(s appliance.UpdateStatus) string {
	var out strings.Builder
	fmt.Fprintf(&out, "Version %s runs.\n", s.Installed)
	for _, slot := range s.Slots {
		says := "in reserve"
		if slot.Booted {
			says = "runs"
		}
		if slot.Next {
			says += ", is started next"
		}
		if !slot.Good {
			says += ", is not started: it failed"
		}
		if slot.Version != "" {
			says += ", version " + slot.Version
		}
		fmt.Fprintf(&out, "Slot %s: %s.\n", slot.Name, says)
	}
	switch s.Doing {
	case "":
	case appliance.Trying:
		fmt.Fprintf(&out, "This version is on trial. %s\n", s.Step)
	case appliance.Restarting:
		fmt.Fprintln(&out, "The machine starts again.")
	default:
		fmt.Fprintln(&out, progressText(s))
	}
	if s.Latest != "" {
		fmt.Fprintf(&out, "There is version %s: cricket update install\n", s.Latest)
	}
	if l := s.Last; l != nil {
		fmt.Fprintf(&out, "Version %s was %s on %s. %s\n", l.Version, map[string]string{appliance.Confirmed: "found to be good", appliance.FellBack: "given up", appliance.Interrupted: "interrupted"}[l.Result],
			l.Time.Format(time.DateTime), l.Fault)
	}
	if s.Fault != "" {
		fmt.Fprintf(&out, "The last try: %s\n", s.Fault)
	}
	return out.String()
}

func progressText(s appliance.UpdateStatus) string {
	text := s.Doing
	if s.Percent != nil {
		text += fmt.Sprintf(" %d %%", *s.Percent)
	}
	if s.Step != "" {
		text += ", " + s.Step
	}
	return text
}

type updateInstall struct {
	Bundle string `arg:"" optional:"" help:"A file, a folder with one bundle (a USB stick), or an address; without it the newest version."`
	Force  bool   `help:"Also an older version, or the one that runs."`
}

// updateLook is how often an installation is looked at.
const updateLook = time.Second

func (c *updateInstall) Run(ctx context.Context, t *terminal) error {
	q := url.Values{}
	if c.Force {
		q.Set("force", "true")
	}
	var body io.Reader
	if strings.HasPrefix(c.Bundle, "http://") || strings.HasPrefix(c.Bundle, "https://") {
		q.Set("url", c.Bundle)
	} else if c.Bundle != "" {
		f, err := openBundle(c.Bundle)
		if err != nil {
			return err
		}
		defer f.Close()
		q.Set("bundle", "true")
		body = f
	}
	s, err := reach()
	if err != nil {
		return err
	}
	defer s.end()
	status, err := s.update(ctx, "POST", "/update/install", q, body)
	for last := ""; err == nil && (status.Doing == appliance.Fetching || status.Doing == appliance.Installing); status, err = s.update(ctx, "GET", "/update", nil, nil) {
		if text := progressText(status); text != last {
			fmt.Fprintln(t.out, text)
			last = text
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(updateLook):
		}
	}
	if err != nil {
		return err
	}
	if status.Doing != appliance.Restarting {
		return &fault{errors.New(status.Fault), "cricket update status", exitRefused}
	}
	fmt.Fprintln(t.out, "Installed. The machine starts again, and tries it; \"cricket update status\" then tells.")
	return nil
}

// openBundle opens a bundle, or the only one in a folder.
func openBundle(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("open bundle: %w", err)
	}
	if info.IsDir() {
		all, err := filepath.Glob(filepath.Join(name, "*.raucb"))
		if err != nil || len(all) != 1 {
			return nil, fmt.Errorf("open bundle: %d files in %s end in .raucb, and not one", len(all), name)
		}
		name = all[0]
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open bundle: %w", err)
	}
	return f, nil
}
