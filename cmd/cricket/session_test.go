package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestUnreachedSaysWhatToType(t *testing.T) {
	there := t.TempDir()
	for _, c := range []struct {
		name, service string
		uid           int
		hint          string
	}{
		{"nothing runs", filepath.Join(there, "none"), 1000, "cricket run"},
		{"nothing runs, as root", filepath.Join(there, "none"), 0, "cricket run"},
		{"the service runs, and sudo was left out", there, 1000, "sudo cricket doctor"},
		{"the service has just ended", there, 0, "cricket run"},
	} {
		f := unreached(errors.New("no such file"), c.service, c.uid)
		if !strings.HasSuffix(f.hint, c.hint) || f.code != exitMissing {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}
