package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrBusy is wrapped by the error of a store that another process changes.
var ErrBusy = errors.New("another cricket changes the models just now")

// Store is the folder of the models on this machine.
type Store struct{ dir string }

// NewStore returns the store in a folder, which need not exist yet.
func NewStore(dir string) *Store { return &Store{dir: dir} }

// Dir is the folder.
func (s *Store) Dir() string { return s.dir }

// Status is how much of a model is there.
type Status int

// From nothing to all. Unverified is whole by its size, but was put there by
// somebody else than Pull; Damaged has the wrong size or was found damaged.
const (
	Absent Status = iota
	Begun
	Damaged
	Unverified
	Installed
)

func (s Status) String() string {
	return [...]string{"-", "begun", "damaged", "not verified", "installed"}[s]
}

// Entry is a model as it is in the store.
type Entry struct {
	Model  Model // of the catalogue; of an owner's own file only ID, Purpose, Title and Files
	Own    bool  // a file that no catalogue has
	Status Status
	Path   string // of the first file
	Have   int64  // bytes that are there
	Pinned bool   // a hash is that of the first pull
}

// Usable is whether an engine may be given the model.
func (e Entry) Usable() bool { return e.Status >= Unverified }

// Entries says how every model of the catalogue is, and then every file that
// looks like a recogniser's and is in no catalogue.
func (s *Store) Entries(c Catalogue) ([]Entry, error) {
	m, err := s.read()
	if err != nil {
		return nil, err
	}
	var out []Entry
	known := map[string]bool{}
	for _, model := range c.Models {
		e := Entry{Model: model, Status: Installed, Path: filepath.Join(s.dir, model.Files[0].Name)}
		begun := false
		for _, f := range model.Files {
			known[f.Name] = true
			status, have, err := s.file(m, f)
			if err != nil {
				return nil, err
			}
			e.Status, e.Have = min(e.Status, status), e.Have+have
			begun = begun || status != Absent
			e.Pinned = e.Pinned || m.Files[f.Name].Pinned
		}
		if e.Status == Absent && begun {
			e.Status = Begun
		}
		out = append(out, e)
	}
	files, err := os.ReadDir(s.dir) // sorted by name
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look for models: %w", err)
	}
	for _, f := range files {
		name := f.Name()
		info, err := os.Stat(filepath.Join(s.dir, name)) // a link to a file is one
		whisper := strings.HasPrefix(name, "ggml-") && strings.HasSuffix(name, ".bin") && !strings.HasPrefix(name, "ggml-silero-")
		if known[name] || !whisper || err != nil || !info.Mode().IsRegular() {
			continue
		}
		out = append(out, Entry{Model: Model{ID: name, Purpose: STT, Title: "your own file", Files: []File{{Name: name}}}, Own: true,
			Status: Unverified, Path: filepath.Join(s.dir, name), Have: info.Size()})
	}
	return out, nil
}

// file says how much of a file is there.
func (s *Store) file(m manifest, f File) (Status, int64, error) {
	info, err := os.Stat(filepath.Join(s.dir, f.Name))
	if errors.Is(err, fs.ErrNotExist) {
		if part, err := os.Stat(filepath.Join(s.dir, f.Name+partSuffix)); err == nil {
			return Begun, part.Size(), nil
		}
		return Absent, 0, nil
	}
	if err != nil {
		return Absent, 0, fmt.Errorf("look for model: %w", err)
	}
	r, recorded := m.Files[f.Name]
	switch {
	case !info.Mode().IsRegular(), f.Size > 0 && info.Size() != f.Size,
		recorded && (r.Damaged || info.Size() != r.Size):
		return Damaged, info.Size(), nil
	// A new catalogue may know a hash that the pull did not know.
	case recorded && (f.SHA256 == "" || f.SHA256 == r.SHA256):
		return Installed, info.Size(), nil
	}
	return Unverified, info.Size(), nil
}

// SHA256 is that of a file of the store which was verified and is still as long; "" of any
// other file.
func (s *Store) SHA256(path string) string {
	m, err := s.read()
	if err != nil || filepath.Dir(path) != filepath.Clean(s.dir) {
		return ""
	}
	r := m.Files[filepath.Base(path)]
	if info, err := os.Stat(path); err != nil || r.Damaged || info.Size() != r.Size {
		return ""
	}
	return r.SHA256
}

// Used is the explicit choices, by purpose.
func (s *Store) Used() (map[Purpose]string, error) {
	m, err := s.read()
	return m.Use, err
}

// MustAccept says whether a model's licence must be accepted before it is pulled.
func (s *Store) MustAccept(model Model) (bool, error) {
	m, err := s.read()
	return model.Licence.Accept && m.Accepted[model.LicenceID].IsZero(), err
}

// Use makes a model the explicit choice for its purpose.
func (s *Store) Use(model Model) error {
	return s.change(func(m *manifest) error {
		m.Use[model.Purpose] = model.ID
		return nil
	})
}

// UseBest forgets all explicit choices.
func (s *Store) UseBest() error {
	return s.change(func(m *manifest) error {
		clear(m.Use)
		return nil
	})
}

// Remove deletes the files of a model, whole or begun, and says how many bytes
// that frees. A pinned hash stays.
func (s *Store) Remove(model Model) (freed int64, err error) {
	err = s.change(func(m *manifest) error {
		for _, f := range model.Files {
			for _, name := range []string{f.Name, f.Name + partSuffix, f.Name + noteSuffix} {
				path := filepath.Join(s.dir, name)
				info, err := os.Stat(path)
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err == nil {
					err = os.Remove(path)
				}
				if err != nil {
					return fmt.Errorf("remove model %s: %w", model.ID, err)
				}
				freed += info.Size()
			}
			if r := m.Files[f.Name]; !r.Pinned {
				delete(m.Files, f.Name)
			} else {
				r.Damaged = false
				m.Files[f.Name] = r
			}
		}
		if m.Use[model.Purpose] == model.ID {
			delete(m.Use, model.Purpose)
		}
		return nil
	})
	return freed, err
}

// DamagedError says that the bytes of a file are not those they should be.
type DamagedError struct{ Name, Is, Want string }

func (e *DamagedError) Error() string {
	return fmt.Sprintf("check %s: its SHA-256 is %s, and must be %s", e.Name, e.Is, e.Want)
}

// Verify hashes the files of a model again. A file that Pull did not bring is
// taken over where its hash is right; without a hash in the catalogue, it is
// pinned. The error wraps *DamagedError for wrong bytes, and such a model is
// not loaded any more.
func (s *Store) Verify(ctx context.Context, model Model, progress func(Progress)) error {
	return s.change(func(m *manifest) error {
		var faults []error
		for _, f := range model.Files {
			path := filepath.Join(s.dir, f.Name)
			sum, size, err := hashFile(ctx, path, progress)
			if err != nil {
				return fmt.Errorf("check %s: %w", f.Name, err)
			}
			r, recorded := m.Files[f.Name]
			want := f.SHA256
			if want == "" && recorded {
				want = r.SHA256
			}
			if want != "" && sum != want {
				faults = append(faults, &DamagedError{f.Name, sum, want})
				m.Files[f.Name] = record{SHA256: want, Size: size, Pinned: r.Pinned, Damaged: true}
				continue
			}
			m.Files[f.Name] = record{SHA256: sum, Size: size, Pinned: f.SHA256 == ""}
		}
		if len(faults) > 0 { // what was found is kept
			return errors.Join(append(faults, s.write(*m))...)
		}
		return nil
	})
}

// change reads the manifest, changes it and writes it, alone.
func (s *Store) change(f func(*manifest) error) error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	m, err := s.read()
	if err != nil {
		return err
	}
	if err := f(&m); err != nil {
		return err
	}
	return s.write(m)
}

// lock keeps other processes out until unlock; the kernel ends it with the
// process, so that a kill leaves none behind.
func (s *Store) lock() (unlock func(), err error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make folder of models: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(s.dir, lockName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock folder of models: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrBusy
		}
		return nil, fmt.Errorf("lock folder of models %s: %w", s.dir, err)
	}
	return func() { f.Close() }, nil
}

// hashFile is the SHA-256 of what is on the disk.
func hashFile(ctx context.Context, path string, progress func(Progress)) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", 0, err
	}
	p := Progress{Step: "checking", File: strings.TrimSuffix(filepath.Base(path), partSuffix), Total: info.Size()}
	h := sha256.New()
	buf := make([]byte, 1<<20)
	for {
		if err := ctx.Err(); err != nil {
			return "", 0, err
		}
		n, err := f.Read(buf)
		h.Write(buf[:n])
		p.Done += int64(n)
		if n > 0 && progress != nil {
			progress(p)
		}
		if err == io.EOF {
			return hex.EncodeToString(h.Sum(nil)), p.Done, nil
		}
		if err != nil {
			return "", 0, err
		}
	}
}

// FullError says that a disk has no room.
type FullError struct {
	Dir        string
	Need, Free int64 // bytes
	Err        error // what the system said; nil: it was foreseen
}

func (e *FullError) Error() string {
	text := fmt.Sprintf("no room in %s: %s more are needed, %s are free", e.Dir, Bytes(e.Need), Bytes(e.Free))
	if e.Err != nil {
		text += " (" + e.Err.Error() + ")"
	}
	return text
}

func (e *FullError) Unwrap() error { return e.Err }

// full makes a FullError of an error that a lack of room caused.
func (s *Store) full(err error, need int64) error {
	if known, ok := errors.AsType[*FullError](err); ok {
		known.Need = max(known.Need, need)
		return err
	}
	for _, cause := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, cause) {
			free, _ := s.free() // 0 is what it is about to say anyway
			return &FullError{s.dir, need, free, err}
		}
	}
	return err
}

// free is the bytes that this user may still write.
func (s *Store) free() (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(s.dir, &st); err != nil {
		return 0, fmt.Errorf("ask for the room in %s: %w", s.dir, err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}
