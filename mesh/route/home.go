package route

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cricket-home/cricket/mesh/state"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	tellEvery  = 2 * time.Second // where something is otherwise
	tellAnyway = time.Minute
)

// HomeOptions says what a [Home] is made of.
type HomeOptions struct {
	Host   host.Host
	Node   *state.Node
	Brain  *Brain              // what answers siblings; nil: this box answers none
	Here   *Llama              // what answers here where no sibling does better; nil: whoever asks has a model of its own
	Self   func() state.Record // this box: models, memory, heat, power, room, site
	Name   func(peer.ID) string
	Beyond []string // other sites that the owner lets prompts go to
	Log    *slog.Logger
}

// Home is the boxes of a home as one more model: it answers prompts on the box that does it
// best. Its methods may be called from any goroutine.
type Home struct {
	o     HomeOptions
	asker *Asker

	mu       sync.Mutex
	counts   Counts
	answered map[peer.ID]int
}

// Counts are of the requests that this box sent to siblings since it started.
type Counts struct {
	Asked   int // of siblings at all
	Failed  int // and of no use
	Rescued int // answered though a box failed
	Boxes   int // that failed
}

// Counts are those up to now.
func (h *Home) Counts() Counts {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.counts
}

func (h *Home) count(a Answer, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts.Asked++
	h.counts.Boxes += len(a.Failed)
	switch {
	case err != nil:
		h.counts.Failed++
		return
	case len(a.Failed) > 0:
		h.counts.Rescued++
	}
	h.answered[a.By]++
}

// Answered is how many requests of this box a sibling has answered since this box started.
func (h *Home) Answered(id peer.ID) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.answered[id]
}

// NewHome returns a home that Run tells of this box.
func NewHome(o HomeOptions) *Home {
	h := &Home{o: o, answered: map[peer.ID]int{}}
	h.asker = &Asker{source: func(c Choice) source {
		if c.Here {
			return Here{o.Here}
		}
		return &Sibling{Host: o.Host, ID: c.ID, Node: o.Node}
	}}
	return h
}

// Run keeps siblings told of this box until ctx ends.
func (h *Home) Run(ctx context.Context) error {
	var told state.Record
	var at time.Time
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		if r := h.record(); !reflect.DeepEqual(r, told) || time.Since(at) > tellAnyway {
			if err := h.o.Node.Tell(ctx, r); err != nil && ctx.Err() == nil {
				h.o.Log.Warn("siblings are not told of this box", "err", err)
			}
			told, at = r, time.Now()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// record is this box, in steps coarse enough that a quiet box says nothing new.
func (h *Home) record() state.Record {
	r := h.o.Self()
	r.Version = 0
	r.FreeMemory &^= 256<<20 - 1
	r.Temperature = 5 * math.Round(r.Temperature/5)
	if b := h.o.Brain; b != nil {
		r.Roles = append(r.Roles, state.Brain)
		queue, paused, speed, warm := b.Busy()
		r.Queue, r.Paused, r.Warm = queue, paused, warm
		for i := range r.Models {
			if speed.Prompt > 0 {
				r.Models[i].PromptSpeed = two(speed.Prompt)
			}
			if speed.Answer > 0 {
				r.Models[i].AnswerSpeed = two(speed.Answer)
			}
		}
	}
	return r
}

// two has two digits of a number.
func two(x float64) float64 {
	step := math.Pow(10, math.Floor(math.Log10(x))-1)
	return math.Round(x/step) * step
}

// Rank orders the boxes for a request, this one among them where it has a model.
func (h *Home) Rank(n Need) (can, cannot []Choice) {
	own := h.o.Self()
	if n.Site == "" {
		n.Site = own.Site
	}
	n.Beyond = h.o.Beyond
	self := Box{ID: h.o.Host.ID(), Name: "this box", Here: true, Vital: state.Alive, Record: own}
	boxes := []Box{self}
	for _, e := range h.o.Node.Book().Siblings() {
		// The name begins the line that says why; what comes after a colon is ours.
		name := strings.ReplaceAll(h.o.Name(e.ID), ":", " ")
		boxes = append(boxes, Box{ID: e.ID, Name: name, Vital: h.o.Node.Vital(e.ID), Trip: h.o.Host.Peerstore().LatencyEWMA(e.ID), Record: e.Record})
	}
	return Rank(n, boxes)
}

// Ask has the best box answer, and the next where it fails. Where no sibling is better than
// this box, and Here is nil, the error wraps [ErrNobody].
func (h *Home) Ask(ctx context.Context, n Need, p Prompt, each func(Piece) error) (Answer, error) {
	n.Warm = WarmID(p)
	can, cannot := h.Rank(n)
	if here := slices.IndexFunc(can, func(c Choice) bool { return c.Here }); h.o.Here == nil && here >= 0 {
		cannot = append([]Choice{can[here]}, cannot...)
		can = can[:here] // the model of whoever asks is better than those behind it
	}
	if len(can) == 0 {
		var why []string
		for _, c := range cannot {
			why = append(why, c.Why)
		}
		return Answer{}, fmt.Errorf("%w: %s", ErrNobody, strings.Join(why, "; "))
	}
	a, err := h.asker.Ask(ctx, p, can, each)
	h.count(a, err)
	h.o.Log.Info("heavy prompt routed", "why", can[0].Why, "by", a.By.ShortString(), "failed", len(a.Failed), "first", a.First, "err", err)
	return a, err
}
