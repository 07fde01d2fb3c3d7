package main

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/cricket-home/cricket/voice/wake/net"
)

// card writes the model card: how the model was made and how good it is.
func card(p plan, m *net.Model, size int, command string, found *results, warnings []string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	quoted := make([]string, len(p.words))
	for i, w := range p.words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	line("# Wake word model %s", p.name)
	line("")
	line("Hears %s (language %q) and whether somebody speaks. %d kB, %d numbers of embedding, a score each %d ms.",
		strings.Join(quoted, " and "), p.language, size/1000, m.EmbeddingSize(), m.StepSamples()*1000/rate)
	line("Trained and measured with synthetic voices only, seed %d. **Voices are not people**: a real home will see more misses", p.seed)
	line("than these, and accents, children and far-off talkers were not measured at all.")
	line("")
	line("Made and measured by: `%s`", command)
	line("")
	for _, w := range warnings {
		line("> Warning: %s.", w)
		line("")
	}
	everything := slices.Sorted(maps.Keys(found.Floods))
	for i, w := range found.Words {
		line("## %q, threshold %.2f", w.Name, w.Threshold)
		line("")
		line("| missed, voices kept out of training | %s |", strings.Join(each(levels, func(l int) string { return fmt.Sprintf("%d dB", l) }), " | "))
		line("|---|%s", strings.Repeat("---|", len(levels)))
		row := func(name, suffix string) {
			line("| %s | %s |", name, strings.Join(each(levels, func(l int) string {
				s := w.Said[fmt.Sprint(l)+suffix]
				return fmt.Sprintf("%.1f %% (%d of %d)", 100*float64(s.Missed)/float64(s.Times), s.Missed, s.Times)
			}), " | "))
		}
		row("all", "")
		for _, engine := range []string{"espeak", "flite", "festival"} {
			if w.Said[fmt.Sprint(levels[0], " ", engine)] != nil {
				row(engine, " "+engine)
			}
		}
		line("")
		delays := slices.Sorted(slices.Values(w.Delays))
		if len(delays) > 0 {
			line("Detected after the end of the word: median %.0f ms, 95 %% within %.0f ms (at 10 and 20 dB; negative: before the end).",
				delays[len(delays)/2], delays[len(delays)*95/100])
			line("")
		}
		line("| false accepts in sound without the word | hours | accepts | per hour | 95 %% bound |")
		line("|---|---|---|---|---|")
		for _, kind := range everything {
			n, hours := found.accepts(i, w.Threshold, kind)
			line("| %s | %.0f | %d | %.3f | %.3f |", kind, hours, n, float64(n)/hours, bound(n, hours))
		}
		n, hours := found.accepts(i, w.Threshold, everything...)
		line("| **all** | %.0f | %d | **%.3f** | %.3f |", hours, n, float64(n)/hours, bound(n, hours))
		line("")
		line("| near-misses, each said once at 5 to 30 dB | times | woke | most often |")
		line("|---|---|---|---|")
		for _, family := range slices.Sorted(maps.Keys(w.Near)) {
			f := w.Near[family]
			line("| %s | %d | %d (%.1f %%) | %s |", family, f.Times, f.Woken, 100*float64(f.Woken)/float64(max(1, f.Times)), most(f.By))
		}
		line("")
		line("| other thresholds | %s |", strings.Join(each(thresholds, func(t float32) string { return fmt.Sprintf("%.2f", t) }), " | "))
		line("|---|%s", strings.Repeat("---|", len(thresholds)))
		line("| false accepts in %.0f h | %s |", hours, strings.Join(each(thresholds, func(t float32) string {
			n, _ := found.accepts(i, t, everything...)
			return fmt.Sprint(n)
		}), " | "))
		line("")
	}
	micros, allocations := cost(m)
	line("## Cost")
	line("")
	line("%.0f µs and %d allocations for a second of sound (%.2f %% of one core, the fastest of seven runs of 10 s; %s/%s, %s).",
		micros, allocations, micros/10000, runtime.GOOS, runtime.GOARCH, runtime.Version())
	line("")
	line("## How it was measured")
	line("")
	line("All sound passes the stream that the daemon runs, in frames of 20 ms. The long sound is drawn anew for each hour: sentences of")
	line("kept-out voices (about an hour of them, so each is heard many times, at another pitch and pace and in other noise and rooms),")
	line("music-like chords, tunes and drums, and noises (air, motors, clatter, bells, water). After a detection two seconds do not count.")
	line("The bound is the rate that would give so few accepts in one case of twenty (Poisson). Measured %s.", time.Now().Format("2 January 2006"))
	return b.String()
}

var thresholds = []float32{0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95}

func each[T any](of []T, text func(T) string) (out []string) {
	for _, x := range of {
		out = append(out, text(x))
	}
	return out
}

// most names the three texts that woke most often.
func most(by map[string]int) string {
	texts := slices.SortedFunc(maps.Keys(by), func(a, b string) int {
		if by[a] != by[b] {
			return by[b] - by[a]
		}
		return strings.Compare(a, b)
	})
	return strings.Join(each(texts[:min(3, len(texts))], func(t string) string { return fmt.Sprintf("%s (%d)", t, by[t]) }), ", ")
}
