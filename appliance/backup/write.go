package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"filippo.io/age"
)

const (
	format = 1

	// workFactor is the logarithm of scrypt's N. 16 needs 64 MiB, which the smallest boards
	// have beside a recogniser.
	workFactor = 16

	// MinPassphrase is the least number of characters of a passphrase: a backup lies about
	// where nobody counts the tries.
	MinPassphrase = 10

	maxFile  = 32 << 20 // bytes
	maxTotal = 64 << 20 // bytes
	maxFiles = 10_000
)

// What a caller branches on.
var (
	ErrShort      = fmt.Errorf("a passphrase needs at least %d characters", MinPassphrase)
	ErrPassphrase = errors.New("the passphrase is wrong")
	ErrNoBackup   = errors.New("this is no backup of a cricket, or it is damaged")
)

// Folders are what is kept: the state directory, and of the folder of the configuration, which
// may be anybody's, some files and folders.
type Folders struct {
	State, Config string
	Files         []string // below Config
}

// About is what a backup says of itself.
type About struct {
	Format  int       `json:"format"`
	Name    string    `json:"name"` // of the box
	Version string    `json:"version"`
	Time    time.Time `json:"time"`
	Left    []string  `json:"left"` // what is no plain file, and so is not in it
}

// without are the files and folders of the state directory that are in no backup.
var without = []string{"models", "wake/near-misses", staged, half, owed}

// identity are the folders that say who a box is.
var identity = []string{"mesh", "page"}

// within says whether a name is one of some folders, or lies in one.
func within(name string, folders []string) bool {
	for _, f := range folders {
		if name == f || strings.HasPrefix(name, f+"/") {
			return true
		}
	}
	return false
}

// Write writes a backup. a.Format and a.Left are filled in.
func Write(w io.Writer, passphrase string, a About, folders Folders) error {
	if utf8.RuneCountInString(passphrase) < MinPassphrase {
		return ErrShort
	}
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	to.SetWorkFactor(workFactor)

	files, left, err := list("state", folders.State, ".", without)
	for _, name := range folders.Files {
		found, other, fault := list("config", folders.Config, name, nil)
		files, left, err = append(files, found...), append(left, other...), errors.Join(err, fault)
	}
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	a.Format, a.Left = format, append([]string{}, left...)
	about, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	sealed, err := age.Encrypt(w, to)
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	packed := gzip.NewWriter(sealed)
	archive := tar.NewWriter(packed)
	err = add(archive, "about.json", 0o600, a.Time, about)
	total := 0
	for _, f := range files {
		if err != nil {
			break
		}
		var data []byte
		data, err = f.read()
		if errors.Is(err, fs.ErrNotExist) { // removed since it was listed
			err = nil
			continue
		}
		if total += len(data); total > maxTotal && err == nil {
			err = fmt.Errorf("the state directory holds more than %d MiB beside models: du -a %s | sort -n", maxTotal>>20, folders.State)
		}
		if err == nil {
			err = add(archive, f.name, f.mode, f.time, data)
		}
	}
	if err = errors.Join(err, archive.Close(), packed.Close()); err == nil {
		err = sealed.Close() // not after a fault: what is not whole must not look whole
	}
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}

// file is one that goes into a backup.
type file struct {
	root, path string // where it is
	name       string // in the backup
	mode       fs.FileMode
	time       time.Time
}

// read reads all of it. A link in its place leads nowhere outside of the folder.
func (f file) read() ([]byte, error) {
	root, err := os.OpenRoot(f.root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	in, err := root.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var data bytes.Buffer
	n, err := io.Copy(&data, io.LimitReader(in, maxFile+1))
	if err == nil && n > maxFile {
		err = fmt.Errorf("%s is larger than %d MiB", path.Join(f.root, f.path), maxFile>>20)
	}
	return data.Bytes(), err
}

// list finds the plain files at or below a name in a folder; left are names of what is none.
func list(name, dir, from string, without []string) (files []file, left []string, err error) {
	err = fs.WalkDir(os.DirFS(dir), from, func(at string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case within(at, without):
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		case e.IsDir():
			return nil
		case !e.Type().IsRegular():
			left = append(left, path.Join(name, at))
			return nil
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		files = append(files, file{root: dir, path: at, name: path.Join(name, at), mode: info.Mode().Perm(), time: info.ModTime()})
		if len(files) > maxFiles {
			return fmt.Errorf("%s holds more than %d files", dir, maxFiles)
		}
		return nil
	})
	return files, left, err
}

func add(archive *tar.Writer, name string, mode fs.FileMode, at time.Time, data []byte) error {
	if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: int64(mode), ModTime: at, Size: int64(len(data)), Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err := archive.Write(data)
	return err
}
