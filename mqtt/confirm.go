package mqtt

import (
	"fmt"
	"math"
)

// Confirms reports whether a state answers what a call wants (Entity.Want).
//
// The value must be the same, or be on its way there: "opening" answers open,
// "closing" closed, "locking" locked, "unlocking" unlocked, "returning" docked, "arming" armed, and a cover that
// moves answers a wanted position, for motors need longer than a listener
// waits; so does what a device says that it is heading for ($target of Homie).
// Attributes must be there and may be off by a rounding: brightness 2,
// percentage and position 2, temperatures 0.1, color temperature 5 %. A zero
// want is confirmed by nothing, and neither does an offline entity confirm.
func Confirms(want, got State) bool {
	if got.Offline || want.Value == "" && len(want.Attributes) == 0 {
		return false
	}
	moving := got.Value == "opening" || got.Value == "closing"
	if aim, _ := got.Attributes[targeted+"state"].(string); want.Value != "" && !sameValue(want.Value, got.Value) && (aim == "" || !sameValue(want.Value, aim)) {
		return false
	}
	for name, w := range want.Attributes {
		if name == "current_position" && moving {
			continue
		}
		g, ok := got.Attributes[name]
		aim, aims := got.Attributes[targeted+name]
		if !(ok && sameAttribute(name, w, g)) && !(aims && sameAttribute(name, w, aim)) {
			return false
		}
	}
	return true
}

func sameValue(want, got string) bool {
	if want == got {
		return true
	}
	switch want {
	case "armed_home", "armed_away", "armed_night", "armed_vacation", "armed_custom_bypass":
		return got == "arming" || got == "pending" // people have time to go out
	case "open":
		return got == "opening"
	case "closed":
		return got == "closing"
	case "locked":
		return got == "locking"
	case "unlocked":
		return got == "unlocking"
	case "docked":
		return got == "returning"
	}
	w, wn := number(want)
	g, gn := number(got)
	return wn && gn && math.Abs(w-g) <= 0.1+1e-9
}

func sameAttribute(name string, want, got any) bool {
	w, wn := number(want)
	g, gn := number(got)
	if !wn || !gn {
		return fmt.Sprint(want) == fmt.Sprint(got)
	}
	tolerance := 0.1
	switch name {
	case "brightness", "percentage", "current_position", "current_tilt_position":
		tolerance = 2
	case "color_temp_kelvin":
		tolerance = w * 0.05
	}
	return math.Abs(w-g) <= tolerance+1e-9
}
