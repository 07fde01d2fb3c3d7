package page

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The first visit, with a loudspeaker: whoever hears the code sets the password, once.
func TestFirstVisit(t *testing.T) {
	spoken := ""
	p, now := open(t, newBox())
	p.options.Speak = func(_ context.Context, code string) error { spoken = code; return nil }
	c := &caller{t: t, page: p, from: "192.168.1.20:1"}
	if w := c.get("/history"); w.Header().Get("Location") != "/welcome" {
		t.Fatalf("before the first visit /history leads to %q", w.Header().Get("Location"))
	}
	try := func(code, password, again string) int {
		return c.post("/welcome", url.Values{"code": {code}, "password": {password}, "again": {again}}).Code
	}
	c.post("/welcome/code", nil)
	if len(spoken) != 6 {
		t.Fatalf("the box said %q", spoken)
	}
	for name, code := range map[string]int{
		"a guess":           try("000000x", ownPassword, ownPassword),
		"no code":           try("", ownPassword, ownPassword),
		"a short password":  try(spoken, "short", "short"),
		"two that differ":   try(spoken, ownPassword, ownPassword+"x"),
		"a password's bomb": try(spoken, strings.Repeat("x", 500_000), strings.Repeat("x", 500_000)),
	} {
		if code != http.StatusUnprocessableEntity || p.Owned() {
			t.Errorf("%s: %d, owned: %v", name, code, p.Owned())
		}
	}
	*now = now.Add(11 * time.Minute)
	if code := try(spoken, ownPassword, ownPassword); code != http.StatusUnprocessableEntity {
		t.Errorf("a code of eleven minutes ago: %d", code)
	}
	c.post("/welcome/code", nil)
	if code := try(spoken[:3]+" "+spoken[3:], ownPassword, ownPassword); code != http.StatusSeeOther || !p.Owned() {
		t.Fatalf("the right code: %d, owned: %v", code, p.Owned())
	}
	if code := try(spoken, "another one", "another one"); code != http.StatusSeeOther || p.access.role("another one") != Nobody {
		t.Error("the password could be set a second time")
	}
	was := spoken
	if c.post("/welcome/code", nil); spoken != was {
		t.Error("the box says codes that nobody needs any more")
	}
}

// A code is over after a few tries, and the box does not say codes without end.
func TestCodesCannotBeTried(t *testing.T) {
	p, now := open(t, newBox())
	said := 0
	p.options.Speak = func(context.Context, string) error { said++; return nil }
	code := p.Code()
	for range codeTries {
		if p.presence.is("999999x") {
			t.Fatal("a wrong code is right")
		}
	}
	if p.presence.is(code) {
		t.Error("the code holds after too many tries")
	}
	for i := range 100 {
		c := &caller{t: t, page: p, from: net.JoinHostPort("10.0.0."+string(rune('0'+i%10)), "1")}
		c.post("/welcome/code", nil)
	}
	if said != 3 {
		t.Errorf("asked 100 times, the box said %d codes", said)
	}
	*now = now.Add(time.Minute)
	(&caller{t: t, page: p, from: "10.0.0.99:1"}).post("/welcome/code", nil)
	if said != 4 {
		t.Errorf("a minute later %d codes were said", said)
	}
}

// Who is logged in stays so through a restart; another password, or forgetting, ends it.
func TestSessionsLast(t *testing.T) {
	api := newBox()
	p, owner, now := owned(t, api)
	again := func() *Page {
		q, err := New(Options{Listen: "127.0.0.1:0", Dir: p.options.Dir, API: api, Log: slog.New(slog.DiscardHandler), Now: p.now})
		if err != nil {
			t.Fatal(err)
		}
		q.listener.Close()
		q.access.rounds = 1
		return q
	}
	q := again()
	if q.Fingerprint() != p.Fingerprint() {
		t.Error("after a restart the certificate is another one, and every browser asks again")
	}
	owner.page = q
	if w := owner.get("/history"); w.Code != http.StatusOK {
		t.Errorf("after a restart: %d", w.Code)
	}
	*now = now.Add(29 * 24 * time.Hour)
	if w := owner.get("/history"); w.Code != http.StatusOK {
		t.Errorf("after 29 days: %d", w.Code)
	}
	*now = now.Add(31 * 24 * time.Hour)
	if w := owner.get("/history"); w.Code == http.StatusOK {
		t.Error("after 31 days without a visit the browser is still logged in")
	}
	owner.login(ownPassword)
	old := owner.cookie
	if w := owner.post("/system/password", url.Values{"old": {"wrong"}, "password": {"a new password"}, "again": {"a new password"}}); q.access.role("a new password") != Nobody {
		t.Errorf("with the wrong old one: %d", w.Code)
	}
	owner.post("/system/password", url.Values{"old": {ownPassword}, "password": {"a new password"}, "again": {"a new password"}})
	owner.cookie = old
	if w := owner.get("/history"); w.Code == http.StatusOK {
		t.Error("after another password the old session holds")
	}
	owner.cookie = ""
	owner.login("a new password")
	if w := owner.post("/logout", nil); w.Code != http.StatusSeeOther || owner.get("/history").Code == http.StatusOK {
		t.Error("whoever has logged out is still in")
	}
	if err := q.Forget(); err != nil || q.Owned() {
		t.Errorf("forget: %v, owned: %v", err, q.Owned())
	}
}

// A damaged file lets nobody in, rather than the next who comes.
func TestDamagedAccessLetsNobodyIn(t *testing.T) {
	p, _, _ := owned(t, newBox())
	file := filepath.Join(p.options.Dir, "access.json")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte(ownPassword)) || bytes.Contains(data, []byte(guestPassword)) {
		t.Error("a password is on the disk as it was typed")
	}
	if err := os.WriteFile(file, data[:len(data)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Listen: "127.0.0.1:0", Dir: p.options.Dir, API: newBox(), Log: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("with half a file: %v", err)
	}
}

// By network: plain HTTP is sent on to HTTPS, only to a name of the box's; noise ends.
func TestPlainHTTPIsSentOn(t *testing.T) {
	p, _ := open(t, newBox())
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- p.Run(ctx) }()
	address := p.Address().String()
	say := func(text string) string {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(30 * time.Second))
		io.WriteString(c, text)
		answer, _ := io.ReadAll(c) // noise may be answered by a reset
		return string(answer)
	}
	if got := say("GET /history HTTP/1.1\r\nHost: " + address + "\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 307 ") || !strings.Contains(got, "Location: https://"+address+"/\r\n") {
		t.Errorf("plain HTTP is answered %q", got)
	}
	if got := say("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"); strings.Contains(got, "evil") {
		t.Errorf("another name is answered %q", got)
	}
	say("SSH-2.0-OpenSSH_9.0\r\n\r\n")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Get("https://" + address + "/")
	if err != nil || answer.StatusCode != http.StatusSeeOther || fingerprint(tls.Certificate{Certificate: [][]byte{answer.TLS.PeerCertificates[0].Raw}}) != p.Fingerprint() {
		t.Errorf("by HTTPS: %v, %v", answer, err)
	}
	client.CloseIdleConnections()
	stop()
	if err := <-ended; err != nil && !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("it ended with %v", err)
	}
}

// Every text that a template or the code asks for is there, and none is there in vain.
func TestWordsAreComplete(t *testing.T) {
	w, err := readWords("en")
	if err != nil {
		t.Fatal(err)
	}
	used, begun := map[string]bool{"language": true}, []string{"state."} // looked up by what a device says
	files, err := filepath.Glob("templates/*.html")
	shared, sharedErr := filepath.Glob("templates/shared/*.html")
	code, codeErr := filepath.Glob("*.go")
	if err := errors.Join(err, sharedErr, codeErr); err != nil || len(files) < 8 {
		t.Fatalf("%d templates, %v", len(files), err)
	}
	for _, file := range append(append(files, shared...), code...) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\bt "([a-z_.]+)"`).FindAllSubmatch(data, -1) {
			used[string(m[1])] = true
			if _, ok := w[string(m[1])]; !ok {
				t.Errorf("%s asks for %q, which is not in words/en.yaml", file, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`print "([a-z_.]+\.)"`).FindAllSubmatch(data, -1) {
			begun = append(begun, string(m[1]))
		}
		for _, m := range regexp.MustCompile(`link "/[a-z]*" "([a-z]+)"`).FindAllSubmatch(data, -1) {
			used[string(m[1])] = true
		}
		for _, m := range regexp.MustCompile(`"([a-z]+\.[a-z_.]+)"`).FindAllSubmatch(data, -1) { // keys in the code
			used[string(m[1])] = true
		}
	}
	begun = append(begun, "why.")
	for key := range w {
		ok := used[key]
		for _, b := range begun {
			ok = ok || strings.HasPrefix(key, b)
		}
		if !ok {
			t.Errorf("words/en.yaml has %q, which nothing asks for", key)
		}
	}
}

// All that a browser fetches for a page is under 100 kB, compressed.
func TestPageIsSmall(t *testing.T) {
	_, owner, _ := owned(t, newBox())
	for _, path := range []string{"/", "/history", "/home", "/timers", "/voice", "/models", "/settings", "/system"} {
		w := owner.send("GET", path, nil, func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") })
		total := w.Body.Len()
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:src|href)="(/static/[^"#]+)`).FindAllSubmatch(body, -1) {
			a := owner.send("GET", string(m[1]), nil, func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") })
			if a.Code != http.StatusOK || !strings.Contains(a.Header().Get("Cache-Control"), "immutable") {
				t.Errorf("%s: %d, %q", m[1], a.Code, a.Header().Get("Cache-Control"))
			}
			total += a.Body.Len()
		}
		if total > 30_000 {
			t.Errorf("%s and what it needs are %d bytes", path, total)
		}
		t.Logf("%s and what it needs: %d bytes", path, total)
	}
}

// What was said is not in the log, at any level.
func TestWhatWasSaidIsNotLogged(t *testing.T) {
	_, owner, _ := owned(t, newBox())
	var log bytes.Buffer
	owner.page.log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for _, path := range []string{"/", "/history", "/history/1", "/api/v1/why?n=1"} {
		if w := owner.get(path); !strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s does not show the owner what was said", path)
		}
	}
	owner.post("/ask", url.Values{"text": {"tell the secret"}})
	owner.post("/login", url.Values{"password": {"the secret password"}})
	if strings.Contains(log.String(), "secret") || log.Len() == 0 {
		t.Errorf("the log has %q", log.String())
	}
}

// Where the box has no loudspeaker, the owner's own code of the card shows who is in the house.
func TestOwnCode(t *testing.T) {
	p, now := open(t, newBox())
	visitor := &caller{t: t, page: p, from: "192.168.1.5:1"}
	set := func(code string) int {
		return visitor.post("/welcome", url.Values{"code": {code}, "password": {ownPassword}, "again": {ownPassword}}).Code
	}
	for own, tried := range map[string][]string{"": {""}, "short": {"short"}, "knock knock": {"", "knock", "knock knoc", "knock knock knock"}} {
		p.presence.own = own
		for _, code := range tried {
			*now = now.Add(time.Minute) // for the pace of tries
			if status := set(code); status != http.StatusUnprocessableEntity || p.Owned() {
				t.Fatalf("%q where it is %q: %d", code, own, status)
			}
		}
	}
	p.presence.own = "knock knock"
	if status := set(" knock knock "); status != http.StatusSeeOther || !p.Owned() {
		t.Errorf("the right one: %d", status)
	}
}
