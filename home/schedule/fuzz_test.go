package schedule_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home/schedule"
)

// Whatever is in the file, Open gives a store that works, or says why not; a file
// that it did not understand is still there.
func FuzzOpen(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "cricket schedule, version 1, crc 00000000\n{}", "cricket schedule, version 1, crc e9bd4f3c\n{}",
		"cricket schedule, version 99999999999999999999, crc 0\n", "cricket schedule, version 1, crc zz\n", "\x00\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "schedule.json")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, b, err := schedule.Open(path)
		if damaged, ok := errors.AsType[*schedule.DamagedError](err); ok {
			if kept, err := os.ReadFile(damaged.Kept); err != nil || string(kept) != string(data) {
				t.Fatalf("the damaged file was lost: %v", err)
			}
		} else if err != nil {
			if s != nil {
				t.Fatal("a store with an error")
			}
			return
		}
		defer s.Close()
		if err := s.Save(b); err != nil {
			t.Fatal(err)
		}
	})
}

// The next time is later, at most eight days later, on one of the days, and at
// the hour and minute that were asked for, unless that day's clocks change.
func FuzzNext(f *testing.F) {
	f.Add(int64(1806195600), uint8(2), uint8(30), uint8(127), "Europe/Berlin")
	f.Add(int64(1824933600), uint8(2), uint8(30), uint8(1), "Europe/Berlin")
	f.Add(int64(1790000000), uint8(0), uint8(0), uint8(64), "America/Havana") // its clocks change at midnight
	f.Add(int64(1790000000), uint8(2), uint8(15), uint8(127), "Australia/Lord_Howe")
	f.Add(int64(1790000000), uint8(23), uint8(59), uint8(2), "Pacific/Apia")
	f.Fuzz(func(t *testing.T, unix int64, hour, minute, days uint8, name string) {
		zone, err := time.LoadLocation(name)
		if err != nil || unix < 0 || unix > 4e9 {
			t.Skip()
		}
		r := schedule.Rule{Hour: int(hour % 24), Minute: int(minute % 60)}
		for d := range time.Weekday(7) {
			if days&(1<<d) != 0 {
				r.Days = append(r.Days, d)
			}
		}
		if len(r.Days) == 0 {
			t.Skip()
		}
		after := time.Unix(unix, 0).In(zone)
		next, ok := r.Next(after, schedule.Place{})
		if !ok || !next.After(after) || next.Sub(after) > 8*24*time.Hour+2*time.Hour {
			t.Fatalf("%+v after %v: %v, %v", r, after, next, ok)
		}
		_, before := next.Add(-26 * time.Hour).Zone()
		_, then := next.Add(26 * time.Hour).Zone()
		if before == then && (next.Hour() != r.Hour || next.Minute() != r.Minute) {
			t.Fatalf("%+v after %v: %v", r, after, next)
		}
	})
}
