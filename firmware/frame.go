package firmware

import (
	"math"
	"time"
)

// State is what a box is doing, as its lights show it.
type State string

const (
	Idle      State = "idle"      // dark
	Wake      State = "wake"      // all on
	Listening State = "listening" // all breathe
	Thinking  State = "thinking"  // one runs round
	Speaking  State = "speaking"  // every other one, in turns
	Muted     State = "muted"     // every third one, steady
	Broken    State = "error"     // two blinks and a long pause
)

// Light is one LED, 0 to 255 each.
type Light struct{ R, G, B uint8 }

// Look is all that decides what the lights show.
type Look struct {
	State      State
	Since      time.Duration // it has been so for this long
	Brightness float64       // 0 to 1, as the owner has it
	Night      bool          // it is to disturb nobody
	Off        bool          // the owner wants no lights: only what is wrong, or muted, is shown
}

// night is how much of the brightness is left in the hours in which nobody is to be disturbed.
const night = 0.1

// colour of a state: the palette of Okabe and Ito (2008), which people tell apart with any
// kind of colour vision. States differ in pattern, too: nobody must see a colour at all.
func (s State) colour() Light {
	switch s {
	case Wake:
		return Light{86, 180, 233} // sky blue
	case Listening:
		return Light{0, 114, 178} // blue
	case Thinking:
		return Light{240, 228, 66} // yellow
	case Speaking:
		return Light{0, 158, 115} // bluish green
	case Muted:
		return Light{213, 94, 0} // vermilion
	case Broken:
		return Light{204, 121, 167} // reddish purple
	}
	return Light{}
}

// Still says whether the frames of a state are all the same.
func (s State) Still() bool { return s == Idle || s == Muted }

// Frame is what n LEDs in a ring, or a row, show.
func (l Look) Frame(n int) []Light {
	strength := l.Brightness
	if l.Night {
		strength *= night
	}
	frame, colour := make([]Light, n), l.State.colour()
	for i, level := range l.levels(n) {
		dim := func(c uint8) uint8 {
			if level < 0.05 || strength <= 0 {
				return 0
			}
			return uint8(math.Ceil(float64(c) * level * min(strength, 1))) // what is to be seen is not rounded away
		}
		frame[i] = Light{dim(colour.R), dim(colour.G), dim(colour.B)}
	}
	return frame
}

// levels is how bright each LED is, 0 to 1, before the owner's wishes. Nothing flashes:
// the fastest pattern is below the three times a second that WCAG 2.3.1 allows.
func (l Look) levels(n int) []float64 {
	out := make([]float64, n)
	if l.Off && l.State != Muted && l.State != Broken {
		return out
	}
	t := l.Since.Seconds()
	for i := range out {
		switch l.State {
		case Wake:
			out[i] = min(1, t/0.2)
		case Listening:
			out[i] = breath(t, 2, 0.35)
		case Thinking:
			out[i] = runs(t, i, n)
		case Speaking:
			out[i] = speaks(t, i, n)
		case Muted:
			if i%3 == 0 {
				out[i] = 0.5
			}
		case Broken:
			out[i] = blinks(t)
		}
	}
	return out
}

// breath goes from 1 down to low and back, once in period seconds.
func breath(t, period, low float64) float64 {
	return low + (1-low)*(0.5+0.5*math.Cos(2*math.Pi*t/period))
}

// runs is a comet, round in 1.5 seconds; too few LEDs for one breathe fast and deep.
func runs(t float64, i, n int) float64 {
	if n < 3 {
		return breath(t, 0.8, 0)
	}
	behind := math.Mod(t/1.5*float64(n)-float64(i)+float64(n), float64(n))
	if behind < 0 {
		behind += float64(n)
	}
	return max(0, 1-behind/(float64(n)/2))
}

// speaks alternates neighbours; a single LED moves as uneven as speech.
func speaks(t float64, i, n int) float64 {
	if n == 1 {
		return 0.5 + 0.3*math.Sin(2*math.Pi*t/1.7) + 0.2*math.Sin(2*math.Pi*t/0.5)
	}
	return 0.5 + 0.5*math.Cos(2*math.Pi*t/1.2+math.Pi*float64(i))
}

// blinks are two soft blinks in the first second of four.
func blinks(t float64) float64 {
	t = math.Mod(t, 4)
	if t >= 1 {
		return 0
	}
	return 0.5 - 0.5*math.Cos(4*math.Pi*t)
}
