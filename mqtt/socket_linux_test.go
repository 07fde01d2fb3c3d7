package mqtt

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// A command must not sit in the kernel and arrive after a network fault.
func TestKernelGivesUpUnacknowledgedBytes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	conn, err := (&net.Dialer{Control: limitSending}).Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var ms int
	if cerr := raw.Control(func(fd uintptr) {
		ms, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT)
	}); cerr != nil || err != nil {
		t.Fatal(cerr, err)
	}
	if ms != int(sendTimeout.Milliseconds()) {
		t.Fatalf("the kernel keeps trying for %d ms", ms)
	}
}
