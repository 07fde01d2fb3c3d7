package schedule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/cricket-home/cricket/internal/durable"
)

// The file is a line that says what it is, and the Book as JSON. A file of a
// later version is refused, and left as it is, unless the later Cricket kept
// the one before it: see [durable.Earlier].
const (
	version = 1
	heading = "cricket schedule, version %d, crc %08x\n"
)

// sum is the CRC-32 (IEEE) of the version, a line feed and the JSON.
func sum(version int, text []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE(fmt.Appendf(nil, "%d\n", version)), crc32.IEEETable, text)
}

// Beside the file: the Book before, a file being written, and the lock that
// keeps a second process away.
const (
	beforeSuffix = ".before"
	newSuffix    = ".new"
	lockSuffix   = ".lock"
)

// DamagedError says that a file could not be read, or only as it was before a
// later Cricket wrote it. The Store that Open returns beside it works, and has
// the Book before the last Save, or before the later Cricket, if that can be read.
type DamagedError struct {
	Kept string // where the file is now
	Err  error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("read schedule: %v; the file is kept as %s", e.Err, e.Kept)
}
func (e *DamagedError) Unwrap() error { return e.Err }

// Store keeps a Book in a file. A Save that returned survives a power cut, and
// one that failed or was cut short leaves the Book before it.
type Store struct {
	path string
	lock *os.File
}

// Open opens the file, or begins one, and reads the Book in it. A file that is
// damaged, or of a later version that kept the one before, is moved aside, and the
// error is a *DamagedError. With any other error
// there is no Store.
func Open(path string) (*Store, Book, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, Book{}, fmt.Errorf("make folder of schedule: %w", err)
	}
	lock, err := os.OpenFile(path+lockSuffix, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, Book{}, fmt.Errorf("lock schedule: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, Book{}, fmt.Errorf("open schedule %s: another cricket has it: %w", path, err)
	}
	s := &Store{path: path, lock: lock}
	b, err := read(path)
	if _, wrong := errors.AsType[*contentError](err); wrong {
		b, err = s.rescue(err)
	} else if later, ok := errors.AsType[*laterError](err); ok {
		b, err = s.goBack(later)
	}
	if _, damaged := errors.AsType[*DamagedError](err); err != nil && !damaged {
		lock.Close()
		return nil, Book{}, err
	}
	return s, b, err
}

// rescue keeps a damaged file under another name and goes on with the Book
// before it. Where it is cut short or the disk is full, the damaged file and
// the Book before are still there, and the next start does it again.
func (s *Store) rescue(why error) (Book, error) {
	kept := fmt.Sprintf("%s.damaged-%d", s.path, time.Now().UnixNano())
	err := os.Link(s.path, kept)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) { // no links on this file system
		var data []byte
		if data, err = os.ReadFile(s.path); err == nil {
			err = os.WriteFile(kept, data, 0o600)
		}
	}
	if err != nil {
		return Book{}, errors.Join(why, fmt.Errorf("keep damaged schedule: %w", err))
	}
	b, err := read(s.path + beforeSuffix)
	if err != nil { // there is no other
		b = Book{}
	}
	data, err := encode(b)
	if err == nil {
		err = s.write(data)
	}
	if err == nil {
		err = s.swap()
	}
	if err != nil {
		return Book{}, errors.Join(why, fmt.Errorf("write schedule: %w", err), os.Remove(kept))
	}
	return b, &DamagedError{Kept: kept, Err: why}
}

// goBack goes on with the Book as it was before a later Cricket wrote it.
func (s *Store) goBack(why *laterError) (Book, error) {
	back, err := durable.GoBack(s.path, why.version, version)
	if err != nil {
		return Book{}, errors.Join(why, fmt.Errorf("go back to the schedule before: %w", err))
	}
	if !back {
		return Book{}, why
	}
	b, err := read(s.path)
	if _, wrong := errors.AsType[*contentError](err); wrong {
		return s.rescue(err)
	}
	if err != nil {
		return Book{}, err
	}
	return b, &DamagedError{Kept: durable.Earlier(s.path, why.version), Err: why}
}

// laterError is of a file that a later Cricket wrote.
type laterError struct {
	path    string
	version int
}

func (e *laterError) Error() string {
	return fmt.Sprintf("open schedule %s: it is of version %d, and this Cricket knows version %d", e.path, e.version, version)
}

// contentError is of a file whose bytes are wrong.
type contentError struct{ reason string }

func (e *contentError) Error() string { return e.reason }

// read reads a file; a file that is not there has an empty Book.
func read(path string) (Book, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Book{}, nil
	}
	if err != nil {
		return Book{}, fmt.Errorf("open schedule: %w", err)
	}
	line, text, _ := bytes.Cut(data, []byte("\n"))
	var v int
	var crc uint32
	if n, err := fmt.Sscanf(string(line)+"\n", heading, &v, &crc); n < 2 || err != nil {
		return Book{}, &contentError{"its first line is wrong"}
	}
	if sum(v, text) != crc {
		return Book{}, &contentError{"its checksum is wrong"}
	}
	if v != version {
		return Book{}, &laterError{path, v}
	}
	var b Book
	if err := json.Unmarshal(text, &b); err != nil {
		return Book{}, &contentError{err.Error()}
	}
	return b, nil
}

// Save writes the Book and returns when it is on the disk.
func (s *Store) Save(b Book) error {
	data, err := encode(b)
	if err == nil {
		err = s.replace(data)
	}
	if err != nil {
		return fmt.Errorf("write schedule: %w", err)
	}
	return nil
}

// encode is the file of a Book.
func encode(b Book) ([]byte, error) {
	text, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	return append(fmt.Appendf(nil, heading, version, sum(version, text)), text...), nil
}

// replace puts a new file in the old one's place once it is whole and on the
// disk, and keeps the old one beside it.
func (s *Store) replace(data []byte) error {
	if err := s.write(data); err != nil {
		return err
	}
	if err := os.Remove(s.path + beforeSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// On a file system without links there is no Book before, which only rescue would miss.
	if err := os.Link(s.path, s.path+beforeSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return s.swap()
}

// write puts a new file beside the old one, on the disk.
func (s *Store) write(data []byte) error {
	f, err := os.OpenFile(s.path+newSuffix, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// swap puts the new file in the old one's place.
func (s *Store) swap() error {
	if err := os.Rename(s.path+newSuffix, s.path); err != nil {
		return err
	}
	return durable.SyncFolder(filepath.Dir(s.path))
}

// Close lets go of the file.
func (s *Store) Close() error { return s.lock.Close() }
