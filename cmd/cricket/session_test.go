package main

import (
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/appliance"
)

func TestUnreachedSaysWhatToType(t *testing.T) {
	there := t.TempDir()
	for _, c := range []struct {
		name, service string
		uid           int
		hint          string
	}{
		{"nothing runs", filepath.Join(there, "none"), 1000, "cricket run"},
		{"nothing runs, as root", filepath.Join(there, "none"), 0, "cricket run"},
		{"the service runs, and sudo was left out", there, 1000, "sudo cricket doctor"},
		{"the service has just ended", there, 0, "cricket run"},
	} {
		f := unreached(errors.New("no such file"), c.service, c.uid)
		if !strings.HasSuffix(f.hint, c.hint) || f.code != exitMissing {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}

// Where a part of the box is down, the doctor is the one to ask.
func TestAPartThatIsDownSendsToTheDoctor(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("unix", appliance.Socket(dir))
	if err != nil {
		t.Fatal(err)
	}
	status := map[string]int{"/down": http.StatusServiceUnavailable, "/refused": http.StatusForbidden}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "listen: there is no microphone", status[r.URL.Path])
	})}
	go server.Serve(l)
	defer server.Close()
	s := dial(dir, func() {})
	for path, want := range map[string]fault{"/down": {hint: "cricket doctor", code: exitMissing}, "/refused": {code: exitRefused}} {
		_, err := s.call(t.Context(), "POST", path, nil, nil)
		f, ok := errors.AsType[*fault](err)
		if !ok || f.hint != want.hint || f.code != want.code || f.Error() != "listen: there is no microphone" {
			t.Errorf("%s: %+v", path, f)
		}
	}
}
