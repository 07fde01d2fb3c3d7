package main

import (
	"bytes"
	"fmt"
	"syscall"
)

// watchCards calls changed whenever the kernel says that a sound device came or
// went, for ever. NETLINK_KOBJECT_UEVENT, netlink(7): the events of group 1 are
// strings, each ended by a zero byte.
func watchCards(changed func()) error {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return fmt.Errorf("watch for sound devices: %w", err)
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK, Groups: 1}); err != nil {
		return fmt.Errorf("watch for sound devices: %w", err)
	}
	event := make([]byte, 16<<10)
	for {
		n, _, err := syscall.Recvfrom(fd, event, 0)
		switch {
		case err == syscall.EINTR || err == syscall.ENOBUFS: // some were lost
			continue
		case err != nil:
			return fmt.Errorf("watch for sound devices: %w", err)
		}
		if aboutSound(event[:n]) {
			changed()
		}
	}
}

func aboutSound(event []byte) bool {
	sound, change := false, false
	for field := range bytes.SplitSeq(event, []byte{0}) {
		switch string(field) {
		case "SUBSYSTEM=sound":
			sound = true
		case "ACTION=add", "ACTION=remove", "ACTION=change":
			change = true
		}
	}
	return sound && change
}
