package mesh

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheKeyStaysTheSameAndIsTheOwnersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mesh")
	first, err := OpenIdentity(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := OpenIdentity(dir)
	if err != nil || again.ID != first.ID || !again.Key.Equals(first.Key) {
		t.Fatalf("opened again: %v, %v; want %v", again.ID, err, first.ID)
	}
	info, err := os.Stat(filepath.Join(dir, keyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the key: %v, %v; want 0600", info.Mode(), err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("files beside the key: %v", left)
	}
	other, err := OpenIdentity(t.TempDir())
	if err != nil || other.ID == first.ID {
		t.Errorf("another box has the id %v, %v", other.ID, err)
	}
}

// A box must never become a stranger to its siblings without anybody knowing.
func TestADamagedKeyIsRefusedAndNotReplaced(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, file string)
		hint  string
	}{
		{"empty", func(t *testing.T, f string) { write(t, f, nil) }, "pair the box again"},
		{"cut short", func(t *testing.T, f string) { b := read(t, f); write(t, f, b[:len(b)/2]) }, "pair the box again"},
		{"a flipped bit in the key", func(t *testing.T, f string) {
			b := read(t, f)
			last := strings.LastIndex(strings.TrimSpace(strings.Split(string(b), "-----END")[0]), "") - 6
			if b[last] == 'A' {
				b[last] = 'B'
			} else {
				b[last] = 'A'
			}
			write(t, f, b)
		}, "pair the box again"},
		{"the key of somebody else under our name", func(t *testing.T, f string) {
			dir := t.TempDir()
			if _, err := OpenIdentity(dir); err != nil {
				t.Fatal(err)
			}
			theirs, ours := strings.Split(string(read(t, filepath.Join(dir, keyFile))), "\n\n"), strings.Split(string(read(t, f)), "\n\n")
			write(t, f, []byte(ours[0]+"\n\n"+theirs[1]))
		}, "pair the box again"},
		{"readable for everybody", func(t *testing.T, f string) {
			if err := os.Chmod(f, 0o644); err != nil {
				t.Fatal(err)
			}
		}, "chmod 600"},
		{"gone from a paired box", func(t *testing.T, f string) {
			write(t, filepath.Join(filepath.Dir(f), membersFile), []byte("{}"))
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}, "pair the box again"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if _, err := OpenIdentity(dir); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, keyFile)
			c.spoil(t, file)
			before, _ := os.ReadFile(file)
			_, err := OpenIdentity(dir)
			e, ok := errors.AsType[*KeyError](err)
			if !ok || !strings.Contains(e.Hint, c.hint) {
				t.Fatalf("got %v (%+v); want a hint with %q", err, e, c.hint)
			}
			if after, _ := os.ReadFile(file); string(after) != string(before) {
				t.Errorf("the file was changed")
			}
		})
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
