package piper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// ErrMissing is the error when the program cannot be started because it is not there.
var ErrMissing = errors.New("piper is not installed, and it is not in Debian: put a program of that name on PATH")

// process is a program that has the voice and waits for a text.
type process struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  limited
	said complaint
}

func (e *Engine) start() (*process, error) {
	p := &process{cmd: exec.Command(e.program, "--model", e.model, "--config", e.model+".json", "--output-raw")}
	p.out.most = int(longestSpeech.Seconds()) * e.rate * 2
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.said
	p.cmd.WaitDelay = time.Second // if a child of a killed wrapper holds the pipe
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %q: %w", e.program, err)
	}
	switch err := p.cmd.Start(); {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("start %q: %w", e.program, ErrMissing)
	case err != nil:
		return nil, fmt.Errorf("start %q: %w", e.program, err)
	}
	return p, nil
}

// speak gives the program its text and returns all that it says. The program
// has ended then.
func (p *process) speak(ctx context.Context, text string) ([]byte, error) {
	stop := context.AfterFunc(ctx, p.signal)
	defer stop()
	_, writeErr := io.WriteString(p.in, text+"\n")
	p.in.Close()
	err := p.cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case p.out.full: // which the program ended of
		return nil, errTooLong
	case err != nil:
		return nil, fmt.Errorf("%w%s", err, p.said.last())
	case writeErr != nil:
		return nil, fmt.Errorf("it did not take the text: %w%s", writeErr, p.said.last())
	}
	return p.out.buffer.Bytes(), nil
}

// kill ends a program that was given nothing to say.
func (p *process) kill() {
	p.signal()
	p.in.Close()
	p.cmd.Wait()
}

// signal kills the program and what it started: in one generation of it the
// program is a script.
func (p *process) signal() { syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// complaint keeps the end of what the program writes on its standard error.
type complaint struct{ tail []byte }

func (c *complaint) Write(b []byte) (int, error) {
	c.tail = append(c.tail, b...)
	c.tail = c.tail[max(0, len(c.tail)-1000):]
	return len(b), nil
}

// last is the last line of it, after a colon.
func (c *complaint) last() string {
	lines := strings.Split(strings.TrimSpace(string(c.tail)), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return ": " + last
	}
	return ""
}
