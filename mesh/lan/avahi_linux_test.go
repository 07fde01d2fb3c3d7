package lan

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cricket-home/cricket/mesh"
)

// avahi runs avahi-daemon in the test's network namespace until the test ends. Of the machine's
// own it touches nothing: what it would write to /run is in memory of its own, and it takes root of
// the namespace for its user. avahi-daemon(8), avahi-daemon.conf(5).
func avahi(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"conf":   "[server]\nenable-dbus=no\n",
		"passwd": "root:x:0:0::/:/bin/sh\navahi:x:0:0::/:/bin/false\n",
		"group":  "root:x:0:\navahi:x:0:\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("unshare", "-m", "sh", "-c", `mount -t tmpfs none /run && mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group &&
exec avahi-daemon -f "$0/conf" --no-drop-root --no-chroot --no-rlimits --no-proc-title`, dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	var all strings.Builder
	for lines := bufio.NewScanner(said); lines.Scan(); {
		all.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "Server startup complete") {
			return // what it says after that fits the pipe
		}
	}
	t.Fatalf("avahi-daemon does not start:\n%s", all.String())
}

// Beside a running avahi-daemon, which has the port of multicast DNS already, boxes find each
// other, and again at a new port; so do those that were there before it.
func TestBoxesFindEachOtherBesideAvahi(t *testing.T) {
	if _, err := exec.LookPath("avahi-daemon"); err != nil {
		if os.Getenv("CRICKET_NO_SKIP") == "1" {
			t.Fatal("avahi-daemon is not there: apt install avahi-daemon")
		}
		t.Skip("avahi-daemon is not there: apt install avahi-daemon")
	}
	for name, first := range map[string]bool{"it was there first": true, "it comes later": false} {
		t.Run(name, func(t *testing.T) {
			namespace(t, func(t *testing.T) {
				link := cable(t, "eth0", "10.7.0.1/24", "fd07::1/64")
				if first {
					avahi(t)
				}
				f, a, _, stopA := run(t, mesh.Announcement{ID: id(1), Port: 7420})
				defer stopA()
				wait(t, a, func(h mesh.Hint) bool { return h.ID == id(1) })
				if !first {
					avahi(t)
				}
				_, b, _, stopB := run(t, mesh.Announcement{ID: id(2), Port: 7430})
				flap(t, link) // a change of the network makes them look at once
				wait(t, a, func(h mesh.Hint) bool { return h.ID == id(2) && h.Addresses[0].Port() == 7430 })
				wait(t, b, func(h mesh.Hint) bool { return h.ID == id(1) })
				stopB()
				_, _, _, stopB = run(t, mesh.Announcement{ID: id(2), Port: 7440})
				defer stopB()
				flap(t, link)
				wait(t, a, func(h mesh.Hint) bool { return h.ID == id(2) && h.Addresses[0].Port() == 7440 })
				said(t, f, false)
			})
		})
	}
}
