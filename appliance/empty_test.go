package appliance

import (
	"log/slog"
	"testing"
)

// The daemon as it is started first: no home.toml, nothing kept yet.
func TestBoxWithoutAHome(t *testing.T) {
	dir := shortDir(t)
	c := free()
	c.Dir = dir
	b, err := New(Options{Config: c, Keep: true, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	run(t, b.Run)
	if err := b.Ready(within(t)); err != nil || len(b.house.Now().Home.Devices) != 0 {
		t.Errorf("%d devices, %v", len(b.house.Now().Home.Devices), err)
	}
}
