package schedule

import "time"

// Now is the time by both clocks of a box.
type Now struct {
	Wall  time.Time     // in the home's time zone
	Known bool          // the wall clock has been set; false on a board without a battery clock that nobody has told the time
	Up    time.Duration // since the box was switched on, by a clock that nobody sets
	Boot  string        // which switching on Up counts from
}

// Place is where the home is, for the sun. Latitude and longitude are in
// degrees, north and east positive.
type Place struct {
	Latitude, Longitude float64
}

// Known says whether the owner told where the home is. Nobody lives at 0, 0.
func (p Place) Known() bool { return p != Place{} }
