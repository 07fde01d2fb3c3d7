package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blakesmith/ar"
)

// stage lays out files as images/stage.sh does, and says so to nfpm.yaml.
func stage(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"usr/bin/cricket": "a program", "etc/cricket/config.toml": "room = \"\"\n"} {
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("STAGE", dir)
	t.Setenv("ARCH", "arm64")
	t.Setenv("VERSION", "1.2.3+git20261123.abc")
}

func TestPackage(t *testing.T) {
	stage(t)
	file := filepath.Join(t.TempDir(), "a.deb")
	if err := write(file); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	control := map[string]string{}
	for r := ar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(h.Name, "control.tar") {
			continue
		}
		x, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		for files := tar.NewReader(x); ; {
			f, err := files.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			text, readErr := io.ReadAll(files)
			if err := errors.Join(err, readErr); err != nil {
				t.Fatal(err)
			}
			control[strings.TrimPrefix(f.Name, "./")] = string(text)
		}
	}
	if control["conffiles"] != "/etc/cricket/config.toml\n" {
		t.Errorf("the owner's files are %q", control["conffiles"])
	}
	for _, want := range []string{"Package: cricket\n", "Version: 1.2.3+git20261123.abc\n", "Architecture: arm64\n", "libwhisper1 (>= 1.9.5)"} {
		if !strings.Contains(control["control"], want) {
			t.Errorf("no %q in\n%s", want, control["control"])
		}
	}
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		if want, err := os.ReadFile(script); err != nil || control[script] != string(want) {
			t.Errorf("%s is %q, %v", script, control[script], err)
		}
	}
}

// What is built from the same files is the same, byte for byte.
func TestSameFilesSamePackage(t *testing.T) {
	stage(t)
	var packages [][]byte
	for range 2 {
		file := filepath.Join(t.TempDir(), "a.deb")
		if err := write(file); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, data)
	}
	if !slices.Equal(packages[0], packages[1]) {
		t.Error("two packages of the same files differ")
	}
}
