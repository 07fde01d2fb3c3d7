package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/corpus"
)

// tier is a way to resolve that is measured.
type tier struct {
	name    string
	resolve func(*intent.Resolver, intent.Query) intent.Intent
}

var tiers = []tier{
	{"template", (*intent.Resolver).Match},
	{"template + repair", (*intent.Resolver).Resolve},
}

// outcome is what became of one sentence.
type outcome struct {
	corpus.Example
	got   intent.Intent
	right bool
}

func (o *outcome) acted() bool { return o.got.Refusal == "" }

// intent is what was wanted, by name.
func (o *outcome) intent() string {
	if len(o.Want) == 0 {
		return "nothing"
	}
	return o.Want[0].Intent
}

// result is what became of a corpus in one tier.
type result struct {
	source   source
	tier     tier
	outcomes []outcome
}

func measure(s source, t tier, examples []corpus.Example, homes map[string]house) result {
	r := result{source: s, tier: t}
	for _, e := range examples {
		home := homes[e.Home]
		o := outcome{Example: e, got: t.resolve(home.Resolver, e.Query(home.Resolver))}
		o.right = o.acted() && (e.Meant(o.got) || e.Meant(home.spread(o.got)))
		r.outcomes = append(r.outcomes, o)
	}
	return r
}

// tally counts sentences.
type tally struct {
	all, right, wrong, asked, refused int
	freeText                          int // of those wrong: only words that anybody may say for themselves were heard otherwise
}

func (t *tally) add(o *outcome) {
	t.all++
	switch {
	case o.right:
		t.right++
	case asksBack(o.got) && o.Want != nil:
		t.asked++
	case o.acted():
		t.wrong++
		if o.freeText() {
			t.freeText++
		}
	case o.got.Refusal == intent.Ambiguous:
		t.asked++
	default:
		t.refused++
	}
}

// free are the slots of words that no template and no name of the house can check;
// what a list or a timer is called is another.
var free = []string{"item", "message", "search_query"}

func called(intent, slot string) bool {
	return slot == "name" && (strings.HasPrefix(intent, "HassList") || strings.Contains(intent, "Timer"))
}

// freeText tells whether nothing but free text is other than was wanted: "add brad to the
// shopping list". The house says what it heard.
func (o *outcome) freeText() bool {
	return slices.ContainsFunc(o.Want, func(w corpus.Want) bool {
		if w.Intent != o.got.Name {
			return false
		}
		got := o.got
		got.Slots = maps.Clone(got.Slots)
		changed := false
		for slot, v := range w.Slots {
			if (slices.Contains(free, slot) || called(w.Intent, slot)) && got.Slots[slot] != nil {
				got.Slots[slot], changed = v, true
			}
		}
		return changed && corpus.Example{Want: []corpus.Want{w}}.Meant(got)
	})
}

// asksBack tells whether the house does nothing with an intent but ask for what is
// missing: how long, when, of what.
func asksBack(in intent.Intent) bool {
	has := func(slots ...string) bool {
		return slices.ContainsFunc(slots, func(s string) bool { return in.Slots[s] != nil })
	}
	switch in.Name {
	case "HassStartTimer":
		return in.Command == nil && !has("hours", "minutes", "seconds")
	case "CricketSetAlarm":
		return !has("time", "hours", "minutes", "seconds")
	case "CricketSetReminder":
		return !has("message") || !has("time", "hours", "minutes", "seconds", "day", "sun", "repeat")
	case "HassIncreaseTimer", "HassDecreaseTimer":
		return !has("hours", "minutes", "seconds")
	}
	return false
}

func (r *result) tally() (t tally) {
	for i := range r.outcomes {
		t.add(&r.outcomes[i])
	}
	return t
}

func percent(n, of int) string { return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(max(of, 1))) }

// most is the share of out-of-scope sentences that may act, in percent.
const most = 2.0

// tables writes everything that was measured.
func tables(results []result) string {
	var b strings.Builder
	outside := map[string]tally{} // of the kept-out corpus, by tier
	for _, r := range results {
		if !r.source.scope && r.source.kept {
			outside[r.tier.name] = r.tally()
		}
	}
	fmt.Fprintln(&b, "\n| corpus | tier | sentences | right | wrong action | of it free text | asked back | refused | wrong on out-of-scope | counts as |")
	fmt.Fprintln(&b, "|---|---|---|---|---|---|---|---|---|---|")
	for _, r := range results {
		if !r.source.scope {
			continue
		}
		t, o := r.tally(), outside[r.tier.name]
		counts := percent(t.right, t.all)
		if 100*float64(o.wrong) > most*float64(o.all) {
			counts = "0"
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %s | %s | %s | %s | %s | %s | %s |\n", r.source.title, r.tier.name, t.all,
			percent(t.right, t.all), percent(t.wrong, t.all), percent(t.freeText, t.all), percent(t.asked, t.all), percent(t.refused, t.all), percent(o.wrong, o.all), counts)
	}
	fmt.Fprintln(&b, "\n| out-of-scope corpus | tier | sentences | acted | asked back | refused |")
	fmt.Fprintln(&b, "|---|---|---|---|---|---|")
	for _, r := range results {
		if !r.source.scope {
			t := r.tally()
			fmt.Fprintf(&b, "| %s | %s | %d | %s (%d) | %s | %s |\n", r.source.title, r.tier.name, t.all, percent(t.wrong, t.all), t.wrong, percent(t.asked, t.all), percent(t.refused, t.all))
		}
	}
	last := tiers[len(tiers)-1].name
	b.WriteString(reliability(results, last))
	for i := range results {
		if r := &results[i]; r.source.scope && r.source.kept && r.tier.name == last {
			b.WriteString(r.intents())
			b.WriteString(r.confusion())
		}
	}
	return b.String()
}

// reliability says how often the repair tier is right, by the confidence it gives.
func reliability(results []result, tier string) string {
	type bucket struct {
		n, right int
		sum      float64
	}
	var buckets [10]bucket
	for _, r := range results {
		if r.tier.name != tier || !r.source.kept {
			continue
		}
		for _, o := range r.outcomes {
			if o.got.Tier != intent.Repair || o.got.Refusal != "" && o.got.Open == nil {
				continue
			}
			k := &buckets[min(int(o.got.Confidence*10), 9)]
			k.n++
			k.sum += o.got.Confidence
			meant := o.got
			if meant.Open != nil {
				meant = *meant.Open
			}
			if o.Meant(meant) {
				k.right++
			}
		}
	}
	var b strings.Builder
	fmt.Fprintln(&b, "\nConfidence of the repair tier on the kept-out corpora, acted on or asked:")
	fmt.Fprintln(&b, "\n| confidence | sentences | mean confidence | right |")
	fmt.Fprintln(&b, "|---|---|---|---|")
	for i, k := range buckets {
		if k.n > 0 {
			fmt.Fprintf(&b, "| %.1f to %.1f | %d | %.2f | %.2f |\n", float64(i)/10, float64(i+1)/10, k.n, k.sum/float64(k.n), float64(k.right)/float64(k.n))
		}
	}
	return b.String()
}

// intents writes a line per intent.
func (r *result) intents() string {
	by := map[string]*tally{}
	var names []string
	for i := range r.outcomes {
		o := &r.outcomes[i]
		if by[o.intent()] == nil {
			by[o.intent()] = &tally{}
			names = append(names, o.intent())
		}
		by[o.intent()].add(o)
	}
	slices.Sort(names)
	var b strings.Builder
	fmt.Fprintf(&b, "\nBy intent, %s, %s:\n", r.source.title, r.tier.name)
	fmt.Fprintln(&b, "\n| intent | sentences | right | wrong action | asked back | refused |")
	fmt.Fprintln(&b, "|---|---|---|---|---|---|")
	for _, n := range names {
		t := by[n]
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d |\n", n, t.all, t.right, t.wrong, t.asked, t.refused)
	}
	return b.String()
}

// confusion says which intents were taken for which.
func (r *result) confusion() string {
	count := map[[3]string]int{}
	for i := range r.outcomes {
		if o := &r.outcomes[i]; o.acted() && !o.right {
			count[[3]string{o.intent(), o.got.Name, o.fault()}]++
		}
	}
	if len(count) == 0 {
		return ""
	}
	var kinds [][3]string
	for k := range count {
		kinds = append(kinds, k)
	}
	slices.SortFunc(kinds, func(a, b [3]string) int {
		return cmp.Or(count[b]-count[a], slices.Compare(a[:], b[:]))
	})
	var b strings.Builder
	fmt.Fprintf(&b, "\nWrong actions, %s:\n", r.source.title)
	fmt.Fprintln(&b, "\n| wanted | taken for | by | what was wrong | sentences |")
	fmt.Fprintln(&b, "|---|---|---|---|---|")
	for _, k := range kinds[:min(len(kinds), 30)] {
		fmt.Fprintf(&b, "| %s | %s | %s | %d |\n", k[0], k[1], k[2], count[k])
	}
	return b.String()
}

// fault says in which tier a sentence went wrong, and what about it: by the wish
// that comes nearest.
func (o *outcome) fault() string {
	tier := string(o.got.Tier) + " | "
	for _, w := range o.Want {
		if w.Intent != o.got.Name {
			continue
		}
		if len(w.Also) != len(o.got.Also) {
			return tier + fmt.Sprintf("%d requests of %d", 1+len(o.got.Also), 1+len(w.Also))
		}
		if w.Targets != nil && !slices.Equal(w.Targets, o.got.Targets) {
			more, fewer := without(o.got.Targets, w.Targets), without(w.Targets, o.got.Targets)
			switch {
			case fewer == 0:
				return tier + "more devices"
			case more == 0:
				return tier + "fewer devices"
			}
			return tier + "other devices"
		}
		if len(w.Also) > 0 {
			return tier + "one of several requests, as " + w.Also[0].Intent + ", " + o.got.Also[0].Name
		}
		var keys []string
		for k := range w.Slots {
			keys = append(keys, k)
		}
		for k := range o.got.Slots {
			if w.Slots[k] == nil && corpus.Compared(k) {
				keys = append(keys, "+"+k)
			}
		}
		slices.Sort(keys)
		return tier + strings.TrimSpace("values: "+strings.Join(keys, " "))
	}
	return tier + "another intent"
}

// without counts what is in list and not in other.
func without(list, other []string) (n int) {
	for _, s := range list {
		if !slices.Contains(other, s) {
			n++
		}
	}
	return n
}

// worst shows the wrong actions that were taken with most confidence.
func (r *result) worst(n int) string {
	var wrong []*outcome
	for i := range r.outcomes {
		if o := &r.outcomes[i]; o.acted() && !o.right {
			wrong = append(wrong, o)
		}
	}
	slices.SortStableFunc(wrong, func(a, b *outcome) int { return cmp.Compare(b.got.Confidence, a.got.Confidence) })
	var b strings.Builder
	fmt.Fprintf(&b, "\nworst of %s (%d wrong):\n", r.source.title, len(wrong))
	for _, o := range wrong[:min(n, len(wrong))] {
		fmt.Fprintf(&b, "  %s %.2f %-8s %q -> %s %v %v\n", o.ID, o.got.Confidence, o.got.Tier, o.Text, o.got.Name, o.got.Slots, o.got.Targets)
	}
	return b.String()
}

// The measured part of the page is between these lines.
const (
	begin = "<!-- measured: make eval-intent -->"
	end   = "<!-- /measured -->"
)

// replace puts the tables into a page.
func replace(page, text string) error {
	data, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	head, rest, ok := strings.Cut(string(data), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("write %s: it has no lines %q and %q", page, begin, end)
	}
	return os.WriteFile(page, []byte(head+begin+"\n"+text+"\n"+end+tail), 0o644)
}
