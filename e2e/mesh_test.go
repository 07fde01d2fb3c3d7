package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cricket-home/cricket/mesh"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// daemon is a `cricket run` of its own, with a state directory of its own.
type daemon struct {
	t       *testing.T
	program string
	dir     string
	port    int // where siblings reach it

	credentials string // the folder of systemd's credentials
	process     *exec.Cmd
}

// build makes the program of this source, beside the children that it runs.
func build(t *testing.T) string {
	t.Helper()
	native := voicetest.Program(t, "cricket-native")
	bin := t.TempDir()
	cmd := exec.Command("go", "build", "-o", filepath.Join(bin, "cricket"), "../cmd/cricket")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	others, err := filepath.Glob(filepath.Join(filepath.Dir(native), "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range others {
		if name := filepath.Base(o); name != "cricket" {
			if err := os.Symlink(o, filepath.Join(bin, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return filepath.Join(bin, "cricket")
}

// apart is a port that is free, and the next one, too.
func apart(t *testing.T) int {
	t.Helper()
	for range 100 {
		a, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := a.Addr().(*net.TCPAddr).Port
		b, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port+1))
		a.Close()
		if err == nil {
			b.Close()
			return port
		}
	}
	t.Fatal("no two ports are free")
	return 0
}

func newDaemon(t *testing.T, program, name string) *daemon {
	t.Helper()
	dir, err := os.MkdirTemp("", "cricket-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	d := &daemon{t: t, program: program, dir: dir, port: apart(t)}
	config := fmt.Sprintf("room = %q\n[mqtt]\nlisten = \"127.0.0.1:0\"\n[audio]\nmicrophone = \"none\"\n[mesh]\nlisten = \"127.0.0.1:%d\"\n", name, d.port)
	home := fmt.Sprintf("language = \"en\"\n[[area]]\nid = %q\nname = %q\n", name, strings.ToUpper(name[:1])+name[1:])
	err = errors.Join(os.WriteFile(filepath.Join(dir, "config.toml"), []byte(config), 0o600), os.WriteFile(filepath.Join(dir, "home.toml"), []byte(home), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.stop)
	d.start()
	return d
}

func (d *daemon) command(args ...string) *exec.Cmd {
	c := exec.Command(d.program, args...)
	c.Env = append(os.Environ(), "STATE_DIRECTORY="+filepath.Join(d.dir, "state"), "RUNTIME_DIRECTORY="+filepath.Join(d.dir, "run"), "CREDENTIALS_DIRECTORY="+d.credentials)
	return c
}

// start starts it, and returns when it answers.
func (d *daemon) start(flags ...string) {
	d.t.Helper()
	d.process = d.command(append([]string{"run", "--debug", "--config", filepath.Join(d.dir, "config.toml")}, flags...)...)
	log, err := os.OpenFile(filepath.Join(d.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer log.Close()
	d.process.Stdout, d.process.Stderr = log, log
	if err := d.process.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.until(func() bool { return d.command("mesh", "status").Run() == nil })
}

func (d *daemon) log() string {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join(d.dir, "log"))
	if err != nil {
		d.t.Fatal(err)
	}
	return string(text)
}

func (d *daemon) stop() {
	d.process.Process.Signal(syscall.SIGTERM)
	d.process.Wait()
}

// until waits for something that two processes do; nothing is decided by the time.
func (d *daemon) until(so func() bool) {
	d.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatalf("it never happened; the log:\n%s", d.log())
		}
	}
}

// says runs a command that must end well, and returns what it prints.
func (d *daemon) says(args ...string) string {
	d.t.Helper()
	out, err := d.command(args...).CombinedOutput()
	if err != nil {
		d.t.Fatalf("cricket %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (d *daemon) status() mesh.Status {
	d.t.Helper()
	var s mesh.Status
	if err := json.Unmarshal([]byte(d.says("mesh", "status", "--json")), &s); err != nil {
		d.t.Fatal(err)
	}
	return s
}

// reaches tells whether it is connected to exactly the boxes of these names.
func (d *daemon) reaches(names ...string) bool {
	s := d.status()
	for i, name := range names {
		if len(s.Siblings) != len(names) || s.Siblings[i].Name != name || !s.Siblings[i].Connected {
			return false
		}
	}
	return len(s.Siblings) == len(names)
}

var shownCode = regexp.MustCompile(`cricket mesh pair (\d{6}) (\S+)`)

// pair shows a code on one and types it into the other, as the owner does, and returns the
// owner's code where it was shown.
func (d *daemon) pair(other *daemon) (owner string) {
	d.t.Helper()
	show := d.command("mesh", "pair")
	out, err := show.StdoutPipe()
	if err == nil {
		err = show.Start()
	}
	if err != nil {
		d.t.Fatal(err)
	}
	var code string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := shownCode.FindStringSubmatch(lines.Text()); m != nil {
			code = m[1]
			other.says("mesh", "pair", m[1], m[2])
		}
		if text := strings.TrimSpace(lines.Text()); regexp.MustCompile(`^(\w{4}-){3}\w{4}$`).MatchString(text) {
			owner = text
		}
	}
	if err := show.Wait(); err != nil {
		d.t.Fatalf("the box that shows the code: %v", err)
	}
	for _, b := range []*daemon{d, other} {
		if log := b.log(); code == "" || strings.Contains(log, code) || owner != "" && strings.Contains(log, owner) {
			d.t.Errorf("the code is %q; it must not be in the log:\n%s", code, log)
		}
	}
	return owner
}

// Three real daemons become one home, lose one of them, and do not let it back in.
func TestBoxesBecomeSiblings(t *testing.T) {
	program := build(t)
	kitchen, attic := newDaemon(t, program, "kitchen"), newDaemon(t, program, "attic")
	if s := kitchen.status(); s.Home != "" || len(s.Listening) != 0 {
		t.Errorf("before it was paired: %+v", s)
	}
	owner := kitchen.pair(attic)
	if owner == "" {
		t.Fatal("the owner's code was not shown")
	}
	for _, c := range []struct {
		d     *daemon
		other string
	}{{kitchen, "Attic"}, {attic, "Kitchen"}} {
		c.d.until(func() bool { return c.d.reaches(c.other) })
	}
	if text := kitchen.says("mesh", "status"); !strings.Contains(text, "Kitchen reaches 1 of 1 siblings.") || !strings.Contains(text, "Attic  connected") {
		t.Error(text)
	}

	hall := newDaemon(t, program, "hall")
	if again := attic.pair(hall); again != "" {
		t.Error("a second owner's code was shown")
	}
	attic.until(func() bool { return attic.reaches("Hall", "Kitchen") })
	kitchen.until(func() bool { return len(kitchen.status().Siblings) == 2 })

	attic.stop()
	kitchen.until(func() bool { return !kitchen.reaches("Attic", "Hall") })
	out, _ := kitchen.command("doctor").CombinedOutput()
	if !strings.Contains(string(out), "sibling Attic: not reached") || !strings.Contains(string(out), "the port is closed") {
		t.Errorf("the doctor says\n%s", out)
	}
	attic.start()
	attic.until(func() bool { return attic.reaches("Hall", "Kitchen") })

	wrong := kitchen.command("mesh", "revoke", "Hall")
	wrong.Stdin = strings.NewReader("0000-0000-0000-0000\n")
	if out, err := wrong.CombinedOutput(); err == nil || wrong.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "not the owner's code") {
		t.Errorf("%v\n%s", err, out)
	}
	revoke := kitchen.command("mesh", "revoke", "Hall")
	revoke.Stdin = strings.NewReader(strings.ToLower(owner) + "\n")
	if out, err := revoke.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	attic.until(func() bool { return attic.reaches("Kitchen") })
	if s := kitchen.status(); s.Epoch != 1 || len(s.Siblings) != 1 {
		t.Errorf("after the revocation: %+v", s)
	}
	hall.until(func() bool { s := hall.status(); return !s.Siblings[0].Connected && !s.Siblings[1].Connected })
}

// hears asks a box in words until its answer is as it must be.
func (d *daemon) hears(text string, is func(reply string) bool) {
	d.t.Helper()
	var reply string
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(250 * time.Millisecond) {
		out, _ := d.command("ask", text).CombinedOutput() // "nothing on the list" ends with a status of its own
		if reply = string(out); is(reply) {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("%q is answered by %q; the log:\n%s", text, reply, d.log())
		}
	}
}

// Milk that is put on the list in the kitchen is read out in the attic; what one box was taught
// all know; what was erased on one is gone from all, and from their disks.
func TestOneHousehold(t *testing.T) {
	program := build(t)
	kitchen, attic := newDaemon(t, program, "kitchen"), newDaemon(t, program, "attic")
	kitchen.says("ask", "add oat milk to the shopping list")
	kitchen.pair(attic)
	const read = "what is on my shopping list"
	attic.hears(read, func(r string) bool { return strings.Contains(r, "oat milk") })
	attic.says("ask", "add candles to the shopping list")
	attic.says("ask", "remind me in two hours to call grandma")
	kitchen.hears(read, func(r string) bool { return strings.Contains(r, "candles") && strings.Contains(r, "oat milk") })
	kitchen.hears("what are my reminders", func(r string) bool { return strings.Contains(r, "grandma") })

	// While the attic is off the kitchen takes the milk off the list. It stays off.
	attic.stop()
	kitchen.says("ask", "remove oat milk from the shopping list")
	attic.start()
	attic.hears(read, func(r string) bool { return strings.Contains(r, "candles") && !strings.Contains(r, "oat milk") })
	kitchen.hears(read, func(r string) bool { return strings.Contains(r, "candles") && !strings.Contains(r, "oat milk") })

	var all struct {
		Records  []struct{ Kind, Box string }
		Siblings []struct{ Same bool }
	}
	if err := json.Unmarshal([]byte(kitchen.says("mesh", "export")), &all); err != nil || len(all.Records) != 2 || len(all.Siblings) != 1 || !all.Siblings[0].Same {
		t.Errorf("%+v, %v", all, err)
	}
	if text := kitchen.says("mesh", "erase", "--all"); !strings.Contains(text, "Erased here.") || !strings.Contains(text, "Erased on Attic.") {
		t.Error(text)
	}
	attic.hears(read, func(r string) bool { return !strings.Contains(r, "candles") })
	attic.hears("what are my reminders", func(r string) bool { return !strings.Contains(r, "grandma") })
	for _, d := range []*daemon{kitchen, attic} {
		d.until(func() bool {
			return exec.Command("grep", "-rqiE", "candles|grandma|oat milk", filepath.Join(d.dir, "state")).Run() != nil
		})
	}
}
