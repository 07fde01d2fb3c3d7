package appliance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// modeEvent is what the box does from now on.
type modeEvent struct {
	Mode Mode `json:"mode"`
}

// heardEvent is what was understood of a request, before it is answered.
type heardEvent struct {
	Text string `json:"text"`
}

// event is something that happened to the box, for whoever looks on.
type event struct {
	id   int
	name string
	data []byte // JSON
}

// keptEvents is how far whoever looks on may lag behind.
const keptEvents = 64

// events are the last things that happened. Whoever looks on reads them from here at
// their own pace, so that nobody is waited for and nothing grows.
type events struct {
	mu   sync.Mutex
	last []event       // ids without gaps
	next int           // the id of the next one
	news chan struct{} // closed when there is one; nil while nobody waits
}

// put adds an event. One without data only says that something is another than before,
// and is not told again before the one before it was read.
func (e *events) put(name string, data any) {
	text := []byte("{}")
	if data != nil {
		var err error
		if text, err = json.Marshal(data); err != nil {
			panic(err) // results and modes are made of JSON's own kinds
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.last); data == nil && n > 0 && e.last[n-1].name == name {
		e.last = e.last[:n-1] // its id goes, too: whoever has read it finds a newer one
	}
	e.last = append(e.last, event{id: e.next, name: name, data: text})
	e.next++
	if len(e.last) > keptEvents {
		e.last = append(e.last[:0], e.last[len(e.last)-keptEvents:]...)
	}
	if e.news != nil {
		close(e.news)
		e.news = nil
	}
}

// since are the events from an id on, the id after the last, and what is closed when there
// is another.
func (e *events) since(id int) (list []event, next int, news <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, x := range e.last {
		if x.id >= id {
			list = append(list, x)
		}
	}
	if e.news == nil {
		e.news = make(chan struct{})
	}
	return list, e.next, e.news
}

const (
	eventPause   = 100 * time.Millisecond // at least, between two tellings: what comes meanwhile is told together
	eventBeat    = 20 * time.Second       // after which silence is broken, so that a dead connection is noticed
	eventPatient = 10 * time.Second       // for which a client may not read
	maxWatchers  = 100
)

// serveEvents tells of events as they happen, as a stream of server-sent events.
func (b *Box) serveEvents(mux *http.ServeMux) {
	watchers := make(chan struct{}, maxWatchers)
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
		select {
		case watchers <- struct{}{}:
			defer func() { <-watchers }()
		default:
			http.Error(w, fmt.Sprintf("%d look on already", maxWatchers), http.StatusServiceUnavailable)
			return
		}
		b.events.tell(w, r)
	})
}

// tell writes the events that are to come as server-sent ones, until the client is gone.
func (e *events) tell(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	flush := func() bool {
		_ = out.SetWriteDeadline(time.Now().Add(eventPatient)) // a unix socket may have none
		return out.Flush() == nil
	}
	_, next, news := e.since(0)
	fmt.Fprint(w, "retry: 2000\n\n")
	if !flush() {
		return
	}
	beat := time.NewTimer(eventBeat)
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			fmt.Fprint(w, ":\n\n")
		case <-news:
		}
		var list []event
		list, next, news = e.since(next)
		for _, x := range list {
			fmt.Fprintf(w, "event: %s\ndata: %s\n\n", x.name, x.data)
		}
		beat.Reset(eventBeat)
		if !flush() || !pause(r.Context(), eventPause) {
			return
		}
	}
}
