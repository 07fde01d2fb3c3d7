package appliance

import (
	"net/http"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/internal/trace"
)

// Logbook keeps the last lines of the log for the house page. It is an io.Writer of a
// slog.TextHandler, which writes a line at a time; at the level info or above, nothing that
// was said is in them.
type Logbook struct{ lines *trace.Ring[string] }

// keptLines are about an evening's.
const keptLines = 300

// NewLogbook is empty.
func NewLogbook() *Logbook { return &Logbook{trace.NewRing[string](keptLines)} }

// Write keeps a line.
func (l *Logbook) Write(line []byte) (int, error) {
	l.lines.Put(func(int) string { return strings.TrimSuffix(string(line), "\n") })
	return len(line), nil
}

// serveLogs is for the house page: the oldest line first.
func (b *Box) serveLogs(mux *http.ServeMux) {
	mux.HandleFunc("GET /logs", func(w http.ResponseWriter, r *http.Request) {
		lines := []string{}
		if b.options.Logbook != nil {
			lines = append(lines, b.options.Logbook.lines.Last(keptLines)...)
			slices.Reverse(lines)
		}
		writeJSON(w, lines)
	})
}
