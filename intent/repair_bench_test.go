package intent

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkRepair1000 resolves, in a house of a thousand devices, sentences that
// no template fits: half of them misheard, half none of its business.
func BenchmarkRepair1000(b *testing.B) {
	r := compileBuiltin(b).Bind(bigHome(1000))
	all := slices.Concat(misheardSentences, otherTalk, adversarial)
	r.Resolve(Query{Text: "turn onn the lights", Room: "area_0"})
	took := make([]time.Duration, 0, b.N)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		r.Resolve(Query{Text: all[i%len(all)], Room: "area_0"})
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds()), "p95-µs")
	b.ReportMetric(float64(took[len(took)-1].Microseconds()), "max-µs")
}

var misheardSentences = []string{
	"turn on the red kitchen sealing light", "turn of the lamb in the blue bedroom", "close the blinds in the grin hall",
	"said the red lounge heating to twenty won degrees", "is the wind oh open in the white office", "durn on anna's coughy machine 3",
	"switch off the lied in the red bathroom", "open the curtain in the read lounge", "lock the rad kitchen door", "make the blue kitchen lump brighter",
}

var otherTalk = []string{
	"I told him that the meeting was moved to next Thursday", "what's the capital of Mongolia", "the lights of the city were beautiful",
	"turn left at the lights and then right after the church", "can you believe what she said to him", "he said the fan was running all night",
	"add two and two", "the kitchen in the hotel was closed", "who left the lights on in the garage yesterday", "once upon a time there was a king with three sons",
}
