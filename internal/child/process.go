package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a running child as its session sees it.
type process struct {
	pid      int
	in       io.WriteCloser        // requests
	out      io.ReadCloser         // replies
	kill     func()                // at once; harmless when it has exited
	wait     func() error          // until it has exited, and how; called once
	resident func() (int64, error) // bytes of memory it has in RAM
	stderr   *lines
}

// inCell is the user and the group of a cell, inside.
const inCell = 1000

// launch starts the program with the wire on descriptors 3 and 4.
func launch(o Options) (*process, error) {
	if socket := helperSocket(o.Args); socket != "" {
		return connect(socket, o)
	}
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		theirIn.Close()
		in.Close()
		return nil, err
	}
	stderr := &lines{log: o.Log}
	cmd := exec.Command(o.Program, o.Args...)
	cmd.Env = append(os.Environ(), o.Env...)
	cmd.Stderr = stderr
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	cmd.WaitDelay = time.Second // for a grandchild that holds on to stderr
	// Its own group: Ctrl-C at the terminal ends the daemon, which ends its
	// children. The kernel kills the child when the thread that started it ends,
	// so that thread is kept until the child is gone. prctl(2) PR_SET_PDEATHSIG.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if o.Cell {
		// An ordinary user in there, who can set up the loopback: CAP_NET_ADMIN, capabilities(7).
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: inCell, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: inCell, HostID: os.Getgid(), Size: 1}}
		cmd.SysProcAttr.AmbientCaps = []uintptr{12}
	}

	started, exited := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			exited <- cmd.Wait()
		}
	}()
	err = <-started
	theirIn.Close()
	theirOut.Close()
	if err != nil {
		in.Close()
		out.Close()
		return nil, err
	}
	pid := cmd.Process.Pid
	return &process{
		pid: pid, in: in, out: out, stderr: stderr,
		kill: func() { cmd.Process.Kill() },
		wait: func() error {
			if err := <-exited; err != nil && !errors.Is(err, exec.ErrWaitDelay) {
				return err
			}
			return errors.New("it ended by itself")
		},
		resident: func() (int64, error) { return Resident(pid) },
	}, nil
}

// Resident is how many bytes of memory a process has in RAM: the second field of /proc/PID/statm, in pages. proc(5)
func Resident(pid int) (int64, error) {
	name := "/proc/" + strconv.Itoa(pid) + "/statm"
	b, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(b)
	if len(fields) < 2 {
		return 0, fmt.Errorf("parse %s: %q", name, b)
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("parse %s: %w", name, err)
	}
	return pages * int64(os.Getpagesize()), nil
}

const (
	lineLimit = 512 // bytes of a line of stderr that are kept
	lineQuota = 50  // lines between two ticks that reach the log
)

// lines sends a child's stderr to the log, line by line, at debug level. A
// child that prints without end neither waits nor fills the log.
type lines struct {
	log *slog.Logger

	mu      sync.Mutex
	part    []byte // of a line that has not ended yet
	last    string
	logged  int
	dropped int
}

// Write never fails and never waits.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(p)
	for len(p) > 0 {
		line, rest, ended := bytes.Cut(p, []byte{'\n'})
		if room := lineLimit - len(l.part); len(line) > room {
			line = line[:room]
		}
		l.part = append(l.part, line...)
		if ended {
			l.line(string(bytes.TrimSpace(l.part)))
			l.part = l.part[:0]
		}
		p = rest
	}
	return n, nil
}

func (l *lines) line(s string) {
	if s == "" {
		return
	}
	l.last = s
	if l.logged++; l.logged > lineQuota {
		l.dropped++
		return
	}
	l.log.LogAttrs(context.Background(), slog.LevelDebug, "child says", slog.String("line", s))
}

// tick opens the quota for the next interval.
func (l *lines) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dropped > 0 {
		l.log.Debug("child says too much", "dropped", l.dropped)
	}
	l.logged, l.dropped = 0, 0
}

// lastWords returns the last line, or what there is of one, where it is about the
// program itself. Engines print what they hear and what they are asked, and an error
// goes to the journal, where no speech may be.
func (l *lines) lastWords() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := string(bytes.TrimSpace(l.part))
	if s == "" {
		s = l.last
	}
	for _, beginning := range aboutItself {
		if strings.HasPrefix(s, beginning) {
			return s
		}
	}
	return ""
}

// aboutItself are the beginnings of lines in which there is no speech.
var aboutItself = []string{
	"cricket-native: error: ",
	"panic: runtime error: ", "fatal error: ", "runtime: ", "SIG", // Go
	"GGML_ASSERT(", "ggml_", "CUDA error", // ggml
	"whisper_init", "whisper_model_load", "llama_model_load", "error loading model",
	"terminate called", "malloc(", "free(", "double free", "corrupted ", "*** ", // the C and C++ libraries
	"error while loading shared libraries: ",
}
