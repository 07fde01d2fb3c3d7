package main

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// updates goes through updates of each slot from the other, to a system that is good and
// to one that is dead, and cuts the power at each step.
func (m *machine) updates(ctx context.Context) (int, error) {
	n := 0
	for _, tt := range []struct{ from, to, system string }{{"B", "A", "new"}, {"B", "A", "dead"}, {"A", "B", "new"}, {"A", "B", "dead"}} {
		states, err := m.life(ctx, tt.from, tt.to, tt.system)
		if err != nil {
			return n, err
		}
		for _, s := range states {
			began := time.Now()
			starts, err := m.comesBack(ctx, s)
			if err != nil {
				return n, fmt.Errorf("%s to %s, a system that is %s, %s: %w", tt.from, tt.to, tt.system, s.name, err)
			}
			n++
			fmt.Printf("update-test: %s to %s, %s, %s: runs after %d starts (%.1f s)\n", tt.from, tt.to, tt.system, s.name, starts, time.Since(began).Seconds())
		}
	}
	turns, err := m.turns(ctx)
	return n + turns, err
}

// step is where the power may be cut.
type step struct {
	name string
	state
	want string // the slot that must run; "": one that is whole
}

// life are the states of an update in the order of RAUC 1.15's src/bootloaders/uboot.c, the
// machine's starts, and what the daemon does then (appliance/update.go).
func (m *machine) life(ctx context.Context, from, to, system string) ([]step, error) {
	s := state{env: bytes.Repeat([]byte{0xff}, envSize), a: "empty", b: "empty"}.with(from, "old")
	// U-Boot makes the environment at the first start.
	if _, _, _, after, err := m.run(ctx, s, 1); err != nil {
		return nil, err
	} else {
		s = after
	}
	s, err := m.setenv(s, "bootdelay", "0") // nobody presses a key; two seconds less
	if err != nil {
		return nil, err
	}
	var all []step
	var failed error
	want := from
	changed := func(name string, next state) {
		torn := s
		torn.env = append(append([]byte(nil), next.env[:4]...), s.env[4:]...) // the checksum of one, the text of the other
		if !bytes.Equal(next.env, s.env) {
			all = append(all, step{name + ", torn", torn, ""})
		}
		all = append(all, step{name + ", done", next, want})
		s = next
	}
	set := func(name, value string) {
		if failed != nil {
			return
		}
		next, err := m.setenv(s, name, value)
		if failed = err; err == nil {
			changed(fmt.Sprintf("%s=%q", name, value), next)
		}
	}
	start := func(name string) {
		if failed != nil {
			return
		}
		_, _, _, next, err := m.run(ctx, s, 1)
		if failed = err; err == nil {
			changed(name, next)
		}
	}
	left := func(slot string) string { return "BOOT_" + slot + "_LEFT" }
	set("BOOT_ORDER", from+" "+to)
	set(left(from), "3")
	// RAUC: the slot is not started while it is written.
	set("BOOT_ORDER", from)
	set(left(to), "0")
	all = append(all, step{"half is written", s.with(to, "half"), from})
	s = s.with(to, system)
	all = append(all, step{"all is written", s, from})
	set(left(to), "3")
	if system != "dead" {
		want = to
	}
	set("BOOT_ORDER", to+" "+from)
	start("first start")
	if system != "dead" {
		set(left(to), "3")
		return all, failed
	}
	start("second start")
	start("third start")
	start("falls back")
	set(left(from), "3")
	set("BOOT_ORDER", from+" "+to)
	return all, failed
}

// comesBack starts the machine after a cut, until a system runs; which must be one that was
// whole. The daemon calls it good, and the next start is of the same.
func (m *machine) comesBack(ctx context.Context, s step) (int, error) {
	system, slot, starts, after, err := m.run(ctx, s.state, most+1)
	if err != nil {
		return starts, err
	}
	if starts > most || system != "old" && system != "new" || s.in(slot) != system || s.want != "" && slot != s.want {
		return starts, fmt.Errorf("after %d starts %q runs in %q", starts, system, slot)
	}
	other := map[string]string{"A": "B", "B": "A"}[slot]
	for _, v := range [][2]string{{"BOOT_" + slot + "_LEFT", "3"}, {"BOOT_ORDER", slot + " " + other}} {
		if after, err = m.setenv(after, v[0], v[1]); err != nil {
			return starts, err
		}
	}
	system, again, once, _, err := m.run(ctx, after, most+1)
	if err == nil && (again != slot || once != 1) {
		err = fmt.Errorf("slot %s was good, and after %d starts %q runs in %q", slot, once, system, again)
	}
	return starts, err
}

// turns are starts where the environment has a bad checksum and cannot be written.
func (m *machine) turns(ctx context.Context) (int, error) {
	lost := bytes.Repeat([]byte{0xff}, envSize)
	for i, tt := range []struct {
		a, b   string
		slot   string
		starts int
	}{
		{"old", "empty", "A", 1},
		{"old", "new", "A", 1},
		{"dead", "old", "B", 2},
		{"half", "old", "B", 2},
		{"empty", "old", "B", 2},
	} {
		system, slot, starts, err := m.runLocked(ctx, state{env: lost, a: tt.a, b: tt.b})
		if err != nil {
			return i, err
		}
		if slot != tt.slot || starts != tt.starts {
			return i, fmt.Errorf("no environment, A %s, B %s: after %d starts %q runs in %q", tt.a, tt.b, starts, system, slot)
		}
		fmt.Printf("update-test: no environment, A %s, B %s: runs after %d starts\n", tt.a, tt.b, starts)
	}
	return 5, nil
}
