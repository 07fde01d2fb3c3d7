package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	manifestName = "manifest.json"
	lockName     = "lock"
	partSuffix   = ".part"
	noteSuffix   = ".part.json"
	newSuffix    = ".new"
)

// reserved is whether a store uses the name for itself.
func reserved(name string) bool {
	return name == manifestName || name == lockName || strings.HasSuffix(name, partSuffix) ||
		strings.HasSuffix(name, noteSuffix) || strings.HasSuffix(name, newSuffix)
}

// manifest is what a store knows beside its files. A record outlives its file,
// so that a pinned hash holds when the model is pulled again.
type manifest struct {
	Files    map[string]record    `json:"files,omitempty"`
	Accepted map[string]time.Time `json:"accepted,omitempty"` // by id of the licence
	Use      map[Purpose]string   `json:"use,omitempty"`      // explicit choices: ids
}

// record is a file that was whole and verified once.
type record struct {
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
	Pinned  bool   `json:"pinned,omitempty"`  // the hash is that of the first pull
	Damaged bool   `json:"damaged,omitempty"` // a later check found other bytes
}

func (s *Store) read() (manifest, error) {
	m := manifest{Files: map[string]record{}, Accepted: map[string]time.Time{}, Use: map[Purpose]string{}}
	path := filepath.Join(s.dir, manifestName)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, fmt.Errorf("read manifest of models: %w", err)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("read manifest of models %s: %w", path, err)
	}
	for name, r := range m.Files {
		if !fileForm.MatchString(name) || reserved(name) || !hash.MatchString(r.SHA256) || r.Size < 0 {
			return m, fmt.Errorf("read manifest of models %s: bad record of %q", path, name)
		}
	}
	return m, nil
}

// write replaces the manifest in one step: a crash leaves the old or the new one.
func (s *Store) write(m manifest) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encode manifest of models: %w", err)
	}
	return s.replace(manifestName, append(data, '\n'))
}

// replace writes a small file under another name and moves it into place.
func (s *Store) replace(name string, data []byte) error {
	path := filepath.Join(s.dir, name)
	f, err := os.OpenFile(path+newSuffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(path+newSuffix, path)
	}
	if err != nil {
		os.Remove(path + newSuffix)
		return s.full(fmt.Errorf("write %s: %w", name, err), int64(len(data)))
	}
	return s.syncDir()
}

// syncDir makes renames last through a power cut.
func (s *Store) syncDir() error {
	d, err := os.Open(s.dir)
	if err != nil {
		return fmt.Errorf("sync folder of models: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync folder of models: %w", err)
	}
	return nil
}
