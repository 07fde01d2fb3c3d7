package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// softMemory is from where on the daemon collects its garbage more often than it would:
// when a large home announces itself, there is much of it, on boards that have little
// memory.
const softMemory = 80 << 20 // bytes

// sparingly keeps the garbage small: within softMemory, or, where what is alive needs
// most of that, within a third more. A fixed limit below what is alive would have
// the collector at work all the time.
func sparingly() {
	limit := int64(softMemory)
	debug.SetMemoryLimit(limit)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var collected func(**byte)
	collected = func(t **byte) { // after each collection
		metrics.Read(live)
		if wanted := max(softMemory, int64(live[0].Value.Uint64())*4/3); wanted > limit+limit/8 || wanted < limit-limit/8 {
			limit = wanted
			debug.SetMemoryLimit(limit)
		}
		runtime.SetFinalizer(t, collected)
	}
	runtime.SetFinalizer(new(*byte), collected) // of a pointer, for what has none may live on with others
}
