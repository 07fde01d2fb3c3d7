package appliance

import (
	"time"

	"github.com/cricket-home/cricket/home/schedule"
)

// Quiet says when a box is not to disturb.
type Quiet struct {
	From   string `toml:"from"` // "22:00", by the home's clock
	To     string `toml:"to"`
	Volume int    `toml:"volume"` // 0..100
	Beeps  bool   `toml:"beeps"`  // a sound instead of words for all that was simply done
}

// holds says whether it is quiet now, and when that ends. While the time is not
// known it is not.
func (q Quiet) holds(now schedule.Now) (until time.Time, quiet bool) {
	if q.From == "" || !now.Known {
		return time.Time{}, false
	}
	from, to := clockTime(q.From), clockTime(q.To)
	minute := now.Wall.Hour()*60 + now.Wall.Minute()
	switch {
	case from < to:
		quiet = from <= minute && minute < to
	case from > to:
		quiet = from <= minute || minute < to
	}
	day := now.Wall.Day()
	if minute >= to {
		day++
	}
	return time.Date(now.Wall.Year(), now.Wall.Month(), day, to/60, to%60, 0, 0, now.Wall.Location()), quiet
}

// clockTime is "7:30" in minutes since midnight; -1 where it is no time.
func clockTime(s string) int {
	t, err := time.Parse("15:04", s)
	if err != nil {
		return -1
	}
	return t.Hour()*60 + t.Minute()
}

func (q Quiet) validate(fault func(format string, args ...any)) {
	for key, value := range map[string]string{"from": q.From, "to": q.To} {
		if (q.From != "" || q.To != "") && clockTime(value) < 0 {
			fault("'quiet.%s' must be a time such as 22:00, not %q", key, value)
		}
	}
	if q.From != "" && q.From == q.To {
		fault("'quiet.from' and 'quiet.to' must not be the same time")
	}
	if q.Volume < 0 || q.Volume > 100 {
		fault("'quiet.volume' must be between 0 and 100")
	}
}

// onlyBeeps says whether words are not wanted now for what was simply done.
func (b *Box) onlyBeeps() bool {
	_, quiet := b.config.Quiet.holds(b.clock.now())
	return quiet && b.config.Quiet.Beeps
}
