package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cricket-home/cricket/appliance"
)

func main() {
	verbs := map[string]func(args []string) error{
		"listening": listening, "scan": scan, "canary": canary, "change": change, "full": full, "who": who,
	}
	do, ok := verbs[strings.Join(os.Args[min(1, len(os.Args)):min(2, len(os.Args))], "")]
	if !ok {
		fmt.Fprintln(os.Stderr, "probe: error: an unknown verb")
		os.Exit(2)
	}
	if err := do(os.Args[2:]); err != nil {
		say("error: %s: %v", os.Args[1], err)
		os.Exit(1)
	}
}

func say(format string, a ...any) { fmt.Printf("boot-test: "+format+"\n", a...) }

// listening waits for the daemon to say so.
func listening([]string) error {
	last := ""
	for ; ; time.Sleep(2 * time.Second) {
		out, err := exec.Command("systemctl", "show", "-P", "StatusText", "cricket").Output()
		if err != nil {
			return err
		}
		if status := strings.TrimSpace(string(out)); status == "listening" {
			say("listening")
			return nil
		} else if status != last {
			fmt.Println("status:", status)
			last = status
		}
	}
}

// box is the daemon, by its control socket.
var box = http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "unix", appliance.Socket(appliance.RuntimeDir()))
}}}

// ready waits for the daemon.
func ready() {
	for ; ; time.Sleep(time.Second) {
		r, err := box.Get("http://box/ready")
		if err != nil {
			continue
		}
		r.Body.Close()
		if r.StatusCode == http.StatusOK {
			return
		}
	}
}

// ask asks the box, and tells what it answered; an error where it did not do it.
func ask(text string) (string, error) {
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return "", err
	}
	r, err := box.Post("http://box/ask", "application/json", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	var result appliance.Result
	if err := json.NewDecoder(r.Body).Decode(&result); err != nil {
		return "", err
	}
	if result.Intent == nil || result.Fault != nil || result.Plan != "" {
		return result.Reply, fmt.Errorf("%q was answered %q", text, result.Reply)
	}
	return result.Reply, nil
}

// name is a word for a number, which nobody takes for another word.
func name(n int) string {
	const consonants, vowels = "bdfgklmnprtvz", "aeiou"
	var b strings.Builder
	for i, n := 0, n+300; i < 3; i++ {
		b.WriteByte(consonants[n%len(consonants)])
		n /= len(consonants)
		b.WriteByte(vowels[n%len(vowels)])
		n /= len(vowels)
	}
	return b.String()
}

// change changes things one after the other, and says each that was confirmed.
func change(args []string) error {
	from, err := strconv.Atoi(strings.Join(args, ""))
	if err != nil {
		return err
	}
	ready()
	say("changing")
	for n := from; ; n++ {
		var text, what string
		switch n % 4 {
		case 0:
			what, text = "timer "+name(n), "set a "+name(n)+" timer for five hours"
		case 1:
			volume := 10 + n/4
			what, text = fmt.Sprint("volume ", volume), fmt.Sprintf("set the volume to %d percent", volume)
		default:
			what, text = "item "+name(n), "add "+name(n)+" to the shopping list"
		}
		if _, err := ask(text); err != nil {
			return err
		}
		say("confirmed %d %s", n, what)
	}
}

// full is what a box does whose disk is full: it refuses what it could not keep, goes on,
// and keeps things again when there is room.
func full([]string) error {
	ready()
	fill, err := os.Create("/data/fill")
	if err != nil {
		return err
	}
	defer os.Remove(fill.Name())
	junk := bytes.Repeat([]byte{1}, 1<<20)
	for size := len(junk); size >= 512; {
		if _, err := fill.Write(junk[:size]); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			return err
		}
	}
	if err := fill.Sync(); err != nil && !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	reply, err := ask("add sugar to the shopping list")
	if err == nil {
		return fmt.Errorf("with a full disk it answered %q", reply)
	}
	say("the disk is full: %v", err)
	if reply, err = ask("what time is it"); err != nil {
		return err
	}
	say("the disk is full: the time is told all the same: %s", reply)
	if err := errors.Join(fill.Close(), os.Remove(fill.Name())); err != nil {
		return err
	}
	if _, err := ask("add pepper to the shopping list"); err != nil {
		return err
	}
	restarts, err := exec.Command("systemctl", "show", "-P", "NRestarts", "cricket").Output()
	if err != nil {
		return err
	}
	say("room again: kept again, %s restarts", bytes.TrimSpace(restarts))
	return nil
}

func who([]string) error {
	ready()
	id, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		return err
	}
	address, err := ownAddress()
	if err != nil {
		return err
	}
	list, err := ask("what is on the shopping list")
	if err != nil {
		return err
	}
	say("who: %s %s", bytes.TrimSpace(id), address)
	say("list: %s", list)
	return nil
}

// ownAddress is the IPv4 address that others reach the box by.
func ownAddress() (net.IP, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return n.IP, nil
		}
	}
	return nil, errors.New("the box has no address")
}

// scan connects to each TCP port as somebody in the network would, and lists the UDP
// sockets that are bound to more than loopback: nobody answers to a scan of these.
func scan([]string) error {
	address, err := ownAddress()
	if err != nil {
		return err
	}
	var open []string
	for port := 1; port < 1<<16; port++ {
		c, err := net.DialTimeout("tcp", net.JoinHostPort(address.String(), strconv.Itoa(port)), time.Second)
		if err != nil {
			continue
		}
		c.Close()
		open = append(open, fmt.Sprintf("%d/tcp", port))
	}
	udp, err := exec.Command("ss", "-H", "-lnup").Output()
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(udp)) {
		f := strings.Fields(line)
		if len(f) < 4 {
			continue
		}
		at := f[3]
		if strings.HasPrefix(at, "127.") || strings.HasPrefix(at, "[::1]") {
			continue
		}
		port := at[strings.LastIndex(at, ":")+1:] + "/udp"
		if len(f) > 5 {
			_, program, _ := strings.Cut(f[5], `"`)
			program, _, _ = strings.Cut(program, `"`)
			port += "(" + program + ")"
		}
		open = append(open, port)
	}
	say("scan of %s: open %s", address, strings.Join(open, " "))
	return nil
}

// canary searches for what was said to the box, in any case of letters. That the search
// finds what is there is shown by the machine-id.
func canary(words []string) error {
	want := strings.ToLower(strings.Join(words, " "))
	if want == "" {
		return errors.New("no words to search for")
	}
	id, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		return err
	}
	journal, err := exec.Command("journalctl", "-b", "-o", "export", "--no-pager").Output()
	if err != nil {
		return fmt.Errorf("read journal: %w", err)
	}
	device, err := exec.Command("findmnt", "-n", "-o", "SOURCE", "/data").Output()
	if err != nil {
		return err
	}
	syscall.Sync()
	disk, err := os.Open(strings.TrimSpace(string(device))) // what was removed, too
	if err != nil {
		return err
	}
	defer disk.Close()
	searched := 0
	for name, in := range map[string]io.Reader{"journal": bytes.NewReader(journal), "data partition": disk} {
		n, found, err := search(in, want, string(bytes.TrimSpace(id)))
		switch {
		case err != nil:
			return fmt.Errorf("search %s: %w", name, err)
		case found[0]:
			return fmt.Errorf("what was said is in the %s", name)
		case !found[1]:
			return fmt.Errorf("the search of the %s finds nothing, not even the machine-id", name)
		}
		searched += n
	}
	say("canary: not found in %d bytes of journal and data partition", searched)
	return nil
}

// search says which of some lower-case texts are in r, and how long that is.
func search(r io.Reader, texts ...string) (size int, found []bool, err error) {
	found = make([]bool, len(texts))
	const overlap = 256 // longer than any of the texts
	buf, kept := make([]byte, 1<<20), 0
	for {
		n, err := r.Read(buf[kept:])
		size += n
		low := bytes.ToLower(buf[:kept+n])
		for i, t := range texts {
			found[i] = found[i] || bytes.Contains(low, []byte(t))
		}
		if errors.Is(err, io.EOF) {
			return size, found, nil
		} else if err != nil {
			return size, found, err
		}
		kept = copy(buf, buf[max(0, kept+n-overlap):kept+n])
	}
}
