package appliance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/internal/durable"
)

const (
	firstVolume = 80 // percent, of a box that nobody has told another
	ringVolume  = 70 // percent: what rings is at least this loud, also in quiet hours
)

// volume is how loud a box speaks: as it was told last, through restarts. In quiet
// hours it is not louder than those say, unless somebody told it so since they
// began; that holds until their end.
type volume struct {
	file  string // "" where nothing is kept
	quiet Quiet
	now   func() schedule.Now

	mu      sync.Mutex
	percent int
	tonight int       // in the quiet hours
	until   time.Time // which end then; zero: nobody told it another
}

// openVolume reads the volume that was kept. With an error it is the first one.
func openVolume(file string, quiet Quiet, now func() schedule.Now) (*volume, error) {
	v := &volume{file: file, quiet: quiet, now: now, percent: firstVolume}
	if file == "" {
		return v, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return v, nil
	}
	if err != nil {
		return v, fmt.Errorf("read volume: %w", err)
	}
	var kept struct{ Volume int }
	if err := json.Unmarshal(data, &kept); err != nil || kept.Volume < 0 || kept.Volume > 100 {
		return v, fmt.Errorf("read volume: %s has none", file)
	}
	v.percent = kept.Volume
	return v, nil
}

// Now is the volume of words, 0..100.
func (v *volume) Now() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch until, quiet := v.quiet.holds(v.now()); {
	case !quiet:
		return v.percent
	case until.Equal(v.until):
		return v.tonight
	}
	return min(v.percent, v.quiet.Volume)
}

// of is the volume of words, or of what rings: an alarm that nobody hears is none.
func (v *volume) of(ring bool) int {
	if ring {
		return max(v.Now(), ringVolume)
	}
	return v.Now()
}

// Set sets the volume. With an error it is as it was.
func (v *volume) Set(percent int) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if until, quiet := v.quiet.holds(v.now()); quiet {
		v.tonight, v.until = percent, until
		return nil
	}
	if v.file != "" {
		if err := durable.Replace(v.file, fmt.Appendf(nil, "{\"volume\": %d}\n", percent)); err != nil {
			return fmt.Errorf("keep volume: %w", err)
		}
	}
	v.percent = percent
	return nil
}
