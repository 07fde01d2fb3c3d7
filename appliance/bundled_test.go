package appliance

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/voice/whisper"
)

func TestFindBundled(t *testing.T) {
	for _, test := range []struct {
		name, language string
		files          map[string]string
		none, fault    bool
		better         bool
	}{
		{name: "none", language: "en", none: true},
		{name: "another language", language: "de", files: map[string]string{"stt-en.bin": "", "stt-en.json": "{}"}, none: true},
		{name: "a region of the language", language: "en-GB", files: map[string]string{"stt-en.bin": "",
			"stt-en.json": `{"sentences": 400, "bundled": {"right": 60, "wrong": 10}, "pocketsphinx": {"right": 20, "wrong": 5}}`}, better: true},
		{name: "more right, and far more wrong", language: "en", files: map[string]string{"stt-en.bin": "",
			"stt-en.json": `{"sentences": 400, "bundled": {"right": 40, "wrong": 30}, "pocketsphinx": {"right": 20, "wrong": 5}}`}},
		{name: "never measured", language: "en", files: map[string]string{"stt-en.bin": ""}, fault: true},
		{name: "what was measured is damaged", language: "en", files: map[string]string{"stt-en.bin": "", "stt-en.json": `{"seed": `}, fault: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, data := range test.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			b, err := FindBundled(dir, test.language)
			switch {
			case test.none:
				if !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%v, want that there is none", err)
				}
			case test.fault:
				if err == nil || !strings.Contains(err.Error(), "measured") {
					t.Errorf("%v, want a fault of what was measured", err)
				}
			case err != nil:
				t.Error(err)
			case b.Measured.better() != test.better:
				t.Errorf("better is %v, want %v: %s", b.Measured.better(), test.better, b.Measured)
			}
		})
	}
}

// The file in the repository is one that the engine takes, and as small as was promised.
func TestTheBundledFile(t *testing.T) {
	const dir = "../models/bundled"
	b, err := FindBundled(dir, "en")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(b.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 16_000_000 {
		t.Errorf("it has %d bytes, more than 16 MB", info.Size())
	}
	if h, err := whisper.ReadHeader(f); err != nil || !h.Short() {
		t.Errorf("its header: %+v, %v", h, err)
	}
	if b.Measured.Sentences < 200 {
		t.Errorf("it was measured with %d sentences", b.Measured.Sentences)
	}
}
