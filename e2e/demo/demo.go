package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cricket-home/cricket/appliance"
)

// Limits that only a broken part reaches.
const (
	startTime = 60 * time.Second
	stopTime  = 10 * time.Second
	stateTime = 5 * time.Second
)

// demo is one run of the demo.
type demo struct {
	bin, speech, config string
	out                 io.Writer
	before              func(request int) // is called before each request; for faults
	pid                 int               // of the daemon, once it runs
}

func (d *demo) run(ctx context.Context) error {
	requests, err := readRequests(filepath.Join(d.speech, "requests.toml"))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "cricket-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	defer os.RemoveAll(dir)
	broker, err := d.brokerAddress(dir)
	if err != nil {
		return err
	}
	stop, err := d.startDaemon(ctx, dir)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintf(d.out, "Broker at %s; to watch it from outside:  mosquitto_sub -h %s -p %s -v -t 'cricket/#'\n\n",
		broker, hostOf(broker), portOf(broker))

	states, err := watchStates(broker)
	if err != nil {
		return err
	}
	defer states.close()
	wrong := 0
	for i, r := range requests {
		d.before(i)
		faults := d.request(ctx, dir, r, states)
		for _, f := range faults {
			fmt.Fprintf(d.out, "   WRONG  %s\n", f)
		}
		if len(faults) > 0 {
			wrong++
		}
		fmt.Fprintln(d.out)
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d files went wrong", wrong, len(requests))
	}
	fmt.Fprintf(d.out, "All %d files came out as they must: commands carried out, what is none refused, nothing done uncalled.\n", len(requests))
	return nil
}

// brokerAddress is host:port of the daemon's broker. When another program has
// the default port the daemon is given a free one.
func (d *demo) brokerAddress(dir string) (string, error) {
	c := appliance.DefaultConfig()
	if d.config != "" {
		var err error
		if c, err = appliance.LoadConfig(d.config); err != nil {
			return "", err
		}
		if _, host, ok := strings.Cut(c.MQTT.Broker, "://"); ok {
			return host, nil
		}
		return c.MQTT.Listen, nil
	}
	l, err := net.Listen("tcp", c.MQTT.Listen)
	if err == nil {
		return c.MQTT.Listen, l.Close()
	}
	if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return "", fmt.Errorf("find a free port for the broker: %w", err)
	}
	addr := l.Addr().String()
	d.config = filepath.Join(dir, "config.toml")
	text := fmt.Sprintf("[mqtt]\nlisten = %q\n", addr)
	return addr, errors.Join(l.Close(), os.WriteFile(d.config, []byte(text), 0o600))
}

func hostOf(addr string) string { host, _, _ := net.SplitHostPort(addr); return host }
func portOf(addr string) string { _, port, _ := net.SplitHostPort(addr); return port }

// environment makes a program of ours use the demo's own folders.
func environment(dir string) []string {
	return append(os.Environ(), "RUNTIME_DIRECTORY="+filepath.Join(dir, "run"), "STATE_DIRECTORY="+filepath.Join(dir, "state"))
}

// startDaemon starts `cricket run --demo` and returns when it is ready.
func (d *demo) startDaemon(ctx context.Context, dir string) (stop func(), err error) {
	args := []string{"run", "--demo"}
	if d.config != "" {
		args = append(args, "--config", d.config)
	}
	daemon := exec.Command(filepath.Join(d.bin, "cricket"), args...)
	daemon.Env = environment(dir)
	d.out = &shared{w: d.out}
	daemon.Stdout, daemon.Stderr = d.out, os.Stderr
	fmt.Fprintf(d.out, "$ cricket %s\n", strings.Join(args, " "))
	began := time.Now()
	if err := daemon.Start(); err != nil {
		return nil, fmt.Errorf("start the daemon: %w", err)
	}
	d.pid = daemon.Process.Pid
	ended := make(chan struct{})
	go func() {
		daemon.Wait()
		close(ended)
	}()
	stop = func() {
		daemon.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(stopTime):
			daemon.Process.Kill()
			<-ended
		}
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := ready(ctx, filepath.Join(dir, "run"), ended); err != nil {
		stop()
		return nil, fmt.Errorf("daemon: %w", err)
	}
	fmt.Fprintf(d.out, "Ready after %.1f s.\n", time.Since(began).Seconds())
	return stop, nil
}

// shared is written to by the demo and by the daemon.
type shared struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(b)
}

// ready waits until the daemon says that it is.
func ready(ctx context.Context, runtime string, ended <-chan struct{}) error {
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", appliance.Socket(runtime))
	}}}
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://cricket/ready", nil)
		if err != nil {
			return err
		}
		answer, err := client.Do(r)
		if err == nil {
			defer answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			text, _ := io.ReadAll(answer.Body)
			return errors.New(strings.TrimSpace(string(text)))
		}
		select {
		case <-ended:
			return errors.New("it ended before it was ready")
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// request speaks one file to the daemon and returns what was wrong.
func (d *demo) request(ctx context.Context, dir string, want request, states *states) (wrong []string) {
	file := filepath.Join(d.speech, want.File)
	args := []string{"hear"}
	if want.Wake == "" && len(want.Says) > 0 {
		args = append(args, "--no-wake")
	}
	args = append(args, "--json", file)
	fmt.Fprintf(d.out, "$ cricket %s   (%s)\n", strings.Join(args, " "), want.Voice)
	hear := exec.CommandContext(ctx, filepath.Join(d.bin, "cricket"), args...)
	hear.Env = environment(dir)
	var stderr strings.Builder
	hear.Stderr = &stderr
	out, err := hear.Output()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		return []string{fmt.Sprintf("run cricket hear: %v", err)}
	}
	var results []appliance.Result
	for lines := json.NewDecoder(strings.NewReader(string(out))); ; {
		var r appliance.Result
		if err := lines.Decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return []string{fmt.Sprintf("read results: %v", err)}
		}
		results = append(results, r)
	}
	if len(results) != len(want.Says) {
		wrong = append(wrong, fmt.Sprintf("%d requests were heard, want %d: %s", len(results), len(want.Says), strings.TrimSpace(stderr.String())))
	}
	if len(results) == 0 && len(wrong) == 0 {
		fmt.Fprintf(d.out, "   nothing     %s\n", firstLine(stderr.String()))
	}
	for i, r := range results {
		d.show(r)
		if word := deref(r.Wake); word != want.Wake {
			wrong = append(wrong, fmt.Sprintf("wake word: it was woken by %q, want %q", word, want.Wake))
		}
		if f := r.Fault; f != nil {
			wrong = append(wrong, fmt.Sprintf("%s: %s", f.Part, f.Error))
			continue // nothing else can be right
		}
		if i >= len(want.Says) {
			break
		}
		wrong = append(wrong, want.Says[i].compare(r)...)
		for topic, value := range want.Says[i].State {
			got, ok := states.wait(topic, value)
			if !ok {
				wrong = append(wrong, fmt.Sprintf("device at %s: its state is %s, want %s", topic, got, value))
				continue
			}
			fmt.Fprintf(d.out, "   state       %s %s\n", topic, got)
		}
	}
	return wrong
}

func (d *demo) show(r appliance.Result) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(d.out, "   %-11s %s\n", name, fmt.Sprintf(format, args...))
	}
	if r.Wake != nil {
		row("wake", "%q", *r.Wake)
	}
	if r.Transcript != nil {
		row("transcript", "%q (confidence %.2f)", *r.Transcript, *r.TranscriptConfidence)
	}
	if r.Intent != nil {
		row("intent", "%s %s -> %s (%s, confidence %.2f)", *r.Intent, compact(r.Slots), strings.Join(r.Targets, ", "), r.Tier, r.Confidence)
	} else {
		row("refused", "%s", r.Refusal)
	}
	for _, also := range r.Also {
		row("and", "%s %s -> %s", *also.Intent, compact(also.Slots), strings.Join(also.Targets, ", "))
	}
	for _, a := range r.Actions {
		row("publish", "%s %s", a.Topic, a.Payload)
	}
	row("reply", "%q", r.Reply)
	row("ms", "%s", compact(r.MS))
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func compact(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
