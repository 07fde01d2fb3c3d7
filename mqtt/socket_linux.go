package mqtt

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// limitSending makes the kernel drop bytes that the other side has not
// acknowledged after sendTimeout, even after the socket was closed. Otherwise
// a command written just before a network fault could arrive minutes later.
func limitSending(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(sendTimeout.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}

// acknowledge makes the kernel acknowledge what comes next without waiting for
// something to send with it.
func acknowledge(fd uintptr) {
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) // it is only slower without
}
