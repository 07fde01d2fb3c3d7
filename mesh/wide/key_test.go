package wide

import (
	"slices"
	"testing"
	"time"
)

// Boxes whose clocks are a day apart have a key in common, and those of another secret none.
func TestKeys(t *testing.T) {
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	of := func(secret string, now time.Time) []string {
		keys, err := Keys([]byte(secret), now)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, k := range keys {
			out = append(out, k.String())
		}
		return out
	}
	for _, c := range []struct {
		name   string
		secret string
		apart  time.Duration
		common int
	}{
		{"the same day", "home", time.Hour, 3},
		{"a day apart", "home", 24 * time.Hour, 2},
		{"two days apart", "home", -48 * time.Hour, 1},
		{"three days apart", "home", 72 * time.Hour, 0},
		{"the secret before a revocation", "before", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			ours, common := of("home", noon), 0
			for _, k := range of(c.secret, noon.Add(c.apart)) {
				if slices.Contains(ours, k) {
					common++
				}
			}
			if common != c.common {
				t.Errorf("%d keys in common, want %d", common, c.common)
			}
		})
	}
}
