package appliance

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/mqtt"
)

const (
	// answerTime is how long a device may take to say on its state topic that it
	// obeyed, before the reply says that it does not answer. It is for devices that
	// have not answered yet; later each has its own time, as it answered before.
	answerTime = 2 * time.Second

	shortestAnswer = 1 * time.Second  // a slip of the radio is not a fault
	longestAnswer  = 10 * time.Second // nobody waits for longer to hear that it failed

	// lateAnswer is how long a device is listened to after it was said that it does
	// not answer: from an answer then its time is learned.
	lateAnswer = 15 * time.Second
)

// usual is how long a device takes to answer: a mean that follows the newest
// answers, and how far they are from it, as TCP estimates a round trip (RFC 6298).
type usual struct{ mean, spread time.Duration }

// with is the estimate after one more answer.
func (u usual) with(took time.Duration) usual {
	if u == (usual{}) {
		return usual{took, took / 2}
	}
	off := (u.mean - took).Abs()
	return usual{mean: u.mean + (took-u.mean)/8, spread: u.spread + (off-u.spread)/4}
}

// wait is how long such a device is waited for.
func (u usual) wait() time.Duration {
	if u == (usual{}) {
		return answerTime
	}
	return min(max(u.mean+4*u.spread, shortestAnswer), longestAnswer)
}

// answers is what is known of how long the devices take, by id.
type answers struct {
	mu      sync.Mutex
	devices map[string]usual
	news    bool // since it was written
}

func (a *answers) wait(device string) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.devices[device].wait()
}

func (a *answers) learn(device string, took time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.devices == nil {
		a.devices = map[string]usual{}
	}
	a.devices[device] = a.devices[device].with(took)
	a.news = true
}

// confirm waits until the devices have confirmed what a watch wants of them, each for
// its own time. It ends the watch: at once or, where a device was silent, when the time
// for late answers is over.
func (b *Box) confirm(ctx context.Context, w *Watch, wants map[string]mqtt.State) (confirmed []string) {
	began := time.Now()
	ends := map[string]time.Time{} // of those that have not answered
	for id := range wants {
		ends[id] = began.Add(b.answers.wait(id))
	}
	answer := func(ctx context.Context) bool {
		select {
		case id := <-w.seen:
			b.answers.learn(id, time.Since(began))
			delete(ends, id)
			confirmed = append(confirmed, id)
			return true
		case <-w.house.done:
			return false
		case <-ctx.Done():
			return false
		}
	}
	for more := true; len(ends) > 0 && more; {
		last := slices.MaxFunc(slices.Collect(maps.Values(ends)), time.Time.Compare)
		wait, cancel := context.WithDeadline(ctx, last)
		more = answer(wait)
		cancel()
	}
	if len(ends) == 0 {
		w.End()
		return confirmed
	}
	known := slices.Clone(confirmed)
	go func() {
		defer w.End()
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), lateAnswer)
		defer cancel()
		for len(ends) > 0 && answer(late) {
		}
	}()
	return known
}

// guarded says whether a plan moves what keeps strangers out: whoever hears that it is
// locked goes away.
func guarded(h *home.Home, plan home.Plan) bool {
	return slices.ContainsFunc(plan.Actions, func(a home.Action) bool {
		d, ok := h.Device(a.Device)
		if !ok {
			return true
		}
		switch d.Domain() {
		case "lock", "alarm_control_panel", "valve":
			return true
		case "cover":
			return d.DeviceClass == "garage" || d.DeviceClass == "gate" || d.DeviceClass == "door"
		}
		return false
	})
}
