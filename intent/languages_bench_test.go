package intent

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// grown is a home with its rooms and devices again and again, each time as
// somebody else's, until it has n devices.
func grown(h Names, n int) Names {
	big := Names{Floors: h.Floors, Areas: h.Areas, Entities: h.Entities}
	owners := strings.Fields("Anna Bert Clara David Emil Frida Georg Hanna Ida Jonas Klara Leo Mia Nils Olga Paul")
	for k := 0; len(big.Entities) < n; k++ {
		owner := fmt.Sprintf("%s %d", owners[k%len(owners)], k+2)
		if k < 4 { // some forty rooms; then more devices in them
			for _, a := range h.Areas {
				big.Areas = append(big.Areas, Area{ID: fmt.Sprintf("%s_%d", a.ID, k), Name: a.Name + " " + owner, Floor: a.Floor})
			}
		}
		for _, e := range h.Entities {
			e.ID, e.Aliases = fmt.Sprintf("%s_%d", e.ID, k), nil
			if e.Area != "" {
				e.Area = fmt.Sprintf("%s_%d", e.Area, k%4)
			}
			if k >= 4 || k%2 == 1 {
				e.Name += " " + owner
			}
			big.Entities = append(big.Entities, e)
		}
	}
	big.Entities = big.Entities[:n]
	return big
}

// saidIn are the sentences of a language's stories.
func saidIn(t testing.TB, code string) []string {
	var all []string
	files := []string{"understood.yaml", "refused.yaml"}
	for _, file := range files {
		if code != "en" {
			file = code + "/" + file
		}
		for _, s := range stories(t, file) {
			all = append(all, s.Say...)
		}
	}
	return all
}

func homeIn(t testing.TB, code string) Names {
	if code == "en" {
		return testHome()
	}
	return homeOf(t, code)
}

// A sentence costs few steps in every language, also in a home of 1,000 devices.
func TestStepsInEveryLanguage(t *testing.T) {
	for _, code := range Languages() {
		t.Run(code, func(t *testing.T) {
			r := compileLanguage(t, code).Bind(grown(homeIn(t, code), 1000))
			var steps []int
			m := r.pool.Get().(*match)
			for _, text := range saidIn(t, code) {
				m.steps, m.spent = 0, false
				m.understand(r, text, setting{room: 0})
				steps = append(steps, m.steps)
				if m.spent {
					t.Errorf("%q needs more than %d steps", text, maxSteps)
				}
			}
			slices.Sort(steps)
			p95 := steps[len(steps)*95/100]
			t.Logf("%d sentences: median %d, p95 %d, most %d steps", len(steps), steps[len(steps)/2], p95, steps[len(steps)-1])
			if p95 > 3000 {
				t.Errorf("p95 is %d steps, want at most 3000", p95)
			}
		})
	}
}

func BenchmarkLanguages1000(b *testing.B) {
	for _, code := range Languages() {
		r := compileLanguage(b, code).Bind(grown(homeIn(b, code), 1000))
		all := saidIn(b, code)
		b.Run(code, func(b *testing.B) {
			took := make([]time.Duration, 0, b.N)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				r.Match(Query{Text: all[i%len(all)]})
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds()), "p95-µs")
		})
	}
}

func BenchmarkCompileLanguages(b *testing.B) {
	for _, code := range Languages() {
		home := grown(homeIn(b, code), 1000)
		b.Run(code, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				compileLanguage(b, code).Bind(home)
			}
		})
	}
}
