package models

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever is beside a part, what is kept of it is never more than there is,
// than the file has, or than can be told from another file's bytes.
func FuzzNote(f *testing.F) {
	f.Add([]byte(`{"source":"https://example.org/m.bin","validator":"\"1\"","total":1000,"synced":500}`), 700, true)
	f.Add([]byte(`{"source":"https://example.org/m.bin","validator":"\"1\"","total":1000,"synced":500}`), 700, false)
	f.Add([]byte(`{"source":"https://example.org/m.bin","total":1000}`), 1000, false)
	f.Add([]byte(`{"source":"https://elsewhere.org/m.bin","total":1000}`), 1200, true)
	f.Add([]byte(`{"source":"https://example.org/m.bin","total":-1,"synced":9999}`), 10, false)
	f.Add([]byte(`{"sou`), 10, true)
	f.Add([]byte(``), 10, false)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte, size int, known bool) {
		if size < 0 || size > 2000 {
			return
		}
		s := NewStore(dir)
		file := File{Name: "m.bin", Size: 1000}
		if known {
			file.SHA256 = strings.Repeat("0", 64)
		}
		for name, data := range map[string][]byte{"m.bin.part": make([]byte, size), "m.bin.part.json": data} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		p, err := s.openPart(file, "https://example.org/m.bin")
		if err != nil {
			t.Fatal(err)
		}
		defer p.out.Close()
		info, err := p.out.Stat()
		if err != nil || info.Size() != p.have {
			t.Fatalf("%v: the part has %d bytes, and %d count", err, info.Size(), p.have)
		}
		n, ok := readNote(data)
		switch {
		case p.have > int64(size) || p.have > file.Size:
			t.Errorf("%d bytes of %d count", p.have, size)
		case p.have > 0 && !ok:
			t.Errorf("%d bytes count without a note", p.have)
		case p.have > 0 && !known && (n.Validator == "" || p.have > n.Synced || n.Source != "https://example.org/m.bin"):
			t.Errorf("%d bytes count that nothing can check, by %s", p.have, data)
		}
	})
}
