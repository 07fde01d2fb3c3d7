package models

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// answer is what a source has, from some byte on.
type answer struct {
	body      io.ReadCloser
	start     int64  // the first byte of body
	total     int64  // bytes of the whole; -1: not said
	validator string // changes with the file; "": none
	delimited bool   // the end of body is known to be the end of the file
}

// source is where a file comes from: a server, or a folder.
type source interface {
	// name is written into the note, and shown.
	name() string
	// open asks for the file from byte have on, or from the start.
	open(ctx context.Context, have int64, n note) (answer, error)
}

// retryError is an error after which it is worth trying again.
type retryError struct {
	err   error
	after time.Duration // that the server asks for; 0: none
}

func (e *retryError) Error() string { return e.err.Error() }
func (e *retryError) Unwrap() error { return e.err }

var (
	errOther = errors.New("the file there is another one now; it is fetched from its start")
	// ErrRedirect is wrapped by the error of a redirect that is not followed.
	ErrRedirect = errors.New("redirect refused")
)

// folder is a source on this machine, such as a memory stick.
type folder string

func (f folder) name() string { return string(f) }

func (f folder) open(_ context.Context, have int64, n note) (answer, error) {
	in, err := os.Open(string(f))
	if err != nil {
		return answer{}, err
	}
	info, err := in.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file", f)
	}
	if err != nil {
		in.Close()
		return answer{}, err
	}
	a := answer{body: in, start: have, total: info.Size(), delimited: true,
		validator: fmt.Sprintf("%d-%d", info.Size(), info.ModTime().UnixNano())}
	if have > a.total || n.Validator != "" && n.Validator != a.validator {
		a.start = 0
	}
	if _, err := in.Seek(a.start, io.SeekStart); err != nil {
		in.Close()
		return answer{}, err
	}
	return a, nil
}

// server is a source that speaks HTTP.
type server struct {
	client *http.Client
	url    *url.URL
}

func (s server) name() string { return s.url.Redacted() }

// open asks for a range [RFC 9110, 14.2]. What the server makes of it is up to
// the server: it may send the whole file, another file, or none.
func (s server) open(ctx context.Context, have int64, n note) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url.String(), nil)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("User-Agent", "cricket")
	r.Header.Set("Accept-Encoding", "identity") // a range is of the file, not of a packed one
	if have > 0 {
		r.Header.Set("Range", "bytes="+strconv.FormatInt(have, 10)+"-")
		if n.Validator != "" {
			r.Header.Set("If-Range", n.Validator)
		}
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	a := answer{body: resp.Body, total: resp.ContentLength, validator: validator(resp.Header),
		delimited: resp.ContentLength >= 0 || len(resp.TransferEncoding) > 0 || resp.ProtoMajor > 1}
	switch code := resp.StatusCode; {
	case resp.Header.Get("Content-Encoding") != "" && code < 300:
		err = fmt.Errorf("the server packs the file (%s) although it was asked not to", resp.Header.Get("Content-Encoding"))
	case code == http.StatusOK:
		return a, nil
	case code == http.StatusPartialContent && have > 0:
		var first, last int64
		first, last, a.total, err = contentRange(resp.Header.Get("Content-Range"))
		switch {
		case err != nil:
		case first != have || resp.ContentLength >= 0 && resp.ContentLength != last-first+1:
			err = fmt.Errorf("asked for bytes from %d on, the server sends %q of %d bytes", have, resp.Header.Get("Content-Range"), resp.ContentLength)
		case n.Validator != "" && a.validator != n.Validator, n.Total >= 0 && a.total >= 0 && n.Total != a.total:
			err = &retryError{err: errOther}
		default:
			a.start = have
			return a, nil
		}
	case code == http.StatusRequestedRangeNotSatisfiable:
		err = &retryError{err: errOther}
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // a date is as good as none
		err = &retryError{fmt.Errorf("the server answers %s", resp.Status), time.Duration(min(max(seconds, 0), 120)) * time.Second}
	default:
		err = fmt.Errorf("the server answers %s", resp.Status)
	}
	resp.Body.Close()
	return answer{}, err
}

// validator is what If-Range may be sent [RFC 9110, 13.1.5]: a strong ETag, or
// else a date so long past that the file cannot have changed twice in that second.
func validator(h http.Header) string {
	if tag := h.Get("ETag"); strings.HasPrefix(tag, `"`) {
		return tag
	}
	modified, err1 := http.ParseTime(h.Get("Last-Modified"))
	now, err2 := http.ParseTime(h.Get("Date"))
	if err1 != nil || err2 != nil || now.Sub(modified) < time.Minute {
		return ""
	}
	return h.Get("Last-Modified")
}

// contentRange reads "bytes 5-9/10"; the total is -1 where it is "*" [RFC 9110, 14.4].
func contentRange(s string) (first, last, total int64, err error) {
	bad := fmt.Errorf("the server says Content-Range %q", s)
	span, ok := strings.CutPrefix(s, "bytes ")
	a, rest, ok1 := strings.Cut(span, "-")
	b, c, ok2 := strings.Cut(rest, "/")
	first, err1 := strconv.ParseInt(a, 10, 64)
	last, err2 := strconv.ParseInt(b, 10, 64)
	total = -1
	var err3 error
	if c != "*" {
		total, err3 = strconv.ParseInt(c, 10, 64)
	}
	if !ok || !ok1 || !ok2 || errors.Join(err1, err2, err3) != nil || first < 0 || last < first || c != "*" && total <= last {
		return 0, 0, 0, bad
	}
	return first, last, total, nil
}

const redirects = 5

// client makes an HTTP client that honours the proxies of the environment. It
// does not go from https to http: whoever is between could choose the file.
func client(transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		from := via[len(via)-1].URL
		switch {
		case len(via) > redirects:
			return fmt.Errorf("%w: more than %d in a row", ErrRedirect, redirects)
		case r.URL.Scheme != "https" && r.URL.Scheme != "http":
			return fmt.Errorf("%w: to %s", ErrRedirect, r.URL.Redacted())
		case from.Scheme == "https" && r.URL.Scheme != "https":
			return fmt.Errorf("%w: from https to %s", ErrRedirect, r.URL.Redacted())
		}
		return nil
	}}
}

// network is how servers are reached unless a test has another way.
func network() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: stallTime}).DialContext,
		TLSHandshakeTimeout: stallTime,
		DisableCompression:  true,
		ForceAttemptHTTP2:   true,
	}
}

// from returns where a file comes from: the catalogue's source, or the mirror
// or folder that from names.
func (p *puller) from(m Model, f File) (source, error) {
	if p.o.From == "" {
		u, err := url.Parse(m.url(f))
		return server{p.client, u}, err
	}
	if !strings.Contains(p.o.From, "://") {
		return folder(filepath.Join(p.o.From, f.Name)), nil
	}
	u, err := url.Parse(p.o.From)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("--from %q is neither a folder nor an http or https URL", p.o.From)
	}
	return server{p.client, u.JoinPath(f.Name)}, nil
}
