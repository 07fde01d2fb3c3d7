package appliance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/internal/durable"
)

// maxRegistry is the largest registry that is taken over, in bytes. Those of
// large homes have a few megabytes.
const maxRegistry = 64 << 20

// RegistryFile is where a state directory keeps what was imported from Home
// Assistant.
func RegistryFile(dir string) string { return filepath.Join(dir, "registry.json") }

// openRegistry reads what was imported before; without the file, nothing was.
func openRegistry(dir string) (home.Registry, error) {
	data, err := os.ReadFile(RegistryFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return home.Registry{}, nil
	}
	var r home.Registry
	if err == nil {
		r, err = home.OpenRegistry(data)
	}
	if err != nil {
		return r, fmt.Errorf("read imported registry %s: %w", RegistryFile(dir), err)
	}
	return r, nil
}

// KeepRegistry puts lists of Home Assistant's registry in place of those that
// were imported into a state directory before, and returns all of it. A running
// box is told by Box.Import.
func KeepRegistry(dir string, newer home.Registry) (home.Registry, error) {
	r, err := openRegistry(dir)
	if err != nil { // what cannot be read cannot be kept
		r = home.Registry{}
	}
	r = r.With(newer)
	data, err := r.Save()
	if err == nil {
		err = durable.Replace(RegistryFile(dir), data)
	}
	if err != nil {
		return r, fmt.Errorf("keep registry: %w", err)
	}
	return r, nil
}

// Import takes over lists of Home Assistant's registry, now and after a restart.
func (b *Box) Import(ctx context.Context, newer home.Registry) error {
	r, err := KeepRegistry(b.options.HomeDir, newer)
	if err != nil {
		return err
	}
	return b.house.do(ctx, func() {
		b.house.swap(b.house.Now().Home.WithRegistry(r), b.house.Now().Faults)
		b.house.rebuild()
	})
}
