package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Whoever types an id that nobody has is told where the ids are.
func TestApproveOfNobody(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /home/approve", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("id") != "lock.gate" {
			http.Error(w, "nothing waits for approval under this id", http.StatusNotFound)
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	s := &session{http: &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", server.Listener.Addr().String())
	}}}}
	if err := approve(t.Context(), s, "lock.gate"); err != nil {
		t.Error(err)
	}
	err := approve(t.Context(), s, "lock.gait")
	if f, ok := errors.AsType[*fault](err); !ok || f.code != exitUsage || f.hint != "cricket home pending" {
		t.Errorf("%+v", err)
	}
}
