package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/home/learned"
	"github.com/cricket-home/cricket/home/schedule"
)

// Exported is the answer to GET /mesh/export: what the boxes of the home know together.
type Exported struct {
	Records  []ExportedRecord `json:"records"`
	Siblings []Reached        `json:"siblings"`
}

// ExportedRecord is one thing.
type ExportedRecord struct {
	Kind    string          `json:"kind"` // list, reminder or alias
	Key     string          `json:"key"`
	Version uint64          `json:"version"`
	Box     string          `json:"box"` // whose word it is
	Value   json.RawMessage `json:"value"`
}

// Reached is a sibling, and whether it has the same now.
type Reached struct {
	Name  string `json:"name"`
	Same  bool   `json:"same"`
	Fault string `json:"fault,omitempty"`
}

// exportShared answers GET /mesh/export.
func (b *Box) exportShared(w http.ResponseWriter, r *http.Request) {
	reached, err := b.levelShared(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	out := Exported{Records: []ExportedRecord{}, Siblings: reached}
	records := b.shared.log.Load().Records()
	for _, key := range slices.Sorted(maps.Keys(records)) {
		kind, _, _ := strings.Cut(key, "/")
		if r := records[key]; json.Valid([]byte(r.Value)) { // a sibling may have signed anything
			out.Records = append(out.Records, ExportedRecord{Kind: kind, Key: key, Version: r.Version, Box: b.siblingName(r.Author), Value: json.RawMessage(r.Value)})
		}
	}
	writeJSON(w, out)
}

// eraseShared answers POST /mesh/erase: it removes all lists, reminders and names here and from
// all siblings, and says which of them will hear of it later.
func (b *Box) eraseShared(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("all") != "true" {
		http.Error(w, "erase: all=true is missing", http.StatusBadRequest)
		return
	}
	ctx := r.Context()
	reached, err := b.levelShared(ctx) // what this box has not heard of would stay
	if err == nil {
		err = b.removeAll(ctx)
	}
	if err == nil {
		reached, err = b.levelShared(ctx)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	writeJSON(w, reached)
}

// removeAll removes what is shared from the books of this box.
func (b *Box) removeAll(ctx context.Context) error {
	rang := b.agenda.Book().Ringing()
	_, err := b.agenda.alter(ctx, func(book schedule.Book) []schedule.Change {
		var out []schedule.Change
		for _, l := range book.Lists {
			for _, it := range l.Items {
				out = append(out, schedule.Change{List: l.Name, Item: it.Text, Do: schedule.Drop})
			}
		}
		for _, e := range book.Entries {
			if e.Kind == schedule.Reminder {
				out = append(out, schedule.Change{Remove: e.ID})
			}
		}
		return out
	})
	b.tellStopped(ctx, rang)
	if err == nil {
		err = b.forgetBefore(ctx)
	}
	if err != nil {
		return err
	}
	book, err := b.learning.change(func(book learned.Book) learned.Book {
		book.Names = nil
		return book
	})
	if err != nil {
		return err
	}
	return b.nameAll(ctx, book)
}

// errAlone says that there is nobody to share with.
var errAlone = errors.New("this box has no siblings: cricket mesh pair")

// levelShared makes what this box and its siblings have equal now, as far as they are reached.
func (b *Box) levelShared(ctx context.Context) ([]Reached, error) {
	l, node := b.shared.log.Load(), b.shared.node.Load()
	if fault := b.shared.fault.Load(); l == nil && fault != nil {
		return nil, errors.New(*fault)
	}
	if l == nil || node == nil {
		return nil, errAlone
	}
	if err := b.reconcile(ctx, l); err != nil {
		return nil, err
	}
	faults := node.Sync(ctx)
	if err := b.reconcile(ctx, l); err != nil {
		return nil, err
	}
	out := []Reached{}
	for _, m := range b.siblings.mesh.Members().All() {
		if err, sibling := faults[m.ID]; sibling && err != nil {
			out = append(out, Reached{Name: m.Name, Fault: err.Error()})
		} else if sibling {
			out = append(out, Reached{Name: m.Name, Same: true})
		}
	}
	return out, nil
}

// checkShared is what the doctor says of what the boxes know together.
func (b *Box) checkShared() []Finding {
	if fault := b.shared.fault.Load(); fault != nil {
		return []Finding{{Part: "household", Text: "siblings are not told of everything: " + *fault, Hint: "cricket mesh export"}}
	}
	return nil
}
