package appliance

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/cricket-home/cricket/home/schedule"
)

// ListView is a list of things to buy or to do.
type ListView struct {
	Name  string     `json:"name"`
	Items []ItemView `json:"items"`
}

// ItemView is one thing of a list.
type ItemView struct {
	Text string `json:"text"`
	Done bool   `json:"done"`
}

// Lists are the lists there are.
func (b *Box) Lists() []ListView {
	out := []ListView{}
	for _, l := range b.agenda.Book().Lists {
		v := ListView{Name: l.Name, Items: []ItemView{}}
		for _, i := range l.Items {
			v.Items = append(v.Items, ItemView(i))
		}
		out = append(out, v)
	}
	return out
}

const (
	maxListName = 60  // bytes
	maxItem     = 200 // bytes
)

// listChange is the change of a list that a request asks for.
func listChange(list, item, do string) (schedule.Change, error) {
	c := schedule.Change{List: strings.ToLower(strings.TrimSpace(list)), Item: strings.TrimSpace(item), Do: schedule.ItemChange(do)}
	control := func(r rune) bool { return r < ' ' }
	switch {
	case c.List == "" || len(c.List) > maxListName || strings.ContainsFunc(c.List, control):
		return c, fmt.Errorf("list must be a name of 1 to %d bytes on one line", maxListName)
	case c.Item == "" || len(c.Item) > maxItem || strings.ContainsFunc(c.Item, control):
		return c, fmt.Errorf("item must be a text of 1 to %d bytes on one line", maxItem)
	case c.Do != schedule.Add && c.Do != schedule.Complete && c.Do != schedule.Drop:
		return c, fmt.Errorf("do must be %s, %s or %s, not %q", schedule.Add, schedule.Complete, schedule.Drop, do)
	}
	return c, nil
}

// errNoEntry says that nothing of this number is planned.
var errNoEntry = errors.New("nothing of this number is planned")

func (b *Box) serveBook(mux *http.ServeMux) {
	mux.HandleFunc("GET /lists", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, b.Lists()) })
	mux.HandleFunc("POST /lists", func(w http.ResponseWriter, r *http.Request) {
		c, err := listChange(r.FormValue("list"), r.FormValue("item"), r.FormValue("do"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if _, err := b.alter(r.Context(), []schedule.Change{c}); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /ring/cancel", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(r.FormValue("id"))
		if _, there := b.agenda.Book().Entry(id); err != nil || !there {
			http.Error(w, errNoEntry.Error(), http.StatusNotFound)
			return
		}
		if _, err := b.alter(r.Context(), []schedule.Change{{Remove: id}}); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
}
