package backup

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

const phrase = "four words of nothing"

// lay writes files below a folder.
func lay(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
}

// found are the files below a folder.
func found(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		out[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s: %s is %q, want %q", what, name, got[name], text)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s is there", what, name)
		}
	}
}

// oldBox is a box that has lived, and its backup.
func oldBox(t *testing.T) (Folders, []byte) {
	t.Helper()
	dir := t.TempDir()
	f := Folders{State: filepath.Join(dir, "state"), Config: filepath.Join(dir, "config"), Files: []string{"config.toml", "custom_sentences", "gone.toml"}}
	lay(t, f.State, map[string]string{
		"schedule.json": "timers", "wake/anna.json": "voice", "mesh/device-key.pem": "old key", "page/access.json": "old password",
		"models/big.bin": "megabytes", "wake/near-misses/1.wav": "sound", "restore.part/x": "rubbish",
	})
	lay(t, f.Config, map[string]string{"config.toml": "language = 'en'", "custom_sentences/en/own.yaml": "intents", "somebody.elses": "secret"})
	var out bytes.Buffer
	if err := Write(&out, phrase, About{Name: "Old", Time: time.Unix(1e9, 0).UTC()}, f); err != nil {
		t.Fatal(err)
	}
	return f, out.Bytes()
}

func fine() error { return nil }

// newBox is another machine.
func newBox(t *testing.T) Folders {
	t.Helper()
	dir := t.TempDir()
	f := Folders{State: filepath.Join(dir, "state"), Config: filepath.Join(dir, "config")}
	lay(t, f.State, map[string]string{"learned": "newer", "mesh/device-key.pem": "new key", "page/access.json": "new password", "models/other.bin": "model"})
	lay(t, f.Config, map[string]string{"config.toml": "language = 'de'", "home.toml": "stays"})
	return f
}

func TestRestore(t *testing.T) {
	_, data := oldBox(t)
	for name, tt := range map[string]struct {
		retired bool
		want    map[string]string
	}{
		"on another box, which stays who it is": {false, map[string]string{"schedule.json": "timers", "wake/anna.json": "voice",
			"mesh/device-key.pem": "new key", "page/access.json": "new password", "models/other.bin": "model"}},
		"in the place of the old box": {true, map[string]string{"schedule.json": "timers", "wake/anna.json": "voice",
			"mesh/device-key.pem": "old key", "page/access.json": "old password", "models/other.bin": "model"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newBox(t)
			about, err := Stage(bytes.NewReader(data), phrase, f, tt.retired)
			if err != nil || about.Name != "Old" {
				t.Fatalf("stage: %+v, %v", about, err)
			}
			if taken, err := Take(f, fine); !taken || err != nil {
				t.Fatalf("take: %v, %v", taken, err)
			}
			same(t, "state", found(t, f.State), tt.want)
			same(t, "config", found(t, f.Config), map[string]string{"config.toml": "language = 'en'", "custom_sentences/en/own.yaml": "intents", "home.toml": "stays"})
			if taken, err := Take(f, fine); taken || err != nil {
				t.Errorf("take again: %v, %v", taken, err)
			}
		})
	}
}

// A cut of the power between any two of its steps leaves something that the next start makes whole.
func TestTakeAfterAPowerCut(t *testing.T) {
	_, data := oldBox(t)
	f := newBox(t)
	if _, err := Stage(bytes.NewReader(data), phrase, f, false); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(f.State, staged, "state", "schedule.json"), filepath.Join(f.State, "schedule.json")); err != nil {
		t.Fatal(err)
	}
	if taken, err := Take(f, fine); !taken || err != nil {
		t.Fatalf("take: %v, %v", taken, err)
	}
	if got := found(t, f.State); got["schedule.json"] != "timers" || got["wake/anna.json"] != "voice" || got["learned"] != "" {
		t.Errorf("after it: %v", got)
	}
}

func TestRefusedConfigurationIsPutBack(t *testing.T) {
	_, data := oldBox(t)
	f := newBox(t)
	if _, err := Stage(bytes.NewReader(data), phrase, f, false); err != nil {
		t.Fatal(err)
	}
	bad := errors.New("'stt.model' is not there")
	if taken, err := Take(f, func() error { return bad }); !taken || !errors.Is(err, bad) {
		t.Fatalf("take: %v, %v", taken, err)
	}
	same(t, "config", found(t, f.Config), map[string]string{"config.toml": "language = 'de'", "home.toml": "stays"})
	if Owed(f.State) == "" {
		t.Error("nothing says that the configuration is owed")
	}
}

func TestWrongFiles(t *testing.T) {
	_, data := oldBox(t)
	flipped := slices.Clone(data)
	flipped[len(flipped)-30] ^= 1
	for name, tt := range map[string]struct {
		data   []byte
		phrase string
		want   error
	}{
		"a wrong passphrase": {data, phrase + "s", ErrPassphrase},
		"no passphrase":      {data, "", ErrPassphrase},
		"half of it":         {data[:len(data)/2], phrase, ErrNoBackup},
		"the last byte gone": {data[:len(data)-1], phrase, ErrNoBackup},
		"one bit":            {flipped, phrase, ErrNoBackup},
		"a photograph":       {[]byte("\xff\xd8\xff"), phrase, ErrNoBackup},
		"nothing":            {nil, phrase, ErrNoBackup},
	} {
		t.Run(name, func(t *testing.T) {
			f := newBox(t)
			before := found(t, f.State)
			if _, err := Stage(bytes.NewReader(tt.data), tt.phrase, f, false); !errors.Is(err, tt.want) {
				t.Errorf("the error is %v, want %v", err, tt.want)
			}
			if taken, err := Take(f, fine); taken || err != nil {
				t.Errorf("take: %v, %v", taken, err)
			}
			same(t, "state", found(t, f.State), before)
		})
	}
}

func TestShortPassphrase(t *testing.T) {
	f, _ := oldBox(t)
	if err := Write(&bytes.Buffer{}, "ninechars", About{}, f); !errors.Is(err, ErrShort) {
		t.Errorf("the error is %v", err)
	}
}

// A compromised daemon must not have root read or write for it.
func TestLinksLeadNowhere(t *testing.T) {
	f, data := oldBox(t)
	outside := t.TempDir()
	lay(t, outside, map[string]string{"shadow": "hashes"})
	if err := os.Symlink(filepath.Join(outside, "shadow"), filepath.Join(f.State, "link")); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Write(&out, phrase, About{}, f); err != nil {
		t.Fatal(err)
	}
	about, err := Stage(&out, phrase, newBox(t), false)
	if err != nil || !slices.Equal(about.Left, []string{"state/link"}) {
		t.Errorf("left is %q, %v", about.Left, err)
	}
	box := newBox(t)
	if err := os.Symlink(outside, filepath.Join(box.State, "wake")); err != nil {
		t.Fatal(err)
	}
	if _, err := Stage(bytes.NewReader(data), phrase, box, false); err != nil {
		t.Fatal(err)
	}
	if _, err := Take(box, fine); err == nil {
		t.Error("a link is followed")
	}
	same(t, "outside", found(t, outside), map[string]string{"shadow": "hashes"})
}
