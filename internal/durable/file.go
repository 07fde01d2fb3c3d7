package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Replace puts data in a file's place, and makes its folder where there is none. Only the
// owner can read it. Errors are those of package os.
func Replace(file string, data []byte) error { return put(file, data, os.Rename) }

// Create is Replace for a file that must not exist yet: then the error is fs.ErrExist.
func Create(file string, data []byte) error {
	return put(file, data, func(written, file string) error {
		if err := os.Link(written, file); err != nil {
			return err
		}
		return os.Remove(written)
	})
}

func put(file string, data []byte, place func(written, file string) error) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(file)+".*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = place(f.Name(), file)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	return SyncFolder(dir)
}

// SyncFolder makes the names in a folder last: what was made, renamed or removed in it.
func SyncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}
