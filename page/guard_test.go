package page

import (
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every page, for whoever comes without being let in, is the login, and nothing is done.
func TestNobodySeesAnything(t *testing.T) {
	api := newBox()
	p, _, _ := owned(t, api)
	stranger := &caller{t: t, page: p, from: "192.168.1.66:1"}
	for _, path := range []string{"/", "/history", "/history/1", "/home", "/timers", "/voice", "/models", "/siblings", "/settings", "/system", "/api/openapi.json", "/nothing"} {
		w := stranger.get(path)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/login" || strings.Contains(w.Body.String(), "lamp") {
			t.Errorf("%s: %d to %q", path, w.Code, w.Header().Get("Location"))
		}
	}
	for _, path := range []string{"/ask", "/mute", "/home/area", "/home/approve", "/timers/cancel", "/timers/stop", "/lists", "/system/guests", "/system/tokens", "/history/1/undo", "/history/1/name", "/history/1/sentence", "/system/backup", "/system/restore", "/system/sentences/erase", "/system/learned/erase", "/system/erase", "/settings", "/models/use", "/voice/enrol", "/voice/enrol/stop", "/voice/words/forget", "/logout"} {
		if w := stranger.post(path, url.Values{"text": {"open the door"}}); w.Code != http.StatusUnauthorized {
			t.Errorf("POST %s: %d", path, w.Code)
		}
	}
	for _, path := range []string{"/api/v1/status", "/api/v1/why?n=1", "/api/v1/events", "/api/v1/voice/meter", "/api/v1/logs"} {
		if w := stranger.get(path); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if len(api.did) > 0 {
		t.Errorf("the box did %q", api.did)
	}
}

// Guests look at rooms and timers; what was said is not for them, and they do nothing.
func TestGuestsLookOnly(t *testing.T) {
	api := newBox()
	p, _, _ := owned(t, api)
	guest := &caller{t: t, page: p, from: "192.168.1.67:1"}
	guest.login(guestPassword)
	for path, want := range map[string]int{"/": 200, "/home": 200, "/timers": 200, "/history": 403, "/history/1": 403, "/voice": 403, "/settings": 403, "/system": 403,
		"/api/v1/status": 200, "/api/v1/home/devices": 200, "/api/v1/why?n=1": 403, "/api/v1/events": 403, "/api/v1/learned": 403, "/api/v1/voice/meter": 403, "/api/v1/logs": 403, "/api/v1/settings": 403} {
		w := guest.get(path)
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s tells a guest what was said", path)
		}
	}
	for _, path := range []string{"/ask", "/mute", "/home/area", "/lists", "/timers/cancel", "/system/tokens", "/api/v1/ask", "/api/v1/home/area", "/api/v1/status"} {
		if w := guest.post(path, nil); w.Code != http.StatusForbidden {
			t.Errorf("POST %s: %d", path, w.Code)
		}
	}
	if len(api.did) > 0 {
		t.Errorf("the box did %q", api.did)
	}
}

// A name of somebody's that points at the box (DNS rebinding) is not answered.
func TestRebindingIsRefused(t *testing.T) {
	api := newBox()
	_, owner, _ := owned(t, api)
	for host, known := range map[string]bool{
		"192.168.1.2:7430": true, "192.168.1.2": true, "[fe80::1]:7430": true, "localhost:7430": true, "cricket.example.net:7430": true, "CRICKET.example.net.": true,
		"evil.example:7430": false, "192.168.1.2.evil.example": false, "cricket.example.net.evil.example": false, "localhost.evil.example": false, "": false, "a:b:c": false,
	} {
		w := owner.send("GET", "/history", nil, func(r *http.Request) { r.Host = host })
		if got := w.Code == http.StatusOK; got != known {
			t.Errorf("as %q: %d", host, w.Code)
		}
		if !known && (w.Code != http.StatusMisdirectedRequest || strings.Contains(w.Body.String(), "lamp")) {
			t.Errorf("as %q: %d %s", host, w.Code, w.Body)
		}
	}
}

// Another site cannot have the owner's browser do anything.
func TestOtherSitesAreRefused(t *testing.T) {
	api := newBox()
	_, owner, _ := owned(t, api)
	for _, tt := range []struct {
		name          string
		origin, fetch string
		want          int
	}{
		{"the page itself", "https://192.168.1.2:7430", "same-origin", http.StatusSeeOther},
		{"a form of another site", "https://evil.example", "cross-site", http.StatusForbidden},
		{"another port of this host", "https://192.168.1.2:8443", "same-site", http.StatusForbidden},
		{"a page without an origin", "null", "cross-site", http.StatusForbidden},
		{"an old browser, another site", "http://evil.example", "", http.StatusForbidden},
		{"an old browser, this page", "https://192.168.1.2:7430", "", http.StatusSeeOther},
		{"a browser that says nothing", "", "", http.StatusForbidden},
	} {
		api.did = nil
		w := owner.send("POST", "/ask", url.Values{"text": {"open the garage door"}}, func(r *http.Request) {
			for name, value := range map[string]string{"Origin": tt.origin, "Sec-Fetch-Site": tt.fetch} {
				if r.Header.Del(name); value != "" {
					r.Header.Set(name, value)
				}
			}
		})
		if w.Code != tt.want || (len(api.did) > 0) != (tt.want == http.StatusSeeOther) {
			t.Errorf("%s: %d, and the box did %q", tt.name, w.Code, api.did)
		}
	}
}

// A program with a token may do what its token says, and needs no origin.
func TestTokens(t *testing.T) {
	api := newBox()
	p, _, _ := owned(t, api)
	all, err := p.access.newToken("node-red", Owner)
	if err != nil {
		t.Fatal(err)
	}
	look, err := p.access.newToken("tablet", Guest)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(token, method, path string) int {
		c := &caller{t: t, page: p, from: "192.168.1.5:1", token: token}
		return c.send(method, path, nil, func(r *http.Request) { r.Header.Del("Origin"); r.Header.Del("Sec-Fetch-Site") }).Code
	}
	for _, tt := range []struct {
		token, method, path string
		want                int
	}{
		{all, "GET", "/api/v1/why?n=1", 200}, {all, "POST", "/api/v1/ask", 200},
		{look, "GET", "/api/v1/status", 200}, {look, "GET", "/api/v1/why?n=1", 403}, {look, "POST", "/api/v1/ask", 403},
		{"", "GET", "/api/v1/status", 401}, {all + "x", "GET", "/api/v1/status", 401},
	} {
		if got := ask(tt.token, tt.method, tt.path); got != tt.want {
			t.Errorf("%s %s with a token of %d letters: %d, want %d", tt.method, tt.path, len(tt.token), got, tt.want)
		}
	}
	_, tokens, _ := p.access.who()
	if err := p.access.dropToken(tokens[0].Hash); err != nil {
		t.Fatal(err)
	}
	if got := ask(look, "GET", "/api/v1/status"); got != http.StatusUnauthorized {
		t.Errorf("a token that was taken away: %d", got)
	}
}

// Passwords cannot be tried for long; a browser that is logged in is not disturbed.
func TestPasswordsCannotBeTried(t *testing.T) {
	p, owner, now := owned(t, newBox())
	thief := &caller{t: t, page: p, from: "192.168.1.66:1"}
	count := func(n int) map[int]int {
		codes := map[int]int{}
		for range n {
			codes[thief.post("/login", url.Values{"password": {"guess"}}).Code]++
		}
		return codes
	}
	if codes := count(50); codes[http.StatusUnauthorized] != 5 || codes[http.StatusTooManyRequests] != 45 {
		t.Errorf("of 50 tries: %v", codes)
	}
	*now = now.Add(time.Minute)
	if codes := count(50); codes[http.StatusUnauthorized] != 2 {
		t.Errorf("a minute later: %v", codes)
	}
	tried := 0
	for i := range 200 { // as many addresses as one likes
		c := &caller{t: t, page: p, from: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, byte(i)}), 1).String()}
		if c.post("/login", url.Values{"password": {"guess"}}).Code == http.StatusUnauthorized {
			tried++
		}
	}
	if tried > 30 {
		t.Errorf("200 addresses tried %d passwords", tried)
	}
	if w := owner.get("/history"); w.Code != http.StatusOK {
		t.Errorf("meanwhile the owner gets %d", w.Code)
	}
}

// Nobody keeps the box busy with requests.
func TestRequestsArePaced(t *testing.T) {
	_, owner, now := owned(t, newBox())
	*now = now.Add(time.Minute)
	answered := 0
	for range 1000 {
		if owner.get("/static/page.css").Code == http.StatusOK {
			answered++
		}
	}
	if answered != 240 {
		t.Errorf("%d of 1000 at once were answered", answered)
	}
	*now = now.Add(time.Second)
	if w := owner.get("/"); w.Code != http.StatusOK {
		t.Errorf("a second later: %d", w.Code)
	}
}

// What every answer says to the browser.
func TestHeaders(t *testing.T) {
	_, owner, _ := owned(t, newBox())
	for _, path := range []string{"/", "/history", "/static/page.js", "/api/v1/why?n=1", "/nothing"} {
		h := owner.get(path).Header()
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cross-Origin-Resource-Policy") != "same-origin" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", path, h)
		}
		if h.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: with Strict-Transport-Security nobody gets past the box's own certificate", path)
		}
	}
	w := owner.post("/login", url.Values{"password": {ownPassword}})
	cookie := w.Header().Get("Set-Cookie")
	for _, want := range []string{"__Host-cricket=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie %q lacks %s", cookie, want)
		}
	}
}

// Only the home's own networks are answered.
func TestFromHome(t *testing.T) {
	own := []netip.Prefix{netip.MustParsePrefix("192.168.1.2/24"), netip.MustParsePrefix("2001:db8:1::2/64"), netip.MustParsePrefix("100.100.1.1/32"), netip.MustParsePrefix("203.0.113.5/24")}
	for address, want := range map[string]bool{
		"127.0.0.1": true, "::1": true, "192.168.1.9": true, "192.168.7.9": true, "10.1.1.1": true, "172.16.0.1": true, "fe80::1%eth0": true, "fd00::1": true, "::ffff:192.168.1.9": true,
		"2001:db8:1::99": true, "2001:db8:2::99": false, "8.8.8.8": false, "::ffff:8.8.8.8": false, "100.100.1.1": true, "100.100.1.2": false, "203.0.113.9": false, "172.32.0.1": false,
	} {
		if got := fromHome(netip.MustParseAddr(address), own); got != want {
			t.Errorf("%s is in the home: %v", address, got)
		}
	}
}

// What people said or called things stays text, wherever it is shown.
func TestHostileTextStaysText(t *testing.T) {
	api := newBox()
	p, owner, now := owned(t, api)
	for _, evil := range hostile {
		*now = now.Add(time.Minute) // for the pace of requests
		q := things{"n": 1, "time": time.Unix(0, 0), "text": evil, "room": evil, "wake": evil, "person": evil, "source": evil, "intent": evil, "slots": things{evil: evil}, "targets": []string{evil},
			"tier": "template", "reply": evil, "permission": []string{evil}, "hint": evil, "actions": []things{{"topic": evil, "payload": evil, "confirmed": false}},
			"fault": things{"part": evil, "error": evil, "hint": evil}, "stages": []things{{"name": evil, "decision": evil}}, "ms": things{"total": 1}}
		api.answers["/why"] = []things{q, q}
		api.answers["/ring"] = []things{{"id": 1, "kind": "timer", "name": evil, "room": evil, "state": "running"}}
		api.answers["/lists"] = []things{{"name": evil, "items": []things{{"text": evil}}}}
		api.answers["/learned"] = []things{{"id": evil, "text": evil}}
		api.answers["/sentences"] = []things{{"text": evil, "means": evil}}
		api.answers["/doctor"] = []things{{"part": evil, "text": evil, "hint": evil}, {"part": evil, "text": evil, "ok": true}}
		api.answers["/home/pending"] = []things{{"id": evil, "name": evil, "text": evil, "topic": evil}}
		device := things{"id": evil, "name": evil, "aliases": []string{evil}, "taught": []string{evil}, "area": evil, "state": evil, "unit": evil, "speakable": true, "movable": true}
		hidden := things{"id": evil, "name": evil, "why": "hidden"}
		api.answers["/home/devices"] = things{"areas": []things{{"id": evil, "name": evil, "aliases": []string{evil}}}, "devices": []things{device, hidden}, "faults": []things{{"topic": evil, "entity": evil, "reason": evil}}}
		api.answers["/status"] = things{"name": evil, "room": evil, "mode": "idle", "version": evil, "broker": evil}
		api.answers["/logs"] = []string{evil}
		api.answers["/home/permissions"] = []things{{"text": evil, "where": evil, "faults": []string{evil}}}
		api.answers["/voice"] = things{"hears": true, "speaks": true, "recognizer": evil, "voice": evil, "quiet_from": evil, "words": []things{{"word": evil, "person": evil}}}
		api.answers["/voice/enrol"] = things{"word": evil, "person": evil, "step": "failed", "error": evil}
		api.answers["/models"] = []things{{"id": evil, "purpose": "stt", "title": evil, "licence": evil, "terms": evil, "reason": evil, "installed": true}, {"id": evil, "purpose": "stt", "title": evil, "fits": true, "accept": true}}
		api.answers["/models/pull"] = things{"id": evil, "error": evil, "said": evil}
		api.answers["/settings"] = things{"language": evil, "room": evil, "broker": evil, "username": evil, "fixed": []string{}, "languages": []string{"en"}, "rooms": []string{evil}, "unsettled": evil}
		token, err := p.access.newToken(evil, Owner)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/", "/history", "/history/1", "/home", "/timers", "/voice", "/models", "/settings", "/system"} {
			w := owner.get(path)
			if w.Code != http.StatusOK {
				t.Errorf("%s with %q: %d", path, evil, w.Code)
			}
			if body := w.Body.String(); len(evil) > 3 && strings.ContainsAny(evil, `<>"'`) && strings.Contains(body, evil) {
				t.Errorf("%s has %q in it as it was said", path, evil)
			} else if bad := badMarkup(body); bad != "" {
				t.Errorf("%s with %q has %s", path, evil, bad)
			}
		}
		if err := p.access.dropToken(hashOf(token)); err != nil {
			t.Fatal(err)
		}
	}
}

// hostile are texts that become markup or script where somebody forgets that they are text.
var hostile = []string{
	`<script>alert(1)</script>`, `"><script>alert(1)</script>`, `'><img src=x onerror=alert(1)>`, `</title><script>alert(1)</script>`, `</textarea><svg onload=alert(1)>`,
	`javascript:alert(1)`, `" autofocus onfocus=alert(1) x="`, `' onmouseover='alert(1)`, "` onclick=alert(1)", `{{.}}`, `{{template "main"}}`, `<!--`, `--><script>`, `]]>`, `&lt;script&gt;`,
	`<a href="javascript:alert(1)">x</a>`, `<iframe srcdoc="<script>alert(1)</script>">`, `<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`, "\u2028alert(1)", "\x00<b>", "\ufeff<b>", `\"-alert(1)-\"`,
	`<base href="//evil.example/">`, `<meta http-equiv="refresh" content="0;url=//evil.example">`, `<link rel=stylesheet href=//evil.example>`, "\u202egnitset", `%3Cscript%3E`, strings.Repeat("<b>", 500),
}

// badMarkup finds elements and attributes that no template has.
func badMarkup(body string) string {
	for _, tag := range strings.Split(body, "<")[1:] {
		tag, _, _ = strings.Cut(tag, ">")
		name := strings.ToLower(strings.FieldsFunc(tag+" ", func(r rune) bool { return r == ' ' || r == '\n' })[0])
		if slices.Contains([]string{"iframe", "img", "base", "style", "math", "object", "embed", "b"}, name) {
			return "<" + tag + ">"
		}
		if name == "script" && !strings.Contains(tag, `src="/static/page.js?`) {
			return "<" + tag + ">"
		}
		inValue := false
		for _, part := range strings.Split(tag, `"`) { // what is not in a value
			if !inValue && (strings.Contains(part, " on") || strings.Contains(part, "srcdoc")) {
				return "<" + tag + ">"
			}
			if inValue && strings.HasPrefix(part, "javascript:") && strings.Contains(tag, `href="javascript:`) {
				return "<" + tag + ">"
			}
			inValue = !inValue
		}
	}
	return ""
}

// endless is a body that no one should hear out, of which what was read is counted.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	if e.read += int64(len(p)); e.read > 2*maxBackup {
		return 0, io.EOF
	}
	return len(p), nil
}

// Whoever sends without an end is not listened to for long; only the owner may send a whole backup.
func TestBodiesHaveAnEnd(t *testing.T) {
	p, owner, _ := owned(t, newBox())
	guest := &caller{t: t, page: p, from: "192.168.1.67:1"}
	guest.login(guestPassword)
	stranger := &caller{t: t, page: p, from: "192.168.1.68:1"}
	for _, tt := range []struct {
		who  *caller
		path string
		most int64
	}{
		{stranger, "/login", maxBody}, {stranger, "/welcome", maxBody}, {stranger, "/api/v1/restore", maxBody},
		{guest, "/system/restore", maxBody}, {owner, "/ask", maxBody}, {owner, "/api/v1/ask", maxBody}, {owner, "/api/v1/restore", maxBackup},
	} {
		body := &endless{}
		w := tt.who.send("POST", tt.path, nil, func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(body), -1 })
		if body.read > tt.most+64<<10 {
			t.Errorf("%s: %d bytes were read, at most %d are to be; it says %d", tt.path, body.read, tt.most, w.Code)
		}
		if tt.who == owner && body.read < tt.most {
			t.Errorf("%s: only %d bytes of %d were read: %d %s", tt.path, body.read, tt.most, w.Code, w.Body)
		}
	}
}
