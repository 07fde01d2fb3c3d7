package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// changes are how many changes each of the first two starts confirms before QEMU is killed.
const changes = 25

// mark is a change that the box has confirmed, and how long the log of writes was then.
type mark struct {
	log  int64
	n    int
	what string // "timer NAME", "item NAME", "volume PERCENT"
}

// cutPower cuts the power. Twice QEMU is killed while the box writes what it is told, and
// booted again: what it confirmed must be there, and it must be the same box. All that was
// written up to the first kill is then replayed to many points, and each is looked at.
func (t *test) cutPower(ctx context.Context) error {
	card, disk, err := t.disks("name = boot-test\nmicrophone = nobody\nloudspeaker = null\n")
	if err != nil {
		return err
	}
	before, log := filepath.Join(t.dir, "before.img"), filepath.Join(t.dir, "writes.log")
	if err := errors.Join(run([][]string{{"cp", "--sparse=always", card, before}}), os.WriteFile(log, nil, 0o644)); err != nil {
		return err
	}
	marks, first, err := t.tell(ctx, card, disk, log, 0)
	if err != nil {
		return err
	}
	t.say("killed after %d confirmed changes; %s", len(marks), first)
	more, second, err := t.tell(ctx, card, disk, "", marks[len(marks)-1].n+10)
	if err != nil {
		return err
	}
	t.say("killed after %d more; %s", len(more), second)
	g, err := t.boot(ctx, card, disk, "", unit("/run/test/probe who\n/run/test/probe full\nsync\necho boot-test: end"))
	if err != nil {
		return err
	}
	defer g.kill()
	third, err := g.until(ctx, "boot-test: who:")
	if err != nil {
		return err
	}
	if first != second || second != third {
		return fmt.Errorf("after a power cut it is another box: %q, %q, %q", first, second, third)
	}
	t.say("the same machine-id and address at three starts: %s", third)
	for _, want := range []string{"boot-test: the disk is full", "boot-test: the disk is full: the time", "boot-test: room again", "boot-test: end"} {
		line, err := g.until(ctx, want)
		if err != nil {
			return err
		}
		t.say("%s", line)
	}
	g.kill()
	if err := t.look(card, append(marks, more...)); err != nil {
		return fmt.Errorf("after two kills of QEMU: %w", err)
	}
	t.say("two kills of QEMU: %d confirmed changes, all there", len(marks)+len(more))
	return t.replay(ctx, before, log, marks)
}

// tell boots the card, has it told of changes, and kills it.
func (t *test) tell(ctx context.Context, card, disk, log string, from int) (marks []mark, who string, err error) {
	g, err := t.boot(ctx, card, disk, log, unit(fmt.Sprintf("/run/test/probe who\n/run/test/probe change %d", from)))
	if err != nil {
		return nil, "", err
	}
	defer g.kill()
	if who, err = g.until(ctx, "boot-test: who:"); err != nil {
		return nil, "", err
	}
	for len(marks) < changes {
		line, err := g.until(ctx, "boot-test: confirmed ")
		if err != nil {
			return nil, "", err
		}
		var m mark
		var kind, name string
		if _, err := fmt.Sscanf(line, "boot-test: confirmed %d %s %s", &m.n, &kind, &name); err != nil {
			continue // the kernel spoke in between
		}
		m.what = kind + " " + name
		if log != "" {
			info, err := os.Stat(log)
			if err != nil {
				return nil, "", err
			}
			m.log = info.Size() // what was confirmed is in the log by now
		}
		marks = append(marks, m)
	}
	return marks, who, nil
}

// replay brings the card to each point at which the power could have failed.
func (t *test) replay(ctx context.Context, before, log string, marks []mark) error {
	f, err := os.Open(log)
	if err != nil {
		return err
	}
	defer f.Close()
	all, err := readLog(f)
	if err != nil {
		return err
	}
	points := cuts(all, t.cuts)
	t.say("%d writes in the log, %d points to cut at", len(all), len(points))
	if len(points) < t.cuts {
		return fmt.Errorf("the log has %d points to cut at, want %d", len(points), t.cuts)
	}
	disk, err := os.OpenFile(before, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer disk.Close()
	done, kept := 0, 0
	for _, p := range points {
		if err := ctx.Err(); err != nil {
			return err
		}
		for ; done < p; done++ {
			if err := all[done].apply(f, disk); err != nil {
				return fmt.Errorf("replay write %d: %w", done, err)
			}
		}
		var confirmed []mark
		for _, m := range marks {
			if p > 0 && m.log <= all[p-1].end {
				confirmed = append(confirmed, m)
			}
		}
		if err := t.look(before, confirmed); err != nil {
			return fmt.Errorf("power cut after write %d of %d, %d changes confirmed: %w", p, len(all), len(confirmed), err)
		}
		if len(confirmed) > 0 {
			kept++
		}
	}
	t.say("%d power cuts: the file system is clean, the store opens, nothing confirmed is lost (%d of them after something was confirmed)", len(points), kept)
	return nil
}

// look checks the data partition of a card as a start would, and what the box keeps on it.
func (t *test) look(card string, confirmed []mark) error {
	part, files := filepath.Join(t.dir, "data.img"), filepath.Join(t.dir, "look")
	if err := errors.Join(copyPartition(card, part, 4), os.RemoveAll(files), os.MkdirAll(files, 0o755)); err != nil {
		return err
	}
	if err := check(part); err != nil {
		return err
	}
	if err := run([][]string{{"debugfs", "-R", "rdump /var/lib/cricket " + files, part}}); err != nil {
		return err
	}
	have, err := kept(filepath.Join(files, "cricket"))
	if err != nil {
		return err
	}
	for _, m := range confirmed {
		if !have(m.what) {
			return fmt.Errorf("lost: %s, which was confirmed", m.what)
		}
	}
	return nil
}

// kept says what is in the store of a state directory, which must open.
func kept(dir string) (func(what string) bool, error) {
	volume, err := keptVolume(filepath.Join(dir, "volume.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	book, err := keptBook(filepath.Join(dir, "schedule.json"))
	if err != nil {
		return nil, err
	}
	return func(what string) bool {
		kind, name, _ := strings.Cut(what, " ")
		switch kind {
		case "timer":
			for _, e := range book.Entries {
				if strings.EqualFold(e.Name, name) {
					return true
				}
			}
			return false
		case "volume": // it only rises
			least, err := strconv.Atoi(name)
			return err == nil && volume >= least
		}
		l, _ := book.List("shopping")
		_, there := l.Find(name)
		return there
	}, nil
}
