package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// writeLog writes a log as QEMU does: sectors of 512 bytes.
func writeLog(t *testing.T, records ...[]byte) *os.File {
	t.Helper()
	head := make([]byte, 512)
	binary.LittleEndian.PutUint64(head, logMagic)
	binary.LittleEndian.PutUint64(head[8:], logVersion)
	binary.LittleEndian.PutUint32(head[24:], 512)
	path := filepath.Join(t.TempDir(), "writes.log")
	if err := os.WriteFile(path, append(head, slices.Concat(records...)...), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func record(sector, flags uint64, fill byte, sectors uint64) []byte {
	b := make([]byte, 512)
	binary.LittleEndian.PutUint64(b, sector)
	binary.LittleEndian.PutUint64(b[8:], sectors)
	binary.LittleEndian.PutUint64(b[16:], flags)
	if flags&logDiscard == 0 {
		b = append(b, bytes.Repeat([]byte{fill}, int(512*sectors))...)
	}
	return b
}

func TestADiskIsAsItWasAtEachCut(t *testing.T) {
	torn := record(0, 0, 'z', 4)
	f := writeLog(t,
		record(0, 0, 'a', 2),
		record(0, logFlush, 0, 0),
		record(1, 0, 'b', 1),
		record(0, logDiscard, 0, 1),
		record(0, logFlush, 0, 0),
		torn[:len(torn)-1]) // QEMU was killed
	log, err := readLog(f)
	if err != nil {
		t.Fatal(err)
	}
	if len(log) != 5 {
		t.Fatalf("%d entries, want the 5 that are whole", len(log))
	}
	for n, want := range []string{"..", "aa", "aa", "ab", "\x00b", "\x00b"} {
		disk, err := os.Create(filepath.Join(t.TempDir(), "disk"))
		if err != nil {
			t.Fatal(err)
		}
		defer disk.Close()
		if _, err := disk.Write(bytes.Repeat([]byte{'.'}, 1024)); err != nil {
			t.Fatal(err)
		}
		for _, e := range log[:n] {
			if err := e.apply(f, disk); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(disk.Name())
		if err != nil {
			t.Fatal(err)
		}
		if both := string([]byte{got[0], got[512]}); both != want || len(got) != 1024 {
			t.Errorf("after %d entries the disk is %q, %d bytes; want %q, 1024", n, both, len(got), want)
		}
	}
}

func TestCutsAreAtFlushesAndBetween(t *testing.T) {
	w, f := entry{size: 512}, entry{flags: logFlush}
	log := []entry{w, w, w, f, f, w, f, w}
	if got, want := cuts(log, 99), []int{2, 4, 5, 6, 7}; !slices.Equal(got, want) {
		t.Errorf("cuts %v, want %v", got, want)
	}
	if got, want := cuts(log, 3), []int{2, 5, 7}; !slices.Equal(got, want) {
		t.Errorf("three cuts %v, want %v", got, want)
	}
}

func TestAFileThatIsNoLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := readLog(f); err == nil {
		t.Error("zeros were taken for a log of writes")
	}
}
