package route

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/cricket-home/cricket/mesh/state"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Need is what a request needs of the box that answers it.
type Need struct {
	Heavy    bool     // the most capable model that is in time; else the fastest answer
	Millions int      // at least that many parameters
	Model    string   // hash of the only model that will do; "": any
	Warm     string   // id of its beginning: a box that has read it is faster
	Stays    string   // why it must not leave this box ("bedroom never leaves this box"); "": it may
	Site     string   // of the room it was said in; a box elsewhere is not asked
	Beyond   []string // other sites that the owner lets it go to
	Prompt   int      // tokens
	Answer   int      // tokens expected
	Within   time.Duration
}

// Box is what is known of a box when a request is routed.
type Box struct {
	ID     peer.ID
	Name   string
	Here   bool // this box
	Vital  state.Vital
	Trip   time.Duration // to it and back
	Record state.Record
}

// Choice is a box and what speaks for it, or why it is not asked.
type Choice struct {
	ID   peer.ID
	Here bool
	Cost time.Duration // until the whole answer is there, estimated
	Why  string        // one line
}

const (
	warmShare   = 0.06 // of a prompt that is warm is read again: mesh-llm measured 93.9 % saved
	hot, tooHot = 75.0, 85.0
	guessRead   = 20.0 // tokens per second of a box that has not measured
	guessWrite  = 4.0
)

// Rank orders the boxes that can answer, the best first, and says of the others why not.
// It depends on nothing but its arguments.
func Rank(n Need, boxes []Box) (can, cannot []Choice) {
	type ranked struct {
		Choice
		millions int
		late     bool
	}
	var all []ranked
	for _, b := range boxes {
		m, no := fit(n, b)
		if no != "" {
			cannot = append(cannot, Choice{ID: b.ID, Here: b.Here, Why: b.Name + ": " + no})
			continue
		}
		cost, warm := estimate(n, b, m)
		why := fmt.Sprintf("%s: %s, about %.1f s", b.Name, m.Name, cost.Seconds())
		if warm {
			why += ", has read the prompt's beginning"
		}
		if b.Record.Queue > 0 {
			why += fmt.Sprintf(", %d before it", b.Record.Queue)
		}
		if !b.Here {
			why += fmt.Sprintf(", %.0f ms away", float64(b.Trip)/1e6)
		}
		if b.Record.Temperature >= hot {
			why += fmt.Sprintf(", hot (%.0f C)", b.Record.Temperature)
		}
		if m.AnswerSpeed == 0 {
			why += ", speed not measured"
		}
		late := n.Within > 0 && cost > n.Within
		if late {
			why += ", likely too late"
		}
		all = append(all, ranked{Choice{b.ID, b.Here, cost, why}, m.Millions, late})
	}
	slices.SortStableFunc(all, func(x, y ranked) int {
		if x.late != y.late {
			if x.late {
				return 1
			}
			return -1
		}
		if n.Heavy && !x.late {
			if c := cmp.Compare(y.millions, x.millions); c != 0 {
				return c
			}
		}
		return cmp.Or(cmp.Compare(x.Cost, y.Cost), cmp.Compare(x.ID, y.ID))
	})
	for _, r := range all {
		can = append(can, r.Choice)
	}
	return can, cannot
}

// fit is the model with which a box would answer, or why it cannot.
func fit(n Need, b Box) (m state.Model, no string) {
	switch {
	case !b.Here && n.Stays != "":
		return m, n.Stays
	case !b.Here && b.Vital != state.Alive:
		return m, b.Vital.String()
	case !b.Here && !slices.Contains(b.Record.Roles, state.Brain):
		return m, "answers no siblings"
	case !b.Here && n.Site != b.Record.Site && !slices.Contains(n.Beyond, b.Record.Site):
		return m, fmt.Sprintf("is at another site (%q)", b.Record.Site)
	case !b.Here && b.Record.Paused:
		return m, "its own household talks to it"
	case !b.Here && b.Record.Temperature >= tooHot:
		return m, fmt.Sprintf("is too hot (%.0f C)", b.Record.Temperature)
	}
	no = "has no model"
	for _, x := range b.Record.Models {
		switch {
		case n.Model != "" && x.Hash != n.Model:
			no = "has not that model"
		case x.Millions < n.Millions:
			no = fmt.Sprintf("its model is too small (%d million parameters of %d)", x.Millions, n.Millions)
		case x.Context > 0 && n.Prompt+n.Answer > x.Context:
			no = fmt.Sprintf("its model reads %d tokens at most", x.Context)
		case m.Name == "" || x.Millions > m.Millions:
			m = x
		}
	}
	if m.Name == "" {
		return m, no
	}
	return m, ""
}

func estimate(n Need, b Box, m state.Model) (cost time.Duration, warm bool) {
	read, write := cmp.Or(m.PromptSpeed, guessRead), cmp.Or(m.AnswerSpeed, guessWrite)
	prompt := float64(n.Prompt)
	full := prompt/read + float64(n.Answer)/write
	if n.Warm != "" && slices.Contains(b.Record.Warm, n.Warm) {
		warm, prompt = true, prompt*warmShare
	}
	seconds := prompt/read + float64(n.Answer)/write + float64(b.Record.Queue)*full
	if b.Record.Temperature >= hot { // it is about to slow down
		seconds *= 1.5
	}
	if b.Record.Battery {
		seconds *= 1.25 // the mains are preferred where they are about as fast
	}
	return b.Trip + time.Duration(seconds*float64(time.Second)), warm
}
