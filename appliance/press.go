package appliance

import (
	"net/http"
	"sync"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/permission"
)

// pressTime is how long somebody has to walk to the box.
const pressTime = 30 * time.Second

// wantedPress is what waits for a press of the button: one request at a time.
type wantedPress struct {
	mu sync.Mutex
	by chan struct{} // is closed by the press; nil: nobody waits
}

// begin waits for a press, unless somebody else does.
func (w *wantedPress) begin() (came <-chan struct{}, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by != nil {
		return nil, false
	}
	w.by = make(chan struct{})
	return w.by, true
}

// take says whether a press was waited for. It ends the wait.
func (w *wantedPress) take() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by == nil {
		return false
	}
	close(w.by)
	w.by = nil
	return true
}

// end is when it is waited for no more. It is false if the press came first.
func (w *wantedPress) end() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	waited := w.by != nil
	w.by = nil
	return waited
}

// hasButton says whether there is a button to press.
func (f *Face) hasButton() bool { return f.board.Button != nil }

// pressed says whether somebody at the box agrees to what is asked for over the network, and
// else answers. A box without a button has nobody to ask; whoever types at the box is there.
func (b *Box) pressed(w http.ResponseWriter, r *http.Request, source home.Source) bool {
	board, ok := b.options.Board.(interface{ hasButton() bool })
	if source == permission.CLI || !ok || !board.hasButton() {
		return true
	}
	came, ok := b.press.begin()
	if !ok {
		http.Error(w, "another request waits for the button of the box already", http.StatusConflict)
		return false
	}
	select {
	case <-came:
		return true
	case <-r.Context().Done():
	case <-time.After(pressTime):
	}
	if !b.press.end() {
		return true
	}
	http.Error(w, "nobody pressed the button of the box within half a minute", http.StatusForbidden)
	return false
}
