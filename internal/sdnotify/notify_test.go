package sdnotify_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/cricket-home/cricket/internal/sdnotify"
)

func listen(t *testing.T, name string) *net.UnixConn {
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestSend(t *testing.T) {
	for _, name := range []string{filepath.Join(t.TempDir(), "notify"), "@cricket-notify-" + strconv.Itoa(os.Getpid())} {
		c := listen(t, name)
		t.Setenv("NOTIFY_SOCKET", name)
		if err := sdnotify.Send("READY=1", "STATUS=listening"); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		n, err := c.Read(b)
		if got := string(b[:n]); err != nil || got != "READY=1\nSTATUS=listening" {
			t.Errorf("systemd heard %q, %v", got, err)
		}
	}
}

func TestSendWithoutSystemd(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := sdnotify.Send("READY=1"); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"vsock:2:1", "@", "/not/there"} {
		t.Setenv("NOTIFY_SOCKET", bad)
		if sdnotify.Send("READY=1") == nil {
			t.Errorf("%q took it", bad)
		}
	}
}

func TestInterval(t *testing.T) {
	me := strconv.Itoa(os.Getpid())
	for _, test := range []struct {
		name, usec, pid string
		want            time.Duration
	}{
		{"no watchdog", "", "", 0},
		{"ours", "30000000", me, 30 * time.Second},
		{"without a PID", "30000000", "", 30 * time.Second},
		{"of the process before us", "30000000", "1", 0},
		{"no number", "soon", me, 0},
		{"none", "0", me, 0},
		{"negative", "-5", me, 0},
		{"over all bounds", "9223372036854775807", me, 0},
	} {
		t.Setenv("WATCHDOG_USEC", test.usec)
		t.Setenv("WATCHDOG_PID", test.pid)
		if got := sdnotify.Interval(); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
