package appliance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/cricket-home/cricket/models"
)

// PullStatus is the answer to GET /models/pull: how far the model has come that was asked for
// last.
type PullStatus struct {
	ID      string `json:"id,omitempty"` // "": none was asked for since the start
	Running bool   `json:"running,omitempty"`
	Step    string `json:"step,omitempty"` // "fetching", "checking"
	Done    int64  `json:"done,omitempty"` // bytes of the file that comes now
	Total   int64  `json:"total,omitempty"`
	Said    string `json:"said,omitempty"`  // what there is to know, last
	Error   string `json:"error,omitempty"` // why it ended
}

// pullTold is how often those who look are told of how far it has come.
const pullTold = time.Second

var errPulls = errors.New("another model is being fetched")

// modelPull fetches a model for whoever asked for it on the house page, one at a time. The
// zero value is ready once pull is set.
type modelPull struct {
	pull  func(ctx context.Context, id string, o models.PullOptions) error
	told  func()
	group sync.WaitGroup

	mu   sync.Mutex
	now  PullStatus
	last time.Time // that told was called
	stop context.CancelFunc
}

// begin begins to fetch. The error is errPulls where it fetches already.
func (p *modelPull) begin(id string, o models.PullOptions) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now.Running {
		return errPulls
	}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	p.now = PullStatus{ID: id, Running: true}
	o.Say = func(line string) { p.set(true, func(s *PullStatus) { s.Said = line }) }
	o.Progress = func(at models.Progress) {
		p.set(false, func(s *PullStatus) { s.Step, s.Done, s.Total = at.Step, at.Done, max(at.Total, 0) })
	}
	p.group.Go(func() {
		defer stop()
		err := p.pull(ctx, id, o)
		p.set(true, func(s *PullStatus) {
			*s = PullStatus{ID: id, Said: s.Said}
			if err != nil && ctx.Err() == nil {
				s.Error = err.Error()
			} else if err != nil {
				s.Error = "it was stopped; what came is kept"
			}
		})
	})
	return nil
}

// set changes the status, and tells of it where that is urgent or long ago.
func (p *modelPull) set(urgent bool, change func(*PullStatus)) {
	p.mu.Lock()
	change(&p.now)
	tell := urgent || time.Since(p.last) > pullTold
	if tell {
		p.last = time.Now()
	}
	p.mu.Unlock()
	if tell {
		p.told()
	}
}

func (p *modelPull) status() PullStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// end ends what is fetched, and returns when it has. What came is kept.
func (p *modelPull) end() {
	p.mu.Lock()
	stop := p.stop
	p.mu.Unlock()
	if stop != nil {
		stop()
		p.group.Wait()
	}
}

// pullModel brings a model of the catalogue into the store, from siblings where they have it.
func (b *Box) pullModel(ctx context.Context, id string, o models.PullOptions) error {
	catalogue, err := models.Builtin()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(catalogue.Models, func(m models.Model) bool { return m.ID == id })
	if i < 0 {
		return fmt.Errorf("pull %s: the catalogue does not know it", id)
	}
	if node := b.siblingWeights(); node != nil {
		o.Siblings = node
	}
	return Models(b.options.StateDir).Pull(ctx, catalogue.Models[i], o)
}

// openPulls is ready to fetch models.
func (b *Box) openPulls() {
	b.pulls.pull, b.pulls.told = b.pullModel, func() { b.events.put("models", nil) }
}

// servePulls is for the house page.
func (b *Box) servePulls(mux *http.ServeMux) {
	mux.HandleFunc("GET /models/pull", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, b.pulls.status()) })
	mux.HandleFunc("POST /models/pull", func(w http.ResponseWriter, r *http.Request) {
		accept, _ := strconv.ParseBool(r.FormValue("accept"))
		if err := b.pulls.begin(r.FormValue("id"), models.PullOptions{Accept: accept}); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		writeJSON(w, b.pulls.status())
	})
	mux.HandleFunc("POST /models/pull/stop", func(w http.ResponseWriter, r *http.Request) {
		b.pulls.end()
		writeJSON(w, b.pulls.status())
	})
}
