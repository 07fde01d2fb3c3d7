package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Limits of a good evening.
const (
	mostWrong = 0.02 // of the requests: something was done that nobody asked for
	mostCut   = 0.01 // of the requests ended before they were over
	mostGrown = 1.15 // times the memory at the quarter of the evening
)

// tally is how the requests of one scene went.
type tally struct {
	Asked     int `json:"asked"`
	Missed    int `json:"missed"`    // the wake word was not heard
	Unheard   int `json:"unheard"`   // it was, and no request
	Right     int `json:"right"`     // what the words ask for was done or answered
	Refused   int `json:"refused"`   // it said that it did not understand
	Otherwise int `json:"otherwise"` // something else was answered
	Wrong     int `json:"wrong"`     // something else was done
	Failed    int `json:"failed"`    // a part failed, and it said so
}

// report is what came of the evening.
type report struct {
	Scenes          map[string]*tally `json:"scenes"`
	FalseWakes      int               `json:"false_wakes"`
	Uncalled        time.Duration     `json:"uncalled_ns"` // how long nobody called
	Interrupted     int               `json:"interrupted"`
	InterruptMissed int               `json:"interrupt_missed"`
	Stops           int               `json:"stops"`
	StopMissed      int               `json:"stop_missed"`
	StopDelays      []time.Duration   `json:"stop_delays_ns"`
	Rang            int               `json:"rang"`       // timers
	RangStops       int               `json:"rang_stops"` // how often "stop" was said to them
	Questions       map[string]int    `json:"questions"`  // whether the garage door is to be opened, by what was answered: "yes", "no"
	Heard           map[string]int    `json:"heard"`      // of these, those that did what the answer says
	Opened          int               `json:"opened"`     // after a "no"
	Unplugged       int               `json:"unplugged"`
	Killed          int               `json:"killed"`
	CutShort        int               `json:"cut_short"`
	EndedWhole      int               `json:"ended_whole"` // ended before words that changed nothing: "in the living room"
	Hung            int               `json:"hung"`
	Delays          []time.Duration   `json:"delays_ns"`  // from the last spoken sample to the decision
	Answers         []time.Duration   `json:"answers_ns"` // from there to all done and confirmed
	Early, Late     memory
	Sound           time.Duration `json:"sound_ns"`
	Real            time.Duration `json:"real_ns"`
}

// memory is what this process and its heap take, in bytes, and its goroutines.
type memory struct {
	Resident   int `json:"resident"`
	Heap       int `json:"heap"`
	Goroutines int `json:"goroutines"`
}

func (r *report) scene(name string) *tally {
	if r.Scenes[name] == nil {
		r.Scenes[name] = &tally{}
	}
	return r.Scenes[name]
}

// measure looks at the memory after a quarter, and at the end.
func (r *report) measure(i, requests int) {
	if i != requests/4 && i != requests-1 {
		return
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	now := memory{Heap: int(m.HeapAlloc), Goroutines: runtime.NumGoroutine()}
	if data, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := strings.Fields(string(data)); len(fields) > 1 {
			pages, _ := strconv.Atoi(fields[1])
			now.Resident = pages * os.Getpagesize()
		}
	}
	if i == requests/4 {
		r.Early = now
	}
	r.Late = now
}

func (r *report) sum() (all tally) {
	for _, t := range r.Scenes {
		all.Asked += t.Asked
		all.Missed += t.Missed
		all.Unheard += t.Unheard
		all.Right += t.Right
		all.Refused += t.Refused
		all.Otherwise += t.Otherwise
		all.Wrong += t.Wrong
		all.Failed += t.Failed
	}
	return all
}

// faults is what must not be.
func (r *report) faults() (faults []string) {
	all := r.sum()
	if all.Asked == 0 || all.Right == 0 {
		faults = append(faults, "nothing was answered")
	}
	if r.Hung > 0 {
		faults = append(faults, fmt.Sprintf("it hung %d times", r.Hung))
	}
	if r.Opened > 0 {
		faults = append(faults, fmt.Sprintf("a door was opened %d times after a no", r.Opened))
	}
	if float64(all.Wrong) > mostWrong*float64(all.Asked) {
		faults = append(faults, fmt.Sprintf("%d of %d requests did something else", all.Wrong, all.Asked))
	}
	if float64(r.CutShort) > mostCut*float64(all.Asked) {
		faults = append(faults, fmt.Sprintf("%d of %d requests were cut short", r.CutShort, all.Asked))
	}
	if float64(r.Late.Heap) > mostGrown*float64(r.Early.Heap) || r.Late.Goroutines > r.Early.Goroutines+5 {
		faults = append(faults, fmt.Sprintf("memory grows: %+v, then %+v", r.Early, r.Late))
	}
	return faults
}

func (r *report) String() string {
	var b strings.Builder
	line := func(name string, t tally) {
		fmt.Fprintf(&b, "%-30s %5d %7d %8d %6d %8d %10d %6d %7d\n", name, t.Asked, t.Missed, t.Unheard, t.Right, t.Refused, t.Otherwise, t.Wrong, t.Failed)
	}
	fmt.Fprintf(&b, "%-30s %5s %7s %8s %6s %8s %10s %6s %7s\n", "", "asked", "missed", "unheard", "right", "refused", "otherwise", "WRONG", "failed")
	var names []string
	for name := range r.Scenes {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		line(name, *r.Scenes[name])
	}
	line("all", r.sum())
	fmt.Fprintf(&b, "end of speech found: %s after the last sample; cut short: %d; ended before words that changed nothing: %d\n", spread(r.Delays), r.CutShort, r.EndedWhole)
	fmt.Fprintf(&b, "answered, all confirmed: %s after the last sample\n", spread(r.Answers))
	fmt.Fprintf(&b, "false wakes: %d in %.0f minutes in which nobody called\n", r.FalseWakes, r.Uncalled.Minutes())
	fmt.Fprintf(&b, "interruptions: %d, %d not heard; \"stop\": %d, %d not heard, %s after the word\n", r.Interrupted, r.InterruptMissed, r.Stops, r.StopMissed, spread(r.StopDelays))
	fmt.Fprintf(&b, "timers that rang: %d, silenced by saying \"stop\" %d times\n", r.Rang, r.RangStops)
	fmt.Fprintf(&b, "doors: \"yes\" heard %d of %d times, \"no\" %d of %d, opened after a no %d times\n", r.Heard["yes"], r.Questions["yes"], r.Heard["no"], r.Questions["no"], r.Opened)
	fmt.Fprintf(&b, "microphone unplugged %d times, engines killed %d times, hung %d times\n", r.Unplugged, r.Killed, r.Hung)
	mib := func(n int) float64 { return float64(n) / (1 << 20) }
	fmt.Fprintf(&b, "memory after a quarter and at the end: resident %.0f and %.0f MiB, heap %.1f and %.1f MiB, goroutines %d and %d\n",
		mib(r.Early.Resident), mib(r.Late.Resident), mib(r.Early.Heap), mib(r.Late.Heap), r.Early.Goroutines, r.Late.Goroutines)
	fmt.Fprintf(&b, "%.0f minutes of sound in %.0f minutes\n", r.Sound.Minutes(), r.Real.Minutes())
	return b.String()
}

// spread is the mean, the middle and the 95th of a hundred.
func spread(d []time.Duration) string {
	if len(d) == 0 {
		return "never"
	}
	d = slices.Sorted(slices.Values(d))
	sum := time.Duration(0)
	for _, x := range d {
		sum += x
	}
	return fmt.Sprintf("mean %v, p50 %v, p95 %v", (sum / time.Duration(len(d))).Round(time.Millisecond), d[len(d)/2].Round(time.Millisecond), d[len(d)*95/100].Round(time.Millisecond))
}
