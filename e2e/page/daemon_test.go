package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// daemon is a cricket of its own with the demo home.
type daemon struct {
	t       *testing.T
	dir     string
	url     string
	process *exec.Cmd
	control *http.Client // over the control socket
}

const password = "correct horse battery"

// start runs a daemon and returns when it answers.
func start(t *testing.T) *daemon {
	t.Helper()
	return startIn(t, "kitchen", "enabled = false")
}

// startIn is start for a box in a room, with what its config has of the mesh.
func startIn(t *testing.T, room, mesh string) *daemon {
	t.Helper()
	return startHearing(t, shortDir(t), room, mesh, "none", "")
}

// shortDir is a folder for a daemon: a socket's path must be short.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cricket-page-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// startHearing is startIn for a box with a microphone and a loudspeaker.
func startHearing(t *testing.T, dir, room, mesh, microphone, loudspeaker string) *daemon {
	t.Helper()
	d := &daemon{t: t, dir: dir, url: "https://127.0.0.1:" + freePort(t)}
	config := fmt.Sprintf("room = %q\n[mqtt]\nlisten = \"127.0.0.1:%s\"\n[audio]\nmicrophone = %q\nloudspeaker = %q\n[mesh]\n%s\n[page]\nlisten = \"%s\"\n",
		room, freePort(t), microphone, loudspeaker, mesh, strings.TrimPrefix(d.url, "https://"))
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	d.control = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(dir, "run", "control.sock"))
	}}}
	d.run()
	t.Cleanup(d.stop)
	return d
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func (d *daemon) run() {
	d.t.Helper()
	bin := os.Getenv("CRICKET_BIN")
	if bin == "" {
		d.t.Skip("CRICKET_BIN is not set: make page-test")
	}
	d.process = exec.Command(filepath.Join(bin, "cricket"), "run", "--demo", "--config", filepath.Join(d.dir, "config.toml"))
	d.process.Env = append(os.Environ(), "HTTPS_PROXY=http://127.0.0.1:9", "https_proxy=http://127.0.0.1:9", "RUNTIME_DIRECTORY="+filepath.Join(d.dir, "run"), "STATE_DIRECTORY="+filepath.Join(d.dir, "state"))
	var log bytes.Buffer
	d.process.Stderr = &log
	if err := d.process.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		if d.t.Failed() {
			d.t.Logf("the daemon's log:\n%s", log.Bytes())
		}
	})
	for deadline := time.Now().Add(time.Minute); ; {
		answer, err := d.control.Get("http://cricket/ready")
		if err == nil {
			text, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
			err = errors.New(string(text))
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("the daemon is not ready: %v\n%s", err, log.Bytes())
		}
		time.Sleep(100 * time.Millisecond) // another process: there is nothing to wait on
	}
}

func (d *daemon) stop() {
	if d.process == nil {
		return
	}
	d.process.Process.Signal(syscall.SIGTERM)
	d.process.Wait()
	d.process = nil
}

// code is a code for setting the owner's password, as the command line shows it.
func (d *daemon) code() string {
	d.t.Helper()
	answer, err := d.control.Post("http://cricket/page/code", "", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	var state struct{ Code string }
	if err := json.NewDecoder(answer.Body).Decode(&state); err != nil {
		d.t.Fatal(err)
	}
	return state.Code
}

// ask has the box do something, as somebody else in the house would.
func (d *daemon) ask(text string) {
	d.t.Helper()
	body, err := json.Marshal(map[string]string{"text": text, "room": "Kitchen"})
	if err != nil {
		d.t.Fatal(err)
	}
	answer, err := d.control.Post("http://cricket/ask", "application/json", bytes.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		d.t.Fatalf("asked %q: %s", body, text)
	}
}

// status is what the box says of itself, when it answers.
func (d *daemon) status() (s struct{ Mode, Since string }) {
	d.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		answer, err := d.control.Get("http://cricket/status")
		if err == nil {
			err = json.NewDecoder(answer.Body).Decode(&s)
			answer.Body.Close()
		}
		if err == nil {
			return s
		}
		if time.Now().After(end) {
			d.t.Fatal(err)
		}
	}
}

// idle waits until the box waits to be called.
func (d *daemon) idle() {
	d.t.Helper()
	for end := time.Now().Add(time.Minute); d.status().Mode != "idle"; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			d.t.Fatalf("the box is %q", d.status().Mode)
		}
	}
}

// restarted waits until the box was started after it had said since.
func (d *daemon) restarted(since string) {
	d.t.Helper()
	for end := time.Now().Add(time.Minute); d.status().Since == since; time.Sleep(100 * time.Millisecond) { // another process
		if time.Now().After(end) {
			d.t.Fatal("the box does not restart")
		}
	}
}
