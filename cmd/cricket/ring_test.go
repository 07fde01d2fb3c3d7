package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/firmware"
)

// The ring in a terminal: LED 0 on top, clockwise.
func TestDrawRing(t *testing.T) {
	frame := make([]firmware.Light, 12)
	frame[0], frame[3], frame[6] = firmware.Light{R: 255}, firmware.Light{G: 128}, firmware.Light{B: 10}
	plain := strings.NewReplacer("\x1b[38;2;255;0;0m", "", "\x1b[38;2;0;128;0m", "", "\x1b[38;2;0;0;10m", "", "\x1b[0m", "").Replace(drawRing(frame, "idle"))
	want := `
            @
       .         .
   .                 .

  .       idle        O

   .                 .
       .         .
            o
`
	if plain != want[1:] {
		t.Errorf("drawn:\n%swant:%s", plain, want)
	}
}

// `cricket ring` begins with what the box does, follows it, and says when it is gone.
func TestRingFollowsTheBox(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"mode":"idle"}`) })
	mux.HandleFunc("GET /ring", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"id":7,"kind":"timer","name":"pasta","state":"running","left_s":90}]`)
	})
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "retry: 2000\n\nevent: request\ndata: {\"mode\":3}\n\nevent: mode\ndata: {\"mode\":\"muted\"}\n\n")
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	s := &session{http: &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", server.Listener.Addr().String())
	}}}}
	var out bytes.Buffer
	err := (&ring{}).watch(t.Context(), &out, s)
	if f, ok := errors.AsType[*fault](err); !ok || f.code != exitMissing || !strings.Contains(err.Error(), "it has ended") {
		t.Errorf("it ended with %v", err)
	}
	idle, muted := strings.Index(out.String(), "idle"), strings.LastIndex(out.String(), "muted")
	if idle < 0 || muted < idle || !strings.Contains(out.String(), "7  running  timer  pasta") {
		t.Errorf("drawn:\n%s", &out)
	}
	if vermilion := "\x1b[38;2;107;47;0m"; !strings.Contains(out.String()[idle:], vermilion) {
		t.Error("muted is not drawn as the lights show it")
	}
}

func TestOnlyATerminalIsDrawnOn(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if isTerminal(&bytes.Buffer{}) || isTerminal(null) {
		t.Error("nobody looks on")
	}
	if pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0); err == nil {
		defer pty.Close()
		if !isTerminal(pty) {
			t.Error("a terminal is none")
		}
	}
}
