//go:build !linux

package mqtttest

import "testing"

// Outside needs Linux.
func Outside(tb testing.TB) (url string, plug func(in bool)) {
	tb.Skip("SKIPPED: a network of its own for the broker needs Linux")
	return "", nil
}
