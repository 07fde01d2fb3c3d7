package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/home"
)

// startTime is how long a box of our own may take until its devices have
// announced themselves.
const startTime = 20 * time.Second

// session talks to a box over its control socket: the daemon's, or that of a
// box in this process.
type session struct {
	http *http.Client
	end  func()
}

// where says which box a command is for.
type where struct {
	Home string `help:"Work in this process, on the home of this file, instead of asking the daemon." type:"path" placeholder:"HOME.toml"`
	Room string `help:"The room that hears it." placeholder:"R"`
}

// open connects to the daemon, or with --home starts a box in this process.
func (w where) open(ctx context.Context, t *terminal, ears bool) (*session, error) {
	if w.Home == "" {
		s, err := reach()
		if f, ok := errors.AsType[*fault](err); ok {
			f.hint += "   (or --home HOME.toml to work without it)"
		}
		return s, err
	}
	data, err := os.ReadFile(w.Home)
	if err != nil {
		return nil, fmt.Errorf("read home: %w", err)
	}
	h, err := home.Parse(w.Home, data)
	if err != nil {
		return nil, err
	}
	return openOwn(ctx, t, h, filepath.Dir(w.Home), ears)
}

// reach connects to the daemon.
func reach() (*session, error) {
	dir := appliance.RuntimeDir()
	c, err := net.Dial("unix", appliance.Socket(dir))
	if err != nil {
		return nil, unreached(err, appliance.ServiceDir, os.Geteuid())
	}
	c.Close()
	return dial(dir, func() {}), nil
}

var errService = errors.New("reach the daemon: it runs as the service of this machine, which answers root only")

// unreached is what to say where no daemon answers. service is a folder that is there for
// as long as the machine's service runs, which answers nobody but root: what is typed
// without sudo looks for a daemon of the user's own.
func unreached(err error, service string, uid int) *fault {
	f := &fault{fmt.Errorf("reach the daemon: %w", err), "cricket run", exitMissing}
	if _, none := os.Stat(service); none == nil && uid != 0 {
		f.err, f.hint = errService, "type the same with sudo: sudo cricket doctor"
	}
	return f
}

// openOwn runs a box in this process: a broker on a free port, the devices of
// the home, and where it must hear, a recogniser.
func openOwn(ctx context.Context, t *terminal, h *home.Home, dir string, ears bool) (*session, error) {
	config := appliance.DefaultConfig()
	config.Language, config.Dir, config.MQTT.Listen = h.Language, dir, "127.0.0.1:0"
	bin, err := appliance.Bin()
	if err != nil {
		return nil, err
	}
	runtime, err := os.MkdirTemp("", "cricket-")
	if err != nil {
		return nil, fmt.Errorf("make runtime directory: %w", err)
	}
	box, err := appliance.New(appliance.Options{
		Config: config, Home: h, Devices: true, Ears: ears, Bin: bin,
		StateDir: appliance.StateDir(), RuntimeDir: runtime,
		Log: slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		os.RemoveAll(runtime)
		return nil, startFault(err, config)
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- box.Run(ctx) }()
	s := dial(runtime, func() {
		cancel()
		<-ended
		os.RemoveAll(runtime)
	})
	ready, stop := context.WithTimeout(ctx, startTime)
	defer stop()
	settled := make(chan error, 1)
	go func() { settled <- box.Ready(ready) }()
	select {
	case err = <-ended:
		ended <- nil
	case err = <-settled:
	}
	if err != nil {
		s.end()
		return nil, &fault{err, "cricket doctor", exitMissing}
	}
	return s, nil
}

func dial(dir string, end func()) *session {
	return &session{end: end, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", appliance.Socket(dir))
		},
	}}}
}

// call makes one request; the caller closes the body.
func (s *session) call(ctx context.Context, method, path string, query url.Values, body io.Reader) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://cricket"+path+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	answer, err := s.http.Do(r)
	if err != nil {
		return nil, &fault{fmt.Errorf("ask the box: %w", err), "cricket doctor", exitMissing}
	}
	if answer.StatusCode == http.StatusOK {
		return answer.Body, nil
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
	code, hint := exitUsage, ""
	switch answer.StatusCode {
	case http.StatusServiceUnavailable: // the doctor says what is the matter with the part
		code, hint = exitMissing, "cricket doctor"
	case http.StatusForbidden:
		code = exitRefused
	}
	return nil, &fault{errors.New(strings.TrimSpace(string(text))), hint, code}
}

// get reads one JSON value.
func (s *session) get(ctx context.Context, path string, query url.Values, into any) error {
	body, err := s.call(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	return json.NewDecoder(body).Decode(into)
}

// results reads lines of results and prints them; it returns the exit code of
// the worst. A line of its own tells what was wrong with the input.
func (t *terminal) results(body io.Reader, asJSON bool) (lines int, err error) {
	worst := exitDone
	in := bufio.NewReader(body)
	for {
		line, readErr := in.ReadBytes('\n')
		if readErr != nil {
			break
		}
		var r struct {
			appliance.Result
			Error   string `json:"error"`
			Refused bool   `json:"refused"` // nothing is wrong with the input, but there is no request in it
		}
		if err := json.Unmarshal(line, &r); err != nil {
			return lines, fmt.Errorf("read answer of the box: %w", err)
		}
		if r.Refused {
			return lines, &fault{err: errors.New(r.Error), code: max(worst, exitRefused)}
		}
		if r.Error != "" {
			return lines, &fault{err: errors.New(r.Error), code: exitUsage}
		}
		lines++
		if asJSON {
			t.out.Write(line)
		} else {
			fmt.Fprintln(t.out, r.Result)
		}
		if f := r.Fault; f != nil {
			fmt.Fprintf(t.err, "cricket: error: %s: %s\n", f.Part, f.Error)
			if f.Hint != "" {
				fmt.Fprintf(t.err, "cricket: hint: %s\n", f.Hint)
			}
			worst = exitMissing
		} else if !r.Done() {
			if r.Hint != "" && !asJSON {
				fmt.Fprintf(t.err, "cricket: hint: %s\n", r.Hint)
			}
			worst = max(worst, exitRefused)
		}
	}
	if worst != exitDone {
		return lines, &fault{code: worst}
	}
	return lines, nil
}
