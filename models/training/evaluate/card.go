package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// voiceKind is the voice by which results are counted: espeak-ng's variants are one.
func voiceKind(voice string) string {
	if strings.HasPrefix(voice, "espeak-ng") {
		return "espeak-ng, kept-out variants"
	}
	return voice
}

func percent(n, of int) string {
	if of == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of))
}

// card writes what was measured, as Markdown.
func card(o options, places []place, all []*result) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("# The bundled recogniser: model card")
	p("")
	p("Written by the evaluation; do not edit. Command: `make eval-stt SEED=%d`.", o.seed)
	if info, err := os.Stat(o.model); err == nil {
		p("")
		p("- File: whisper.cpp's format, q8_0, %.2f MB. English. It takes no initial prompt.", float64(info.Size())/1e6)
		p("- Trained by `make train-stt` on synthetic speech alone. **Synthetic voices are not people**: what is below says how well")
		p("  words are told apart, not how well a household is understood. It is for demonstrations, tests and closed sets of phrases;")
		p("  for a real home pull a Whisper model: `cricket models pull whisper-base.en-q5_1`.")
	}
	p("")
	n, unspoken := 0, 0
	for _, x := range places {
		n += len(x.said)
		for _, s := range x.said {
			if s.unspoken {
				unspoken++
			}
		}
	}
	p("%d homes of 100 devices made from seed %d and the demo home, %d sentences each that `resolve` understands as text; each heard", o.homes, o.seed, o.sentences)
	p("at 20 dB and at 5 dB, in a room. Voices, rooms and noises (motor, wind, plucked music, babble) are not those of training. %d of the", unspoken)
	p("%d sentences name a device by a word that training never says.", n)
	p("")
	p("\"Same action\": after `resolve`, the same as for the sentence's text. \"Wrong action\": something else would be done; the rest do nothing.")
	p("")
	p("| recogniser | sentences | SNR | said | same action | wrong action | exact sentence | word error rate |")
	p("|---|---|---|---|---|---|---|---|")
	for _, r := range all {
		for _, group := range []struct {
			name string
			by   map[int]count
		}{{"made-up homes", r.homes}, {"never-spoken names", r.unspoken}, {"demo home", r.demo}} {
			for _, snr := range snrs() {
				c := group.by[snr]
				p("| %s | %s | %d dB | %d | **%s** | %s | %s | %s |", r.name, group.name, snr, c.said, percent(c.same, c.said), percent(c.wrong, c.said), percent(c.exact, c.said), percent(c.edits, c.words))
			}
		}
	}
	p("")
	p("Targets: same action in the made-up homes 95 %% at 20 dB, 85 %% at 5 dB; the demo home no more than 5 points better.")
	for _, r := range all {
		for _, snr := range snrs() {
			h, d := r.homes[snr], r.demo[snr]
			if h.said == 0 || d.said == 0 {
				continue
			}
			share := 100 * float64(h.same) / float64(h.said)
			ahead := 100*float64(d.same)/float64(d.said) - share
			want := map[int]float64{20: 95, 5: 85}[snr]
			p("- %s at %d dB: %s by %.1f points; demo home %+.1f points%s.", r.name, snr, map[bool]string{true: "target reached", false: "target missed"}[share >= want],
				share-want, ahead, map[bool]string{true: ", a failure", false: ""}[ahead > 5])
		}
	}
	p("")
	p("## Without speech")
	p("")
	p("15 clips of 4 s of each kind.")
	p("")
	p("| recogniser | sound | clips with words | words a minute | clips that would act |")
	p("|---|---|---|---|---|")
	for _, r := range all {
		for _, kind := range slices.Sorted(maps.Keys(r.empty)) {
			e := r.empty[kind]
			p("| %s | %s | %d of %d | %.1f | %d |", r.name, kind, e.withWords, e.clips, float64(e.words)/e.minutes, e.actions)
		}
	}
	p("")
	p("## By voice, both SNRs, all homes")
	p("")
	p("| recogniser | voice | said | same action | word error rate |")
	p("|---|---|---|---|---|")
	for _, r := range all {
		for _, v := range slices.Sorted(maps.Keys(r.voices)) {
			c := r.voices[v]
			p("| %s | %s | %d | %s | %s |", r.name, v, c.said, percent(c.same, c.said), percent(c.edits, c.words))
		}
	}
	p("")
	p("## Time, and examples at 20 dB")
	p("")
	for _, r := range all {
		p("%s: %.0f ms a clip on the machine of the evaluation, with whatever else ran on it.", r.name, 1000*r.seconds/float64(max(1, r.clips)))
		p("")
		for _, s := range r.samples {
			p("- %s", s)
		}
		p("")
	}
	return b.String()
}
