package appliance

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The control socket is its owner's alone; one that a killed box left is
// replaced, and one that is in use, or is no socket, is not.
func TestControlSocket(t *testing.T) {
	dir := shortDir(t)
	first, err := listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(Socket(dir)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket's mode is %v, %v", info.Mode(), err)
	}
	if _, err := listen(dir); err == nil || !strings.Contains(err.Error(), "another cricket runs here") {
		t.Errorf("a second box: %v", err)
	}
	first.(*net.UnixListener).SetUnlinkOnClose(false) // as after kill -9
	first.Close()
	second, err := listen(dir)
	if err != nil {
		t.Fatalf("after a box that was killed: %v", err)
	}
	second.Close()
	if err := os.WriteFile(Socket(dir), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := listen(dir); err == nil {
		t.Error("a file in the socket's place was replaced")
	}
	if text, err := os.ReadFile(filepath.Join(dir, "control.sock")); string(text) != "mine" {
		t.Errorf("the file in the socket's place is now %q, %v", text, err)
	}
}
