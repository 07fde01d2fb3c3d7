package cell

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Verb is the argument before the [Cell] on the command line of a process that is to be one.
const Verb = "cell"

const (
	patience = 10 * time.Second
	maxDoors = 32 // connections that are open at once
)

// Cell is a program and how it is reached.
type Cell struct {
	Program string   `json:"program"`
	Args    []string `json:"args"`
	Memory  int64    `json:"memory"` // bytes of data that it may take (RLIMIT_DATA); 0: not limited
	In      []Door   `json:"in"`     // who connects to the socket is connected to the port
	Out     []Door   `json:"out"`    // the program connects to the port and is connected to the socket
}

// Door is a way through the wall.
type Door struct {
	Socket string `json:"socket"` // path
	Port   int    `json:"port"`   // of the cell's 127.0.0.1
}

// Arguments are those of the process that is to be the cell.
func (c Cell) Arguments() []string {
	text, _ := json.Marshal(c) // of strings and numbers: it cannot fail
	return []string{Verb, string(text)}
}

// Main is the process that is the cell, which text describes: it returns when the program has
// ended, with its exit code, or the error why it could not begin.
func Main(text string) (code int, err error) {
	var c Cell
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return 0, fmt.Errorf("read description of the cell: %w", err)
	}
	if err := alone(); err != nil {
		return 0, err
	}
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	if err != nil {
		return 0, fmt.Errorf("set up the loopback of the cell: %w", err)
	}
	places := make(chan struct{}, maxDoors)
	for _, d := range c.In {
		if err := d.serve("unix", d.Socket, "tcp", d.address(), places); err != nil {
			return 0, err
		}
	}
	for _, d := range c.Out {
		if err := d.serve("tcp", d.address(), "unix", d.Socket, places); err != nil {
			return 0, err
		}
	}
	return c.run()
}

// alone makes sure that the loopback is the only interface: the program is never started in
// the network of the machine.
func alone() error {
	all, err := net.Interfaces()
	if err != nil {
		return fmt.Errorf("list interfaces of the cell: %w", err)
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback == 0 && i.Flags&net.FlagUp != 0 {
			return fmt.Errorf("close the cell: it has the network of the machine (%s)", i.Name)
		}
	}
	return nil
}

// run runs the program to its end.
func (c Cell) run() (int, error) {
	runtime.LockOSThread() // what follows is of a thread, and inherited by what it starts
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("give up capabilities: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("give up gaining capabilities: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return 0, fmt.Errorf("forbid a core: %w", err)
	}
	cmd := exec.Command(c.Program, c.Args...)
	cmd.Stderr = os.Stderr // standard output may hold what was said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start %s: %w", c.Program, err)
	}
	if most := uint64(c.Memory); c.Memory > 0 {
		if err := unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: most, Max: most}, nil); err != nil {
			cmd.Process.Kill()
			return 0, errors.Join(fmt.Errorf("limit the memory of the cell: %w", err), cmd.Wait())
		}
	}
	err := cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if exit.ExitCode() < 0 { // by a signal
			return 1, nil
		}
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 0, fmt.Errorf("run %s: %w", c.Program, err)
	}
	return 0, nil
}

func (d Door) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(d.Port)) }

// serve connects whoever comes to one end with the other.
func (d Door) serve(network, address, toNetwork, to string, places chan struct{}) error {
	if network == "unix" {
		os.Remove(address) // of a cell before; where that fails, so does the listening
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return fmt.Errorf("open door of the cell: %w", err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			select {
			case places <- struct{}{}:
			default:
				c.Close()
				continue
			}
			go func() {
				defer func() { <-places }()
				defer c.Close()
				other, err := dial(toNetwork, to)
				if err != nil {
					fmt.Fprintln(os.Stderr, "ggml_rpc door of the cell:", err)
					return
				}
				Join(c, other)
			}()
		}
	}()
	return nil
}

// dial waits for a program that does not listen yet.
func dial(network, address string) (c net.Conn, err error) {
	for began := time.Now(); time.Since(began) < patience; time.Sleep(patience / 100) {
		if c, err = net.Dial(network, address); err == nil || !errors.Is(err, syscall.ECONNREFUSED) {
			return c, err
		}
	}
	return nil, err
}

// Join carries bytes both ways until either end closes, and closes both.
func Join(a, b io.ReadWriteCloser) {
	var both sync.WaitGroup
	for _, way := range [][2]io.ReadWriteCloser{{a, b}, {b, a}} {
		both.Go(func() {
			io.Copy(way[0], way[1])
			a.Close()
			b.Close()
		})
	}
	both.Wait()
}
