//go:build !linux

package mqtt

import "syscall"

// limitSending does nothing here: only Linux can drop unacknowledged bytes early.
func limitSending(_, _ string, _ syscall.RawConn) error { return nil }

// acknowledge does nothing here: only Linux can be told when to acknowledge.
func acknowledge(uintptr) {}
