package firstboot

import (
	"fmt"
	"os"
	"syscall"
)

// sameGroup gives a file the group of a folder: that of the daemon.
func sameGroup(file, dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("ask for the group of %s: not known", dir)
	}
	return os.Chown(file, -1, int(s.Gid))
}
