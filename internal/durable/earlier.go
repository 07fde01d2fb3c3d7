package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Earlier is where a file is kept as a version of its format had it: whoever writes the
// file in the next version links it there first, so that the system before can be gone
// back to.
func Earlier(file string, version int) string { return fmt.Sprintf("%s.v%d", file, version) }

// GoBack puts the file in place as the known version had it, where a later Cricket wrote
// it as version found and kept that one; the later file is then at [Earlier] of found, and
// the result is true. Without the one that was kept nothing is touched.
func GoBack(file string, found, known int) (bool, error) {
	data, err := os.ReadFile(Earlier(file, known))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	later := Earlier(file, found)
	if err := os.Remove(later); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := os.Link(file, later); err != nil {
		return false, err
	}
	return true, Replace(file, data) // which makes the link last too
}
