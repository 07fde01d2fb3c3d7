package models

import (
	"os"
	"path/filepath"
)

// Shelf is what a store can give to siblings, by SHA-256.
type Shelf struct {
	store *Store
	names map[string]string // of the catalogue's files, by SHA-256
}

// NewShelf returns the shelf of a store.
func NewShelf(s *Store, c Catalogue) *Shelf {
	names := map[string]string{}
	for _, m := range c.Models {
		for _, f := range m.Files {
			if f.SHA256 != "" {
				names[f.SHA256] = f.Name
			}
		}
	}
	return &Shelf{s, names}
}

// Whole is where a file is that was verified to have this SHA-256 and is still as long, or "".
func (s *Shelf) Whole(sha256 string) string {
	m, err := s.store.read()
	if err != nil {
		return ""
	}
	for name, r := range m.Files {
		path := filepath.Join(s.store.dir, name)
		if info, err := os.Stat(path); r.SHA256 == sha256 && !r.Damaged && err == nil && info.Mode().IsRegular() && info.Size() == r.Size {
			return path
		}
	}
	return ""
}

// Begun is how many bytes are there of a file that is fetched.
func (s *Shelf) Begun(sha256 string) int64 {
	info, err := os.Stat(filepath.Join(s.store.dir, s.names[sha256]+partSuffix))
	if s.names[sha256] == "" || err != nil {
		return 0
	}
	return info.Size()
}
