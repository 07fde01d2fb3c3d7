package appliance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wake"
)

// EnrolStatus is the answer to GET /voice/enrol: how far the word has come that somebody
// teaches by the box's own microphone.
type EnrolStatus struct {
	Word   string `json:"word,omitempty"` // "": none was taught since the start
	Person string `json:"person,omitempty"`
	Step   string `json:"step,omitempty"` // "quiet", "say", "learning", "done", "failed"
	Take   int    `json:"take,omitempty"` // which recording is to be made
	Of     int    `json:"of,omitempty"`   // so many
	Grade  string `json:"grade,omitempty"`
	Mind   string `json:"mind,omitempty"` // why it is no better
	Error  string `json:"error,omitempty"`
}

func (s EnrolStatus) running() bool {
	return s.Step == "quiet" || s.Step == "say" || s.Step == "learning"
}

// enrolment teaches the box a word, one at a time. While it listens the frames of the
// microphone are its own: nothing that is said wakes the box or is a request.
type enrolment struct {
	told func() // of a new status

	mu     sync.Mutex
	now    EnrolStatus
	frames chan<- voice.Frame // nil: it does not listen
	heard  context.Context    // while it listens
	cut    context.CancelCauseFunc
	stop   context.CancelFunc
	done   chan struct{} // closed when it is over; nil before the first
	closed bool
}

var (
	errEnrols = errors.New("somebody is teaching the box a word already")
	errBusy   = errors.New("the box is listening or speaking; try again when it is quiet")
	errCalled = errors.New("somebody called the box meanwhile, or it had something to say")
	errEnds   = errors.New("the box ends")
)

// push takes a frame of the microphone, if it listens.
func (e *enrolment) push(f voice.Frame) bool {
	e.mu.Lock()
	frames, heard := e.frames, e.heard
	e.mu.Unlock()
	if frames == nil || heard.Err() != nil { // it is being told that it is over: the frame is a request's
		return false
	}
	select {
	case frames <- f:
	case <-heard.Done():
	}
	return true
}

// deaf is when the microphone is switched off or gone.
func (e *enrolment) deaf(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.frames != nil {
		e.cut(err)
	}
}

func (e *enrolment) set(change func(*EnrolStatus)) {
	e.mu.Lock()
	change(&e.now)
	e.mu.Unlock()
	e.told()
}

func (e *enrolment) status() EnrolStatus {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

// begin begins to listen; learn makes a word of the recordings.
func (e *enrolment) begin(word, person string, learn func(context.Context, []wake.Recording) (wake.Estimate, error)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return errEnds
	case e.now.running():
		return errEnrols
	}
	ctx, stop := context.WithCancel(context.Background())
	e.now = EnrolStatus{Word: word, Person: person, Step: "quiet"}
	frames := make(chan voice.Frame, 100)
	done := make(chan struct{})
	e.frames, e.stop, e.done = frames, stop, done
	e.heard, e.cut = context.WithCancelCause(ctx)
	heard := e.heard
	go func() {
		defer close(done)
		defer stop()
		recordings, err := e.listen(heard, frames)
		var found wake.Estimate
		if err == nil {
			found, err = learn(ctx, recordings)
		}
		e.set(func(s *EnrolStatus) {
			*s = EnrolStatus{Word: word, Person: person, Step: "done", Grade: string(found.Grade), Mind: found.Reason}
			switch {
			case ctx.Err() != nil:
				*s = EnrolStatus{}
			case err != nil:
				s.Step, s.Error = "failed", err.Error()
			}
		})
	}()
	return nil
}

// listen records the word. When it returns, the microphone is the box's again.
func (e *enrolment) listen(heard context.Context, frames <-chan voice.Frame) ([]wake.Recording, error) {
	defer e.set(func(s *EnrolStatus) {
		e.cut(nil)
		e.frames, s.Step, s.Take, s.Of = nil, "learning", 0, 0
	})
	return wake.Takes(func() (voice.Frame, error) {
		select {
		case f := <-frames:
			return f, nil
		case <-heard.Done():
			return voice.Frame{}, context.Cause(heard)
		}
	}, func(n, of int) { e.set(func(s *EnrolStatus) { s.Step, s.Take, s.Of = "say", n, of }) })
}

// end ends it, and returns when it has. Nothing is kept of what was said.
func (e *enrolment) end() {
	e.mu.Lock()
	stop, done := e.stop, e.done
	e.mu.Unlock()
	if done != nil {
		stop()
		<-done
	}
}

// close ends it for good.
func (e *enrolment) close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.end()
}

// Enrol begins to teach the box a word of a person's, by its own microphone.
func (b *Box) Enrol(ctx context.Context, word, person string) error {
	if err := wake.CheckNames(word, person); err != nil {
		return err
	}
	if b.live == nil {
		return errors.New(b.deafness())
	}
	begun := make(chan error, 1)
	b.live.post(ctx, func() { // where the microphone is listened to, so that it cannot be switched off in between
		switch mode := b.live.attention.Mode(); {
		case mode == Muted:
			begun <- errMuted
		case b.live.listener == nil:
			begun <- errDeaf
		case mode != Idle:
			begun <- errBusy
		default:
			begun <- b.enrolment.begin(word, person, func(ctx context.Context, recordings []wake.Recording) (wake.Estimate, error) {
				return b.learnWord(ctx, word, person, recordings)
			})
		}
	})
	select {
	case err := <-begun:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// learnWord makes a wake word of recordings, which are not kept, and listens for it from
// now on.
func (b *Box) learnWord(ctx context.Context, word, person string, recordings []wake.Recording) (wake.Estimate, error) {
	bin, err := Bin()
	if err != nil {
		return wake.Estimate{}, err
	}
	others, err := OtherSpeech(ctx, bin, word, b.config.Language)
	if err != nil {
		return wake.Estimate{}, err
	}
	p, found, err := wake.Enrol(wake.Bundled(), word, person, recordings, others, time.Now().UTC().Truncate(time.Second))
	if err != nil {
		return found, err
	}
	if found.Grade == wake.Poor {
		return found, fmt.Errorf("%q would not work well, and is not kept: %s", word, found.Reason)
	}
	if err := ctx.Err(); err != nil {
		return found, err
	}
	if err := PersonalWords(b.options.StateDir).Put(p); err != nil {
		return found, err
	}
	b.log.Info("a wake word was taught", "wake", word, "grade", found.Grade)
	b.listenAnew()
	return found, nil
}

// listenAnew has the microphone listen for the words that there are now, when nobody is
// speaking to the box.
func (b *Box) listenAnew() {
	if b.live != nil {
		b.live.post(context.Background(), func() { b.live.retuned = true })
	}
}

// openEnrolment is ready to be taught.
func (b *Box) openEnrolment() { b.enrolment.told = func() { b.events.put("enrol", nil) } }

// serveEnrolment is for the house page.
func (b *Box) serveEnrolment(mux *http.ServeMux) {
	mux.HandleFunc("GET /voice/enrol", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, b.enrolment.status()) })
	mux.HandleFunc("POST /voice/enrol", func(w http.ResponseWriter, r *http.Request) {
		if err := b.Enrol(r.Context(), r.FormValue("word"), r.FormValue("person")); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		writeJSON(w, b.enrolment.status())
	})
	mux.HandleFunc("POST /voice/enrol/stop", func(w http.ResponseWriter, r *http.Request) {
		b.enrolment.end()
		writeJSON(w, b.enrolment.status())
	})
	mux.HandleFunc("POST /voice/words/forget", func(w http.ResponseWriter, r *http.Request) {
		if err := wake.CheckNames(r.FormValue("word"), r.FormValue("person")); err != nil { // an empty one would be every one
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		for _, named := range b.config.Wake.Words {
			if strings.EqualFold(named.Name, r.FormValue("word")) && named.Model == "" && !wake.Bundled().Has(named.Name) {
				http.Error(w, fmt.Sprintf("forget a wake word: %q stands under [wake] in config.toml, without which the box would not start; take it out there first", named.Name), http.StatusConflict)
				return
			}
		}
		removed, err := PersonalWords(b.options.StateDir).Remove(r.FormValue("word"), r.FormValue("person"))
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		case len(removed) == 0:
			http.Error(w, "forget a wake word: nobody has taught that", http.StatusNotFound)
		default:
			b.listenAnew()
		}
	})
}
