package appliance

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home/demo"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// said is a sentence by espeak-ng, without the silence around it.
func said(t testing.TB, voiceName, text string) []int16 {
	pcm := voicetest.Spoken(t, voiceName, text, 0).PCM
	loud := func(x int16) bool { return x > 150 || x < -150 }
	from := slices.IndexFunc(pcm, loud)
	if from < 0 {
		t.Fatalf("%s says nothing for %q", voiceName, text)
	}
	to := len(pcm)
	for !loud(pcm[to-1]) {
		to--
	}
	return pcm[from:to]
}

// conversation drives a live chain by hand: no goroutine, no clock but that of the sound.
type conversation struct {
	*live
	t     testing.TB
	noise *rand.Rand
	level float64 // of the noise, in steps of the converter
	took  func(real time.Duration) time.Duration
	ready time.Duration // when the draft in flight comes, in the time of the sound
}

// hear lets the chain hear a sound in the room's noise.
func (c *conversation) hear(pcm []int16) {
	for ; len(pcm) > 0; pcm = pcm[min(len(pcm), voice.FrameSamples):] {
		f := voice.Frame{Mic: "room", PCM: make([]int16, voice.FrameSamples)}
		copy(f.PCM, pcm)
		for i := range f.PCM {
			f.PCM[i] = int16(max(math.MinInt16, min(math.MaxInt16, float64(f.PCM[i])+c.level*c.noise.NormFloat64())))
		}
		before := c.drafting
		if err := c.live.hear(c.t.Context(), f); err != nil {
			c.t.Fatal(err)
		}
		switch {
		case c.drafting && !before:
			begun := time.Now()
			come := <-c.inbox
			c.ready = c.clock + c.took(time.Since(begun))
			c.inbox <- come
		case c.drafting && c.clock >= c.ready:
			(<-c.inbox)()
		}
	}
}

func (c *conversation) wait(d time.Duration) {
	c.hear(make([]int16, int(d.Seconds()*voice.SampleRate)))
}

// noChime is a loudspeaker whose chime is over at once.
type noChime struct{ *voiceOver }

func (noChime) Chime(func()) {}

// request presses the button, says something, and waits for the decision that it was a
// request; where there is a fan, that starts with the last part. It returns how long after
// the last spoken sample the decision came, whether all had been said by then, and whether
// there was one at all.
func (c *conversation) request(parts [][]int16, pauses []time.Duration, fan float64) (delay time.Duration, whole, ended bool) {
	quiet := c.level
	defer func() { c.level = quiet; c.rest() }()
	c.wait(2 * time.Second)
	c.happen(c.t.Context(), Pressed)
	c.wait(100 * time.Millisecond)
	c.masked = 0
	c.wait(400 * time.Millisecond)
	for i, p := range parts {
		if i > 0 {
			c.wait(pauses[i-1])
		}
		if i == len(parts)-1 && fan > 0 {
			c.level = fan
		}
		c.hear(p)
		if !c.attention.Expects() {
			return 0, false, true
		}
	}
	last := c.clock
	for c.attention.Expects() && c.clock < last+longestRequest {
		c.wait(frameTime)
	}
	return c.clock - last, true, c.attention.talk == Thinking
}

// rest ends the talk: what becomes of the request does not matter here.
func (c *conversation) rest() {
	if c.attention.talk == Thinking {
		for c.attention.talk == Thinking {
			(<-c.inbox)()
		}
	}
	c.happen(c.t.Context(), Silent)
	if c.attention.Expects() {
		c.happen(c.t.Context(), Pressed)
	}
	c.drafting = false
}

func newConversation(t testing.TB, b *Box, d *drafts) *conversation {
	return &conversation{live: newLive(b, noChime{&voiceOver{}}, d), t: t, noise: rand.New(rand.NewPCG(3, 4)), level: 10,
		took: func(time.Duration) time.Duration { return 0 }}
}

// What was said so far decides how soon a request is over, and one draft is made for each
// pause, never two at a time.
func TestEndOfSpeechUnderstands(t *testing.T) {
	b := startListening(t, free(), &listening{})
	_, sound := requestSound(t)
	request := sound[voice.SampleRate/2:] // the clip has half a second of quiet before it and after it
	for len(request) > 0 && request[len(request)-1] < 300 && request[len(request)-1] > -300 {
		request = request[:len(request)-1]
	}
	for _, tt := range []struct {
		draft string
		took  time.Duration // to make it
		want  time.Duration
	}{
		{"turn on the lamp", 0, pauseComplete},
		{"turn on the lamp", 200 * time.Millisecond, 300 * time.Millisecond},
		{"turn on the lamp", time.Minute, pauseOther}, // too late to be of use
		{"turn on the", 0, pausePrefix},
		{"it was a lovely day", 0, pauseOther},
		{"", 0, pauseOther},
	} {
		made, making := 0, 0
		c := newConversation(t, b, &drafts{hear: func(_ context.Context, u voice.Utterance) (voice.Transcript, error) {
			if made++; making > 0 || len(u.PCM) == 0 {
				t.Errorf("%d drafts at a time, of %v", making+1, u.Duration())
			}
			making++
			defer func() { making-- }()
			return voice.Transcript{Text: tt.draft, Confidence: 1}, nil
		}})
		c.took = func(time.Duration) time.Duration { return tt.took }
		delay, whole, ended := c.request([][]int16{request}, nil, 0)
		if !ended || !whole || delay < tt.want-160*time.Millisecond || delay > tt.want+160*time.Millisecond {
			t.Errorf("%q after %v: over %v after the last sample (whole %v, ended %v), want %v", tt.draft, tt.took, delay, whole, ended, tt.want)
		}
		if made == 0 || made > 3 {
			t.Errorf("%q: %d drafts", tt.draft, made)
		}
	}
}

// While a draft is being made no other is begun, though there is another pause.
func TestOneDraftAtATime(t *testing.T) {
	b := startListening(t, free(), &listening{})
	_, sound := requestSound(t)
	from := slices.IndexFunc(sound, func(x int16) bool { return x > 300 })
	part := sound[from : from+voice.SampleRate*8/10]
	for took, least := range map[time.Duration]int{0: 2, time.Minute: 1} {
		made := 0
		c := newConversation(t, b, &drafts{hear: func(context.Context, voice.Utterance) (voice.Transcript, error) {
			made++
			return voice.Transcript{Text: "it was a lovely day", Confidence: 1}, nil
		}})
		c.took = func(time.Duration) time.Duration { return took }
		delay, whole, ended := c.request([][]int16{part, part}, []time.Duration{240 * time.Millisecond}, 0)
		if !ended || !whole || made < least || took == time.Minute && made > 1 {
			t.Errorf("drafts that take %v: %d were made, over %v after the last sample (whole %v, ended %v)", took, made, delay, whole, ended)
		}
	}
}

// A draft of what was said up to an earlier pause comes too late to say that the request
// is whole: more was said since.
func TestDraftOfAnEarlierPause(t *testing.T) {
	b := startListening(t, free(), &listening{})
	_, sound := requestSound(t)
	from := slices.IndexFunc(sound, func(x int16) bool { return x > 300 })
	part := sound[from : from+voice.SampleRate*8/10]
	c := newConversation(t, b, &drafts{hear: func(context.Context, voice.Utterance) (voice.Transcript, error) {
		return voice.Transcript{Text: "turn on the lamp", Confidence: 1}, nil
	}})
	c.took = func(time.Duration) time.Duration { return 1480 * time.Millisecond } // it comes in the second pause
	delay, whole, ended := c.request([][]int16{part, part}, []time.Duration{240 * time.Millisecond}, 0)
	if !ended || !whole || delay < 560*time.Millisecond {
		t.Errorf("over %v after the last sample (whole %v, ended %v), want 700 ms", delay, whole, ended)
	}
}

// So little that was not understood, "turn", is the beginning of a request.
func TestShortBeginningIsWaitedFor(t *testing.T) {
	b := startListening(t, free(), &listening{})
	_, sound := requestSound(t)
	c := newConversation(t, b, &drafts{hear: func(context.Context, voice.Utterance) (voice.Transcript, error) {
		return voice.Transcript{}, nil
	}})
	from := slices.IndexFunc(sound, func(x int16) bool { return x > 300 })
	delay, whole, ended := c.request([][]int16{sound[from : from+voice.SampleRate*6/10]}, nil, 0)
	if !ended || !whole || delay < 1000*time.Millisecond || delay > 1400*time.Millisecond {
		t.Errorf("over %v after the last sample (whole %v, ended %v), want 1.2 s", delay, whole, ended)
	}
}

// TestMeasureEndOfSpeech says sentences of the demo home with pauses in them, in rooms
// with and without a fan that starts in the middle, and measures when each was found to
// be over: the figures of docs/performance.md. The drafts are pocketsphinx's, and take
// as long as they really do.
func TestMeasureEndOfSpeech(t *testing.T) {
	if os.Getenv("CRICKET_MEASURE") == "" {
		t.Skip("set CRICKET_MEASURE=1; it takes some minutes")
	}
	dir := shortDir(t)
	h, err := demo.Home()
	if err != nil {
		t.Fatal(err)
	}
	c := free()
	bin := filepath.Dir(voicetest.Program(t, "cricket-native"))
	b, err := New(Options{Config: c, Home: h, Devices: true, Ears: true, Bin: bin, StateDir: dir, RuntimeDir: dir,
		Log: slog.New(slog.DiscardHandler), Microphone: newRoom(), Loudspeaker: &voiceOver{}})
	if err != nil {
		t.Fatal(err)
	}
	b.ears = newEars([]candidate{{recognizer: &listening{text: ""}, name: "none"}}, "", b.log)
	run(t, b.Run)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	for { // until it has its phrases
		if _, err := b.drafts.hear(within(t), voice.Utterance{PCM: make([]int16, voice.SampleRate)}); err == nil {
			break
		}
	}
	texts := demoTexts(t)
	voices := []string{"en-us", "en-gb", "en-us+f3", "en-us+m3", "en-gb-scotland", "en-gb+f4"}
	for _, kind := range []string{"quiet", "noise", "fan"} {
		r := rand.New(rand.NewPCG(5, 6))
		for _, how := range []string{"with drafts", "without"} {
			talk := newConversation(t, b, b.drafts)
			if how == "without" {
				talk.drafts = nil
			}
			var real []time.Duration
			talk.took = func(d time.Duration) time.Duration { real = append(real, d); return d }
			var drafted []string // of one request
			if hear := talk.drafts; hear != nil {
				talk.drafts = &drafts{hear: func(ctx context.Context, u voice.Utterance) (voice.Transcript, error) {
					heard, err := hear.hear(ctx, u)
					drafted = append(drafted, heard.Text)
					return heard, err
				}}
			}
			var delays []time.Duration
			cut, early, hung, paused, all := 0, 0, 0, 0, 0
			for i := range 200 {
				drafted = nil
				words := strings.Fields(texts[r.IntN(len(texts))])
				speaker := voices[i%len(voices)]
				var parts [][]int16
				var pauses []time.Duration
				if at := 1 + r.IntN(len(words)-1); r.Float64() < 0.4 {
					parts = [][]int16{said(t, speaker, strings.Join(words[:at], " ")), said(t, speaker, strings.Join(words[at:], " "))}
					pauses = []time.Duration{200*time.Millisecond + time.Duration(r.IntN(700))*time.Millisecond}
					paused++
				} else {
					parts = [][]int16{said(t, speaker, strings.Join(words, " "))}
				}
				talk.level = 10
				if kind == "noise" {
					talk.level = 300
				}
				if kind == "fan" {
					quiet := parts[len(parts)-1]
					half := len(quiet) / 2
					parts[len(parts)-1] = quiet[:half]
					parts, pauses = append(parts, quiet[half:]), append(pauses, 0)
				}
				all++
				fan := 0.0
				if kind == "fan" {
					fan = 300
				}
				delay, whole, ended := talk.request(parts, pauses, fan)
				switch {
				case !ended:
					hung++
				case !whole && len(drafted) > 0 && sameCommand(b.house.Now().Resolver, drafted[len(drafted)-1], strings.Join(words, " ")):
					early++
				case !whole:
					cut++
					t.Logf("cut short: %q, pause %v, drafts %q", strings.Join(words, " "), pauses, drafted)
				default:
					delays = append(delays, delay)
				}
			}
			slices.Sort(delays)
			slices.Sort(real)
			sum := time.Duration(0)
			for _, d := range delays {
				sum += d
			}
			line := fmt.Sprintf("%s, %s: %d requests, %d with a pause: mean %v, p50 %v, p95 %v after the last sample; cut short %d, ended before words that change nothing %d, hanging %d",
				kind, how, all, paused, (sum / time.Duration(max(1, len(delays)))).Round(time.Millisecond), delays[len(delays)/2], delays[len(delays)*95/100], cut, early, hung)
			if len(real) > 0 {
				line += fmt.Sprintf("; %d drafts, p50 %v, p95 %v", len(real), real[len(real)/2].Round(time.Millisecond), real[len(real)*95/100].Round(time.Millisecond))
			}
			t.Log(line)
			if hung > 0 {
				t.Errorf("%d requests never ended", hung)
			}
		}
	}
}

// sameCommand says whether two sentences ask for the same: "open the curtains", and "open the
// curtains in the living room", where the only ones are.
func sameCommand(r *intent.Resolver, a, b string) bool {
	x, y := r.Resolve(intent.Query{Text: a}), r.Resolve(intent.Query{Text: b})
	same := x.Refusal == "" && y.Refusal == "" && x.Name == y.Name && slices.Equal(x.Targets, y.Targets)
	for slot, value := range y.Slots {
		if _, name := value.(string); !name && x.Slots[slot] != value {
			return false
		}
	}
	return same && len(x.Targets) > 0
}

// demoTexts are sentences that people say in the demo home.
func demoTexts(t testing.TB) (texts []string) {
	data, err := os.ReadFile("../e2e/live/requests.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			texts = append(texts, line)
		}
	}
	if len(texts) < 50 {
		t.Fatalf("%d sentences", len(texts))
	}
	return texts
}
