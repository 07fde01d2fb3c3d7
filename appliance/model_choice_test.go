package appliance

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/models"
	"github.com/cricket-home/cricket/models/random"
)

// A model is chosen on the house page, and the box restarts with it; what is not there, or is
// chosen elsewhere, is not.
func TestChooseAModel(t *testing.T) {
	b := newBox(t, oneLamp, free(), false)
	var whole strings.Builder
	if err := random.Whisper(&whole, random.SmallWhisper(), 1); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(b.options.StateDir, "models")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "ggml-mine.bin"), []byte(whole.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	use := func(id string) (int, string) {
		r := httptest.NewRequest("POST", "/models/use", strings.NewReader(url.Values{"id": {id}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		b.handler(permission.Page).ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	if status, text := use("ggml-mine.bin"); status != http.StatusServiceUnavailable || !strings.Contains(text, "ends with its command") {
		t.Errorf("a box of a command: %d %s", status, text)
	}
	b.options.Keep = true
	for _, id := range []string{"whisper-tiny.en-q8_0", "../ggml-mine.bin", "no such"} {
		if status, text := use(id); status != http.StatusConflict || !strings.Contains(text, "not installed") {
			t.Errorf("%s: %d %s", id, status, text)
		}
	}
	chosen := func() string {
		t.Helper()
		used, err := Models(b.options.StateDir).Used()
		if err != nil {
			t.Fatal(err)
		}
		return used[models.STT]
	}
	for _, id := range []string{"ggml-mine.bin", ""} {
		if status, text := use(id); status != http.StatusOK || chosen() != id {
			t.Errorf("%q: %d %s; chosen is %q", id, status, text, chosen())
		}
		select {
		case <-b.again:
		case <-within(t).Done():
			t.Fatal("it does not restart")
		}
		views, err := b.ModelViews()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range views {
			if v.Chosen != (v.ID == id) {
				t.Errorf("%q is chosen, and %s: %v", id, v.ID, v.Chosen)
			}
		}
	}
}
