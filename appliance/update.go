package appliance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cricket-home/cricket/firmware/slots"
	"github.com/cricket-home/cricket/internal/durable"
	"github.com/cricket-home/cricket/models"
)

// UpdateSlots is where systems are written to and started from; slots.RAUC is one.
type UpdateSlots interface {
	Status(ctx context.Context) (slots.Status, error)
	Inspect(ctx context.Context, file string) (slots.Bundle, error)
	Install(ctx context.Context, file string, progress func(percent int, step string)) error
	MarkGood(ctx context.Context) error
	StartNext(ctx context.Context, booted bool) error
}

// System is the system that a box was started with.
type System struct {
	Slots   UpdateSlots // nil: this box has none
	Version string
	Boot    string                          // differs from start to start of the machine
	Up      func() time.Duration            // since the machine was started
	Restart func() error                    // asks for a start of the machine
	Index   string                          // where the newest version is told of; "": nowhere
	Dir     string                          // what is known of updates is kept in here
	Health  func(context.Context) []Finding // what does not work
	Told    func()                          // is called when the status is new
	// Siblings are the other boxes of the home, from which a bundle may come; they are nil
	// where there are none just now.
	Siblings func() models.Siblings
	Log      *slog.Logger
}

const (
	trialTime   = 15 * time.Minute // from the machine's start on, for an update to be healthy; then it starts again
	trialTick   = 15 * time.Second
	trialStreak = 3              // healthy looks in a row make a system good
	checkEvery  = 24 * time.Hour // looks for a newer version
)

// Errors of an update that is refused.
var (
	ErrNoSlots   = errors.New("this system was not started from an update slot: it is updated as it was installed")
	ErrBusy      = errors.New("an update is being made already")
	ErrOnTrial   = errors.New("the system that runs is on trial itself; the other one is what the box would come back to")
	ErrDowngrade = errors.New("it is older than what runs")
	ErrSame      = errors.New("it is what runs")
	ErrForeign   = errors.New("it is for another kind of box")
	ErrNoIndex   = errors.New("no place is known where updates are: 'update.url' in config.toml is empty")
	ErrNewest    = errors.New("there is nothing newer")
	ErrEmpty     = errors.New("there is no system to go back to")
)

// What a box does about updates.
const (
	Fetching   = "fetching"
	Installing = "installing"
	Restarting = "restarting" // it waits for the machine to start again
	Trying     = "on trial"
)

// UpdateStatus is what is known of updates.
type UpdateStatus struct {
	Installed string         `json:"installed"` // the version that runs
	Latest    string         `json:"latest,omitempty"`
	Doing     string         `json:"doing,omitempty"`
	Percent   *int           `json:"percent,omitempty"`
	Step      string         `json:"step,omitempty"`
	Fault     string         `json:"fault,omitempty"` // of what was tried last
	Slots     []slots.Slot   `json:"slots,omitempty"`
	Trial     *UpdateTrial   `json:"trial,omitempty"`
	Last      *UpdateOutcome `json:"last,omitempty"`
}

// Updates brings new systems, tries them, and says when one is good.
type Updates struct {
	System
	work chan struct{} // is held by whoever fetches, installs or goes back
	jobs chan func(context.Context) error

	mu     sync.Mutex
	status UpdateStatus
	record updateRecord
	offer  offer
	wanted string // SHA-256 of the bundle that is fetched; "" where that is not known
}

// OpenUpdates reads what is known of updates.
func OpenUpdates(s System) *Updates {
	u := &Updates{System: s, work: make(chan struct{}, 1), jobs: make(chan func(context.Context) error, 1)}
	u.status.Installed = s.Version
	record, err := readUpdateRecord(u.recordFile())
	if err != nil {
		s.Log.Error("what is known of updates is lost", "err", err)
		u.status.Fault = err.Error()
	}
	u.record = record
	return u
}

func (u *Updates) recordFile() string { return filepath.Join(u.Dir, "update.json") }

// Now is the status, as it is known.
func (u *Updates) Now() UpdateStatus {
	u.mu.Lock()
	defer u.mu.Unlock()
	s := u.status
	s.Latest, s.Last, s.Trial = u.offer.Version, u.record.Last, u.record.Trial
	return s
}

// Status asks how the slots are, too.
func (u *Updates) Status(ctx context.Context) (UpdateStatus, error) {
	if u.Slots == nil {
		return u.Now(), ErrNoSlots
	}
	now, err := u.Slots.Status(ctx)
	s := u.Now()
	s.Slots = now.Slots
	slices.SortFunc(s.Slots, func(a, b slots.Slot) int { return strings.Compare(a.Name, b.Name) })
	return s, err
}

// set changes the status, and tells of it.
func (u *Updates) set(change func(*UpdateStatus)) {
	u.mu.Lock()
	change(&u.status)
	u.mu.Unlock()
	u.Told()
}

// keep changes the record, on disk first.
func (u *Updates) keep(change func(*updateRecord)) error {
	u.mu.Lock()
	next := u.record
	change(&next)
	err := next.write(u.recordFile())
	if err == nil {
		u.record = next
	}
	u.mu.Unlock()
	u.Told()
	return err
}

func (u *Updates) known() updateRecord {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.record
}

// Run tries a system that is new, says that it is good, and then carries out what is
// asked, until ctx ends.
func (u *Updates) Run(ctx context.Context) error {
	if u.Slots == nil {
		return nil
	}
	if err := u.start(ctx); err != nil && ctx.Err() == nil {
		u.Log.Error("the state of the update slots is not known; the next starts may fall back", "err", err)
		u.set(func(s *UpdateStatus) { s.Fault = err.Error() })
	}
	look := time.NewTimer(time.Minute)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case job := <-u.jobs:
			err := job(ctx)
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				u.Log.Error("no update", "err", err)
			}
			u.finish(err)
		case <-look.C:
			look.Reset(checkEvery)
			if u.Index == "" {
				continue
			}
			if _, err := u.Check(ctx); err != nil && ctx.Err() == nil {
				u.Log.Warn("newer versions are not known", "err", err)
			}
		}
	}
}

// start is what is to be done once after the machine has started.
func (u *Updates) start(ctx context.Context) error {
	now, err := u.Slots.Status(ctx)
	if err != nil {
		return err
	}
	booted, r := now.Booted(), u.known()
	here := goodSystem{Slot: booted.Name, Version: u.Version}
	if r.Good == nil || *r.Good == here {
		return u.startGood(ctx, here)
	}
	if r.Trial == nil || r.Trial.Slot != booted.Name { // it was written by somebody else
		if err := u.keep(func(r *updateRecord) {
			r.Trial = &UpdateTrial{Version: u.Version, Slot: booted.Name, Written: true}
		}); err != nil {
			return err
		}
	}
	return u.try(ctx, here)
}

// startGood says that the system runs, which was good before. If there was an update, it
// is known now what became of it.
func (u *Updates) startGood(ctx context.Context, here goodSystem) error {
	r := u.known()
	if r.Trial != nil && r.Trial.Boot == u.Boot && r.Trial.Written { // this program was started again, and not the machine
		u.set(func(s *UpdateStatus) { s.Doing = Restarting })
		return u.Restart()
	}
	if err := u.Slots.MarkGood(ctx); err != nil {
		return err
	}
	if r.Good != nil && r.Trial == nil {
		return nil
	}
	var last *UpdateOutcome
	if r.Trial != nil {
		if err := u.Slots.StartNext(ctx, true); err != nil {
			return err
		}
		if err := u.endTrial(r.Trial.Slot); err != nil {
			return err
		}
		last = r.Trial.ended(FellBack)
		if !r.Trial.Written {
			last.Result = Interrupted
		}
		u.Log.Error("the box came back from an update", "version", last.Version, "result", last.Result, "err", last.Fault)
	}
	return u.keep(func(r *updateRecord) {
		r.Good, r.Trial = &here, nil
		if last != nil {
			r.Last, r.Was = last, nil
		}
	})
}

// try looks until the system is as healthy as the one before it, or until its time is over.
func (u *Updates) try(ctx context.Context, here goodSystem) error {
	u.set(func(s *UpdateStatus) { s.Doing = Trying })
	u.Log.Info("this system is on trial", "version", u.Version, "slot", here.Slot)
	end := time.After(trialTime - u.Up()) // a program that crashes gets no more of it
	tick := time.NewTicker(trialTick)
	defer tick.Stop()
	streak, fault := 0, "it was never looked at"
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-end:
			u.Log.Error("this system is not healthy; the machine starts again", "version", u.Version, "err", fault)
			err := u.keep(func(r *updateRecord) { t := *r.Trial; t.Fault = fault; r.Trial = &t })
			u.set(func(s *UpdateStatus) { s.Doing, s.Fault = Restarting, fault })
			return errors.Join(err, u.Restart())
		case <-tick.C:
		}
		if fault = u.sick(ctx); fault != "" {
			streak = 0
			u.set(func(s *UpdateStatus) { s.Step = fault })
			continue
		}
		if streak++; streak < trialStreak {
			continue
		}
		if err := errors.Join(u.Slots.MarkGood(ctx), u.endTrial(here.Slot)); err != nil {
			fault = err.Error()
			continue
		}
		u.set(func(s *UpdateStatus) { s.Doing, s.Step = "", "" })
		u.Log.Info("this system is good", "version", u.Version, "slot", here.Slot)
		return u.keep(func(r *updateRecord) {
			last := r.Trial.ended(Confirmed)
			last.Fault = ""
			r.Was, r.Good, r.Trial, r.Last = r.Good, &here, nil, last
		})
	}
}

// sick says what does not work that worked before the update; "" for nothing.
func (u *Updates) sick(ctx context.Context) string {
	before := u.known().Trial.Broken
	var faults []string
	for _, f := range u.Health(ctx) {
		if !slices.Contains(before, f.Part) {
			faults = append(faults, f.Part+": "+f.Text)
		}
	}
	return strings.Join(faults, "; ")
}

// Install begins to install the bundle in a file, which is taken away; or the one at an
// address; or with neither the one that Check has found. Status tells how it goes. What
// was installed is kept for siblings until the next.
func (u *Updates) Install(file, address string, force bool) error {
	if err := u.begin(Installing); err != nil {
		return err
	}
	o := offer{Bundle: address}
	if file == "" && address == "" {
		u.mu.Lock()
		o = u.offer
		u.mu.Unlock()
	}
	if file == "" && o.Bundle == "" {
		u.finish(nil)
		return ErrNewest
	}
	u.jobs <- func(ctx context.Context) (err error) {
		if file == "" {
			u.set(func(s *UpdateStatus) { s.Doing = Fetching })
			file, err = u.bring(ctx, o)
		} else {
			file, err = u.shelve(file, "")
		}
		if err != nil {
			return err
		}
		if err = u.install(ctx, file, force); err != nil {
			u.removeBundle(file)
		}
		return err
	}
	return nil
}

// begin makes the caller the only one, until finish.
func (u *Updates) begin(doing string) error {
	if u.Slots == nil {
		return ErrNoSlots
	}
	select {
	case u.work <- struct{}{}:
	default:
		return ErrBusy
	}
	if now := u.Now().Doing; now != "" { // Restarting or Trying, by which nobody is held
		<-u.work
		if now == Trying {
			return ErrOnTrial
		}
		return ErrBusy
	}
	u.set(func(s *UpdateStatus) { s.Doing, s.Step, s.Percent, s.Fault = doing, "", nil, "" })
	return nil
}

func (u *Updates) finish(err error) {
	u.set(func(s *UpdateStatus) {
		if s.Doing != Restarting {
			s.Doing = ""
		}
		s.Percent, s.Step = nil, ""
		if err != nil {
			s.Fault = err.Error()
		}
	})
	<-u.work
}

func (u *Updates) install(ctx context.Context, file string, force bool) error {
	u.set(func(s *UpdateStatus) { s.Doing, s.Percent = Installing, nil })
	bundle, err := u.Slots.Inspect(ctx, file)
	if err != nil {
		return err
	}
	now, err := u.Slots.Status(ctx)
	if err != nil {
		return err
	}
	refuse := func(why error) error {
		return fmt.Errorf("install version %s over %s: %w", bundle.Version, u.Version, why)
	}
	order := slots.Compare(bundle.Version, u.Version)
	switch {
	case bundle.Compatible != now.Compatible:
		return refuse(fmt.Errorf("%w: %q, and this is %q", ErrForeign, bundle.Compatible, now.Compatible))
	case u.known().Good == nil || u.known().Good.Slot != now.Booted().Name:
		return refuse(ErrOnTrial)
	case force:
	case bundle.Version == u.Version:
		return refuse(ErrSame)
	case order < 0:
		return refuse(ErrDowngrade)
	}
	if err := u.begun(ctx, UpdateTrial{Version: bundle.Version, Slot: now.Other().Name}); err != nil {
		return err
	}
	err = u.Slots.Install(ctx, file, func(percent int, step string) {
		u.set(func(s *UpdateStatus) { s.Percent, s.Step = &percent, step })
	})
	if err != nil {
		if ctx.Err() == nil {
			err = errors.Join(err, u.keep(func(r *updateRecord) { r.Trial = nil }))
		}
		return err
	}
	return u.leave()
}

// begun writes down what is going to be tried, before anything is changed.
func (u *Updates) begun(ctx context.Context, t UpdateTrial) error {
	t.Boot = u.Boot
	if err := durable.Replace(u.trialFile(t.Slot), nil); err != nil {
		return fmt.Errorf("begin trial: %w", err)
	}
	for _, f := range u.Health(ctx) {
		t.Broken = append(t.Broken, f.Part)
	}
	return u.keep(func(r *updateRecord) {
		r.Trial = &t
		if !t.Written {
			r.Was = nil // it is written over
		}
	})
}

// trialFile is there while a slot is on trial. Where that system's Cricket cannot even
// start, a unit of the card image sees the file, and starts the machine again
// (cricket-trial.timer).
func (u *Updates) trialFile(slot string) string { return filepath.Join(u.Dir, "trial-"+slot) }

func (u *Updates) endTrial(slot string) error {
	if err := os.Remove(u.trialFile(slot)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("end trial: %w", err)
	}
	return nil
}

// leave starts the machine again, with the other system.
func (u *Updates) leave() error {
	if err := u.keep(func(r *updateRecord) { t := *r.Trial; t.Written = true; r.Trial = &t }); err != nil {
		return err
	}
	u.set(func(s *UpdateStatus) { s.Doing = Restarting })
	return u.Restart()
}

// Rollback goes back to the system in the other slot. It is tried as an update is: if it
// is not healthy the box comes back to this one.
func (u *Updates) Rollback(ctx context.Context) error {
	if u.Now().Doing == Trying { // which ends the trial, and not well
		if err := u.Slots.StartNext(ctx, false); err != nil {
			return err
		}
		err := u.keep(func(r *updateRecord) { t := *r.Trial; t.Fault = "the owner went back"; r.Trial = &t })
		u.set(func(s *UpdateStatus) { s.Doing = Restarting })
		return errors.Join(err, u.Restart())
	}
	if err := u.begin(Installing); err != nil {
		return err
	}
	err := u.rollback(ctx)
	u.finish(err)
	return err
}

func (u *Updates) rollback(ctx context.Context) error {
	now, err := u.Slots.Status(ctx)
	if err != nil {
		return err
	}
	// U-Boot's counter says nothing of a slot that was never written: it begins with three.
	other := now.Other()
	was := u.known().Was
	if was == nil || was.Slot != other.Name {
		return fmt.Errorf("go back: %w", ErrEmpty)
	}
	if err := u.begun(ctx, UpdateTrial{Version: was.Version, Slot: other.Name, Written: true}); err != nil {
		return err
	}
	if err := u.Slots.StartNext(ctx, false); err != nil {
		return errors.Join(err, u.keep(func(r *updateRecord) { r.Trial = nil }))
	}
	return u.leave()
}
