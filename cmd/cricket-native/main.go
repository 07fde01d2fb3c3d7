// Command cricket-native runs the engines that are written in C, each in a
// process of its own that cricket starts and supervises: `stt` is whisper.cpp,
// `sphinx` is pocketsphinx, `check` shows that both load. It is the only part
// of Cricket that needs cgo.
//
// In and out: requests and replies on descriptors 3 and 4 (docs/wire.md); PCM
// is 16 kHz mono. A C library that aborts takes this process down and nothing
// else: the daemon starts it again.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/alecthomas/kong"
)

// root is where the Debian packages of the engines are unpacked; empty where
// they are installed in the system. Set with -ldflags "-X main.root=DIR".
var root string

type command struct {
	STT    sttCommand    `cmd:"" name:"stt" help:"Recognise speech with whisper.cpp (started by cricket)."`
	Sphinx sphinxCommand `cmd:"" name:"sphinx" help:"Recognise closed phrases with pocketsphinx (started by cricket)."`
	Audio  audioCommand  `cmd:"" name:"audio" help:"Have the microphone and the loudspeaker (started by cricket)."`
	Check  checkCommand  `cmd:"" name:"check" help:"Load the engines and say how that went."`
}

func main() {
	if err := adopt(); err != nil {
		fmt.Fprintln(os.Stderr, "cricket-native: error:", err)
		os.Exit(1)
	}
	var c command
	k := kong.Parse(&c, kong.Name("cricket-native"), kong.Description("The native engines of cricket."), kong.UsageOnError())
	// Libraries print on descriptor 1: from here on that is stderr, and what this
	// program has to say on stdout goes to a copy of it.
	out, err := takeStdout()
	if err == nil {
		err = k.Run(out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cricket-native: error:", err)
		os.Exit(1)
	}
}

func takeStdout() (*os.File, error) {
	fd, err := syscall.Dup(1)
	if err != nil {
		return nil, fmt.Errorf("copy descriptor 1: %w", err)
	}
	syscall.CloseOnExec(fd)
	if err := syscall.Dup3(2, 1, 0); err != nil {
		return nil, fmt.Errorf("move descriptor 1 to 2: %w", err)
	}
	return os.NewFile(uintptr(fd), "stdout"), nil
}

// inRoot returns the only path under root that matches pattern.
func inRoot(pattern string) (string, error) {
	pattern = filepath.Join("/", root, pattern)
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("find %s: not there: run make setup, or install the packages", pattern)
	}
	return found[len(found)-1], nil
}
