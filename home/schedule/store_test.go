package schedule_test

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/internal/durable"
)

func full() schedule.Book {
	var b schedule.Book
	pizza := schedule.Countdown(schedule.Timer, 10*time.Minute, start)
	pizza.Name = "pizza"
	lamp := schedule.Countdown(schedule.Command, time.Hour, start)
	lamp.Command = &intent.Intent{Name: "HassLightSet", Targets: []string{"light.lamp"}, Slots: map[string]any{"brightness": 40.0, "color": "red"}}
	alarm, _ := schedule.ByClock(schedule.Alarm, schedule.Rule{Hour: 7, Days: []time.Weekday{1, 2}}, start, schedule.Place{})
	for _, e := range []schedule.Entry{pizza, lamp, alarm} {
		b, _ = b.With(schedule.Change{Put: &e})
	}
	b, _ = b.With(schedule.Change{List: "shopping", Item: "milk", Do: schedule.Add})
	b, _ = b.With(schedule.Change{List: "shopping", Item: "milk", Do: schedule.Complete})
	return b
}

func save(t *testing.T, path string, b schedule.Book) {
	t.Helper()
	s, _, err := schedule.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Save(b), s.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestStoreKeepsEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "schedule.json")
	want := full()
	save(t, path, want)
	s, got, err := schedule.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range got.Entries { // a time zone comes back under its offset
		if !got.Entries[i].At.Equal(want.Entries[i].At) || !got.Entries[i].EndsAt.Equal(want.Entries[i].EndsAt) {
			t.Errorf("%+v, want %+v", got.Entries[i], want.Entries[i])
		}
		got.Entries[i].At, got.Entries[i].EndsAt = want.Entries[i].At, want.Entries[i].EndsAt
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if _, _, err := schedule.Open(path); err == nil || !strings.Contains(err.Error(), "another cricket has it") {
		t.Errorf("a second process: %v", err)
	}
}

// Damage anywhere in the file is found, the file is kept, and a new one begun.
func TestStoreDamaged(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "schedule.json")
	save(t, path, full())
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wreck := map[string]func([]byte) []byte{
		"not ours": func([]byte) []byte { return []byte("milk\neggs\n") },
		"zeros":    func(b []byte) []byte { return make([]byte, len(b)) },
		"one bit of the JSON": func(b []byte) []byte {
			b[strings.LastIndex(string(b), "pizza")] ^= 1
			return b
		},
	}
	for _, cut := range []int{0, 1, 39, 40, 500} {
		wreck[fmt.Sprintf("cut to %d bytes", cut)] = func(b []byte) []byte { return b[:cut] }
	}
	for seed := range uint64(50) {
		wreck[fmt.Sprintf("noise %d", seed)] = func(b []byte) []byte {
			r := rand.New(rand.NewPCG(seed, 1))
			for range 200 {
				b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
			}
			return b
		}
	}
	for bit := range 8 { // of the first line
		wreck[fmt.Sprintf("bit %d of the version", bit)] = func(b []byte) []byte {
			b[strings.IndexByte(string(b), '1')] ^= 1 << bit
			return b
		}
	}
	for name, f := range wreck {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "schedule.json")
			bad := f(append([]byte(nil), good...))
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			s, b, err := schedule.Open(path)
			damaged, ok := errors.AsType[*schedule.DamagedError](err)
			if !ok {
				t.Fatalf("%v, %+v", err, b)
			}
			defer s.Close()
			if kept, err := os.ReadFile(damaged.Kept); err != nil || string(kept) != string(bad) {
				t.Errorf("the damaged file was not kept: %v", err)
			}
			if len(b.Entries) > 0 || s.Save(full()) != nil {
				t.Error("the new file cannot be used")
			}
		})
	}
}

// What was saved before is there again when the newest file is damaged.
func TestStoreGoesBackByOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "schedule.json")
	save(t, path, full())
	next, _ := full().With(schedule.Change{Remove: 1})
	save(t, path, next)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, b, err := schedule.Open(path)
	if _, ok := errors.AsType[*schedule.DamagedError](err); !ok || len(b.Entries) != 3 {
		t.Fatalf("%v, %+v", err, b)
	}
	s.Close()
	if s, b, err = schedule.Open(path); err != nil || len(b.Entries) != 3 {
		t.Fatalf("the next time: %v, %+v", err, b)
	}
	s.Close()
}

// A later version's file is refused and not touched.
func TestStoreOfALaterVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "schedule.json")
	const body = `{"Anything":1}`
	text := fmt.Sprintf("cricket schedule, version 2, crc %08x\n%s", crc32.ChecksumIEEE([]byte("2\n"+body)), body)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := schedule.Open(path)
	if err == nil || !strings.Contains(err.Error(), "it is of version 2") {
		t.Fatalf("%v", err)
	}
	if after, _ := os.ReadFile(path); string(after) != text {
		t.Error("the file was changed")
	}
}

// An update wrote the book in its own way and kept the one before; the update was
// gone back from, and made again.
func TestStoreAfterAnUpdateWasGoneBackFrom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "schedule.json")
	save(t, path, full())
	s, before, err := schedule.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := os.Link(path, path+".v1"); err != nil { // as the update does
		t.Fatal(err)
	}
	later := func(body string) string {
		return fmt.Sprintf("cricket schedule, version 2, crc %08x\n%s", crc32.ChecksumIEEE([]byte("2\n"+body)), body)
	}
	if err := durable.Replace(path, []byte(later(`{"Anything":1}`))); err != nil {
		t.Fatal(err)
	}
	s, b, err := schedule.Open(path)
	if damaged, ok := errors.AsType[*schedule.DamagedError](err); !ok || damaged.Kept != path+".v2" || !strings.Contains(err.Error(), "it is of version 2") {
		t.Fatalf("%v", err)
	}
	if !reflect.DeepEqual(b, before) {
		t.Errorf("the book is %+v, want %+v", b, before)
	}
	if kept, _ := os.ReadFile(path + ".v2"); string(kept) != later(`{"Anything":1}`) {
		t.Errorf("kept of the update: %q", kept)
	}
	s.Close()
	save(t, path, full()) // the old system goes on
	if s, _, err = schedule.Open(path); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := durable.Replace(path, []byte(later(`{"Anything":2}`))); err != nil {
		t.Fatal(err)
	}
	if s, _, err = schedule.Open(path); s == nil {
		t.Fatal(err)
	}
	s.Close()
	if kept, _ := os.ReadFile(path + ".v2"); string(kept) != later(`{"Anything":2}`) {
		t.Errorf("kept of the second update: %q", kept)
	}
	for name, copy := range map[string]string{"damaged": "cricket schedule, version 1, crc 00000000\n{}", "of a later version itself": later("{}")} {
		if err := errors.Join(os.WriteFile(path, []byte(later("{}")), 0o600), durable.Replace(path+".v1", []byte(copy))); err != nil {
			t.Fatal(err)
		}
		if s, _, err = schedule.Open(path); err == nil {
			t.Errorf("the copy is %s, and nobody is told", name)
		}
		if s != nil {
			s.Close()
		}
	}
}

// A disk that is full refuses a Save, and the book before is still there.
func TestStoreFullDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "schedule.json")
	save(t, path, full())
	s, before, err := schedule.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/full", path+".new"); err != nil {
		t.Fatal(err)
	}
	next, _ := before.With(schedule.Change{Remove: 1})
	if err := s.Save(next); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("saved on a full disk: %v", err)
	}
	s.Close()
	s, again, err := schedule.Open(path)
	if err != nil || !reflect.DeepEqual(again, before) {
		t.Fatalf("%v\n%+v\n%+v", err, again, before)
	}
	s.Close()
}

// A process that is killed while it writes leaves the last book whose Save
// returned, or the one that was being written, and never anything else.
func TestStoreSurvivesKill(t *testing.T) {
	if path := os.Getenv("CRICKET_TEST_SCHEDULE"); path != "" {
		writeUntilKilled(path)
	}
	path := filepath.Join(t.TempDir(), "schedule.json")
	last := 0
	for round := range 12 {
		child := exec.Command(os.Args[0], "-test.run=^TestStoreSurvivesKill$")
		child.Env = append(os.Environ(), "CRICKET_TEST_SCHEDULE="+path)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range 3 + round { // it is killed somewhere in a later Save
			if !lines.Scan() {
				t.Fatal("the child ended by itself")
			}
			if last, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatal(err)
			}
		}
		child.Process.Kill()
		for lines.Scan() { // what it had said before it was killed
			if n, err := strconv.Atoi(lines.Text()); err == nil {
				last = n
			}
		}
		child.Wait()
		s, b, err := schedule.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if b.LastID != last && b.LastID != last+1 {
			t.Fatalf("book %d is there; %d was the last that was saved", b.LastID, last)
		}
		s.Close()
	}
}

func writeUntilKilled(path string) {
	s, b, err := schedule.Open(path)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for {
		e := schedule.Countdown(schedule.Timer, time.Hour, start)
		b, _ = b.With(schedule.Change{Put: &e})
		b, _ = b.With(schedule.Change{Remove: b.LastID - 10})
		if err := s.Save(b); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(b.LastID)
	}
}

// A damaged file on a full disk costs nothing: once there is room, the Book before it is there.
func TestDamagedAndFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "schedule.json")
	s, _, err := schedule.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	book := schedule.Book{Lists: []schedule.List{{Name: "shopping", Items: []schedule.Item{{Text: "milk"}}}}}
	if err := errors.Join(s.Save(book), s.Save(book), s.Close(), os.WriteFile(path, []byte("rubbish"), 0o600), os.Mkdir(path+".new", 0o700)); err != nil {
		t.Fatal(err)
	}
	if _, b, err := schedule.Open(path); err == nil {
		t.Fatalf("no room, and yet %+v", b)
	}
	if err := os.Remove(path + ".new"); err != nil {
		t.Fatal(err)
	}
	_, b, err := schedule.Open(path)
	if damaged, ok := errors.AsType[*schedule.DamagedError](err); !ok {
		t.Errorf("got %v, want a DamagedError", err)
	} else if data, err := os.ReadFile(damaged.Kept); err != nil || string(data) != "rubbish" {
		t.Errorf("kept %q, %v", data, err)
	}
	if !reflect.DeepEqual(b, book) {
		t.Errorf("got %+v, want %+v", b, book)
	}
}
