package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
)

// The limit follows what is alive, and comes back.
func TestMemoryLimitFollowsWhatIsAlive(t *testing.T) {
	defer debug.SetMemoryLimit(math.MaxInt64)
	sparingly()
	is := func() int64 { return debug.SetMemoryLimit(-1) }
	if is() != softMemory {
		t.Fatalf("it begins with %d", is())
	}
	held := make([]byte, 2*softMemory)
	for is() <= 2*softMemory { // each collection looks once, a little later
		runtime.GC()
	}
	runtime.KeepAlive(held)
	for is() != softMemory {
		runtime.GC()
	}
}
