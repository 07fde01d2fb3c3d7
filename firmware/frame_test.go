package firmware

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

var states = []State{Idle, Wake, Listening, Thinking, Speaking, Muted, Broken}

// rings are how many LEDs boards have.
var rings = []int{1, 2, 3, 12, 24}

// film is the frames of six seconds, 25 a second.
func film(l Look, n int) [][]Light {
	var all [][]Light
	for t := time.Duration(0); t < 6*time.Second; t += frameTime {
		l.Since = t
		all = append(all, l.Frame(n))
	}
	return all
}

func grey(l Light) float64 {
	return (0.2126*float64(l.R) + 0.7152*float64(l.G) + 0.0722*float64(l.B)) / 255
}

// shades are the frames of a film as somebody sees them to whom all colours are one: each
// LED's brightness against the brightest of the film.
func shades(f [][]Light) [][]float64 {
	top := 1e-9
	var out [][]float64
	for _, frame := range f {
		var row []float64
		for _, l := range frame {
			row = append(row, grey(l))
			top = max(top, grey(l))
		}
		out = append(out, row)
	}
	for _, row := range out {
		for i := range row {
			row[i] /= top
		}
	}
	return out
}

// No state is told from another by its colour alone, on a ring of any size.
func TestStatesDifferWithoutColour(t *testing.T) {
	for _, n := range rings {
		for i, a := range states {
			for _, b := range states[:i] {
				if n < 3 && (a == Muted && b == Wake) {
					continue // both are steady: half as bright is the difference, and a minute against a moment
				}
				fa, fb := shades(film(Look{State: a, Brightness: 1}, n)), shades(film(Look{State: b, Brightness: 1}, n))
				nearest := math.Inf(1)
				for shift := range 25 { // who looks up does not know when it began
					sum := 0.0
					for k := 25; k < len(fa)-25; k++ {
						for i := range fa[k] {
							sum += math.Abs(fa[k][i] - fb[k+shift][i])
						}
					}
					nearest = min(nearest, sum/float64((len(fa)-50)*n))
				}
				if nearest < 0.1 {
					t.Errorf("on %d LEDs %s and %s look alike without colour: %.3f of the light differs", n, a, b, nearest)
				}
			}
		}
	}
	if wake, muted := (Look{State: Wake, Since: time.Second, Brightness: 1}).Frame(1), (Look{State: Muted, Brightness: 1}).Frame(1); grey(wake[0]) < 1.5*grey(muted[0]) {
		t.Errorf("on one LED wake is %.2f, muted %.2f", grey(wake[0]), grey(muted[0]))
	}
}

// Nothing flashes more than three times in any second (WCAG 2.3.1): a flash is a rise and a
// fall by a tenth of the full light or more.
func TestLightsAreCalm(t *testing.T) {
	for _, n := range rings {
		for _, s := range states {
			all := film(Look{State: s, Brightness: 1}, n)
			for i := range n {
				var falls []int // frames after which it has fallen
				high, low := 0.0, grey(all[0][i])
				rising := true
				for k, frame := range all {
					v := grey(frame[i])
					switch {
					case rising && v > high:
						high = v
					case rising && v < high-0.1:
						falls, rising, low = append(falls, k), false, v
					case !rising && v < low:
						low = v
					case !rising && v > low+0.1:
						rising, high = true, v
					}
				}
				for k := 3; k < len(falls); k++ {
					if falls[k]-falls[k-3] < 25 {
						t.Errorf("%s: LED %d of %d flashes four times in a second", s, i, n)
						break
					}
				}
			}
		}
	}
}

func TestLook(t *testing.T) {
	most := func(f [][]Light) (top uint8) {
		for _, frame := range f {
			for _, l := range frame {
				top = max(top, l.R, l.G, l.B)
			}
		}
		return top
	}
	for _, s := range states {
		t.Run(string(s), func(t *testing.T) {
			day, dim, dark := film(Look{State: s, Brightness: 1}, 12), film(Look{State: s, Brightness: 0.2}, 12), film(Look{State: s, Brightness: 0.2, Night: true}, 12)
			off := film(Look{State: s, Brightness: 1, Off: true}, 12)
			if s == Idle {
				if most(day) != 0 {
					t.Error("it is not dark")
				}
				return
			}
			if most(day) < 100 || most(dim) > most(day)/4 || most(dark) > most(dim)/5 {
				t.Errorf("by day %d, dimmed %d, at night %d", most(day), most(dim), most(dark))
			}
			if most(dark) == 0 {
				t.Error("at night nothing is seen")
			}
			if wrong := s == Muted || s == Broken; (most(off) > 0) != wrong {
				t.Errorf("switched off it shows %d", most(off))
			}
			if s.Still() != !slices.ContainsFunc(day, func(f []Light) bool { return !slices.Equal(f, day[0]) }) {
				t.Error("Still is wrong")
			}
			if none := most(film(Look{State: s}, 12)); none != 0 {
				t.Errorf("without brightness it shows %d", none)
			}
		})
	}
}

// A picture of some frames, for people who read the test.
func ExampleLook_Frame() {
	for _, s := range states {
		fmt.Printf("%-10s", s)
		for _, t := range []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond} {
			fmt.Print(" ")
			for _, l := range (Look{State: s, Since: t, Brightness: 1}).Frame(6) {
				fmt.Print(string(" .:*#"[int(math.Ceil(float64(max(l.R, l.G, l.B))/64))]))
			}
			fmt.Print("|")
		}
		fmt.Println()
	}
	// Output:
	// idle             |       |       |
	// wake             | ######| ######|
	// listening  ******| ******| ::::::|
	// thinking   #   :*| *#   :| :*#   |
	// speaking   * * * | :.:.:.| .*.*.*|
	// muted      :  :  | :  :  | :  :  |
	// error            | ######|       |
}
