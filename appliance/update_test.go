package appliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cricket-home/cricket/firmware/slots"
)

// software is a system that can be in a slot.
type software struct {
	version string
	dead    bool   // it does not start
	broken  string // a part of it that does not work
}

// card is a machine with two slots: RAUC, the boot script, and the power.
type card struct {
	t      *testing.T
	dir    string
	slots  map[string]software
	order  string // of the slots' names
	left   map[string]int
	booted string
	starts int

	mu      sync.Mutex
	signed  map[string]software // by the bundle's content
	broken  string              // a part of this home that does not work, whatever runs
	cut     int                 // the power fails at this step; 0: never
	steps   int
	off     bool
	disk    map[string][]byte // as it was when the power failed
	restart chan struct{}
}

var errOff = errors.New("the power has failed")

func newCard(t *testing.T) *card {
	return &card{t: t, dir: t.TempDir(), slots: map[string]software{"A": {version: "1.0.0"}}, order: "AB", left: map[string]int{"A": 3, "B": 3}, booted: "A", signed: map[string]software{}}
}

// step is where the power may fail: before what comes next is done.
func (c *card) step() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steps++
	if c.cut != 0 && c.steps >= c.cut && !c.off {
		c.off, c.disk = true, c.files()
		c.restart <- struct{}{}
	}
	if c.off {
		return errOff
	}
	return nil
}

// files are what the box remembers of its updates.
func (c *card) files() map[string][]byte {
	all := map[string][]byte{}
	for _, pattern := range []string{"update.json", "trial-*"} {
		names, err := filepath.Glob(filepath.Join(c.dir, pattern))
		if err != nil {
			c.t.Error(err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				c.t.Error(err)
			}
			all[name] = data
		}
	}
	return all
}

// revive takes back what was written after the power had failed.
func (c *card) revive() {
	if !c.off {
		return
	}
	for name := range c.files() {
		os.Remove(name)
	}
	for name, data := range c.disk {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			c.t.Error(err)
		}
	}
	c.off = false
}

func (c *card) other() string { return strings.Trim("AB", c.booted) }

func (c *card) Status(context.Context) (slots.Status, error) {
	s := slots.Status{Compatible: "cricket-test"}
	for _, name := range []string{"B", "A"} {
		s.Slots = append(s.Slots, slots.Slot{Name: name, Booted: name == c.booted, Next: name == c.order[:1], Good: c.left[name] > 0, Version: c.slots[name].version})
	}
	return s, nil
}

func (c *card) Inspect(_ context.Context, file string) (slots.Bundle, error) {
	data, err := os.ReadFile(file)
	s, ok := c.signed[string(data)]
	if err != nil || !ok {
		return slots.Bundle{}, errors.New("read bundle: signature verification failed")
	}
	kind := "cricket-test"
	if strings.HasPrefix(string(data), "foreign") {
		kind = "toaster"
	}
	return slots.Bundle{Compatible: kind, Version: s.version}, nil
}

// Install goes as RAUC does: the slot is not started while it is written, and first when it is whole.
func (c *card) Install(_ context.Context, file string, progress func(int, string)) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for i, do := range []func(){
		func() { c.left[c.other()] = 0 },
		func() {
			c.slots[c.other()] = software{version: "half of " + c.signed[string(data)].version, dead: true}
		},
		func() { c.slots[c.other()] = c.signed[string(data)] },
		func() { c.left[c.other()] = 3 },
		func() { c.order = c.other() + c.booted },
	} {
		if err := c.step(); err != nil {
			return err
		}
		do()
		progress(20*(i+1), "writing")
	}
	return c.step()
}

func (c *card) MarkGood(context.Context) error {
	err := c.step()
	if err == nil {
		c.left[c.booted] = 3
	}
	return err
}

func (c *card) StartNext(_ context.Context, booted bool) error {
	if err := c.step(); err != nil {
		return err
	}
	first, second := c.other(), c.booted
	if booted {
		first, second = second, first
	}
	c.order, c.left[first] = first+second, 3
	return nil
}

// boot is what the boot script does, until a system runs.
func (c *card) boot() software {
	for range 20 {
		c.starts++
		name := ""
		for _, n := range c.order {
			if name == "" && c.left[string(n)] > 0 {
				name = string(n)
			}
		}
		if name == "" {
			c.left["A"], c.left["B"] = 3, 3
			continue
		}
		c.left[name]--
		if s := c.slots[name]; !s.dead && s.version != "" {
			c.booted = name
			return s
		}
	}
	c.t.Fatalf("no system starts: order %s, left %v, slots %v", c.order, c.left, c.slots)
	return software{}
}

// live starts the machine, lets do ask for something, and runs until the machine starts
// again, or for an hour. It says whether that is asked for.
func (c *card) live(do func(*Updates)) (again bool) {
	c.t.Helper()
	c.revive()
	s := c.boot()
	c.restart = make(chan struct{}, 16)
	start := time.Now()
	u := OpenUpdates(System{Slots: c, Version: s.version, Boot: fmt.Sprint(c.starts), Dir: c.dir, Log: slog.New(slog.DiscardHandler),
		Up: func() time.Duration { return time.Since(start) }, Told: func() { c.step() },
		Restart: func() error {
			if err := c.step(); err != nil {
				return err
			}
			c.restart <- struct{}{}
			return nil
		},
		Health: func(context.Context) []Finding {
			var sick []Finding
			for _, part := range []string{s.broken, c.broken} {
				if part != "" {
					sick = append(sick, Finding{Part: part, Text: "it does not work"})
				}
			}
			return sick
		}})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := u.Run(ctx); err != nil {
			c.t.Errorf("updates ended: %v", err)
		}
	}()
	synctest.Wait()
	if do != nil {
		do(u)
	}
	select {
	case <-c.restart:
		again = true
	case <-time.After(time.Hour):
	}
	stop()
	<-ended
	return again
}

// bundle writes a signed bundle with a system.
func (c *card) bundle(s software) string {
	c.t.Helper()
	content := fmt.Sprintf("bundle %+v", s)
	c.signed[content] = s
	return c.write(content)
}

func (c *card) write(content string) string {
	c.t.Helper()
	f, err := os.CreateTemp(c.dir, "bundle.*")
	if err == nil {
		_, err = f.WriteString(content)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		c.t.Fatal(err)
	}
	return f.Name()
}

// settle lets the machine start until nobody asks for it any more.
func (c *card) settle() UpdateStatus {
	c.t.Helper()
	for range 12 {
		var now *Updates
		if !c.live(func(u *Updates) { now = u }) {
			return now.Now()
		}
	}
	c.t.Fatalf("the machine starts again and again: slots %v, left %v", c.slots, c.left)
	return UpdateStatus{}
}

// begin is a card whose first system has run once.
func begin(t *testing.T) *card {
	c := newCard(t)
	c.settle()
	return c
}

func (c *card) install(s software, force bool) {
	c.t.Helper()
	file := c.bundle(s)
	if !c.live(func(u *Updates) {
		if err := u.Install(file, "", force); err != nil {
			c.t.Fatal(err)
		}
	}) {
		c.t.Fatalf("%+v was not installed", s)
	}
	if _, err := os.Stat(file); err == nil && c.cut == 0 {
		c.t.Error("the bundle is left over")
	}
}

func TestUpdates(t *testing.T) {
	for _, tt := range []struct {
		name         string
		home         string // a part that did not work before
		next         software
		runs, result string
		starts       int // of the machine, after the installation
	}{
		{"a good one", "", software{version: "2.0.0"}, "2.0.0", Confirmed, 1},
		{"one that does not start", "", software{version: "2.0.0", dead: true}, "1.0.0", FellBack, 4},
		{"one that is not healthy", "", software{version: "2.0.0", broken: "recogniser"}, "1.0.0", FellBack, 4},
		{"one that mends nothing", "microphone", software{version: "2.0.0"}, "2.0.0", Confirmed, 1},
		{"one that breaks more", "microphone", software{version: "2.0.0", broken: "recogniser"}, "1.0.0", FellBack, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := begin(t)
				c.broken = tt.home
				c.install(tt.next, false)
				before := c.starts
				s := c.settle()
				if s.Installed != tt.runs || s.Last == nil || s.Last.Result != tt.result || s.Trial != nil || c.starts-before != tt.starts {
					t.Fatalf("after %d starts %s runs, %+v, trial %+v", c.starts-before, s.Installed, s.Last, s.Trial)
				}
				if tt.next.broken != "" && !strings.Contains(s.Last.Fault, tt.next.broken) {
					t.Errorf("it fell back for %q", s.Last.Fault)
				}
				if left, err := filepath.Glob(filepath.Join(c.dir, "trial-*")); err != nil || len(left) > 0 {
					t.Errorf("marks are left: %v, %v", left, err)
				}
				for range 10 { // and it stays so, also where the home is broken
					c.broken = "broker"
					if s := c.settle(); s.Installed != tt.runs {
						t.Fatalf("%s runs later", s.Installed)
					}
				}
				c.broken = tt.home
				c.install(software{version: "3.0.0"}, false)
				if s := c.settle(); s.Installed != "3.0.0" || s.Last.Result != Confirmed {
					t.Errorf("the next update: %+v", s)
				}
			})
		})
	}
}

// Wherever the power fails, a system that was good runs in the end, and the next update
// can be installed.
func TestPowerFailsDuringAnUpdate(t *testing.T) {
	for _, next := range []software{{version: "2.0.0"}, {version: "2.0.0", dead: true}, {version: "2.0.0", broken: "recogniser"}} {
		for cut := 1; ; cut++ {
			cuts := false
			synctest.Test(t, func(t *testing.T) {
				c := begin(t)
				c.steps, c.cut = 0, cut
				c.install(next, false)
				for range 4 { // the cut may also be in a later start
					if !c.live(nil) {
						break
					}
				}
				cuts, c.cut = c.steps >= cut, 0
				s := c.settle()
				if s.Installed != "1.0.0" && (s.Installed != "2.0.0" || next.dead || next.broken != "") {
					t.Fatalf("%+v, cut at step %d: %s runs", next, cut, s.Installed)
				}
				c.install(software{version: "3.0.0"}, false)
				if s := c.settle(); s.Installed != "3.0.0" {
					t.Errorf("%+v, cut at step %d: the next update is not there: %+v", next, cut, s)
				}
			})
			if t.Failed() || !cuts {
				if cut < 20 {
					t.Fatalf("there were %d steps", cut)
				}
				break
			}
		}
	}
}

func TestUpdatesRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		bundle func(c *card) string
		force  bool
		want   string // "": it is installed
	}{
		{"a newer one", func(c *card) string { return c.bundle(software{version: "1.0.1"}) }, false, ""},
		{"an older one", func(c *card) string { return c.bundle(software{version: "0.9.0"}) }, false, ErrDowngrade.Error()},
		{"an older one, forced", func(c *card) string { return c.bundle(software{version: "0.9.0"}) }, true, ""},
		{"the same", func(c *card) string { return c.bundle(software{version: "1.0.0"}) }, false, ErrSame.Error()},
		{"the same, forced", func(c *card) string { return c.bundle(software{version: "1.0.0"}) }, true, ""},
		{"a stranger's", func(c *card) string { return c.write("evil") }, false, "signature"},
		{"a stranger's, forced", func(c *card) string { return c.write("evil") }, true, "signature"},
		{"another machine's, forced", func(c *card) string {
			c.signed["foreign"] = software{version: "2.0.0"}
			return c.write("foreign")
		}, true, ErrForeign.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := begin(t)
				file := tt.bundle(c)
				var now *Updates
				installed := c.live(func(u *Updates) {
					now = u
					if err := u.Install(file, "", tt.force); err != nil {
						t.Fatal(err)
					}
				})
				if s := now.Now(); installed != (tt.want == "") || !strings.Contains(s.Fault, tt.want) {
					t.Errorf("installed %v, %q", installed, s.Fault)
				}
				if _, err := os.Stat(file); err == nil {
					t.Error("the bundle is left over")
				}
				if s := c.slots["B"]; tt.want != "" && s.version != "" {
					t.Errorf("something was written: %+v", s)
				}
			})
		})
	}
}

func TestRollback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := begin(t)
		c.live(func(u *Updates) {
			if err := u.Rollback(t.Context()); !errors.Is(err, ErrEmpty) {
				t.Errorf("a card that was never updated went back: %v", err)
			}
		})
		back := func(u *Updates) {
			if err := u.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		c.install(software{version: "2.0.0"}, false)
		if s := c.settle(); s.Installed != "2.0.0" {
			t.Fatalf("%s runs", s.Installed)
		}
		for _, want := range []string{"1.0.0", "2.0.0"} { // and forth
			c.live(back)
			if s := c.settle(); s.Installed != want || s.Last.Result != Confirmed {
				t.Fatalf("went to %s, %+v; want %s", s.Installed, s.Last, want)
			}
		}
		// Out of a trial, by hand.
		c.install(software{version: "3.0.0", broken: "recogniser"}, false)
		c.live(func(u *Updates) {
			if err := u.Install(c.bundle(software{version: "4.0.0"}), "", true); !errors.Is(err, ErrOnTrial) {
				t.Errorf("a system on trial wrote over the one it would come back to: %v", err)
			}
			back(u)
		})
		if s := c.settle(); s.Installed != "2.0.0" || s.Last.Fault != "the owner went back" {
			t.Errorf("%s runs, %+v", s.Installed, s.Last)
		}
	})
}

// A bundle comes whole over a connection that breaks in the middle.
func TestUpdateFromAnAddress(t *testing.T) {
	c := newCard(t)
	c.restart = make(chan struct{}, 16)
	content := strings.Repeat("0123456789abcdef", 1<<14)
	c.signed[content] = software{version: "2.0.0"}
	broken := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/updates/cricket.json":
			fmt.Fprint(w, `{"version":"2.0.0","bundle":"files/two.raucb"}`)
		case "/updates/files/two.raucb":
			w.Header().Set("ETag", `"one"`)
			if r.Header.Get("Range") == "" {
				broken++
				w.Header().Set("Content-Length", fmt.Sprint(len(content)))
				fmt.Fprint(w, content[:100_000])
				panic(http.ErrAbortHandler)
			}
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	u := OpenUpdates(System{Slots: c, Version: "1.0.0", Boot: "1", Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler), Index: server.URL + "/updates/cricket.json",
		Up: func() time.Duration { return 0 }, Told: func() {}, Health: func(context.Context) []Finding { return nil },
		Restart: func() error { c.restart <- struct{}{}; return nil }})
	run(t, u.Run)
	if err := u.Install("", "", false); !errors.Is(err, ErrNewest) {
		t.Errorf("nothing was known, and: %v", err)
	}
	if latest, err := u.Check(within(t)); err != nil || latest != "2.0.0" {
		t.Fatalf("found %q, %v", latest, err)
	}
	if err := u.Install("", "", false); err != nil {
		t.Fatal(err)
	}
	select {
	case <-c.restart:
	case <-within(t).Done():
		t.Fatalf("not installed: %+v", u.Now())
	}
	if c.slots["B"].version != "2.0.0" || broken != 1 {
		t.Errorf("%+v, the connection broke %d times", c.slots["B"], broken)
	}
}
