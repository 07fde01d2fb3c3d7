package main

import (
	"cmp"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/cricket-home/cricket/voice/wake/net"
)

// card writes the model card: how the model was made and how good it is.
func card(p plan, m *net.Model, size int, part, command string, sentences []clip, found *results, warnings []string) string {
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
	voices := "voices kept out of training"
	if part == "valid" {
		voices = "voices of the training, not its clips"
	}
	spoken := 0.0 // hours
	for _, c := range sentences {
		spoken += float64(c.Samples) / rate / 3600
	}
	everything := slices.Sorted(maps.Keys(found.Floods))
	for i, w := range found.Words {
		threshold := m.Words()[i].Threshold
		line("## %q, threshold %.2f", w.Name, threshold)
		line("")
		line("| missed, %s | %s |", voices, strings.Join(each(levels, func(l int) string { return fmt.Sprintf("%d dB", l) }), " | "))
		line("|---|%s", strings.Repeat("---|", len(levels)))
		for _, engine := range []string{"", " espeak", " flite", " festival"} {
			if w.Said[fmt.Sprint(levels[0])+engine] == nil {
				continue
			}
			line("| %s | %s |", cmp.Or(strings.TrimSpace(engine), "**all**"), strings.Join(each(levels, func(l int) string {
				missed, of := misses(w.Said[fmt.Sprint(l)+engine], threshold)
				return fmt.Sprintf("%.1f %% (%d of %d)", 100*float64(missed)/float64(of), missed, of)
			}), " | "))
		}
		line("")
		var delays []int
		for _, c := range slices.Concat(w.Said["20"], w.Said["10"]) {
			if after, ok := c.reached(threshold); ok {
				delays = append(delays, after)
			}
		}
		if slices.Sort(delays); len(delays) > 0 {
			line("Detected after the end of the word: median %d ms, 95 %% within %d ms (at 20 and 10 dB; negative: before the end).",
				delays[len(delays)/2], delays[len(delays)*95/100])
			line("")
		}
		line("| false accepts in sound without the word | hours | accepts | per hour | 95 %% bound |")
		line("|---|---|---|---|---|")
		for _, kind := range everything {
			n, hours := found.accepts(i, threshold, kind)
			if hours == 0 {
				continue
			}
			line("| %s | %.0f | %d | %.3f | %.3f |", kind, hours, n, float64(n)/hours, bound(n, hours))
		}
		n, hours := found.accepts(i, threshold, everything...)
		line("| **all** | %.0f | %d | **%.3f** | %.3f |", hours, n, float64(n)/hours, bound(n, hours))
		line("")
		line("| near-misses, each said once at 5 to 30 dB | times | woke | most often |")
		line("|---|---|---|---|")
		for _, family := range slices.Sorted(maps.Keys(w.Near)) {
			woke, by := wakes(w.Near[family], threshold)
			line("| %s | %d | %d (%.1f %%) | %s |", family, len(w.Near[family]), woke, 100*float64(woke)/float64(len(w.Near[family])), most(by))
		}
		line("")
		line("| at other thresholds | missed at 20, 10, 5 dB | false accepts per hour | near-misses that woke |")
		line("|---|---|---|---|")
		for _, t := range thresholds {
			n, hours := found.accepts(i, t, everything...)
			woke, of := 0, 0
			for _, all := range w.Near {
				k, _ := wakes(all, t)
				woke, of = woke+k, of+len(all)
			}
			line("| %.2f | %s | %.3f | %.1f %% |", t, strings.Join(each(levels, func(l int) string {
				missed, of := misses(w.Said[fmt.Sprint(l)], t)
				return fmt.Sprintf("%.1f %%", 100*float64(missed)/float64(of))
			}), ", "), float64(n)/hours, 100*float64(woke)/float64(of))
		}
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
	line("All sound passes the stream that the daemon runs, in frames of 20 ms. A word in noise stands in noise, music or the talk of others, so many")
	line("decibel below it, half of the time in a room. The long sound is drawn anew for each hour: %d sentences of %s", len(sentences), voices)
	line("(%.1f h; each is heard many times, at another pitch and pace and in other noise and rooms), music-like chords, tunes and drums, and", spoken)
	line("noises (air, motors, clatter, bells, water). Sentences that hold a word of the wake word are in none of it: they are a family of near-misses.")
	line("After a detection two seconds do not count. The bound is the rate that would give so few accepts in one case of twenty (Poisson).")
	line("Measured %s.", time.Now().Format("2 January 2006"))
	return b.String()
}

func misses(said []crossing, threshold float32) (missed, of int) {
	for _, c := range said {
		if _, ok := c.reached(threshold); !ok {
			missed++
		}
	}
	return missed, len(said)
}

func wakes(near []nearMiss, threshold float32) (n int, by map[string]int) {
	by = map[string]int{}
	for _, miss := range near {
		if _, ok := miss.Reached.reached(threshold); ok {
			n++
			by[miss.Text]++
		}
	}
	return n, by
}

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
