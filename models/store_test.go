package models

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func put(t *testing.T, s *Store, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(s.Dir(), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir(), name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func entry(t *testing.T, s *Store, m Model) Entry {
	t.Helper()
	entries, err := s.Entries(Catalogue{Models: []Model{m}})
	if err != nil {
		t.Fatal(err)
	}
	return entries[0]
}

// The life of a model: absent, begun, copied by hand, verified, damaged, pulled again, removed.
func TestLifeOfAModel(t *testing.T) {
	data := content(1000, 1)
	m := model(1000, sum(data))
	m.Files = append(m.Files, File{Name: "m.json", SHA256: sum([]byte("{}"))})
	s := NewStore(filepath.Join(t.TempDir(), "models"))
	is := func(when string, status Status, have int64) {
		t.Helper()
		if e := entry(t, s, m); e.Status != status || e.Have != have {
			t.Errorf("%s: %v with %d bytes, want %v with %d", when, e.Status, e.Have, status, have)
		}
	}
	is("before there is a folder", Absent, 0)
	put(t, s, "m.bin.part", data[:10])
	is("with a part", Begun, 10)
	put(t, s, "m.bin", data)
	is("with one file of two", Begun, 1000)
	put(t, s, "m.json", []byte("{}"))
	is("copied by hand", Unverified, 1002)
	if err := s.Verify(t.Context(), m, nil); err != nil {
		t.Fatal(err)
	}
	is("verified", Installed, 1002)
	whole := s.SHA256(filepath.Join(s.Dir(), "m.bin"))
	if elsewhere := s.SHA256(filepath.Join(t.TempDir(), "m.bin")); whole != sum(data) || elsewhere != "" {
		t.Errorf("its SHA-256 is %q, and that of a file elsewhere %q", whole, elsewhere)
	}
	put(t, s, "m.bin", data[:999])
	is("shortened", Damaged, 1001)
	if got := s.SHA256(filepath.Join(s.Dir(), "m.bin")); got != "" {
		t.Errorf("shortened, its SHA-256 is %q", got)
	}
	bad := append([]byte{data[0] ^ 1}, data[1:]...)
	put(t, s, "m.bin", bad)
	is("one bit changed, and nobody looked", Installed, 1002)
	err := s.Verify(t.Context(), m, nil)
	if d, ok := errors.AsType[*DamagedError](err); !ok || d.Is != sum(bad) || d.Want != sum(data) {
		t.Errorf("error %v", err)
	}
	is("one bit changed, and verified", Damaged, 1002)
	if err := s.Pull(t.Context(), m, PullOptions{From: onNetwork(t, &mirror{data: data}), Say: new(heard).say}); err != nil {
		t.Fatal(err)
	}
	is("pulled again", Installed, 1002)
	freed, err := s.Remove(m)
	if err != nil || freed < 1002 {
		t.Errorf("freed %d, error %v", freed, err)
	}
	is("removed", Absent, 0)
}

// What was copied by hand is checked by Pull, and kept where it is right.
func TestPullTakesOver(t *testing.T) {
	data := content(1000, 1)
	m, s, said := model(1000, sum(data)), NewStore(t.TempDir()), &heard{}
	put(t, s, "m.bin", data)
	if err := s.Pull(t.Context(), m, PullOptions{From: "/nowhere", Say: said.say}); err != nil {
		t.Fatal(err)
	}
	if e := entry(t, s, m); e.Status != Installed || !strings.Contains(said.String(), "verified") {
		t.Errorf("%v, said %q", e.Status, said)
	}
	s = NewStore(t.TempDir())
	put(t, s, "m.bin", content(1000, 2))
	if err := s.Pull(t.Context(), m, PullOptions{From: onNetwork(t, &mirror{data: data}), Say: said.say}); err != nil {
		t.Fatal(err)
	}
	whole(t, s, data)
}

func TestEntriesOfOwnFiles(t *testing.T) {
	s := NewStore(t.TempDir())
	for _, name := range []string{"ggml-mine.bin", "ggml-silero-mine.bin", "mine.gguf", "ggml-x.bin.part"} {
		put(t, s, name, []byte("x"))
	}
	if err := os.Mkdir(filepath.Join(s.Dir(), "ggml-folder.bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	entries, err := s.Entries(Catalogue{})
	if err != nil || len(entries) != 1 || entries[0].Model.ID != "ggml-mine.bin" || !entries[0].Own || !entries[0].Usable() {
		t.Errorf("%+v, error %v", entries, err)
	}
}

func TestUse(t *testing.T) {
	s, m := NewStore(t.TempDir()), model(0, "")
	used := func(want string) {
		t.Helper()
		if u, err := s.Used(); err != nil || u[STT] != want {
			t.Errorf("used %v, error %v, want %q", u, err, want)
		}
	}
	used("")
	if err := s.Use(m); err != nil {
		t.Fatal(err)
	}
	used("m")
	if err := s.UseBest(); err != nil {
		t.Fatal(err)
	}
	used("")
	if err := s.Use(m); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Remove(m); err != nil {
		t.Fatal(err)
	}
	used("") // what is gone is not chosen
}

func TestTwoDoNotChangeOneStore(t *testing.T) {
	s := NewStore(t.TempDir())
	unlock, err := s.lock()
	if err != nil {
		t.Fatal(err)
	}
	m := model(0, "")
	_, removed := s.Remove(m)
	for what, err := range map[string]error{
		"pull": s.Pull(t.Context(), m, PullOptions{Say: new(heard).say}), "use": s.Use(m), "remove": removed, "verify": s.Verify(t.Context(), m, nil),
	} {
		if !errors.Is(err, ErrBusy) {
			t.Errorf("%s: error %v", what, err)
		}
	}
	if _, err := s.Entries(Catalogue{}); err != nil {
		t.Errorf("to look is allowed: %v", err)
	}
	unlock()
	if err := s.Use(m); err != nil {
		t.Error(err)
	}
}

// A broken manifest is named, and not written over: it holds the pins.
func TestBrokenManifests(t *testing.T) {
	for _, text := range []string{"{", `{"files":{"../x":{"sha256":"` + strings.Repeat("0", 64) + `"}}}`, `{"files":{"x":{"sha256":"1"}}}`, `[]`} {
		s := NewStore(t.TempDir())
		put(t, s, "manifest.json", []byte(text))
		if _, err := s.Entries(Catalogue{}); err == nil || !strings.Contains(err.Error(), "manifest.json") {
			t.Errorf("%s: error %v", text, err)
		}
		if err := s.Use(model(0, "")); err == nil {
			t.Errorf("%s: no error", text)
		}
		if got, _ := os.ReadFile(filepath.Join(s.Dir(), "manifest.json")); string(got) != text {
			t.Errorf("%s was replaced by %s", text, got)
		}
	}
}
