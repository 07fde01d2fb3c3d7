package child

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Where systemd guards each native program as a unit of its own (systemd/ in the
// repository), the daemon does not start it. It connects to a socket that is named
// after the program's verb, and hands over the descriptors that a child of its own
// would have had: 3, 4 and 2. So the wire is the same. The connection lives as long
// as both ends do.

// HelpersVariable names the folder of the sockets. Where it is not set, or the folder
// has no socket for a verb, that program is started as a child.
const HelpersVariable = "CRICKET_HELPERS"

const (
	maxHelperArgs = 64 << 10         // bytes
	helperWait    = 10 * time.Second // for a helper to begin, and to end
)

// helperSocket is the socket of the helper for a program's arguments, or "".
func helperSocket(args []string) string {
	dir := os.Getenv(HelpersVariable)
	if dir == "" || len(args) == 0 || strings.ContainsRune(args[0], '/') {
		return ""
	}
	socket := filepath.Join(dir, args[0]+".sock")
	if info, err := os.Stat(socket); err != nil || info.Mode().Type() != os.ModeSocket {
		return ""
	}
	return socket
}

// connect has the helper behind the socket be what launch would have started.
// Memory is limited by the helper's unit, so resident is not known here.
func connect(socket string, o Options) (*process, error) {
	args, err := json.Marshal(o.Args)
	if err != nil {
		return nil, err
	}
	var files []*os.File // three pipes: read end, write end, of requests, replies, stderr
	closeAll := func(files ...*os.File) {
		for _, f := range files {
			f.Close()
		}
	}
	for range 3 {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll(files...)
			return nil, err
		}
		files = append(files, r, w)
	}
	theirIn, in, out, theirOut, said, theirErr := files[0], files[1], files[2], files[3], files[4], files[5]

	c, pid, err := handOver(socket, args, theirIn, theirOut, theirErr)
	closeAll(theirIn, theirOut, theirErr)
	if err != nil {
		closeAll(in, out, said)
		return nil, err
	}
	stderr := &lines{log: o.Log}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		defer said.Close()
		io.Copy(stderr, said)
	}()
	var once sync.Once
	return &process{
		pid: pid, in: in, out: out, stderr: stderr,
		// The helper ends when it sees that we have no more to say.
		kill: func() {
			once.Do(func() {
				c.CloseWrite()
				c.SetReadDeadline(time.Now().Add(helperWait))
			})
		},
		wait: func() error {
			defer c.Close()
			if _, err := io.Copy(io.Discard, c); err != nil {
				said.Close()
				return fmt.Errorf("wait for the end of helper %d: %w", pid, err)
			}
			<-drained
			return errors.New("it ended by itself, or its unit ended it")
		},
		resident: func() (int64, error) { return 0, errors.New("measure memory: the helper's unit does") },
	}, nil
}

// handOver sends the arguments and the descriptors, and returns the helper's PID.
func handOver(socket string, args []byte, files ...*os.File) (*net.UnixConn, int, error) {
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return nil, 0, fmt.Errorf("connect to helper: %w", err)
	}
	var fds []int
	for _, f := range files {
		fds = append(fds, int(f.Fd()))
	}
	c.SetDeadline(time.Now().Add(helperWait))
	pid := 0
	if _, _, err = c.WriteMsgUnix(append(args, '\n'), syscall.UnixRights(fds...), nil); err == nil {
		var line string
		if line, err = readLine(c, 32); err == nil {
			pid, err = strconv.Atoi(line)
		}
	}
	if err != nil {
		c.Close()
		return nil, 0, fmt.Errorf("hand over to helper %s: %w", socket, err)
	}
	return c, pid, c.SetDeadline(time.Time{})
}

// readLine reads a line of at most most bytes, and nothing after it.
func readLine(r io.Reader, most int) (string, error) {
	var line []byte
	for b := make([]byte, 1); len(line) <= most; line = append(line, b[0]) {
		if _, err := io.ReadFull(r, b); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return string(line), nil
		}
	}
	return "", fmt.Errorf("read a line: it is longer than %d bytes", most)
}

// Adopted is what a daemon handed over to a helper.
type Adopted struct {
	Args  []string
	Files [3]*os.File // requests, replies, stderr
	c     *net.UnixConn
}

// Adopt takes what a daemon hands over on a connection to a helper for one verb.
func Adopt(c *net.UnixConn, verb string) (*Adopted, error) {
	c.SetReadDeadline(time.Now().Add(helperWait))
	line, rights := make([]byte, maxHelperArgs), make([]byte, syscall.CmsgSpace(3*4))
	n, m, _, _, err := c.ReadMsgUnix(line, rights)
	if err != nil {
		return nil, fmt.Errorf("take over from the daemon: %w", err)
	}
	a := &Adopted{c: c}
	fds, err := received(rights[:m])
	for i := range min(len(fds), len(a.Files)) {
		a.Files[i] = os.NewFile(uintptr(fds[i]), [...]string{"requests", "replies", "stderr"}[i])
	}
	if err == nil && len(fds) != len(a.Files) {
		err = fmt.Errorf("%d descriptors, not %d", len(fds), len(a.Files))
	}
	if err == nil {
		err = json.Unmarshal(line[:n], &a.Args)
	}
	if err == nil && (len(a.Args) == 0 || a.Args[0] != verb) {
		err = fmt.Errorf("a request to be %.1q, and this helper is only %q", a.Args, verb)
	}
	if err == nil {
		_, err = fmt.Fprintln(c, os.Getpid())
	}
	if err != nil {
		for _, f := range a.Files {
			f.Close()
		}
		return nil, fmt.Errorf("take over from the daemon: %w", err)
	}
	return a, c.SetReadDeadline(time.Time{})
}

// received are the descriptors in a control message.
func received(rights []byte) ([]int, error) {
	messages, err := syscall.ParseSocketControlMessage(rights)
	if err != nil || len(messages) != 1 {
		return nil, fmt.Errorf("%d messages with descriptors: %w", len(messages), err)
	}
	return syscall.ParseUnixRights(&messages[0])
}

// Ended returns when the daemon has ended, or wants the helper to end.
func (a *Adopted) Ended() { io.Copy(io.Discard, a.c) }
