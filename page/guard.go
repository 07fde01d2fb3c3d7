package page

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// policy is what a browser may load for a page: what this box serves, and nothing that
// stands in the page itself, so that text which became markup by a mistake stays dead.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types page"

// maxBody is how much may be sent with a request, in bytes. What is larger, such as a
// registry, goes over the control socket.
const maxBody = 1 << 20

// maxBackup is how much may be sent as a backup, in bytes, by the owner.
const maxBackup = 64 << 20

// localSuffixes end names that only the home's own network answers for.
var localSuffixes = []string{".local", ".lan", ".home", ".home.arpa", ".internal", ".localdomain", ".fritz.box"}

// hosts are the names that the box answers to. Any other name may be somebody's who lets
// it point here, to have a browser of the house ask us (DNS rebinding). Addresses in
// numbers cannot be made to point anywhere.
type hosts []string

// ownHosts are the machine's own names and those that the owner gave.
func ownHosts(more []string) hosts {
	out := hosts{"localhost"}
	if name, err := os.Hostname(); err == nil {
		name, _, _ = strings.Cut(strings.ToLower(name), ".")
		out = append(out, name)
		for _, s := range localSuffixes {
			out = append(out, name+s)
		}
	}
	for _, name := range more {
		out = append(out, strings.ToLower(strings.TrimSuffix(name, ".")))
	}
	return out
}

// known says whether a Host header names the box.
func (h hosts) known(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	return slices.Contains(h, strings.ToLower(strings.TrimSuffix(host, ".")))
}

// guard is what every request passes before anything looks at it.
func (p *Page) guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		// No Strict-Transport-Security: with it, browsers do not let anybody past the
		// question about a certificate that nobody else vouches for.
		if !p.hosts.known(r.Host) {
			http.Error(w, "this box is not called so; the names it knows are in [page] of config.toml", http.StatusMisdirectedRequest)
			return
		}
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			http.Error(w, "no address", http.StatusBadRequest)
			return
		}
		v := visit{from: visitorOf(from.Addr())}
		if wait, ok := p.pace.allow(v.from, p.now()); !ok {
			tooMany(w, wait)
			return
		}
		if err := cross.Check(r); err != nil {
			http.Error(w, "another site asked for this; open the house page itself", http.StatusForbidden)
			return
		}
		v.identify(p.access, r)
		// Browsers say where a request comes from. One that has a cookie and does not is
		// too old to be protected.
		unsafe := r.Method != http.MethodGet && r.Method != http.MethodHead
		if unsafe && v.session.Hash != "" && r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == "" {
			http.Error(w, "this browser does not say where a request comes from; use a newer one", http.StatusForbidden)
			return
		}
		most := int64(maxBody)
		if v.role == Owner && (r.URL.Path == "/system/restore" || r.URL.Path == "/api/v1/restore") {
			most = maxBackup
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitKey{}, v)))
	})
}

// cookieName has a prefix that browsers take only from this host, by TLS, for all paths.
const cookieName = "__Host-cricket"

// visit is who makes a request.
type visit struct {
	from    netip.Prefix
	role    Role
	session session // zero for programs and for those who are not logged in
}

type visitKey struct{}

func visitOf(r *http.Request) visit {
	v, _ := r.Context().Value(visitKey{}).(visit)
	return v
}

// identify finds out who it is, by a token or else by a cookie.
func (v *visit) identify(a *access, r *http.Request) {
	if key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		v.role = a.program(key)
		return
	}
	if c, err := r.Cookie(cookieName); err == nil {
		if s, ok := a.of(c.Value); ok {
			v.session, v.role = s, s.Role
		}
	}
}

// tooMany tells a visitor to wait.
func tooMany(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
	http.Error(w, "too many requests; wait a little", http.StatusTooManyRequests)
}

// may lets only those through who have a role that is enough. A browser is sent to the
// page where it can get one.
func (p *Page) may(role Role, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r)
		switch {
		case v.role == Owner || v.role == role && role != Nobody:
			next(w, r)
		case v.role != Nobody:
			p.refuse(w, r, http.StatusForbidden, "refused.guest")
		case r.Method != http.MethodGet:
			p.refuse(w, r, http.StatusUnauthorized, "refused.login")
		case !p.access.owned():
			http.Redirect(w, r, "/welcome", http.StatusSeeOther)
		default:
			http.Redirect(w, r, "/login", http.StatusSeeOther)
		}
	}
}
