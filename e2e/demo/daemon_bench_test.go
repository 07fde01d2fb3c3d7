package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkDaemon starts the daemon and reports what it costs when nobody
// speaks: resident memory without its children, and the time until it hears.
func BenchmarkDaemon(b *testing.B) {
	bin := os.Getenv("CRICKET_BIN")
	if bin == "" {
		b.Skip("CRICKET_BIN is not set: run make bench")
	}
	config := filepath.Join(b.TempDir(), "config.toml")
	if err := os.WriteFile(config, []byte("[mqtt]\nlisten = \"127.0.0.1:0\"\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	var memory, ready float64
	for b.Loop() {
		dir, err := os.MkdirTemp("", "cricket-")
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		d := demo{bin: bin, config: config, out: io.Discard}
		stop, err := d.startDaemon(context.Background(), dir)
		if err != nil {
			b.Fatal(err)
		}
		ready += float64(time.Since(began).Milliseconds())
		memory += resident(b, d.pid)
		stop()
		os.RemoveAll(dir)
	}
	b.ReportMetric(memory/float64(b.N), "RSS-MB")
	b.ReportMetric(ready/float64(b.N), "ready-ms")
}

// resident is the memory of a process in MB.
func resident(b *testing.B, pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kB float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kB); n == 1 {
			return kB / 1000
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
