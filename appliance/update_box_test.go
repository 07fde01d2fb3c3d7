package appliance

import (
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
)

// What is refused is told once, on a machine that has no slots as well.
func TestUpdatesAreRefusedInOneSentence(t *testing.T) {
	b := &Box{updates: OpenUpdates(System{Dir: t.TempDir(), Told: func() {}, Log: slog.New(slog.DiscardHandler)}), log: slog.New(slog.DiscardHandler)}
	for _, ask := range []string{"GET /update", "POST /update/check", "POST /update/install", "POST /update/rollback"} {
		method, path, _ := strings.Cut(ask, " ")
		w := httptest.NewRecorder()
		b.controlHandler().ServeHTTP(w, httptest.NewRequest(method, path, nil))
		text, _ := io.ReadAll(w.Body)
		if got := strings.TrimSpace(string(text)); w.Code != 403 || got != ErrNoSlots.Error() {
			t.Errorf("%s: %d %q", ask, w.Code, got)
		}
	}
}
