package mqtttest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Program returns the path of one of Mosquitto's programs, or skips the test.
func Program(tb testing.TB, name string) string {
	tb.Helper()
	for dir, err := os.Getwd(); err == nil && dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
			continue
		}
		if found, _ := filepath.Glob(filepath.Join(dir, ".native", "*", "bin", name)); len(found) > 0 {
			return found[0]
		}
		break
	}
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if os.Getenv("CRICKET_NO_SKIP") == "1" {
		tb.Fatalf("%s is missing: make setup", name)
	}
	tb.Skipf("SKIPPED: %s is missing: make setup", name)
	return ""
}

// Mosquitto is a broker of a test. It ends with the test.
type Mosquitto struct {
	Port int
	Dir  string // of its files; what it has retained is kept here from start to start

	tb      testing.TB
	program string
	config  string
	ended   chan struct{} // closed when the process has ended; nil: it does not run
	process *exec.Cmd
	said    *output
}

// output is what a program says.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// NewMosquitto starts Mosquitto on a free port of loopback. config is added to its
// configuration; without any, everybody may do everything. Files in it are relative
// to Dir, which files fills: name to content.
func NewMosquitto(tb testing.TB, config string, files map[string]string) *Mosquitto {
	tb.Helper()
	m := &Mosquitto{tb: tb, program: Program(tb, "mosquitto"), Dir: tb.TempDir(), Port: freePort(tb)}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(m.Dir, name), []byte(content), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	if config == "" {
		config = "allow_anonymous true\n"
	}
	m.config = fmt.Sprintf("listener %d 127.0.0.1\npersistence true\npersistence_location %s/\nautosave_interval 1\n"+
		"max_queued_messages 0\nlog_dest stderr\n%s", m.Port, m.Dir, config)
	if os.Geteuid() == 0 {
		m.config += "user root\n" // or else it may not read its folder
	}
	tb.Cleanup(m.Kill)
	m.Start()
	return m
}

// URL is the broker's address.
func (m *Mosquitto) URL() string { return fmt.Sprintf("tcp://127.0.0.1:%d", m.Port) }

// Addr is host and port.
func (m *Mosquitto) Addr() string { return fmt.Sprintf("127.0.0.1:%d", m.Port) }

// Start starts the broker, and returns when it listens.
func (m *Mosquitto) Start() {
	m.tb.Helper()
	file := filepath.Join(m.Dir, "mosquitto.conf")
	if err := os.WriteFile(file, []byte(m.config), 0o600); err != nil {
		m.tb.Fatal(err)
	}
	m.said = &output{}
	m.process = exec.Command(m.program, "-c", file)
	m.process.Dir = m.Dir
	m.process.Stdout, m.process.Stderr = m.said, m.said
	// The program is a shell's child where it is of the private prefix.
	m.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := m.process.Start(); err != nil {
		m.tb.Fatal(err)
	}
	ended := make(chan struct{})
	m.ended = ended
	process := m.process
	go func() {
		process.Wait()
		close(ended)
	}()
	deadline := time.After(30 * time.Second)
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		if c, err := net.Dial("tcp", m.Addr()); err == nil {
			c.Close()
			return
		}
		select {
		case <-look.C:
		case <-ended:
			m.tb.Fatalf("mosquitto ended:\n%s", m.said)
		case <-deadline:
			m.tb.Fatalf("mosquitto does not listen:\n%s", m.said)
		}
	}
}

// Stop ends the broker as its service does.
func (m *Mosquitto) Stop() { m.end(syscall.SIGTERM) }

// Kill ends it without a word, as a power cut does.
func (m *Mosquitto) Kill() { m.end(syscall.SIGKILL) }

// Freeze stands the broker still, and Thaw lets it go on: it does not answer, and its
// connections stay.
func (m *Mosquitto) Freeze() { m.signal(syscall.SIGSTOP) }

// Thaw is told with Freeze.
func (m *Mosquitto) Thaw() { m.signal(syscall.SIGCONT) }

func (m *Mosquitto) signal(s syscall.Signal) {
	m.tb.Helper()
	if err := syscall.Kill(-m.process.Process.Pid, s); err != nil {
		m.tb.Errorf("signal mosquitto: %v", err)
	}
}

func (m *Mosquitto) end(s syscall.Signal) {
	m.tb.Helper()
	if m.ended == nil {
		return
	}
	if err := syscall.Kill(-m.process.Process.Pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		m.tb.Errorf("end mosquitto: %v", err)
	}
	<-m.ended
	m.ended = nil
}

// freePort is a port that nobody listens on now.
func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
