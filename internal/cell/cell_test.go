package cell

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The test is the cell, and the program in it, too.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == Verb {
		code, err := Main(os.Args[2])
		if err != nil {
			os.Stderr.WriteString(err.Error())
			code = 3
		}
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// A process that was not given a network of its own starts nothing.
func TestACellWithTheMachinesNetworkDoesNotBegin(t *testing.T) {
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	outside := false
	for _, i := range all {
		outside = outside || i.Flags&net.FlagLoopback == 0 && i.Flags&net.FlagUp != 0
	}
	if !outside {
		t.Skip("this machine has no network")
	}
	ran := filepath.Join(t.TempDir(), "ran")
	text, err := json.Marshal(Cell{Program: "/bin/sh", Args: []string{"-c", "echo > " + ran}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Main(string(text)); err == nil || !strings.Contains(err.Error(), "it has the network of the machine") {
		t.Errorf("Main: %v", err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("the program ran")
	}
}

// What runs in a cell has the loopback only, no capabilities, and the memory that it was given.
func TestWhatAProgramInACellHas(t *testing.T) {
	c := Cell{Program: "/bin/sh", Memory: 100 << 20, Args: []string{"-c",
		`until [ "$(ulimit -d)" != unlimited ]; do :; done; tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' >&2; grep -E '^(CapEff|CapPrm|CapAmb|NoNewPrivs)' /proc/self/status >&2; ulimit -c >&2; ulimit -d >&2; exit 7`}}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, c.Arguments()...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET, AmbientCaps: []uintptr{12},
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Getgid(), Size: 1}}}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 7 {
		t.Fatalf("%v\n%s", err, said.String())
	}
	lines := strings.Fields(said.String())
	want := []string{"lo", "CapPrm:", "0000000000000000", "CapEff:", "0000000000000000", "CapAmb:", "0000000000000000", "NoNewPrivs:", "1", "0", "102400"} // KiB
	if strings.Join(lines, " ") != strings.Join(want, " ") {
		t.Errorf("it has %q, not %q", lines, want)
	}
}

func TestJoinCarriesBothWaysUntilOneEnds(t *testing.T) {
	a, near := net.Pipe()
	b, far := net.Pipe()
	joined := make(chan struct{})
	go func() { defer close(joined); Join(near, far) }()
	go a.Write([]byte("there"))
	got := make([]byte, 5)
	if _, err := io.ReadFull(b, got); err != nil || string(got) != "there" {
		t.Errorf("%q, %v", got, err)
	}
	a.Close()
	<-joined
}
