// Package sdnotify tells systemd how a service is.
//
// In: assignments such as "READY=1". Out: a datagram to the socket that systemd named
// in the environment; where it named none, nothing happens. The protocol is that of
// sd_notify(3): lines of NAME=value, and a socket whose name may begin with "@", which
// stands for a zero byte (an abstract socket, unix(7)).
//
// The daemon says READY=1 once, STATUS=… for people who ask systemctl, and WATCHDOG=1
// more often than Interval: if it does not, systemd kills it and starts it again.
package sdnotify

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Send tells systemd the assignments, all in one message.
func Send(assignments ...string) error {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	if len(name) < 2 || name[0] != '/' && name[0] != '@' {
		return fmt.Errorf("tell systemd: %q is no unix socket", name)
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("tell systemd: %w", err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(strings.Join(assignments, "\n"))); err != nil {
		return fmt.Errorf("tell systemd: %w", err)
	}
	return nil
}

// Interval is the time after which systemd misses a sign of life of this process; 0
// where it waits for none. sd_watchdog_enabled(3)
func Interval() time.Duration {
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	µs, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || µs <= 0 || µs > int64(24*time.Hour/time.Microsecond) {
		return 0
	}
	return time.Duration(µs) * time.Microsecond
}
