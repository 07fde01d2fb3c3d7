package appliance

import (
	"bytes"
	"context"
	"errors"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/appliance/backup"
	"github.com/cricket-home/cricket/home/permission"
)

// restored posts a backup to a box, as the house page does.
func restored(t *testing.T, b *Box, passphrase string, file []byte) (int, string) {
	t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	part, err := m.CreateFormFile("file", "b.cricket")
	if passphrase != "" {
		body.Reset()
		m = multipart.NewWriter(&body)
		err = m.WriteField("passphrase", passphrase)
		if err == nil {
			part, err = m.CreateFormFile("file", "b.cricket")
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	part.Write(file)
	m.Close()
	r := httptest.NewRequestWithContext(within(t), "POST", "/restore", &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	w := httptest.NewRecorder()
	b.handler(permission.Page).ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

// A box gives its backup, takes it back by a restart, and knows what it knew.
func TestBackupIsRestoredByARestart(t *testing.T) {
	b, _, _ := stillBox(t, free())
	b.options.Board = nil // nobody is there to press a button
	ended := make(chan error, 1)
	go func() { ended <- b.Run(context.Background()) }()
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	state := b.options.StateDir
	if code, text := tell(t, b, "/lists", url.Values{"list": {"shopping"}, "item": {"milk"}, "do": {"add"}}); code != http.StatusOK {
		t.Fatalf("add: %d %s", code, text)
	}
	if code, text := tell(t, b, "/backup", url.Values{"passphrase": {"short"}}); code != http.StatusBadRequest || text != backup.ErrShort.Error() {
		t.Errorf("a short passphrase: %d %s", code, text)
	}
	r := httptest.NewRequestWithContext(within(t), "POST", "/backup", strings.NewReader(url.Values{"passphrase": {"correct horse battery"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	b.handler(permission.Page).ServeHTTP(w, r)
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Disposition"), `attachment; filename="`) {
		t.Fatalf("backup: %d %s", w.Code, w.Body)
	}
	file := w.Body.Bytes()
	if bytes.Contains(file, []byte("milk")) {
		t.Error("the backup can be read by anybody")
	}
	if code, text := tell(t, b, "/lists", url.Values{"list": {"shopping"}, "item": {"milk"}, "do": {"drop"}}); code != http.StatusOK {
		t.Fatalf("drop: %d %s", code, text)
	}
	for _, tt := range []struct {
		passphrase string
		file       []byte
		want       int
	}{
		{"correct horse batterie", file, http.StatusConflict},
		{"", file, http.StatusConflict},
		{"correct horse battery", []byte("a photograph"), http.StatusBadRequest},
		{"correct horse battery", file[:len(file)/2], http.StatusBadRequest},
		{"correct horse battery", file, http.StatusOK},
	} {
		if code, text := restored(t, b, tt.passphrase, tt.file); code != tt.want {
			t.Errorf("restore with %q: %d %s, want %d", tt.passphrase, code, text, tt.want)
		}
	}
	if err := <-ended; !errors.Is(err, ErrRestart) {
		t.Fatalf("the box ended with %v", err)
	}
	if err := TakeRestored(filepath.Join(state, "config.toml"), state); err != nil {
		t.Fatal(err)
	}
	book, err := os.ReadFile(filepath.Join(state, "schedule.json"))
	if err != nil || !bytes.Contains(book, []byte("milk")) {
		t.Errorf("the book is %s, %v", book, err)
	}
}
