package slots

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// recorded is a RAUC that says what the real one, 1.15.2, said when it was asked; its
// arguments are in the file "asked" afterwards. testdata/*.out is its standard output,
// testdata/*.err its standard error.
func recorded(t *testing.T, name string, exit int) (RAUC, func() string) {
	t.Helper()
	dir := t.TempDir()
	here, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\necho \"$*\" >%s/asked\ncat %s/%s.out\ncat %s/%s.err >&2\nexit %d\n", dir, here, name, here, name, exit)
	program := filepath.Join(dir, "rauc")
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return RAUC{Program: program}, func() string {
		asked, err := os.ReadFile(filepath.Join(dir, "asked"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(asked))
	}
}

func TestStatus(t *testing.T) {
	r, asked := recorded(t, "status", 0)
	got, err := r.Status(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if asked() != "status --detailed --output-format=json" {
		t.Errorf("it asked %q", asked())
	}
	want := Status{Compatible: "cricket-test", Slots: []Slot{
		{Name: "B", Good: true, Next: true, Version: "0.1.0+git20261123.abc"},
		{Name: "A", Good: true, Booted: true},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if got.Booted().Name != "A" || got.Other().Name != "B" {
		t.Errorf("booted %v, other %v", got.Booted(), got.Other())
	}
}

func TestInspect(t *testing.T) {
	r, _ := recorded(t, "info", 0)
	got, err := r.Inspect(context.Background(), "x.raucb")
	if want := (Bundle{Compatible: "cricket-test", Version: "0.1.0+git20261123.abc"}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	r, _ = recorded(t, "info-stranger", 1)
	_, err = r.Inspect(context.Background(), "x.raucb")
	if want := "read bundle: signature verification failed: Verify error: self-signed certificate"; err == nil || err.Error() != want {
		t.Errorf("a stranger's bundle: %v, want %s", err, want)
	}
}

func TestInstall(t *testing.T) {
	r, asked := recorded(t, "install", 0)
	var percents []int
	err := r.Install(context.Background(), "/x.raucb", func(percent int, step string) { percents = append(percents, percent) })
	if err != nil || asked() != "install /x.raucb" {
		t.Errorf("%q: %v", asked(), err)
	}
	if !slices.IsSorted(percents) || len(percents) < 8 || percents[len(percents)-1] != 100 {
		t.Errorf("it told %v", percents)
	}

	r, _ = recorded(t, "install-stranger", 1)
	err = r.Install(context.Background(), "/x.raucb", func(int, string) {})
	if want := "install update: signature verification failed: Verify error: self-signed certificate"; err == nil || err.Error() != want {
		t.Errorf("a stranger's bundle: %v, want %s", err, want)
	}
}

func TestNoRAUC(t *testing.T) {
	r := RAUC{Program: filepath.Join(t.TempDir(), "rauc")}
	if _, err := r.Status(context.Background()); err == nil {
		t.Error("there was a status without a program")
	}
	if err := r.Install(context.Background(), "x", func(int, string) {}); err == nil {
		t.Error("there was an installation without a program")
	}
	if _, ok := Find("root=PARTUUID=43524b54-02 ro quiet"); ok {
		t.Error("a system that no slot was named for has slots")
	}
}

func TestCompare(t *testing.T) {
	for _, tt := range []struct {
		name, a, b string
		want       int
	}{
		{"same", "0.1.0+git20261123.abc", "0.1.0+git20261123.abc", 0},
		{"same day", "0.1.0+git20261123.abc", "0.1.0+git20261123.9", 0},
		{"next day", "0.1.0+git20261124.a", "0.1.0+git20261123.f", 1},
		{"year", "0.1.0+git20261231.a", "0.1.0+git20270101.a", -1},
		{"tenth", "0.10.0", "0.9.9+git20991231.a", 1},
		{"a release after its previews", "1.0.0", "0.9.0+git20261123.a", 1},
		{"short", "1", "1.0.0", 0},
		{"with a day is later", "1.0.0+git20261123.a", "1.0.0", 1},
		{"nothing", "", "0.0.1", -1},
	} {
		if got := Compare(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: Compare(%q, %q) = %d, want %d", tt.name, tt.a, tt.b, got, tt.want)
		}
		if got := Compare(tt.b, tt.a); got != -tt.want {
			t.Errorf("%s: Compare(%q, %q) = %d, want %d", tt.name, tt.b, tt.a, got, -tt.want)
		}
	}
}

func TestRunning(t *testing.T) {
	if got := Running([]byte("NAME=Debian\nIMAGE_ID=cricket\nIMAGE_VERSION=\"0.1.0+git20261123.abc\"\n")); got != "0.1.0+git20261123.abc" {
		t.Errorf("got %q", got)
	}
	if got := Running([]byte("NAME=Debian\n")); got != "" {
		t.Errorf("Debian alone is %q", got)
	}
}
