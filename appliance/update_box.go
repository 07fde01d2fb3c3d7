package appliance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/cricket-home/cricket/firmware/slots"
	"github.com/cricket-home/cricket/models"
	"github.com/cricket-home/cricket/mqtt"
)

// ThisSystem is the system that this program runs on, with nothing of the box yet.
func ThisSystem() System {
	cmdline, _ := os.ReadFile("/proc/cmdline") // without one there are no slots
	var s System
	if r, ok := slots.Find(string(cmdline)); ok {
		s.Slots = r
	}
	release, _ := os.ReadFile("/etc/os-release")
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	s.Version, s.Boot = slots.Running(release), strings.TrimSpace(string(boot))
	s.Up = func() time.Duration {
		var info syscall.Sysinfo_t
		if syscall.Sysinfo(&info) != nil {
			return 0
		}
		return time.Duration(info.Uptime) * time.Second
	}
	return s
}

// openUpdates begins with what the options say of the system.
func (b *Box) openUpdates() {
	s := b.options.System
	s.Index, s.Dir, s.Log = b.config.Update.URL, filepath.Join(b.options.StateDir, "update"), b.log
	s.Health, s.Restart = b.sickParts, b.startMachine
	s.Told = func() {
		if b.self != nil {
			signal(b.self.changed)
		}
		b.events.put("update", nil)
	}
	s.Siblings = func() models.Siblings {
		if node := b.siblingWeights(); node != nil {
			return node
		}
		return nil
	}
	b.updates = OpenUpdates(s)
}

// startMachine asks for a start of the machine: the daemon itself may not. A unit of the
// card image waits for the file (cricket-restart.path).
func (b *Box) startMachine() error {
	b.log.Warn("the machine starts again")
	if err := os.WriteFile(filepath.Join(b.options.RuntimeDir, "restart"), nil, 0o600); err != nil {
		return fmt.Errorf("start machine again: %w", err)
	}
	return nil
}

// sickParts are the parts without which a box is no good that do not work now: what a new
// system is judged by.
func (b *Box) sickParts(ctx context.Context) []Finding {
	all := []Finding{b.checkMicrophone(), b.checkBroker(), b.checkModel(), b.voices.check()}
	if b.ears != nil {
		all = append(all, b.checkEars())
	}
	for _, f := range b.checkMesh(ctx) {
		if f.Part == "mesh" { // and not its siblings, which may be away
			all = append(all, f)
		}
	}
	var sick []Finding
	for _, f := range all {
		if !f.OK {
			sick = append(sick, f)
		}
	}
	return sick
}

// updateEntity is the box's software in Home Assistant.
func (b *Box) updateEntity() entity {
	return entity{
		OwnEntity: mqtt.OwnEntity{ID: "update", Platform: "update", Name: "Update", Gone: b.updates.Slots == nil, Options: map[string]any{
			"device_class": "firmware", "entity_category": "config", "payload_install": "INSTALL", "title": "Cricket",
		}},
		told: func() (string, any) {
			s := b.updates.Now()
			latest := s.Latest
			if latest == "" {
				latest = s.Installed
			}
			return string(encode(map[string]any{
				"installed_version": s.Installed, "latest_version": latest,
				"in_progress": s.Doing == Fetching || s.Doing == Installing || s.Doing == Restarting, "update_percentage": s.Percent,
			})), nil
		},
		obey: func(_ context.Context, payload string) error {
			if payload != "INSTALL" {
				return fmt.Errorf("%q is not INSTALL", payload)
			}
			return b.updates.Install("", "", false)
		},
	}
}

// checkUpdate says what became of the last update, and where there are no slots, nothing.
func (b *Box) checkUpdate() []Finding {
	if b.updates.Slots == nil {
		return nil
	}
	s := b.updates.Now()
	f := Finding{Part: "update", OK: true, Text: "version " + s.Installed}
	switch {
	case s.Doing == Trying:
		f.Text += ", on trial"
		if s.Step != "" {
			f.OK, f.Text = false, f.Text+"; not healthy: "+s.Step
		}
	case s.Last != nil && s.Last.Result != Confirmed:
		f.OK, f.Hint = false, "cricket update status"
		f.Text += fmt.Sprintf("; version %s %s", s.Last.Version, s.Last.Result)
		if s.Last.Fault != "" {
			f.Text += ": " + s.Last.Fault
		}
	case s.Fault != "":
		f.OK, f.Hint, f.Text = false, "cricket update status", f.Text+"; "+s.Fault
	case s.Latest != "":
		f.Hint, f.Text = "cricket update install", f.Text+"; there is "+s.Latest
	}
	return []Finding{f}
}

// answerUpdate answers with the status of updates, or with why there is none.
func (b *Box) answerUpdate(w http.ResponseWriter, r *http.Request, err error) {
	s, slotsErr := b.updates.Status(r.Context())
	if err == nil { // what was asked for came to nothing: the slots are not the news
		err = slotsErr
	}
	switch {
	case err == nil:
		writeJSON(w, s)
	case errors.Is(err, ErrNoSlots), errors.Is(err, ErrBusy), errors.Is(err, ErrOnTrial), errors.Is(err, ErrNewest), errors.Is(err, ErrNoIndex), errors.Is(err, ErrEmpty):
		http.Error(w, err.Error(), http.StatusForbidden)
	default:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

// serveNewest is for the house page, too: it brings the version that the index names, and no
// other.
func (b *Box) serveNewest(mux *http.ServeMux) {
	mux.HandleFunc("GET /update", func(w http.ResponseWriter, r *http.Request) { b.answerUpdate(w, r, nil) })
	mux.HandleFunc("POST /update/check", func(w http.ResponseWriter, r *http.Request) {
		_, err := b.updates.Check(r.Context())
		b.answerUpdate(w, r, err)
	})
	mux.HandleFunc("POST /update/newest", func(w http.ResponseWriter, r *http.Request) {
		b.answerUpdate(w, r, b.updates.Install("", "", false))
	})
}

// serveUpdates is for the command line alone.
func (b *Box) serveUpdates(mux *http.ServeMux) {
	answer := b.answerUpdate
	mux.HandleFunc("POST /update/install", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		var file string
		var err error
		switch {
		case q.Get("url") != "":
		case q.Get("bundle") == "true":
			file, err = b.updates.Take(r.Body)
		case b.updates.Now().Latest == "":
			_, err = b.updates.Check(r.Context())
		}
		if err == nil {
			if err = b.updates.Install(file, q.Get("url"), q.Get("force") == "true"); err != nil && file != "" {
				b.updates.removeBundle(file)
			}
		}
		answer(w, r, err)
	})
	mux.HandleFunc("POST /update/rollback", func(w http.ResponseWriter, r *http.Request) { answer(w, r, b.updates.Rollback(r.Context())) })
}
