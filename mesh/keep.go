package mesh

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// errDamaged says that a file of the mesh is not what was written.
var errDamaged = errors.New("the file is damaged")

// keep replaces a file whole: after a power cut it has the old content or the new.
// Only the owner can read it.
func keep(file string, data []byte) error {
	return put(file, data, os.Rename)
}

// begin is keep for a file that must not exist yet.
func begin(file string, data []byte) error {
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
	return syncDir(dir)
}

// syncDir makes the names in a folder last through a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}
