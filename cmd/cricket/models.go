package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/models"
)

type modelCommands struct {
	List   modelsList   `cmd:"" help:"Show the models there are, and which fit this machine."`
	Pull   modelsPull   `cmd:"" help:"Fetch models, from the home's other boxes where these have them, or go on fetching them."`
	Verify modelsVerify `cmd:"" help:"Hash installed models again."`
	Use    modelsUse    `cmd:"" help:"Choose a model, or with 'best' leave the choice to Cricket."`
	Rm     modelsRm     `cmd:"" help:"Remove models."`
}

// shelf is the catalogue and the store, and what is chosen from them.
type shelf struct {
	catalogue models.Catalogue
	store     *models.Store
	entries   []models.Entry
	machine   models.Machine
	language  string
	hears     models.Decision
}

func openShelf() (*shelf, error) {
	s := &shelf{store: appliance.Models(appliance.StateDir()), machine: models.ThisMachine()}
	var err error
	if s.catalogue, err = models.Builtin(); err != nil {
		return nil, err
	}
	if s.entries, err = s.store.Entries(s.catalogue); err != nil {
		return nil, storeFault(err)
	}
	config, err := appliance.OwnConfig("", appliance.StateDir())
	if err != nil { // cricket doctor tells; models can be had without it
		config = appliance.DefaultConfig()
	}
	s.language = config.Language
	if s.hears, err = appliance.ChooseRecognizer(config, appliance.StateDir()); err != nil {
		return nil, storeFault(err)
	}
	return s, nil
}

// find returns the entry with an id.
func (s *shelf) find(id string) (models.Entry, error) {
	for _, e := range s.entries {
		if e.Model.ID == id {
			return e, nil
		}
	}
	return models.Entry{}, &fault{fmt.Errorf("find model %q: neither in the catalogue nor in %s", id, s.store.Dir()), "cricket models list", exitUsage}
}

// inUse is why a model should stay; "" where nothing needs it.
func (s *shelf) inUse(e models.Entry) string {
	if len(s.hears.Choices) > 0 && s.hears.Choices[0].Path == e.Path {
		return "Cricket hears with it: it is " + strings.TrimPrefix(s.hears.Choices[0].Why, "as ")
	}
	used, err := s.store.Used()
	if err == nil && used[e.Model.Purpose] == e.Model.ID {
		return "`cricket models use` chose it"
	}
	return ""
}

// storeFault adds what to do about what can go wrong with a store.
func storeFault(err error) error {
	f := &fault{err, "", exitMissing}
	_, full := errors.AsType[*models.FullError](err)
	_, damaged := errors.AsType[*models.DamagedError](err)
	_, licence := errors.AsType[*models.LicenceError](err)
	_, network := errors.AsType[*url.Error](err)
	switch {
	case err == nil:
		return nil
	case licence:
		f.code, f.hint = exitRefused, "read it, and if you agree, add --accept"
	case full:
		f.hint = "make room, for example with cricket models rm; the same command then goes on where it ended"
	case damaged:
		f.hint = "the source has other bytes than the catalogue says: try again later, or another one with --from"
	case errors.Is(err, models.ErrBusy):
		f.hint = "wait until it has ended"
	case errors.Is(err, os.ErrPermission):
		f.hint = "run it as root, or as the user that Cricket runs as"
	case errors.Is(err, context.Canceled):
		f.hint = "the same command goes on where it ended"
	case network:
		f.hint = "is this machine on the internet? --from takes the files from a memory stick or a mirror; what came is kept"
	}
	return f
}

type modelsList struct {
	Purpose string `arg:"" optional:"" enum:"stt,vad,wake,voice,llm," default:"" help:"Only those for stt, vad, wake, voice or llm."`
	JSON    bool   `help:"JSON, as docs/models.md describes it."`
}

// listed is a model in the JSON of list.
type listed struct {
	ID        string   `json:"id"`
	Purpose   string   `json:"purpose"`
	Title     string   `json:"title"`
	Languages []string `json:"languages"`
	Size      int64    `json:"size"`       // bytes
	SizeKnown bool     `json:"size_known"` // false: of some files it is not known before the first pull
	Memory    int64    `json:"memory"`     // bytes
	Licence   string   `json:"licence"`
	Terms     string   `json:"licence_url"`
	Accept    bool     `json:"accept"`
	Status    string   `json:"status"`
	Have      int64    `json:"have"` // bytes that are there
	Pinned    bool     `json:"pinned"`
	Fits      bool     `json:"fits"`
	Reason    string   `json:"reason,omitempty"` // why it does not fit
	InUse     bool     `json:"in_use"`
}

func (c *modelsList) Run(t *terminal) error {
	s, err := openShelf()
	if err != nil {
		return err
	}
	out := []listed{}
	for _, e := range s.entries {
		m := e.Model
		if c.Purpose != "" && string(m.Purpose) != c.Purpose {
			continue
		}
		l := listed{ID: m.ID, Purpose: string(m.Purpose), Title: m.Title, Languages: m.Languages, Memory: m.Memory * 1e6,
			Licence: cmp.Or(m.Licence.SPDX, m.Licence.Name), Terms: m.Licence.URL, Accept: m.Licence.Accept,
			Status: e.Status.String(), Have: e.Have, Pinned: e.Pinned, InUse: s.inUse(e) != ""}
		l.Size, l.SizeKnown = m.Size()
		if e.Usable() {
			l.Size, l.SizeKnown = e.Have, true
		}
		if !e.Own {
			l.Reason = s.machine.Fits(m)
		}
		l.Fits = l.Reason == ""
		out = append(out, l)
	}
	if c.JSON {
		return json.NewEncoder(t.out).Encode(out)
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tMODEL\tFOR\tSIZE\tMEMORY\tSTATUS\tFITS\tLICENCE")
	for _, l := range out {
		mark, size, memory, fits, licence := "", "?", "?", "yes", l.Licence
		if l.InUse {
			mark = "*"
		}
		if l.Size > 0 {
			size = models.Bytes(l.Size)
		}
		if l.Size > 0 && !l.SizeKnown {
			size += "+"
		}
		if l.Memory > 0 {
			memory = models.Bytes(l.Memory)
		}
		if !l.Fits {
			fits = "no"
		}
		if l.Accept {
			licence += " (to be accepted)"
		}
		if l.Status == models.Begun.String() {
			l.Status += " (" + models.Bytes(l.Have) + ")"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", mark, l.ID, l.Purpose, size, memory, l.Status, fits, licence)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "\nThis machine: a %s. Models are in %s.\n", s.machine, s.store.Dir())
	if len(s.hears.Choices) > 0 {
		fmt.Fprintf(t.out, "* Speech is heard by %s.\n", s.hears.Choices[0])
	}
	if s.hears.Note != "" {
		fmt.Fprintf(t.out, "Speech: %s.\n", s.hears.Note)
	}
	return nil
}

type modelsPull struct {
	ID     []string `arg:"" name:"model" help:"Models of cricket models list."`
	From   string   `help:"A folder, or the URL of one, that has the files: a memory stick, a mirror." placeholder:"DIR|URL"`
	Accept bool     `help:"I have read and accept the licence."`
}

func (c *modelsPull) Run(ctx context.Context, t *terminal) error {
	s, err := openShelf()
	if err != nil {
		return err
	}
	var wanted []models.Model
	for _, id := range c.ID {
		e, err := s.find(id)
		if err != nil {
			return err
		}
		if e.Own {
			return &fault{fmt.Errorf("pull %s: it is your own file, and the catalogue does not know where it comes from", id), "cricket models list", exitUsage}
		}
		wanted = append(wanted, e.Model)
	}
	home := openSiblings(ctx)
	meter := models.NewMeter(t.out, columns(t.out), time.Now)
	defer meter.End()
	for _, m := range wanted {
		meter.Say(fmt.Sprintf("%s: %s; licence: %s, %s", m.ID, m.Title, m.Licence.Name, m.Licence.URL))
		err := s.store.Pull(ctx, m, models.PullOptions{From: c.From, Accept: c.Accept, Say: meter.Say, Progress: meter.Show, Siblings: home})
		meter.End()
		if err != nil {
			return storeFault(err)
		}
		if reason := s.machine.Fits(m); reason != "" {
			meter.Say(fmt.Sprintf("%s is installed, but %s; `cricket models use %s` makes Cricket take it all the same", m.ID, reason, m.ID))
		} else {
			meter.Say(m.ID + " is installed")
		}
	}
	return nil
}

// columns is the width of a terminal, and 0 where w is none.
func columns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return cmp.Or(int(size.Col), 80)
}

type modelsVerify struct {
	ID []string `arg:"" optional:"" name:"model" help:"All that are installed, where none is named."`
}

func (c *modelsVerify) Run(ctx context.Context, t *terminal) error {
	s, err := openShelf()
	if err != nil {
		return err
	}
	var wanted []models.Entry
	for _, id := range c.ID {
		e, err := s.find(id)
		if err != nil {
			return err
		}
		if e.Own {
			return &fault{fmt.Errorf("verify %s: the catalogue does not know it", id), "cricket models list", exitUsage}
		}
		if e.Status < models.Damaged {
			return &fault{fmt.Errorf("verify %s: it is not installed", id), "cricket models pull " + id, exitRefused}
		}
		wanted = append(wanted, e)
	}
	if len(c.ID) == 0 {
		for _, e := range s.entries {
			if !e.Own && e.Status >= models.Damaged {
				wanted = append(wanted, e)
			}
		}
	}
	meter := models.NewMeter(t.out, columns(t.out), time.Now)
	if columns(t.out) == 0 {
		meter = models.NewMeter(io.Discard, 0, time.Now) // its lines say nothing that is kept
	}
	var bad []string
	for _, e := range wanted {
		err := s.store.Verify(ctx, e.Model, meter.Show)
		meter.End()
		if _, damaged := errors.AsType[*models.DamagedError](err); damaged {
			fmt.Fprintf(t.out, "DAMAGED  %s: %v\n", e.Model.ID, err)
			bad = append(bad, e.Model.ID)
			continue
		}
		if err != nil {
			return storeFault(err)
		}
		fmt.Fprintf(t.out, "ok       %s\n", e.Model.ID)
	}
	if len(bad) > 0 {
		return &fault{fmt.Errorf("verify models: %d of %d are damaged and will not be loaded", len(bad), len(wanted)),
			"cricket models pull " + strings.Join(bad, " "), exitMissing}
	}
	if len(wanted) == 0 {
		fmt.Fprintln(t.out, "No model is installed.")
	}
	return nil
}

type modelsUse struct {
	ID string `arg:"" name:"model" help:"An installed model, or 'best'."`
}

func (c *modelsUse) Run(t *terminal) error {
	s, err := openShelf()
	if err != nil {
		return err
	}
	if c.ID == "best" {
		if err := s.store.UseBest(); err != nil {
			return storeFault(err)
		}
		fmt.Fprintln(t.out, "From its next start Cricket takes the best models that fit.")
		return nil
	}
	e, err := s.find(c.ID)
	if err != nil {
		return err
	}
	if !e.Usable() {
		return &fault{fmt.Errorf("use %s: it is not installed", c.ID), "cricket models pull " + c.ID, exitRefused}
	}
	if err := s.store.Use(e.Model); err != nil {
		return storeFault(err)
	}
	if e.Model.Purpose != models.STT {
		fmt.Fprintf(t.out, "From its next start Cricket takes %s for %s.\n", c.ID, e.Model.Purpose)
		return nil
	}
	if s, err = openShelf(); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "From its next start Cricket hears with %s.\n", s.hears.Choices[0])
	return nil
}

type modelsRm struct {
	ID    []string `arg:"" name:"model" help:"Models that are installed or begun."`
	Force bool     `help:"Also what is in use."`
}

func (c *modelsRm) Run(t *terminal) error {
	s, err := openShelf()
	if err != nil {
		return err
	}
	var wanted []models.Entry
	for _, id := range slices.Compact(slices.Sorted(slices.Values(c.ID))) {
		e, err := s.find(id)
		if err != nil {
			return err
		}
		if e.Status == models.Absent {
			return &fault{fmt.Errorf("remove %s: nothing of it is there", id), "cricket models list", exitRefused}
		}
		if why := s.inUse(e); why != "" && !c.Force {
			return &fault{fmt.Errorf("remove %s: %s", id, why), "cricket models rm --force " + id, exitRefused}
		}
		wanted = append(wanted, e)
	}
	for _, e := range wanted {
		freed, err := s.store.Remove(e.Model)
		if err != nil {
			return storeFault(err)
		}
		fmt.Fprintf(t.out, "%s is removed: %s are free\n", e.Model.ID, models.Bytes(freed))
	}
	return nil
}
