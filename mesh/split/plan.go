package split

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// MaxRoundTrip is the time to a sibling and back above which no model is split with it: each
// token goes there and back once for each box.
const MaxRoundTrip = 5 * time.Millisecond

// Offer is a sibling as it was found when it was asked.
type Offer struct {
	ID        peer.ID
	Name      string
	Build     string
	Lends     int64         // bytes
	RoundTrip time.Duration // the median of several
}

// Share is what a sibling holds of a model.
type Share struct {
	ID     peer.ID `json:"id"`
	Name   string  `json:"name"`
	Layers int     `json:"layers"`
	Bytes  int64   `json:"bytes"` // of these layers
}

// Divide divides the layers of a model: the last ones go to the siblings, to each in proportion
// to what it lends, and this box keeps as many of the first as it has free bytes for. build is
// this box's engine. The error is a [Refusal].
func Divide(layers []int64, free int64, build string, offers []Offer) ([]Share, error) {
	if len(offers) == 0 {
		return nil, &Refusal{"no sibling was named that is to hold a part of the model"}
	}
	room, whole := max(0, free-reserve), int64(0)
	for _, o := range offers {
		switch {
		case o.Build != build:
			return nil, &Refusal{fmt.Sprintf("%s has another build of the engine: update both boxes", o.Name)}
		case o.RoundTrip > MaxRoundTrip:
			return nil, &Refusal{fmt.Sprintf("the way to %s and back takes %.1f ms, and %d ms is the most that a split model stands: connect it by cable", o.Name, o.RoundTrip.Seconds()*1e3, MaxRoundTrip.Milliseconds())}
		case o.Lends <= reserve:
			return nil, &Refusal{fmt.Sprintf("%s lends %d MiB, and %d MiB of them go to the engine itself", o.Name, o.Lends>>20, int64(reserve)>>20)}
		}
		room += o.Lends - reserve
	}
	for _, l := range layers {
		whole += l
	}
	if whole > room {
		return nil, &Refusal{fmt.Sprintf("the layers need %d MiB, and the boxes have %d MiB for them together", whole>>20, room>>20)}
	}
	shares := make([]Share, len(offers))
	next := len(layers)
	for i := len(offers) - 1; i >= 0; i-- { // from the end, the last sibling first
		o := offers[i]
		fair := int64(float64(whole) * float64(o.Lends-reserve) / float64(room))
		shares[i] = Share{ID: o.ID, Name: o.Name}
		for next > 0 && (shares[i].Layers == 0 || shares[i].Bytes+layers[next-1] <= fair) && shares[i].Bytes+layers[next-1] <= o.Lends-reserve {
			next--
			shares[i].Layers++
			shares[i].Bytes += layers[next]
		}
	}
	first := &shares[0]                                                                                      // which alone can take the layer before its own
	for sum(layers[:next]) > max(0, free-reserve) && first.Bytes+layers[next-1] <= offers[0].Lends-reserve { // what fits here less well, because layers are whole
		next--
		first.Layers++
		first.Bytes += layers[next]
	}
	if sum(layers[:next]) > max(0, free-reserve) {
		return nil, &Refusal{"the layers do not fit as they are divided: lend some more memory"}
	}
	return shares, nil
}

func sum(bytes []int64) (n int64) {
	for _, b := range bytes {
		n += b
	}
	return n
}

// Speed is how fast a box writes with a model, in tokens per second; 0: it cannot, or that was
// not measured.
type Speed struct {
	Name   string
	Tokens float64
}

// worth refuses a split that is slower than the best single box.
func worth(split float64, alone []Speed) error {
	if len(alone) == 0 {
		return nil
	}
	best := slices.MaxFunc(alone, func(a, b Speed) int { return cmp.Compare(a.Tokens, b.Tokens) })
	if best.Tokens <= split {
		return nil
	}
	return &Refusal{fmt.Sprintf("%s alone writes %.1f tokens a second, and the boxes together %.1f", best.Name, best.Tokens, split)}
}

// proportions are the layers of each sibling as llama-server wants them.
func proportions(shares []Share) (layers int, list string) {
	var parts []string
	for _, s := range shares {
		layers += s.Layers
		parts = append(parts, fmt.Sprint(s.Layers))
	}
	return layers, strings.Join(parts, ",")
}
