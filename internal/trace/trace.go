// Package trace records what each stage of a request did and how long it took.
//
// A Trace belongs to one request and one goroutine at a time. Ring keeps the
// last ones for `cricket why`; nothing here touches the disk or the log.
package trace

import (
	"sync"
	"time"
)

// Stage is one step of a request.
type Stage struct {
	Name     string        `json:"name"` // "endpoint", "stt", "resolve", "plan", "publish", "confirm"
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration_ns"`
	Decision string        `json:"decision"` // what the stage decided, in a few words
}

// Trace is what happened to one request.
type Trace struct {
	ID     int       `json:"id"` // counts up from 1 in a Ring
	Time   time.Time `json:"time"`
	Stages []Stage   `json:"stages"`
}

// Begin starts a stage now; the function it returns ends it.
func (t *Trace) Begin(name string) (end func(decision string)) {
	start := time.Now()
	return func(decision string) {
		t.Stages = append(t.Stages, Stage{name, start, time.Since(start), decision})
	}
}

// Milliseconds returns the time each stage took, by name.
func (t *Trace) Milliseconds() map[string]float64 {
	ms := make(map[string]float64, len(t.Stages))
	for _, s := range t.Stages {
		ms[s.Name] += float64(s.Duration.Microseconds()) / 1000
	}
	return ms
}

// Ring keeps the last values put into it. Its methods may be called from any goroutine.
type Ring[T any] struct {
	mu   sync.Mutex
	last []T
	size int
	put  int // how many were ever put
}

// NewRing keeps the last size values.
func NewRing[T any](size int) *Ring[T] { return &Ring[T]{size: size} }

// Put adds the value that make returns for its number, which counts up from 1.
func (r *Ring[T]) Put(make func(id int) T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put++
	if len(r.last) == r.size {
		r.last = append(r.last[:0], r.last[1:]...)
	}
	r.last = append(r.last, make(r.put))
}

// Last returns up to n values, the newest first.
func (r *Ring[T]) Last(n int) []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := []T{}
	for i := len(r.last) - 1; i >= 0 && len(out) < n; i-- {
		out = append(out, r.last[i])
	}
	return out
}
