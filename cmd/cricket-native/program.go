package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/cricket-home/cricket/internal/child"
)

// The programs that hear and play on a machine whose sound PipeWire has: PortAudio would
// take the devices away from everybody else there.
const (
	recorder = "pw-record"
	player   = "pw-play"
)

// piped is the command of one of them for a pipe of 16 kHz PCM. Those of today want "--raw"
// for that, and those of Debian 12 (PipeWire 0.3.65) do not know it.
func piped(program string) []string {
	args := []string{program, "--rate", "16000", "--channels", "1", "--format", "s16"}
	if help, err := exec.Command(program, "--help").CombinedOutput(); err == nil && strings.Contains(string(help), "--raw") {
		args = append(args, "--raw")
	}
	return append(args, "-")
}

// onDesktop says whether PipeWire runs here for this user.
func onDesktop() bool {
	if _, err := os.Stat(filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "pipewire-0")); err != nil {
		return false
	}
	_, record := exec.LookPath(recorder)
	_, play := exec.LookPath(player)
	return record == nil && play == nil
}

// program is a microphone or a loudspeaker that is a program's pipe.
type program struct {
	cmd  *exec.Cmd
	out  *bufio.Reader // of a microphone
	in   io.WriteCloser
	said strings.Builder
	pace pace
}

func startProgram(args []string, hears bool) (*program, error) {
	p := &program{cmd: exec.Command(args[0], args[1:]...)}
	p.cmd.Stderr = &p.said
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var err error
	if hears {
		var out io.Reader
		if out, err = p.cmd.StdoutPipe(); err == nil {
			p.out = bufio.NewReader(out)
		}
	} else {
		p.in, err = p.cmd.StdinPipe()
	}
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	return p, nil
}

func (p *program) Name() string { return p.cmd.Args[0] }

func (p *program) Read(pcm []int16) error {
	data := make([]byte, 2*len(pcm))
	if _, err := io.ReadFull(p.out, data); err != nil {
		return p.fault(err)
	}
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return nil
}

// Write writes as fast as it sounds: else the pipe would run two seconds ahead.
func (p *program) Write(pcm []int16) error {
	p.pace.wait()
	if _, err := p.in.Write(child.PCM(pcm)); err != nil {
		return p.fault(err)
	}
	return nil
}

func (p *program) Close() error {
	if p.in != nil {
		return errors.Join(p.in.Close(), p.cmd.Wait())
	}
	p.cmd.Process.Kill()
	p.cmd.Wait()
	return nil
}

// fault is what the program complained of before its pipe ended.
func (p *program) fault(err error) error {
	p.cmd.Process.Kill()
	p.cmd.Wait()
	if lines := strings.Split(strings.TrimSpace(p.said.String()), "\n"); lines[0] != "" {
		return fmt.Errorf("%s: %s", p.cmd.Args[0], lines[len(lines)-1])
	}
	return fmt.Errorf("%s: %w", p.cmd.Args[0], err)
}
