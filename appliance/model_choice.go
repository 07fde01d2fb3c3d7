package appliance

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/cricket-home/cricket/models"
)

// chosenByOwner are the purposes for which the house page chooses a model: wake words stand
// in config.toml, and noticing speech has one model.
var chosenByOwner = []models.Purpose{models.STT, models.Voice, models.LLM}

var errNotInstalled = errors.New("it is not installed")

// chooseModel makes an installed model the one for its purpose; "" forgets all choices.
func (b *Box) chooseModel(id string) error {
	store := Models(b.options.StateDir)
	if id == "" {
		return store.UseBest()
	}
	catalogue, err := models.Builtin()
	if err != nil {
		return err
	}
	entries, err := store.Entries(catalogue)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(entries, func(e models.Entry) bool { return e.Model.ID == id })
	if i < 0 || !entries[i].Usable() || !slices.Contains(chosenByOwner, entries[i].Model.Purpose) {
		return fmt.Errorf("use %s: %w", id, errNotInstalled)
	}
	return store.Use(entries[i].Model)
}

// serveModelChoice is for the house page. The box restarts with what was chosen.
func (b *Box) serveModelChoice(mux *http.ServeMux) {
	mux.HandleFunc("POST /models/use", func(w http.ResponseWriter, r *http.Request) {
		err := errors.New("use a model: this box ends with its command")
		if b.options.Keep {
			err = b.chooseModel(r.FormValue("id"))
		}
		switch {
		case errors.Is(err, errNotInstalled):
			http.Error(w, err.Error(), http.StatusConflict)
		case err != nil:
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		default:
			time.AfterFunc(time.Second, func() { signal(b.again) }) // when the answer has been read
		}
	})
}
