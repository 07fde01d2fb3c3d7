package slots

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
)

// RAUC is the program of that name, which asks its service.
type RAUC struct {
	Program string
}

// Slot is one of the places a system can be started from.
type Slot struct {
	Name    string `json:"name"` // "A", as the boot script calls it
	Booted  bool   `json:"booted"`
	Next    bool   `json:"next"`              // it is started next
	Good    bool   `json:"good"`              // it has starts left
	Version string `json:"version,omitempty"` // of the bundle that was written into it; "" for what the card came with
}

// Status is how the slots are.
type Status struct {
	Compatible string // what a bundle must be for
	Slots      []Slot
}

// Booted is the slot that runs.
func (s Status) Booted() Slot { return s.one(true) }

// Other is the slot that does not.
func (s Status) Other() Slot { return s.one(false) }

func (s Status) one(booted bool) Slot {
	for _, slot := range s.Slots {
		if slot.Booted == booted {
			return slot
		}
	}
	return Slot{}
}

// Bundle is a signed update in a file.
type Bundle struct {
	Compatible string
	Version    string
}

// Status asks how the slots are.
func (r RAUC) Status(ctx context.Context) (Status, error) {
	out, err := r.run(ctx, "status", "--detailed", "--output-format=json")
	if err != nil {
		return Status{}, fmt.Errorf("read update slots: %w", err)
	}
	var answer struct {
		Compatible string
		Booted     string
		Primary    *string `json:"boot_primary"`
		Slots      []map[string]struct {
			Name   string `json:"bootname"`
			State  string
			Boot   string `json:"boot_status"`
			Status struct {
				Bundle struct{ Version string }
			} `json:"slot_status"`
		}
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return Status{}, fmt.Errorf("read update slots: %w", err)
	}
	s := Status{Compatible: answer.Compatible}
	for _, named := range answer.Slots {
		for id, one := range named {
			if one.Name == "" {
				continue // nothing is started from it
			}
			s.Slots = append(s.Slots, Slot{Name: one.Name, Booted: one.State == "booted", Good: one.Boot == "good",
				Next: answer.Primary != nil && *answer.Primary == id, Version: one.Status.Bundle.Version})
		}
	}
	if len(s.Slots) != 2 || s.Booted() == s.Other() || s.Booted().Name == "" || s.Other().Name == "" {
		return Status{}, fmt.Errorf("read update slots: RAUC told of %+v, and not of one that runs and another", s.Slots)
	}
	return s, nil
}

// Inspect reads what a bundle is, after its signature was verified.
func (r RAUC) Inspect(ctx context.Context, file string) (Bundle, error) {
	out, err := r.run(ctx, "info", "--output-format=json-2", file)
	if err != nil {
		return Bundle{}, fmt.Errorf("read bundle: %w", err)
	}
	var answer struct {
		Update Bundle
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return Bundle{}, fmt.Errorf("read bundle: %w", err)
	}
	return answer.Update, nil
}

// Install writes a bundle into the slot that does not run, and makes it the one that is
// started next. progress is told percents, none of them lower than the one before.
func (r RAUC) Install(ctx context.Context, file string, progress func(percent int, step string)) error {
	c := exec.CommandContext(ctx, r.Program, "install", file)
	var complaint bytes.Buffer
	c.Stderr = &complaint
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return fmt.Errorf("install update: %w", err)
	}
	last, most := "", 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		last = keep(last, lines.Text())
		if percent, step, ok := parseProgress(lines.Text()); ok && percent >= most {
			most = percent
			progress(percent, step)
		}
	}
	io.Copy(io.Discard, out) // a line too long for the scanner
	if err := c.Wait(); err != nil {
		return fmt.Errorf("install update: %w", explain(err, last, complaint.String()))
	}
	return nil
}

// parseProgress reads " 40% Checking bundle done.", as rauc install prints it.
func parseProgress(line string) (percent int, step string, ok bool) {
	number, step, ok := strings.Cut(strings.TrimSpace(line), "% ")
	percent, err := strconv.Atoi(number)
	return percent, strings.TrimSuffix(step, "."), ok && err == nil && percent >= 0 && percent <= 100
}

// MarkGood gives the slot that runs all its starts again.
func (r RAUC) MarkGood(ctx context.Context) error {
	if _, err := r.run(ctx, "status", "mark-good", "booted"); err != nil {
		return fmt.Errorf("mark system good: %w", err)
	}
	return nil
}

// StartNext makes the slot that does not run the one that is started next, or with
// booted, the one that runs.
func (r RAUC) StartNext(ctx context.Context, booted bool) error {
	slot := "other"
	if booted {
		slot = "booted"
	}
	if _, err := r.run(ctx, "status", "mark-active", slot); err != nil {
		return fmt.Errorf("choose what is started next: %w", err)
	}
	return nil
}

func (r RAUC) run(ctx context.Context, args ...string) ([]byte, error) {
	var out, complaint bytes.Buffer
	c := exec.CommandContext(ctx, r.Program, args...)
	c.Stdout, c.Stderr = &out, &complaint
	if err := c.Run(); err != nil {
		return nil, explain(err, "", complaint.String())
	}
	return out.Bytes(), nil
}

const lastError = "LastError: "

// keep is the line of an installation that says why it failed, if there was one.
func keep(last, line string) string {
	if why, ok := strings.CutPrefix(line, lastError); ok {
		return why
	}
	return last
}

// explain says why RAUC failed: in its own words, if it had some. Its log lines begin with
// its name, and the reason has no such beginning.
func explain(err error, reason, complaint string) error {
	for line := range strings.Lines(complaint) {
		line = strings.TrimSpace(line)
		reason = keep(reason, line)
		if line != "" && !strings.HasPrefix(line, "rauc-") && !strings.HasPrefix(line, "(rauc:") && !strings.HasPrefix(line, lastError) && reason == "" {
			reason = line
		}
	}
	if reason == "" {
		return err
	}
	if _, ended := errors.AsType[*exec.ExitError](err); ended {
		return errors.New(reason)
	}
	return fmt.Errorf("%w: %s", err, reason)
}
