// Meshsim lets 10 to 10,000 boxes live in virtual time: `make mesh-sim`.
//
// In: nothing but a seed. Out: what a box sends, how old what it knows is, how
// long a change takes to be known, how good its choice of another box's model
// is beside that of somebody who knows all, and what it costs to find a box
// where some lie. With -write, the tables and plots of docs/mesh-scale.md are
// made anew; the same seed makes the same bytes.
//
// Records are signed, opened and chosen from by the daemon's own code
// (mesh/state, mesh/route); up to 32 boxes each also has the daemon's own book
// of records, and a run ends where that and the model of it disagree. What is
// not the daemon's: the wire, gossipsub's way of passing on (a mesh of six),
// and above 300 boxes the partial views, which the daemon does not have.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// scenario is a world to be made.
type scenario struct {
	boxes   int
	partial bool // each knows about 300
	lots    bool // the router draws among those that are about as good as the best
}

var scenarios = []scenario{
	{10, false, false}, {32, false, false}, {100, false, false}, {300, false, false}, {1000, false, false}, {1000, true, false}, {3000, true, false}, {10000, true, false},
	{10, false, true}, {32, false, true}, {100, false, true}, {300, false, true}, {1000, false, true}, {1000, true, true}, {10000, true, true},
}

var liarShares = []float64{0, 0.1, 0.3, 0.5, 0.7}

func main() {
	write := flag.String("write", "", "the folder of the documentation, whose tables and plots are made anew")
	seed := flag.Uint64("seed", 1, "of all that is drawn by lot")
	length := flag.Duration("length", time.Minute, "virtual time that is counted, at least; few boxes have more, so that they ask as often")
	flag.Parse()
	if err := run(*write, *seed, *length); err != nil {
		fmt.Fprintln(os.Stderr, "meshsim:", err)
		os.Exit(1)
	}
}

func run(write string, seed uint64, length time.Duration) error {
	var all []result
	for _, s := range scenarios {
		began := time.Now()
		r, err := simulate(s, seed, max(length, oracles*askMean/time.Duration(s.boxes)))
		if err != nil {
			return err
		}
		all = append(all, r)
		fmt.Fprintf(os.Stderr, "%d boxes: %d records in %v\n", s.boxes, r.records, time.Since(began).Round(time.Second))
	}
	fmt.Print(tables(all))
	if write == "" {
		return nil
	}
	for name, p := range plots(all) {
		if err := os.WriteFile(filepath.Join(write, name), []byte(p.svg()), 0o644); err != nil {
			return fmt.Errorf("write plot: %w", err)
		}
	}
	return replace(filepath.Join(write, "mesh-scale.md"), tables(all))
}

// simulate lets one world live, and then searches in it.
func simulate(s scenario, seed uint64, length time.Duration) (result, error) {
	w, err := newWorld(s, seed, length)
	if err != nil {
		return result{}, err
	}
	r, err := w.run()
	if err != nil || !s.partial || s.lots {
		return r, err
	}
	for _, liars := range liarShares {
		found := w.lookUp(liars)
		if found.Taken > 0 {
			return r, fmt.Errorf("%d forged records were believed", found.Taken)
		}
		r.Searches = append(r.Searches, found)
	}
	return r, nil
}

const begins, ends = "<!-- measured: make mesh-sim -->\n", "<!-- /measured -->\n"

// replace puts the tables between the two marks of a page.
func replace(path, text string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read page: %w", err)
	}
	before, rest, found := strings.Cut(string(page), begins)
	_, after, closed := strings.Cut(rest, ends)
	if !found || !closed {
		return fmt.Errorf("write %s: it lacks the marks %q and %q", path, strings.TrimSpace(begins), strings.TrimSpace(ends))
	}
	if err := os.WriteFile(path, []byte(before+begins+text+ends+after), 0o644); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

func views(r result) string {
	if r.Partial {
		return fmt.Sprint(r.View)
	}
	return "all"
}

// tables are the figures as Markdown.
func tables(all []result) string {
	var b strings.Builder
	b.WriteString("| boxes | each knows | beats, kB/s | records, kB/s | lists, kB/s | all, kB/s | true now | 99 % are true within | 99 % know after (median, longest) | chosen / best (mean, 95 %) | refused once | nobody |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range all {
		if r.Lots {
			continue
		}
		fmt.Fprintf(&b, "| %d | %s | %.2f | %.2f | %.2f | %.2f | %.1f %% | %.1f s | %d ms, %.2f s | %.2f, %.2f | %.1f %% | %.1f %% |\n", r.Boxes, views(r), r.Beats/1e3, r.Records/1e3, r.Digests/1e3,
			(r.Beats+r.Records+r.Digests)/1e3, 100*r.Current, r.Old.Seconds(), r.Converged.Milliseconds(), r.Latest.Seconds(), r.Regret, r.Worst, 100*r.Refused, 100*r.Nobody)
	}
	b.WriteString("\nBoxes that are asked until a certain one is found, on average (share of look-ups that found it within 200):\n\n| boxes |")
	for _, l := range liarShares {
		fmt.Fprintf(&b, " %.0f %% lie |", 100*l)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(liarShares)) + "\n")
	for _, r := range all {
		if len(r.Searches) == 0 {
			continue
		}
		fmt.Fprintf(&b, "| %d |", r.Boxes)
		for _, s := range r.Searches {
			fmt.Fprintf(&b, " %.1f (%.1f %%) |", s.Asked, 100*s.Found)
		}
		b.WriteString("\n")
	}
	b.WriteString("\nTime of the chosen box over that of the best (mean, 95 %), where the router draws a lot among those that take at most 1.5 times as long as the best, and without:\n\n| boxes | each knows | as it is built | with lots | prompts |\n|---|---|---|---|---|\n")
	for _, r := range all {
		if !r.Lots {
			continue
		}
		for _, plain := range all {
			if !plain.Lots && plain.Boxes == r.Boxes && plain.Partial == r.Partial {
				fmt.Fprintf(&b, "| %d | %s | %.2f, %.2f | %.2f, %.2f | %d |\n", r.Boxes, views(r), plain.Regret, plain.Worst, r.Regret, r.Worst, r.Asked)
			}
		}
	}
	return b.String()
}

// plots are the figures as pictures, by file name.
func plots(all []result) map[string]plot {
	rows := func(of func(result) float64, withLots bool) []line {
		full, part := line{name: "each knows all, as it is built"}, line{name: "each knows about 300", dashed: true}
		lots := line{name: "each knows all, and lots are drawn"}
		for _, r := range all {
			p := [2]float64{float64(r.Boxes), of(r)}
			switch {
			case r.Lots && !r.Partial:
				lots.points = append(lots.points, p)
			case r.Lots:
			case r.Partial:
				part.points = append(part.points, p)
			default:
				full.points = append(full.points, p)
			}
		}
		if withLots {
			return []line{full, part, lots}
		}
		return []line{full, part}
	}
	liars := plot{title: "Finding a box where some lie", x: "share of liars", y: "boxes asked, on average", logY: true}
	for _, r := range all {
		l := line{name: fmt.Sprintf("%d boxes", r.Boxes)}
		for _, s := range r.Searches {
			l.points = append(l.points, [2]float64{s.Liars, max(s.Asked, 0.1)})
		}
		if len(l.points) > 0 {
			liars.lines = append(liars.lines, l)
		}
	}
	return map[string]plot{
		"mesh-scale-traffic.svg":   {title: "What a box sends at rest and at work", x: "boxes", y: "kB/s", logX: true, logY: true, lines: rows(func(r result) float64 { return (r.Beats + r.Records + r.Digests) / 1e3 }, false)},
		"mesh-scale-staleness.svg": {title: "How much of what a box knows is not true any more", x: "boxes", y: "% of what is known", logX: true, lines: rows(func(r result) float64 { return 100 * (1 - r.Current) }, false)},
		"mesh-scale-converge.svg":  {title: "How long a record takes to 99 % of those who are to have it, median", x: "boxes", y: "ms", logX: true, lines: rows(func(r result) float64 { return float64(r.Converged.Milliseconds()) }, false)},
		"mesh-scale-routing.svg":   {title: "Time of the box that is chosen, over that of the best", x: "boxes", y: "times", logX: true, lines: rows(func(r result) float64 { return r.Regret }, true)},
		"mesh-scale-liars.svg":     liars,
	}
}
