package appliance

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home/permission"
)

// The last lines of the log are kept, in their order, and no more; details are not.
func TestLogbook(t *testing.T) {
	book := NewLogbook()
	log := slog.New(slog.NewMultiHandler(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}), slog.NewTextHandler(book, nil)))
	for n := range keptLines + 10 {
		log.Info("line", "n", n)
		log.Debug("heard", "transcript", "a secret")
	}
	b := newBox(t, oneLamp, free(), false)
	b.options.Logbook = book
	w := httptest.NewRecorder()
	b.handler(permission.Page).ServeHTTP(w, httptest.NewRequest("GET", "/logs", nil))
	var lines []string
	if err := json.Unmarshal(w.Body.Bytes(), &lines); err != nil {
		t.Fatal(err)
	}
	if len(lines) != keptLines || !strings.HasSuffix(lines[0], "n=10") || !strings.HasSuffix(lines[len(lines)-1], fmt.Sprintf("n=%d", keptLines+9)) || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d lines, from %q to %q", len(lines), lines[0], lines[len(lines)-1])
	}
}
