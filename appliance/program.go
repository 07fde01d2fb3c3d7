package appliance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// libexec is where a package of Cricket installs the programs of its own.
const libexec = "/usr/lib/cricket"

// Program finds a program that Cricket runs as a child: in bin, in libexec,
// then on PATH. The error names the place it was expected in.
func Program(bin, name string) (string, error) {
	for _, dir := range []string{bin, libexec} {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("find program %q: neither in %s, nor in %s, nor on PATH", name, bin, libexec)
	}
	return path, nil
}

// Bin is the folder of the running executable: its children are beside it.
func Bin() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find own executable: %w", err)
	}
	if exe, err = filepath.EvalSymlinks(exe); err != nil {
		return "", fmt.Errorf("find own executable: %w", err)
	}
	return filepath.Dir(exe), nil
}

// StateDir is where a box keeps what it learns and downloads: systemd's
// STATE_DIRECTORY, root's /var/lib/cricket, or the user's own state folder.
func StateDir() string {
	if dir := os.Getenv("STATE_DIRECTORY"); dir != "" {
		return dir
	}
	if os.Geteuid() == 0 {
		return "/var/lib/cricket"
	}
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "cricket")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "cricket-state")
	}
	return filepath.Join(home, ".local", "state", "cricket")
}

// ServiceDir is RuntimeDir of the installed service; systemd removes it when that ends.
const ServiceDir = "/run/cricket"

// RuntimeDir is where the control socket is: systemd's RUNTIME_DIRECTORY,
// root's /run/cricket, or the user's runtime folder.
func RuntimeDir() string {
	if dir := os.Getenv("RUNTIME_DIRECTORY"); dir != "" {
		return dir
	}
	if os.Geteuid() == 0 {
		return ServiceDir
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		return filepath.Join(dir, "cricket")
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("cricket-%d", os.Getuid()))
}
