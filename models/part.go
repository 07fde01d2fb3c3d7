package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// note lies beside a part and says what its bytes are bytes of.
type note struct {
	Source    string `json:"source"`              // URL or path, without a password
	Validator string `json:"validator,omitempty"` // strong ETag or Last-Modified; "": none
	Total     int64  `json:"total"`               // bytes of the whole; -1: not known
	Synced    int64  `json:"synced,omitempty"`    // bytes that are surely on the disk
	Shared    bool   `json:"shared,omitempty"`    // some of the bytes are siblings'
}

// readNote parses a note. A note that is none is as good as no note: the part
// is fetched again.
func readNote(data []byte) (note, bool) {
	var n note
	if err := json.Unmarshal(data, &n); err != nil || n.Source == "" || n.Total < -1 || n.Synced < 0 || n.Total >= 0 && n.Synced > n.Total {
		return note{}, false
	}
	return n, true
}

// part is a file that is being fetched.
type part struct {
	s    *Store
	f    File
	out  *os.File
	note note
	have int64
}

// openPart opens what an earlier pull left, as far as it can be relied on.
func (s *Store) openPart(f File, source string) (*part, error) {
	out, err := os.OpenFile(filepath.Join(s.dir, f.Name+partSuffix), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open part of %s: %w", f.Name, err)
	}
	p := &part{s: s, f: f, out: out}
	info, err := out.Stat()
	if err != nil {
		out.Close()
		return nil, fmt.Errorf("open part of %s: %w", f.Name, err)
	}
	p.have = info.Size()
	data, err := os.ReadFile(p.notePath())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		out.Close()
		return nil, fmt.Errorf("open part of %s: %w", f.Name, err)
	}
	n, ok := readNote(data)
	p.note = n
	switch {
	case !ok, f.Size > 0 && p.have > f.Size, n.Total >= 0 && p.have > n.Total:
		err = p.restart()
	case f.SHA256 != "":
		// Whatever is wrong with the bytes, the hash will tell.
		if n.Source != source {
			p.note = note{Source: source, Total: -1, Shared: n.Shared}
		}
	case n.Source != source || !p.certain():
		err = p.restart()
	case p.have > n.Synced:
		// After a power cut the end of a file can be zeros, and no hash would tell.
		p.have = n.Synced
		err = out.Truncate(p.have)
	}
	if err != nil {
		out.Close()
		return nil, fmt.Errorf("open part of %s: %w", f.Name, err)
	}
	return p, nil
}

// certain is whether it will be noticed when the second half is another file's.
func (p *part) certain() bool { return p.f.SHA256 != "" || p.note.Validator != "" }

func (p *part) notePath() string { return filepath.Join(p.s.dir, p.f.Name+noteSuffix) }

// restart forgets what is there. The bytes go first: a note of a new file
// beside bytes of the old one would be a mixture after a kill.
func (p *part) restart() error {
	p.have, p.note = 0, note{Total: -1}
	return p.out.Truncate(0)
}

// describe writes down what the bytes are of; it is called before the first
// byte, and when more of them are on the disk.
func (p *part) describe(n note) error {
	data, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode note: %w", err)
	}
	p.note = n
	return p.s.replace(p.f.Name+noteSuffix, data)
}

// sync puts the bytes on the disk, and says so in the note.
func (p *part) sync() error {
	if err := p.out.Sync(); err != nil {
		return err
	}
	n := p.note
	n.Synced = p.have
	return p.describe(n)
}

// remove deletes the part and its note.
func (p *part) remove() error {
	return errors.Join(removeIfThere(p.out.Name()), removeIfThere(p.notePath()))
}

// close leaves nothing where nothing came.
func (p *part) close() {
	p.out.Close()
	if p.have == 0 {
		p.remove()
	}
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
