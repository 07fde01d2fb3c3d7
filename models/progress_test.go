package models

import (
	"strings"
	"testing"
	"time"
)

func TestMeter(t *testing.T) {
	steps := []struct {
		after time.Duration
		p     Progress
	}{
		{0, Progress{"fetching", "m.bin", 10_000_000, 100_000_000}}, // 10 MB were there
		{50 * time.Millisecond, Progress{"fetching", "m.bin", 10_100_000, 100_000_000}},
		{4 * time.Second, Progress{"fetching", "m.bin", 50_000_000, 100_000_000}},
		{10 * time.Second, Progress{"fetching", "m.bin", 50_100_000, 100_000_000}}, // slow
		{time.Second, Progress{"fetching", "m.bin", 100_000_000, 100_000_000}},
		{time.Second, Progress{"checking", "m.bin", 100_000_000, 100_000_000}},
		{time.Second, Progress{"fetching", "n.json", 5, -1}},
	}
	for _, test := range []struct {
		name    string
		columns int
		want    []string
	}{
		{"plain", 0, []string{
			"fetching m.bin: 10.0 MB of 100.0 MB",
			"fetching m.bin: 50.0 MB of 100.0 MB, 9.9 MB/s",
			"fetching m.bin: 50.1 MB of 100.0 MB, 2.9 MB/s",
			"fetching m.bin: 100.0 MB of 100.0 MB, 6.0 MB/s",
			"checking m.bin: 100.0 MB of 100.0 MB",
			"said",
			"fetching n.json: 5 B",
		}},
		{"terminal", 120, []string{
			"\rfetching m.bin [###...........................] 10.0 MB of 100.0 MB\x1b[K" +
				"\rfetching m.bin [###############...............] 50.0 MB of 100.0 MB, 9.9 MB/s\x1b[K" +
				"\rfetching m.bin [###############...............] 50.1 MB of 100.0 MB, 2.9 MB/s\x1b[K" +
				"\rfetching m.bin [##############################] 100.0 MB of 100.0 MB, 6.0 MB/s\x1b[K",
			"\rchecking m.bin [##############################] 100.0 MB of 100.0 MB\x1b[K",
			"said",
			"\rfetching n.json 5 B\x1b[K",
		}},
		{"narrow terminal", 50, []string{
			"\rfetching m.bin [#...........] 10.0 MB of 100.0 MB\x1b[K" +
				"\rfetching m.bin 50.0 MB of 100.0 MB, 9.9 MB/s\x1b[K" +
				"\rfetching m.bin 50.1 MB of 100.0 MB, 2.9 MB/s\x1b[K" +
				"\rfetching m.bin 100.0 MB of 100.0 MB, 6.0 MB/s\x1b[K",
			"\rchecking m.bin [###########] 100.0 MB of 100.0 MB\x1b[K",
			"said",
			"\rfetching n.json 5 B\x1b[K",
		}},
		{"very narrow terminal", 20, []string{
			"\rfetching m.bin 10.0\x1b[K\rfetching m.bin 50.0\x1b[K\rfetching m.bin 50.1\x1b[K\rfetching m.bin 100.\x1b[K",
			"\rchecking m.bin 100.\x1b[K",
			"said",
			"\rfetching n.json 5 B\x1b[K",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			now := time.Unix(0, 0)
			m := NewMeter(&out, test.columns, func() time.Time { return now })
			for i, step := range steps {
				now = now.Add(step.after)
				if i == len(steps)-1 {
					m.Say("said")
				}
				m.Show(step.p)
			}
			m.End()
			if got := out.String(); got != strings.Join(test.want, "\n")+"\n" {
				t.Errorf("shown:\n%q\nwant:\n%q", got, test.want)
			}
		})
	}
}
