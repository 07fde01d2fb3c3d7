package wake

import (
	"fmt"
	"time"
)

// Stop is the bundled word that silences the box while it speaks or a timer sounds.
const Stop = "stop"

// DefaultSensitivity wakes at the model's own threshold.
const DefaultSensitivity = 0.5

// DefaultRefractory is how long a word cannot wake again.
const DefaultRefractory = 2 * time.Second

// Word is a word that a Detector listens for, and how.
type Word struct {
	Name        string
	Model       *Model        // that scores it; of a personal word, the bundled one
	ScoredAs    string        // the model's name for it; "" for Name
	Personal    *Personal     // nil for a word of a model
	Sensitivity float64       // 0..1: what wakes more easily also wakes more often by mistake
	Refractory  time.Duration // after a wake the word cannot wake again for this long
	Verify      bool          // a wake counts only if Options.Verify agrees
	OnDemand    bool          // is not listened for before Detector.Live says so: "stop"
}

// quietPart is how far from its threshold to 1 a score must be at sensitivity 0,
// eagerPart what part of the threshold is enough at sensitivity 1.
const (
	quietPart = 0.8
	eagerPart = 0.5
)

// threshold is the score that wakes: the model's own at 0.5, half of it at 1, and
// four fifths of the way from it to 1 at 0.
func threshold(own float32, sensitivity float64) float32 {
	s := float32(sensitivity)
	if s < 0.5 {
		return own + (1-own)*quietPart*(1-2*s)
	}
	return own * (1 - (1-eagerPart)*(2*s-1))
}

// check says what is wrong with a word.
func (w Word) check() error {
	switch {
	case w.Name == "":
		return fmt.Errorf("listen for a wake word: it has no name")
	case w.Model == nil || w.Personal != nil && w.Model.embedding == 0:
		return fmt.Errorf("listen for %q: it has no model that could score it", w.Name)
	case !(w.Sensitivity >= 0 && w.Sensitivity <= 1):
		return fmt.Errorf("listen for %q: its sensitivity must be between 0 and 1, not %v", w.Name, w.Sensitivity)
	case w.Refractory < 0:
		return fmt.Errorf("listen for %q: its refractory time is negative", w.Name)
	}
	return nil
}
