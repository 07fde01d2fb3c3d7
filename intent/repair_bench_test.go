package intent

import (
	"runtime"
	"slices"
	"syscall"
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
	runtime.LockOSThread() // the thread's own processor time: others may be busy
	defer runtime.UnlockOSThread()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		start := processor(b)
		r.Resolve(Query{Text: all[i%len(all)], Room: "area_0"})
		took = append(took, processor(b)-start)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds()), "p95-cpu-µs")
	b.ReportMetric(float64(took[len(took)-1].Microseconds()), "max-cpu-µs")
}

// processor is the processor time that this thread has used.
func processor(t testing.TB) time.Duration {
	var u syscall.Rusage
	const thread = 1 // RUSAGE_THREAD
	if err := syscall.Getrusage(thread, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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
