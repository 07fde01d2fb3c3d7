package models

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestMain lets the test binary be a process that pulls, to be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("PULL_INTO"); dir != "" {
		os.Exit(pullHere(dir))
	}
	os.Exit(m.Run())
}

func pullHere(dir string) int {
	var limit syscall.Rlimit
	if n, _ := fmt.Sscan(os.Getenv("PULL_LIMIT"), &limit.Cur); n == 1 {
		signal.Ignore(syscall.SIGXFSZ) // a write over the limit is then an error, as on a full disk
		limit.Max = limit.Cur
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 2
		}
	}
	m := model(0, os.Getenv("PULL_HASH"))
	fmt.Sscan(os.Getenv("PULL_SIZE"), &m.Files[0].Size)
	o := PullOptions{From: os.Getenv("PULL_FROM"), Say: func(line string) { fmt.Println(line) }}
	die := 0
	if fmt.Sscan(os.Getenv("PULL_DIE"), &die); die > 0 {
		o.Transport = &dying{network(), die}
	}
	err := NewStore(dir).Pull(context.Background(), m, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// pullApart starts a process that pulls.
func pullApart(t *testing.T, dir, from, hash string, size int, env ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(append(os.Environ(), "PULL_INTO="+dir, "PULL_FROM="+from, "PULL_HASH="+hash, fmt.Sprint("PULL_SIZE=", size)), env...)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	return c, &said
}

// A process that pulls is killed with SIGKILL at random bytes, again and again:
// by itself after it has taken so many, and from outside when so many were sent.
// Nothing has the final name before the whole is there, what came is not asked
// for again, and the end is the file.
func TestKilledAtRandomBytes(t *testing.T) {
	for _, test := range []struct {
		name  string
		known bool // the hash
	}{{"hash known", true}, {"hash not known, but an ETag", false}} {
		t.Run(test.name, func(t *testing.T) {
			data, hash := content(4_000_000, 7), ""
			if test.known {
				hash = sum(data)
			}
			r := rand.New(rand.NewPCG(1, 2))
			m := &mirror{data: data, etag: `"1"`}
			k := &killer{}
			server := onNetwork(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { m.ServeHTTP(&metered{w, k}, q) }))
			s := NewStore(t.TempDir())
			for kills := range 14 {
				before, n := max(0, partSize(t, s)), 1+r.IntN(200_000)
				var env []string
				k.mu.Lock()
				if k.left = n; kills%2 == 0 {
					k.left, env = 1<<40, []string{fmt.Sprint("PULL_DIE=", n)}
				}
				c, said := pullApart(t, s.Dir(), server, hash, 0, env...)
				k.kill = func() { c.Process.Kill() }
				k.mu.Unlock()
				if err := c.Wait(); c.ProcessState.ExitCode() != -1 {
					t.Fatalf("it was not killed: %v\n%s", err, said)
				}
				notThere(t, s)
				if got := partSize(t, s); test.known && kills%2 == 0 && got != before+int64(n) {
					t.Errorf("kill %d: %d bytes are there, and then %d more were taken: %d", kills, before, n, got)
				}
			}
			had := partSize(t, s)
			k.mu.Lock()
			k.left = 1 << 40
			k.mu.Unlock()
			c, said := pullApart(t, s.Dir(), server, hash, 0)
			if err := c.Wait(); err != nil {
				t.Fatalf("%v: %s", err, said)
			}
			whole(t, s, data)
			if e := entry(t, s, model(0, hash)); e.Status != Installed {
				t.Errorf("it is %v", e.Status)
			}
			if asked, _ := m.requests(); test.known && asked[len(asked)-1] != fmt.Sprintf("bytes=%d-", had) {
				t.Errorf("the last request is for %s with %d bytes there", asked[len(asked)-1], had)
			}
		})
	}
}

// killer kills a process when so many bytes were sent to it.
type killer struct {
	mu   sync.Mutex
	left int
	kill func()
}

func (k *killer) take(n int) (now int, last bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now = min(n, k.left)
	k.left -= now
	return now, k.left == 0
}

type metered struct {
	http.ResponseWriter
	k *killer
}

func (m *metered) Unwrap() http.ResponseWriter { return m.ResponseWriter }
func (m *metered) Write(p []byte) (int, error) {
	n, last := m.k.take(len(p))
	if _, err := m.ResponseWriter.Write(p[:n]); err != nil {
		return 0, err
	}
	if last {
		m.ResponseWriter.(http.Flusher).Flush()
		m.k.mu.Lock()
		m.k.kill()
		m.k.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	return n, nil
}

// dying is a transport whose process is killed after so many bytes.
type dying struct {
	http.RoundTripper
	left int
}

func (d *dying) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := d.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = &dyingBody{resp.Body, d}
	}
	return resp, err
}

type dyingBody struct {
	io.ReadCloser
	d *dying
}

func (b *dyingBody) Read(p []byte) (int, error) {
	if b.d.left == 0 {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // it takes a moment
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.d.left)])
	b.d.left -= n
	return n, err
}

// A file that cannot grow any more is what a full disk looks like to a
// process. What came stays, and the next pull goes on.
func TestFullWhileWriting(t *testing.T) {
	data := content(size, 1)
	s, from := NewStore(t.TempDir()), onNetwork(t, &mirror{data: data, etag: `"1"`})
	c, said := pullApart(t, s.Dir(), from, sum(data), size, "PULL_LIMIT=100000")
	if err := c.Wait(); err == nil {
		t.Fatal("no error")
	}
	if !strings.Contains(said.String(), "no room in "+s.Dir()+": 200.0 kB more are needed") {
		t.Errorf("said %q", said)
	}
	notThere(t, s)
	if got := partSize(t, s); got != 100000 {
		t.Errorf("%d bytes are kept", got)
	}
	if err := s.Pull(t.Context(), model(size, sum(data)), PullOptions{From: from, Say: new(heard).say}); err != nil {
		t.Fatal(err)
	}
	whole(t, s, data)
}

// A real full disk, of 256 kB; it takes root to make one.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		if os.Getenv("CRICKET_NO_SKIP") == "1" && os.Geteuid() == 0 {
			t.Fatalf("mount: %v", err)
		}
		t.Skipf("a small disk cannot be mounted (%v): run as root", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	data := content(size, 1)
	s, m := NewStore(dir), &mirror{data: data, etag: `"1"`}
	from := onNetwork(t, m)

	// Foreseen: nothing is written.
	err := s.Pull(t.Context(), model(size, sum(data)), PullOptions{From: from, Say: new(heard).say})
	full, ok := errors.AsType[*FullError](err)
	if !ok || full.Need != size || full.Free < 200_000 || full.Free > 262_144 || !strings.Contains(err.Error(), "300.0 kB more are needed, 2") {
		t.Fatalf("error %v", err)
	}
	if got := partSize(t, s); got != -1 {
		t.Errorf("a part of %d bytes is there", got)
	}
	// Not foreseen, because the server does not say how much it is.
	m.script = []string{"chunked"}
	err = s.Pull(t.Context(), model(0, sum(data)), PullOptions{From: from, Say: new(heard).say})
	if full, ok := errors.AsType[*FullError](err); !ok || !errors.Is(err, syscall.ENOSPC) || full.Free > 8192 {
		t.Fatalf("error %v", err)
	}
	notThere(t, s)
	kept := partSize(t, s)
	if kept < 200_000 {
		t.Errorf("%d bytes are kept", kept)
	}
	// The disk gets room, and the pull goes on after what was kept.
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=1m"); err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	m.script, m.asked = nil, nil
	m.mu.Unlock()
	if err := s.Pull(t.Context(), model(0, sum(data)), PullOptions{From: from, Say: new(heard).say}); err != nil {
		t.Fatal(err)
	}
	whole(t, s, data)
	if asked, _ := m.requests(); strings.Join(asked, " ") != fmt.Sprintf("bytes=%d-", kept) {
		t.Errorf("asked for %q after %d bytes", asked, kept)
	}
}

// The proxies of the environment are used, for https and for mirrors.
func TestProxy(t *testing.T) {
	data := content(size, 1)
	m := &mirror{data: data}
	var mu sync.Mutex
	var hosts []string
	proxy := onNetwork(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		hosts = append(hosts, r.Method+" "+r.Host)
		mu.Unlock()
		if r.Method == http.MethodConnect {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		m.ServeHTTP(w, r)
	}))
	env := []string{"HTTP_PROXY=" + proxy, "HTTPS_PROXY=" + proxy, "http_proxy=", "https_proxy=", "NO_PROXY=", "no_proxy="}
	s := NewStore(t.TempDir())
	c, said := pullApart(t, s.Dir(), "http://mirror.invalid/x", sum(data), size, env...)
	if err := c.Wait(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	whole(t, s, data)
	c, said = pullApart(t, t.TempDir(), "", sum(data), size, env...)
	if err := c.Wait(); err == nil || !strings.Contains(said.String(), "Forbidden") {
		t.Errorf("error %v, said %q", err, said)
	}
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(hosts, ", "); got != "GET mirror.invalid, CONNECT models.invalid:443" {
		t.Errorf("the proxy was asked for %s", got)
	}
}
