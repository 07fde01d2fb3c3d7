package voice

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// requests is what the end pointer finds in a whole stream.
func requests(frames []Frame) []Utterance {
	e := NewEndpointer()
	var out []Utterance
	for _, f := range frames {
		if u, ok := e.Push(f); ok {
			out = append(out, u)
		}
	}
	if u, ok := e.Flush(); ok {
		out = append(out, u)
	}
	return out
}

// near is the tolerance of the boundaries.
const near = 150 * time.Millisecond

// checkBounds allows slack for noise that is taken for speech beside it.
func checkBounds(t *testing.T, u Utterance, second float64, c clip, slack time.Duration) {
	t.Helper()
	at := func(sample int) time.Duration {
		return time.Duration((second + float64(sample)/SampleRate) * float64(time.Second)).Round(time.Millisecond)
	}
	if early, late := at(c.faintFrom)-near-slack, at(c.from)+near; u.Start < early || u.Start > late {
		t.Errorf("%s begins between %v and %v, found at %v", c.name, early, late, u.Start)
	}
	if early, late := at(c.to)-near, at(c.faintTo)+near+slack; u.End < early || u.End > late {
		t.Errorf("%s ends between %v and %v, found at %v", c.name, early, late, u.End)
	}
}

func TestSpeechIsFoundInNoise(t *testing.T) {
	const length = 6.0
	const n = int(length * SampleRate)
	cases := []struct {
		name  string
		noise []float64
		snr   float64
	}{
		{"white", white(n, 1), 5}, {"white", white(n, 1), 10}, {"white", white(n, 1), 20},
		{"pink", pink(n, 2), 5}, {"pink", pink(n, 2), 10}, {"pink", pink(n, 2), 20},
		{"hum", hum(n, 100), 5}, {"hum", hum(n, 100), 20},
	}
	for _, k := range cases {
		for _, c := range clips(t) {
			t.Run(fmt.Sprintf("%s/%v dB/%s", k.name, k.snr, c.name), func(t *testing.T) {
				found := requests(seconds(length).at(0, k.noise, -30-k.snr).speech(2, c, -30).frames())
				if len(found) != 1 {
					t.Fatalf("%d requests, want 1:%s", len(found), times(found))
				}
				checkBounds(t, found[0], 2, c, 0)
			})
		}
	}
}

// Among 24 other voices: those far softer do not matter; of those hardly softer some
// stay in the request, and now and then one is lost.
func TestSpeechInBabble(t *testing.T) {
	for _, k := range []struct {
		snr            float64
		exact, covered float64 // least shares of the requests
	}{{5, 0.5, 0.85}, {10, 0.95, 0.97}, {20, 0.95, 0.97}} {
		exact, covered, all := 0, 0, 0
		for seed := range uint64(8) {
			noise := babble(t, 6*SampleRate, 500+seed)
			for _, c := range clips(t) {
				all++
				for _, u := range requests(seconds(6).at(0, noise, -30-k.snr).speech(2, c, -30).frames()) {
					at := func(sample int) time.Duration {
						return 2*time.Second + time.Duration(sample)*time.Second/SampleRate
					}
					if u.Start > at(c.from)+near || u.End < at(c.to)-near {
						continue
					}
					covered++
					if u.Start >= at(c.faintFrom)-near && u.End <= at(c.faintTo)+near {
						exact++
					}
				}
			}
		}
		t.Logf("%v dB: %d of %d requests found whole, %d of them to within %v", k.snr, covered, all, exact, near)
		if float64(covered) < k.covered*float64(all) || float64(exact) < k.exact*float64(all) {
			t.Errorf("%v dB: %d of %d requests found whole, %d of them to within %v", k.snr, covered, all, exact, near)
		}
	}
}

// Speech may begin with the first sample, before anything is known of the noise,
// and have no gap for a second.
func TestLongVowelAtTheVeryBeginning(t *testing.T) {
	s := seconds(4)
	phase := 0.0
	for i := range int(1.2 * SampleRate) {
		second := float64(i) / SampleRate
		phase += 2 * math.Pi * (130 + 20*math.Sin(2*math.Pi*second)) / SampleRate
		for h := 1.0; h <= 20; h++ {
			// A formant that glides between 400 and 1600 Hz: "yoyo".
			away := h*130 - 1000 - 600*math.Sin(2*math.Pi*2*second)
			s[i] += 1500 * math.Exp(-away*away/90000) * math.Sin(h*phase)
		}
	}
	found := requests(s.frames())
	if len(found) != 1 || found[0].Start != 0 || found[0].End < 1200*time.Millisecond {
		t.Errorf("%d requests:%s", len(found), times(found))
	}
}

func times(found []Utterance) string {
	s := ""
	for _, u := range found {
		s += fmt.Sprintf(" %v-%v", u.Start, u.End)
	}
	return s
}

// No request is made of what nobody said.
func TestNoRequestInNoise(t *testing.T) {
	const n = 10 * SampleRate
	beeps := seconds(10)
	for i := range 6 {
		beeps.at(1+float64(i), toneOf(440, 0.3), -15)
	}
	clicks := seconds(10)
	for i := range 20 {
		clicks.at(0.4*float64(i)+0.1, white(80, uint64(i)), -10)
	}
	murmur := seconds(60)
	for i := range 10 {
		murmur.at(6*float64(i), babble(t, 6*SampleRate, uint64(i)), -45)
	}
	for name, s := range map[string]sounds{
		"digital silence":              seconds(10),
		"the last bit":                 seconds(10).at(0, white(n, 1), -90),
		"room noise":                   seconds(10).at(0, pink(n, 2), -50),
		"loud room noise":              seconds(10).at(0, pink(n, 3), -25),
		"white noise":                  seconds(10).at(0, white(n, 4), -30),
		"clipped white noise":          seconds(10).at(0, white(n, 4), 6),
		"noise that begins":            seconds(10).at(4, pink(n, 5), -35),
		"noise that ends":              seconds(10).at(0, pink(n/2, 6), -35),
		"noise in bursts":              seconds(10).at(1, white(n/20, 7), -25).at(3, white(n/10, 8), -25).at(6, white(n/40, 9), -25),
		"mains hum":                    seconds(10).at(0, hum(n, 50), -25),
		"a fridge that starts":         seconds(10).at(0, pink(n, 10), -60).at(4, hum(n, 100), -30),
		"an offset":                    seconds(10).at(0, ones(n), -12),
		"an offset that jumps":         seconds(10).at(5, ones(n), -12),
		"beeps":                        beeps,
		"clicks":                       clicks,
		"rumble":                       seconds(10).at(0, toneOf(30, 10), -10),
		"many voices":                  murmur,
		"noise that grows and shrinks": swell(n).at(0, pink(n, 11), -70),
	} {
		t.Run(name, func(t *testing.T) {
			if found := requests(s.frames()); len(found) > 0 {
				t.Errorf("%d requests:%s", len(found), times(found))
			}
		})
	}
}

// Ten minutes in which nothing is said.
func TestTenQuietMinutes(t *testing.T) {
	noise := pink(10*SampleRate, 20)
	for name, level := range map[string]float64{"digital silence": -200, "room noise": -45} {
		t.Run(name, func(t *testing.T) {
			frames := seconds(10).at(0, noise, level).frames()
			e := NewEndpointer()
			for i := range 60 {
				for _, f := range frames {
					f.Time += time.Duration(i) * 10 * time.Second
					if u, ok := e.Push(f); ok {
						t.Fatalf("a request from %v to %v", u.Start, u.End)
					}
				}
				if len(e.frames) > 2*kept || cap(e.pcm) > 1<<20 {
					t.Fatalf("%d frames and room for %d samples are kept", len(e.frames), cap(e.pcm))
				}
			}
		})
	}
}

func TestPausesAndSeveralRequests(t *testing.T) {
	all := clips(t)
	c, d := all[0], all[1]
	for _, noise := range []float64{-200, -60, -45} {
		room := func(length float64) sounds {
			return seconds(length).at(0, pink(int(length*SampleRate), 30), noise)
		}
		t.Run(fmt.Sprintf("noise at %v dB", noise), func(t *testing.T) {
			// The pause is between what is heard of the two, not between the files.
			second := func(pause float64) float64 {
				return 1 + float64(c.to-d.from)/SampleRate + pause
			}
			one := requests(room(8).speech(1, c, -26).speech(second(0.4), d, -26).frames())
			if len(one) != 1 {
				t.Errorf("a pause of 400 ms: %d requests:%s", len(one), times(one))
			}
			two := requests(room(8).speech(1, c, -26).speech(second(1), d, -26).frames())
			if len(two) != 2 {
				t.Fatalf("a pause of 1 s: %d requests:%s", len(two), times(two))
			}
			checkBounds(t, two[0], 1, c, 0)
			checkBounds(t, two[1], second(1), d, 0)
			for _, u := range two {
				if more := u.Duration() - (u.End - u.Start); more > 400*time.Millisecond {
					t.Errorf("%v of sound beside the speech from %v to %v", more, u.Start, u.End)
				}
			}
		})
	}
}

// The recogniser gets the whole of the first and last word, and little else.
func TestWordsAreNotCut(t *testing.T) {
	for _, c := range clips(t) {
		for _, begin := range []float64{0, 0.1, 1} {
			t.Run(fmt.Sprintf("%s after %v s", c.name, begin), func(t *testing.T) {
				// Without the silence of the file: speech may begin with the first sample.
				said := c
				said.pcm = c.pcm[c.faintFrom:c.faintTo]
				said.from, said.to = 0, len(said.pcm)
				said.faintFrom, said.faintTo = 0, len(said.pcm)
				for _, tail := range []float64{0, 1.5} {
					length := begin + float64(len(said.pcm))/SampleRate + tail
					found := requests(seconds(length+0.02).speech(begin, said, -26).frames())
					if len(found) != 1 {
						t.Fatalf("%d requests:%s", len(found), times(found))
					}
					checkBounds(t, found[0], begin, said, 0)
					kept := found[0].PCM
					whole, got := 0.0, 0.0
					for _, f := range seconds(length+0.02).speech(begin, said, -26).frames() {
						for _, x := range f.PCM {
							whole += float64(x) * float64(x)
						}
					}
					for _, x := range kept {
						got += float64(x) * float64(x)
					}
					if got < 0.9999*whole {
						t.Errorf("%.3f %% of the speech is lost", 100*(1-got/whole))
					}
					if most := len(said.pcm) + SampleRate/2; len(kept) > most {
						t.Errorf("%d samples of %d spoken", len(kept), len(said.pcm))
					}
				}
			})
		}
	}
}

func TestLevelsOfSpeech(t *testing.T) {
	for _, c := range clips(t) {
		for name, s := range map[string]sounds{
			"quiet":            seconds(5).at(0, white(5*SampleRate, 40), -75).speech(1, c, -40),
			"very quiet":       seconds(5).speech(1, c, -50),
			"clipped":          seconds(5).at(0, white(5*SampleRate, 40), -60).speech(1, c, 3),
			"on an offset":     seconds(5).at(0, ones(5*SampleRate), -12).speech(1, c, -30),
			"on mains hum":     seconds(5).at(0, hum(5*SampleRate, 50), -45).speech(1, c, -30),
			"after a loud fan": seconds(5).at(0, pink(SampleRate/2, 41), -20).speech(1, c, -35),
		} {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				found := requests(s.frames())
				if len(found) != 1 {
					t.Fatalf("%d requests:%s", len(found), times(found))
				}
				slack := time.Duration(0)
				if name == "clipped" {
					slack = 100 * time.Millisecond // what is faint in the clip is 30 dB louder here
				}
				checkBounds(t, found[0], 1, c, slack)
			})
		}
	}
}

// A request is cut after twelve seconds and its rest is skipped; the next one is whole.
func TestTruncated(t *testing.T) {
	all := clips(t)
	c, d := all[0], all[1]
	s := seconds(30)
	for at := 1.0; at < 20; at += float64(c.to-c.from)/SampleRate + 0.1 {
		s.speech(at, c, -26)
	}
	s.speech(25, d, -26)
	found := requests(s.frames())
	if len(found) != 2 || !found[0].Truncated || found[1].Truncated {
		t.Fatalf("%d requests:%s", len(found), times(found))
	}
	if d := found[0].End - found[0].Start; d != 12*time.Second {
		t.Errorf("cut after %v", d)
	}
	checkBounds(t, found[1], 25, d, 0)
}

// Noise that grows for nine seconds is always above the floor; the twelve seconds
// count from the first word all the same.
func TestRequestAfterGrowingNoise(t *testing.T) {
	const n = 24 * SampleRate
	noise := white(n, 60)
	for i := range noise {
		noise[i] *= math.Pow(10, min(0, 5*(float64(i)/SampleRate-9))/20)
	}
	c := clips(t)[0]
	const begin, end = 8.5, 17.5
	s := seconds(24).at(0, noise, -31)
	last := 0.0
	for at := begin; at < end; at += float64(c.to-c.from) / SampleRate {
		s.speech(at, c, -20)
		last = at
	}
	found := requests(s.frames())
	if len(found) != 1 || found[0].Truncated {
		t.Fatalf("%d requests:%s", len(found), times(found))
	}
	whole := c
	whole.to += int((last - begin) * SampleRate)
	whole.faintTo += int((last - begin) * SampleRate)
	checkBounds(t, found[0], begin, whole, 0)
}

func TestEveryFrameIsFree(t *testing.T) {
	frames := seconds(2).at(0, pink(2*SampleRate, 50), -40).frames()
	e := NewEndpointer()
	if n := testing.AllocsPerRun(20, func() {
		for _, f := range frames {
			e.Push(f)
		}
	}); n > 0 {
		t.Errorf("%v allocations in 100 frames", n)
	}
}

func BenchmarkEndpointer(b *testing.B) {
	frames := seconds(4).at(0, pink(4*SampleRate, 51), -50).speech(1, clips(b)[0], -26).frames()
	e := NewEndpointer()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		e.Push(frames[i%len(frames)])
		i++
	}
	b.ReportMetric(100*float64(b.Elapsed())/float64(b.N)/float64(frameTime), "%realtime")
}

// What is spoken before Begin belongs to no request: of two words in a row the second
// A request may be waited for from any moment on, also in the silence after somebody
// spoke: whatever the pause is, there is nothing before it to be cut off.
func TestBeginWhileSomebodyEnds(t *testing.T) {
	c := clips(t)[0]
	s := seconds(6).at(0, white(6*SampleRate, 1), -60).speech(1, c, -30)
	for begin := range len(s.frames()) {
		e := NewEndpointer()
		e.Pause = func() time.Duration { return 1200 * time.Millisecond }
		for i, f := range s.frames() {
			if i == begin {
				e.Begin(f.Time)
			}
			if u, ok := e.Push(f); ok && u.End < e.first {
				t.Errorf("begun at frame %d: a request of before", begin)
			}
		}
	}
}

// is the request, with or without a pause, and a word alone is none.
func TestBegin(t *testing.T) {
	c := clips(t)[0]
	spoken := time.Duration(c.to-c.from) * time.Second / SampleRate
	const second = 2.0
	end := time.Duration((second + float64(c.faintTo)/SampleRate) * float64(time.Second))
	for _, tt := range []struct {
		name string
		gap  float64       // seconds; -1: nothing follows
		late time.Duration // that Begin is called after the word
	}{
		{"at once", 0, 200 * time.Millisecond}, {"after half a second", 0.5, 200 * time.Millisecond},
		{"after two seconds", 2, 200 * time.Millisecond}, {"nothing", -1, 200 * time.Millisecond},
		{"at once, noticed late", 0, 1900 * time.Millisecond}, {"after half a second, noticed late", 0.5, 1900 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := seconds(10).at(0, white(10*SampleRate, 1), -60).speech(second, c, -30)
			next := end.Seconds() + tt.gap - float64(c.from)/SampleRate
			if tt.gap >= 0 {
				s = s.speech(next, c, -30)
			}
			e := NewEndpointer()
			var found []Utterance
			for _, f := range s.frames() {
				u, ok := e.Push(f)
				if ok {
					found = append(found, u)
				}
				if now := f.Time + frameTime; now > end+tt.late && now <= end+tt.late+frameTime {
					e.Begin(end)
				}
			}
			if tt.gap < 0 {
				if len(found) > 0 {
					t.Errorf("%d requests:%s", len(found), times(found))
				}
				return
			}
			if len(found) != 1 {
				t.Fatalf("%d requests, want 1:%s", len(found), times(found))
			}
			if u := found[0]; u.Start < end || u.End-u.Start < spoken*7/10 || u.Duration() > u.End-u.Start+2*padding*frameTime {
				t.Errorf("the word ended at %v, the request is from %v to %v, of %v spoken", end, u.Start, u.End, spoken)
			}
		})
	}
}

// Who called is louder than the television: what that says is no request, and does not
// keep one open.
func TestOnlyTheCallerIsHeard(t *testing.T) {
	all := clips(t)
	called, request, television := all[0], all[1], all[2]
	end := time.Duration((0.5 + float64(called.faintTo)/SampleRate) * float64(time.Second))
	for _, tt := range []struct {
		name             string
		known, requested bool
		want             int
	}{
		{"nobody knows who called", false, false, 1},
		{"the television alone", true, false, 0},
		{"a request beside the television", true, true, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := seconds(10).at(0, white(10*SampleRate, 1), -75).speech(0.5, called, -28)
			for _, at := range []float64{3, 6.5} {
				s.speech(at, television, -50)
			}
			if tt.requested {
				s.speech(6, request, -28)
			}
			e := NewEndpointer()
			var found []Utterance
			for _, f := range s.frames() {
				if now := f.Time; now >= end+100*time.Millisecond && now < end+100*time.Millisecond+frameTime {
					e.Begin(end)
					if tt.known {
						e.Called(end-time.Second, end)
					}
				}
				if u, ok := e.Push(f); ok && len(found) == 0 {
					found = append(found, u)
				}
			}
			if len(found) != tt.want {
				t.Fatalf("%d requests:%s", len(found), times(found))
			}
			if tt.requested {
				checkBounds(t, found[0], 6, request, 100*time.Millisecond)
			}
		})
	}
}

// A request ends after the pause that is asked for, and a loud frame without a voice is
// no speech.
func TestPauseAskedFor(t *testing.T) {
	all := clips(t)
	c := all[slices.IndexFunc(all, func(c clip) bool { return c.name == "flite-slt.wav" })] // has no pause in it
	end := time.Duration((1 + float64(c.to)/SampleRate) * float64(time.Second))
	for _, pause := range []time.Duration{250 * time.Millisecond, 700 * time.Millisecond, 1200 * time.Millisecond} {
		for _, fan := range []bool{false, true} {
			s := seconds(7).at(0, white(7*SampleRate, 1), -70).speech(1, c, -28)
			if fan { // it starts when the request is over
				s.at(end.Seconds(), white(7*SampleRate, 2), -35)
			}
			e := NewEndpointer()
			e.Pause = func() time.Duration { return pause }
			at := time.Duration(0)
			e.Voiced = func() bool { return at < end+60*time.Millisecond }
			for _, f := range s.frames() {
				at = f.Time
				if u, ok := e.Push(f); ok {
					late := f.Time + frameTime - u.End
					if late < pause-150*time.Millisecond || late > pause+250*time.Millisecond {
						t.Errorf("a pause of %v, fan %v: decided %v after the end of speech", pause, fan, late)
					}
					checkBounds(t, u, 1, c, 0)
				}
			}
		}
	}
}

// A wake word may be noticed late: what was said up to two seconds before the request was
// told to begin is still there, to the first sample.
func TestTwoSecondsBeforeAreKept(t *testing.T) {
	e := NewEndpointer()
	frame := Frame{PCM: make([]int16, FrameSamples)}
	for i := range 1000 {
		frame.Time = time.Duration(i) * frameTime
		e.Push(frame)
	}
	now := 1000 * frameTime
	if e.Begin(now - 1900*time.Millisecond); e.first+time.Duration(e.begin)*frameTime > now-1900*time.Millisecond {
		t.Errorf("a request that begins 1.9 s ago begins %v ago", now-e.first-time.Duration(e.begin)*frameTime)
	}
}
