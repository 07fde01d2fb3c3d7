package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new folder", "file")
	for _, tt := range []struct {
		name string
		put  func(string, []byte) error
		data string
		want string // what is in the file then
		err  error
	}{
		{"a file that is not there", Create, "one", "one", nil},
		{"a file that is there", Create, "two", "one", fs.ErrExist},
		{"another in its place", Replace, "three", "three", nil},
		{"nothing in its place", Replace, "", "", nil},
	} {
		if err := tt.put(file, []byte(tt.data)); !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.name, got, err, tt.want)
		}
		if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", tt.name, info.Mode(), err)
		}
		if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
			t.Errorf("%s: the folder has %v, %v", tt.name, left, err)
		}
	}
}

// What cannot take its place leaves the old one, and nothing beside it.
func TestReplaceAFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.MkdirAll(filepath.Join(file, "inside"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Replace(file, []byte("data")); err == nil {
		t.Error("a folder with something in it was replaced")
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 || !left[0].IsDir() {
		t.Errorf("the folder has %v, %v", left, err)
	}
}
