package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/cricket-home/cricket/internal/child"
)

// lifelineVariable says that standard input is a connection of the daemon's.
const lifelineVariable = "CRICKET_LIFELINE"

// adopt makes this process what a daemon would have started, where a unit of systemd
// started it instead, with a connection of the daemon's as standard input:
//
//	cricket-native helper stt
//
// The daemon then says with which arguments it wants the engine, and hands over the
// descriptors of a child. What libraries print goes to the daemon, which keeps speech
// out of the journal. When the connection ends so does this process, in the middle of
// whatever a library computes.
func adopt() error {
	if os.Getenv(lifelineVariable) != "" {
		os.Unsetenv(lifelineVariable)
		go func() {
			io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
		return nil
	}
	if len(os.Args) != 3 || os.Args[1] != "helper" {
		return nil
	}
	c, err := net.FileConn(os.Stdin)
	if err != nil {
		return fmt.Errorf("open standard input as a socket: %w; systemd starts this program by itself", err)
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		return fmt.Errorf("open standard input as a socket: it is a %T; systemd starts this program by itself", c)
	}
	a, err := child.Adopt(u, os.Args[2])
	if err != nil {
		return err
	}
	return become(a)
}

// become runs this program anew with what was handed over. It must be anew: by now the
// Go runtime has descriptors of its own in the places of the wire.
func become(a *child.Adopted) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find own executable: %w", err)
	}
	const above = 10 // first out of the way: one may be in the place of another
	var high [3]int
	for i, f := range a.Files {
		n, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), syscall.F_DUPFD_CLOEXEC, above)
		if errno != 0 {
			return fmt.Errorf("copy descriptor of %s: %w", f.Name(), errno)
		}
		high[i] = int(n)
	}
	for i, place := range [3]int{3, 4, 2} {
		if err := syscall.Dup3(high[i], place, 0); err != nil {
			return fmt.Errorf("put descriptor %d in place: %w", place, err)
		}
	}
	return syscall.Exec(self, append([]string{os.Args[0]}, a.Args...), append(os.Environ(), lifelineVariable+"=1"))
}
