package appliance

import (
	"context"
	"net/http"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/internal/trace"
)

// command carries out an intent that somebody chose instead of saying it, with every check that a
// sentence meets.
func (b *Box) command(ctx context.Context, in intent.Intent, q Request) Result {
	in.Tier, in.Confidence = intent.Template, 1
	t := &trace.Trace{Time: time.Now()}
	return b.keep(b.carryOut(ctx, Result{}, in, q, t), t)
}

// serveTeaching takes what people say was wrong: it is taken back, or learned from.
func (b *Box) serveTeaching(mux *http.ServeMux, source home.Source) {
	answer := func(w http.ResponseWriter, r Result) {
		switch {
		case r.Fault != nil:
			http.Error(w, r.Reply, http.StatusServiceUnavailable)
		case !r.Done():
			http.Error(w, r.Reply, http.StatusConflict)
		default:
			writeJSON(w, r)
		}
	}
	mux.HandleFunc("POST /undo", func(w http.ResponseWriter, r *http.Request) {
		if b.knowsRoom(w, r.FormValue("room")) {
			answer(w, b.command(r.Context(), intent.Intent{Name: "CricketUndo"}, Request{Room: r.FormValue("room"), Source: source}))
		}
	})
	mux.HandleFunc("POST /learned/name", func(w http.ResponseWriter, r *http.Request) {
		name, device := r.FormValue("name"), r.FormValue("device")
		if name == "" || device == "" {
			http.Error(w, "name or device is missing", http.StatusBadRequest)
			return
		}
		answer(w, b.command(r.Context(), intent.Intent{Name: "CricketTeachName", Slots: map[string]any{"called": name}, Targets: []string{device}}, Request{Source: source}))
	})
}
