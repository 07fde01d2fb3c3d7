package mqtt

import (
	"io"
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

// What the other side sends is acknowledged at once, also after something was sent,
// which makes a kernel wait.
func TestKernelAcknowledgesAtOnce(t *testing.T) {
	for name, open := range map[string]func(net.Conn) net.Conn{"ours": promptly, "as it is": func(c net.Conn) net.Conn { return c }} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			go func() { // says everything again
				if c, err := l.Accept(); err == nil {
					_, _ = io.Copy(c, c)
				}
			}()
			bare, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = bare.Close() }()
			conn := open(bare)
			raw, err := bare.(*net.TCPConn).SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			quick := true
			var one [1]byte
			for range 64 {
				if _, err := conn.Write(one[:]); err != nil {
					t.Fatal(err)
				}
				if _, err := conn.Read(one[:]); err != nil {
					t.Fatal(err)
				}
				if err := raw.Control(func(fd uintptr) {
					on, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK)
					quick = quick && err == nil && on != 0
				}); err != nil {
					t.Fatal(err)
				}
			}
			if quick != (name == "ours") {
				t.Errorf("it acknowledges at once: %v", quick)
			}
		})
	}
}
