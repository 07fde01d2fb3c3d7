package models

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const size = 300_000

// Every way in which a server can behave, and what a pull makes of it. Time is
// that of a synctest bubble: nothing here waits.
func TestPull(t *testing.T) {
	data := content(size, 1)
	other := content(size, 2)
	hash := sum(data)
	for _, test := range []struct {
		name   string
		served []byte
		etag   string
		script string // of mirror, by ", "
		model  Model
		fails  string // is in the error; "": the file is there
		kept   int64  // bytes of the part after an error; -1: no part
		says   string // is among what is said
		ranges string // of the requests
		least  time.Duration
		most   time.Duration
	}{
		{name: "good", served: data, model: model(size, hash), says: "SHA-256 verified", ranges: "-"},
		{name: "no size in the catalogue", served: data, model: model(0, hash), says: "verified"},
		{name: "no hash in the catalogue", served: data, model: model(size, ""), says: "from now on it must be SHA-256 " + hash},
		{name: "neither", served: data, model: model(0, ""), says: "from now on"},
		{name: "cut", served: data, script: "cut 100000|good", model: model(size, hash), says: "trying again in 1s",
			ranges: "-|bytes=100000-", least: time.Second, most: time.Second},
		{name: "cut many times", served: data, script: "cut 100000|cut 70000|cut 70000|good", model: model(size, hash),
			ranges: "-|bytes=100000-|bytes=170000-|bytes=240000-", most: 3 * time.Second},
		{name: "cut at the last byte", served: data, script: "cut 299999|good", model: model(size, hash), ranges: "-|bytes=299999-", most: time.Second},
		{name: "cut always", served: data, script: "cut 100000|cut 0", model: model(size, hash), fails: "gave up after 6 tries",
			kept: 100000, least: 30 * time.Second, most: 40 * time.Second},
		{name: "cut, and no hash, but an ETag", served: data, etag: `"1"`, script: "cut 100000|good", model: model(0, ""), ranges: "-|bytes=100000-", says: "from now on", most: time.Second},
		{name: "cut, and nothing could tell two files apart", served: data, script: "cut 100000|good", model: model(0, ""), ranges: "-|-", most: time.Second},
		{name: "cut, and a weak ETag does not tell", served: data, etag: `W/"1"`, script: "cut 100000|good", model: model(0, ""), ranges: "-|-", most: time.Second},
		{name: "stall", served: data, script: "stall|good", model: model(size, hash), says: "no byte came for 30s; trying again in 1s",
			ranges: "-|bytes=1000-", least: 31 * time.Second, most: 31 * time.Second},
		{name: "silence from the start", served: data, script: "silence|good", model: model(size, hash), says: "no byte came for 30s",
			ranges: "-|-", least: 31 * time.Second, most: 31 * time.Second},
		{name: "stalls always", served: data, script: "stall", model: model(size, hash), fails: "no byte came for 30s", kept: 6000, most: 6*30*time.Second + 31*time.Second},
		{name: "no ranges", served: data, script: "no range, cut|no range", model: model(size, hash), says: "from the start again", ranges: "-|bytes=2000-", most: time.Second},
		{name: "wrong range", served: data, script: "cut 100000|wrong range", model: model(size, hash), fails: `the server sends "bytes 1-299999/300000"`, kept: 100000, most: time.Second},
		{name: "chunks", served: data, script: "chunked", model: model(0, hash)},
		{name: "chunks and nothing known", served: data, script: "chunked", model: model(0, ""), says: "from now on"},
		{name: "too many chunks", served: append(slices.Clone(data), 1), script: "chunked", model: model(size, hash), fails: "more than the 300000 bytes", kept: -1},
		{name: "no length, and a hash", served: data, script: "no length", model: model(0, hash)},
		{name: "no length, and nothing known", served: data, script: "no length", model: model(0, ""), fails: "a cut would not be noticed", kept: -1},
		{name: "shorter than the catalogue says", served: data[:size-1], model: model(size, hash), fails: "has 299999 bytes there, and must have 300000", kept: -1},
		{name: "longer than the catalogue says", served: append(slices.Clone(data), 0), model: model(size, hash), fails: "has 300001 bytes there", kept: -1},
		{name: "shorter than the server says", served: data, script: "longer", model: model(0, hash), fails: "gave up after 6 tries", most: 40 * time.Second},
		{name: "empty", served: nil, model: model(0, ""), fails: "empty", kept: -1},
		{name: "wrong bytes", served: other, model: model(size, hash), fails: "its SHA-256 is " + sum(other) + ", and must be " + hash + ": the file was removed", kept: -1},
		{name: "not found", served: data, script: "status 404", model: model(size, hash), fails: "404 Not Found", kept: -1, ranges: "-"},
		{name: "forbidden", served: data, script: "status 403", model: model(size, hash), fails: "403", kept: -1, ranges: "-"},
		{name: "not found after a cut", served: data, script: "cut 100000|status 404", model: model(size, hash), fails: "404", kept: 100000, most: time.Second},
		{name: "busy", served: data, script: "status 503|status 429|good", model: model(size, hash), says: "trying again in 7s", least: 14 * time.Second, most: 14 * time.Second},
		{name: "broken", served: data, script: "status 500", model: model(size, hash), fails: "500", kept: -1, most: 6 * 32 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &mirror{data: test.served, etag: test.etag, hold: func(r *http.Request) { <-r.Context().Done() }}
				if test.script != "" {
					m.script = strings.Split(test.script, "|")
				}
				transport, stop := serve(m)
				defer stop()
				s, said, began := NewStore(t.TempDir()), &heard{}, time.Now()
				err := s.Pull(t.Context(), test.model, PullOptions{From: "http://mirror.invalid/models", Say: said.say, Transport: transport})
				if took := time.Since(began); took < test.least || took > test.most {
					t.Errorf("took %v, want %v to %v", took, test.least, test.most)
				}
				if asked, _ := m.requests(); test.ranges != "" && strings.Join(asked, "|") != test.ranges {
					t.Errorf("ranges %q, want %q", asked, test.ranges)
				}
				if !strings.Contains(said.String(), test.says) {
					t.Errorf("said %q, want %q", said, test.says)
				}
				if test.fails == "" {
					if err != nil {
						t.Fatal(err)
					}
					whole(t, s, data)
					return
				}
				notThere(t, s)
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("error %v, want %q", err, test.fails)
				}
				if got := partSize(t, s); test.kept != 0 && got != test.kept {
					t.Errorf("%d bytes are kept, want %d", got, test.kept)
				}
			})
		})
	}
}

// A pull ended, the file on the server changed, the next pull begins.
func TestFileChangesBetweenPulls(t *testing.T) {
	first, second := content(size, 1), content(size, 2)
	for _, test := range []struct {
		name         string
		model        Model
		etag1, etag2 string
		ranges       string // of the second pull
	}{
		{"ETag, no hash", model(0, ""), `"1"`, `"2"`, "-"}, // what was not surely on the disk is not relied on
		{"ETag and hash", model(0, sum(second)), `"1"`, `"2"`, "bytes=100000-"},
		{"no ETag, no hash", model(0, ""), "", "", "-"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &mirror{data: first, etag: test.etag1, script: []string{"cut 100000", "status 404"}}
				transport, stop := serve(m)
				defer stop()
				s, o := NewStore(t.TempDir()), PullOptions{From: "http://mirror.invalid", Say: new(heard).say, Transport: transport}
				if err := s.Pull(t.Context(), test.model, o); err == nil {
					t.Fatal("no error")
				}
				m.mu.Lock()
				m.data, m.etag, m.script, m.asked = second, test.etag2, nil, nil
				m.mu.Unlock()
				if err := s.Pull(t.Context(), test.model, o); err != nil {
					t.Fatal(err)
				}
				whole(t, s, second)
				if asked, _ := m.requests(); strings.Join(asked, "|") != test.ranges {
					t.Errorf("ranges %q, want %q", asked, test.ranges)
				}
			})
		})
	}
}

// The file changes between a cut and the next try, on a server that ignores If-Range.
func TestServerThatIgnoresIfRange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := content(size, 1), content(size, 2)
		m := &mirror{data: first, etag: `"1"`, script: []string{"cut 100000", "good"}}
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("If-Range") != "" {
				r.Header.Del("If-Range")
				m.mu.Lock()
				m.data, m.etag = second, `"2"`
				m.mu.Unlock()
			}
			m.ServeHTTP(w, r)
		})
		transport, stop := serve(h)
		defer stop()
		s, said := NewStore(t.TempDir()), &heard{}
		if err := s.Pull(t.Context(), model(0, ""), PullOptions{From: "http://mirror.invalid", Say: said.say, Transport: transport}); err != nil {
			t.Fatal(err)
		}
		whole(t, s, second)
		if !strings.Contains(said.String(), "another one now") {
			t.Errorf("said %q", said)
		}
	})
}

func TestRedirects(t *testing.T) {
	data := content(size, 1)
	good := &mirror{data: data}
	for _, test := range []struct{ name, from, to, fails string }{
		{"followed", "http://a.invalid", "http://b.invalid/m.bin", ""},
		{"to https", "http://a.invalid", "https://b.invalid/m.bin", "server gave HTTP response"}, // it was followed
		{"from https to http", "", "http://b.invalid/m.bin", "redirect refused: from https to http://b.invalid/m.bin"},
		{"to a file", "http://a.invalid", "file:///etc/passwd", "redirect refused: to file:"},
		{"in a circle", "http://a.invalid", "http://a.invalid/m.bin", "more than 5 in a row"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport, stop := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if strings.HasPrefix(r.Host, "b.") {
						good.ServeHTTP(w, r)
						return
					}
					http.Redirect(w, r, test.to, http.StatusFound)
				}))
				defer stop()
				// An https server without its cryptography: what matters is the scheme.
				transport.DialTLSContext = transport.DialContext
				if test.name == "to https" {
					transport.DialTLSContext = nil
				}
				s := NewStore(t.TempDir())
				err := s.Pull(t.Context(), model(size, sum(data)), PullOptions{From: test.from, Say: new(heard).say, Transport: transport})
				if test.fails == "" {
					if err != nil {
						t.Fatal(err)
					}
					whole(t, s, data)
					return
				}
				notThere(t, s)
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("error %v, want %q", err, test.fails)
				}
				if refused := strings.Contains(test.fails, "refused"); refused && !errors.Is(err, ErrRedirect) {
					t.Errorf("%v does not wrap ErrRedirect", err)
				}
			})
		})
	}
}

// Over a real socket, with the transport that people have.
func TestPullOverTheNetwork(t *testing.T) {
	data := content(size, 1)
	s, said := NewStore(filepath.Join(t.TempDir(), "not", "there", "yet")), &heard{}
	var seen []Progress
	err := s.Pull(t.Context(), model(size, sum(data)), PullOptions{From: onNetwork(t, &mirror{data: data}), Say: said.say,
		Progress: func(p Progress) { seen = append(seen, p) }})
	if err != nil {
		t.Fatal(err)
	}
	whole(t, s, data)
	last := seen[len(seen)-1]
	if seen[0].Step != "fetching" || last.Step != "checking" || last.Done != size || last.Total != size {
		t.Errorf("progress from %+v to %+v", seen[0], last)
	}
	// What is there is not fetched again: the source below does not exist.
	if err := s.Pull(t.Context(), model(size, sum(data)), PullOptions{From: "/nowhere", Say: said.say}); err != nil {
		t.Error(err)
	}
	// Nobody listens there: told at once, not after six tries.
	err = NewStore(t.TempDir()).Pull(t.Context(), model(size, sum(data)), PullOptions{From: "http://127.0.0.1:1", Say: said.say})
	if err == nil || !strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "tries") {
		t.Errorf("error %v", err)
	}
}

func TestPullFromAFolder(t *testing.T) {
	data, stick := content(size, 1), t.TempDir()
	s, o := NewStore(t.TempDir()), PullOptions{From: stick, Say: new(heard).say}
	if err := s.Pull(t.Context(), model(size, sum(data)), o); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if err := os.WriteFile(filepath.Join(stick, "m.bin"), content(size, 2), 0o644); err != nil {
		t.Fatal(err)
	}
	err := s.Pull(t.Context(), model(size, sum(data)), o)
	if _, damaged := errors.AsType[*DamagedError](err); !damaged {
		t.Errorf("error %v", err)
	}
	if partSize(t, s) != -1 {
		t.Error("wrong bytes are kept")
	}
	if err := os.WriteFile(filepath.Join(stick, "m.bin"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	// An earlier copy ended in the middle.
	for name, text := range map[string]string{"m.bin.part": string(data[:1000]), "m.bin.part.json": `{"source":"` + stick + `/m.bin","total":300000}`} {
		if err := os.WriteFile(filepath.Join(s.Dir(), name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Pull(t.Context(), model(size, sum(data)), o); err != nil {
		t.Fatal(err)
	}
	whole(t, s, data)
	if err := os.RemoveAll(filepath.Join(s.Dir(), "m.bin")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(stick, "m.bin")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(stick, "m.bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := s.Pull(t.Context(), model(size, sum(data)), o); err == nil || !strings.Contains(err.Error(), "is no file") {
		t.Errorf("error %v", err)
	}
}

func TestBadMirrors(t *testing.T) {
	for _, from := range []string{"ftp://example.org/x", "http://", "https://exa mple.org", "://"} {
		err := NewStore(t.TempDir()).Pull(t.Context(), model(1, ""), PullOptions{From: from, Say: new(heard).say})
		if err == nil || !strings.Contains(err.Error(), "neither a folder nor") {
			t.Errorf("%s: error %v", from, err)
		}
	}
}

// A pinned hash holds after the model was removed, whoever has the file.
func TestPinHolds(t *testing.T) {
	first, m := content(size, 1), model(0, "")
	server := &mirror{data: first}
	s, o := NewStore(t.TempDir()), PullOptions{From: onNetwork(t, server), Say: new(heard).say}
	if err := s.Pull(t.Context(), m, o); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Remove(m); err != nil {
		t.Fatal(err)
	}
	notThere(t, s)
	server.mu.Lock()
	server.data = content(size, 2)
	server.mu.Unlock()
	err := s.Pull(t.Context(), m, o)
	if d, ok := errors.AsType[*DamagedError](err); !ok || d.Want != sum(first) {
		t.Errorf("error %v", err)
	}
	notThere(t, s)
}

func TestLicenceIsAcceptedOnce(t *testing.T) {
	data, m := content(size, 1), model(size, "")
	m.LicenceID, m.Licence = "L", Licence{Name: "The L", URL: "https://example.org/L", Accept: true}
	m.Files[0].SHA256 = sum(data)
	s, o := NewStore(t.TempDir()), PullOptions{From: onNetwork(t, &mirror{data: data}), Say: new(heard).say}
	err := s.Pull(t.Context(), m, o)
	if l, ok := errors.AsType[*LicenceError](err); !ok || l.Licence != m.Licence || !strings.Contains(err.Error(), "The L, https://example.org/L") {
		t.Fatalf("error %v", err)
	}
	if partSize(t, s) != -1 {
		t.Error("something was fetched")
	}
	o.Accept = true
	if err := s.Pull(t.Context(), m, o); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Remove(m); err != nil {
		t.Fatal(err)
	}
	o.Accept = false
	if err := s.Pull(t.Context(), m, o); err != nil {
		t.Errorf("the second time: %v", err)
	}
}

// A signal ends a pull at once, also while it waits; what came is kept.
func TestPullIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := content(size, 1)
		m := &mirror{data: data, script: []string{"stall"}, hold: func(r *http.Request) { <-r.Context().Done() }}
		transport, stop := serve(m)
		defer stop()
		s := NewStore(t.TempDir())
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		err := s.Pull(ctx, model(size, sum(data)), PullOptions{From: "http://mirror.invalid", Say: new(heard).say, Transport: transport})
		if !errors.Is(err, ctx.Err()) || time.Since(began) != 10*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if partSize(t, s) != 1000 {
			t.Errorf("%d bytes are kept", partSize(t, s))
		}
	})
}

func TestValidators(t *testing.T) {
	date := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return date.Add(d).Format(http.TimeFormat) }
	for _, test := range []struct{ name, etag, modified, want string }{
		{"strong ETag", `"a"`, at(-time.Hour), `"a"`},
		{"weak ETag, old date", `W/"a"`, at(-time.Hour), at(-time.Hour)},
		{"old date", "", at(-time.Hour), at(-time.Hour)},
		{"changed just now", "", at(-time.Second), ""},
		{"no date", "", "yesterday", ""},
		{"nothing", "", "", ""},
	} {
		h := http.Header{"Date": {at(0)}, "Last-Modified": {test.modified}, "Etag": {test.etag}}
		if got := validator(h); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestContentRanges(t *testing.T) {
	for _, test := range []struct {
		in                 string
		first, last, total int64
		ok                 bool
	}{
		{"bytes 5-9/10", 5, 9, 10, true},
		{"bytes 0-0/*", 0, 0, -1, true},
		{"bytes 5-9/9", 0, 0, 0, false},
		{"bytes 9-5/10", 0, 0, 0, false},
		{"bytes */10", 0, 0, 0, false},
		{"bytes -5-9/10", 0, 0, 0, false},
		{"lines 5-9/10", 0, 0, 0, false},
		{"bytes 5-9/99999999999999999999", 0, 0, 0, false},
		{"", 0, 0, 0, false},
	} {
		first, last, total, err := contentRange(test.in)
		if first != test.first || last != test.last || total != test.total || (err == nil) != test.ok {
			t.Errorf("%q: %d-%d/%d, %v", test.in, first, last, total, err)
		}
	}
}
